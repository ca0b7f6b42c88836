"""The search in a store of documents, beside scikit-learn's."""

import math
import random

import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import Tensor

from lmlib.pretrained import load_book_gpt
from lmlib.retrieval import (
    Index,
    best,
    inverse_frequencies,
    mean_vectors,
    recall,
    weigh,
)
from lmlib.stories import STORIES, WORDS
from lmlib.tokens import sequences

LETTERS = ["a", "b", "c", "d", "e", "f", "g", "h"]


def texts_of(seed: int) -> list[str]:
    draw = random.Random(seed)
    return [
        " ".join(draw.choices(LETTERS, [*range(1, 9)], k=draw.randint(1, 12)))
        for _ in range(draw.randint(1, 9))
    ]


@pytest.mark.parametrize("seed", range(25))
def test_scores_are_those_of_scikit_learn(seed: int) -> None:
    texts = texts_of(seed)
    query = " ".join(random.Random(seed).choices([*LETTERS, "z"], k=5))
    theirs = TfidfVectorizer(token_pattern=r"\S+", lowercase=False)
    table = theirs.fit_transform(texts)
    wanted = (table @ theirs.transform([query]).T).toarray().flatten()
    assert Index(texts).scores(query) == pytest.approx(wanted.tolist(), abs=1e-12)
    tells = dict(zip(theirs.get_feature_names_out(), theirs.idf_, strict=True))
    assert inverse_frequencies(texts) == pytest.approx(tells)


def test_the_stories_score_as_they_do_there() -> None:
    texts = STORIES.sample(30, seed=3)
    theirs = TfidfVectorizer(token_pattern=r"\S+", lowercase=False).fit(texts)
    table = theirs.transform(texts)
    wanted = (table @ table[4].T).toarray().flatten()
    assert Index(texts).scores(texts[4]) == pytest.approx(wanted.tolist())


def test_plain_scores_are_cosines_of_counts() -> None:
    index = Index(["a a b", "b c"], plain=True)
    assert index.scores("a b") == pytest.approx(
        [3 / math.sqrt(5 * 2), 1 / math.sqrt(2 * 2)]
    )


def test_a_text_is_nearest_to_itself_and_order_is_nothing() -> None:
    index = Index(["a b c", "b c d", "d e"])
    assert index.search("c b a", 1) == [0]
    assert index.scores("c b a")[0] == pytest.approx(1)


def test_what_no_document_has_counts_for_nothing() -> None:
    index = Index(["a b", "c"])
    assert index.scores("z") == [0, 0] and index.scores("") == [0, 0]
    assert index.scores("a z z") == index.scores("a")
    assert weigh("z", index.tells) == {}


def test_an_empty_document_scores_nothing() -> None:
    assert Index(["", "a"]).scores("a") == [0, 1]


def test_of_equal_scores_the_earlier_is_better() -> None:
    assert best([0.5, 0.7, 0.5, 0.7], 3) == [1, 3, 0]
    assert best([0.1], 9) == [0]


@pytest.mark.parametrize("k", [0, -1])
def test_a_search_for_nothing(k: int) -> None:
    with pytest.raises(ValueError, match=f"k: {k} asks for nothing"):
        Index(["a"]).search("a", k)


def test_a_store_of_nothing() -> None:
    with pytest.raises(ValueError, match="texts: there is none"):
        Index([])


def test_recall_grows_with_k_and_ends_at_what_was_found() -> None:
    draw = random.Random(0)
    found = [draw.sample(range(20), 6) for _ in range(50)]
    right = [draw.randrange(20) for _ in found]
    shares = [recall(found, right, k) for k in range(1, 7)]
    assert shares == sorted(shares)
    assert shares[-1] == sum(r in row for r, row in zip(right, found, strict=True)) / 50


@pytest.mark.parametrize("found, right", [([], []), ([[1]], [1, 2])])
def test_recall_of_what_does_not_fit(found: list[list[int]], right: list[int]) -> None:
    with pytest.raises(ValueError, match="right: "):
        recall(found, right, 1)


def test_mean_vectors_do_not_depend_on_their_neighbours() -> None:
    """Padding counts for nothing; and they are the mean that a loop finds."""
    gpt, texts = load_book_gpt(), STORIES.sample(3, seed=9)
    together = mean_vectors(gpt, [texts[0], "once upon", texts[1]], WORDS)
    assert together.norm(dim=1).tolist() == pytest.approx([1, 1, 1], abs=1e-5)

    def alone(text: str) -> Tensor:
        with torch.no_grad():
            vectors, _ = gpt.decoder(sequences([text], WORDS)[0][None])
        mean = sum(vectors[0]) / len(vectors[0])
        return mean / mean.norm()

    for row, text in zip(together, [texts[0], "once upon", texts[1]], strict=True):
        assert torch.allclose(row, alone(text), atol=1e-4)
