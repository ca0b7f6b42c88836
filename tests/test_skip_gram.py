"""Skip-gram with negative sampling against loops, and what its vectors know."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.tensors import random
from torch import Tensor
from torch.nn import functional as F

from lmlib.embeddings import analogy, nearest
from lmlib.skip_gram import SkipGram, skip_gram_pairs, train_skip_gram
from lmlib.stories import STORIES
from lmlib.tokens import WordTokenizer, sequences


def random_model(vocab_size: int = 7, d_model: int = 3) -> SkipGram:
    model = SkipGram(vocab_size, d_model, torch.Generator().manual_seed(0))
    model.centre.weight.data = random(vocab_size, d_model)
    model.context.weight.data = random(vocab_size, d_model, seed=1)
    return model


def loop_loss(
    model: SkipGram, pairs: list[list[int]], negatives: list[list[int]]
) -> float:
    centre, context = model.centre.weight.tolist(), model.context.weight.tolist()

    def score(i: int, j: int) -> float:
        return sum(a * b for a, b in zip(centre[i], context[j], strict=True))

    total = 0.0
    for (word, neighbour), drawn in zip(pairs, negatives, strict=True):
        total -= math.log(1 / (1 + math.exp(-score(word, neighbour))))
        for other in drawn:
            total -= math.log(1 - 1 / (1 + math.exp(-score(word, other))))
    return total / len(pairs)


PAIRS, NEGATIVES = (
    [[0, 1], [2, 1], [6, 6], [3, 5]],
    [[4, 4, 2], [0, 1, 3], [5, 6, 2], [3, 0, 1]],
)


def test_loss_loop_library_and_torch() -> None:
    model, pairs, negatives = (
        random_model(),
        torch.tensor(PAIRS),
        torch.tensor(NEGATIVES),
    )
    loss = model(pairs, negatives)
    assert loss.item() == pytest.approx(loop_loss(model, PAIRS, NEGATIVES), abs=1e-13)
    words = torch.cat([pairs[:, 1:], negatives], dim=1)  # the true neighbour first
    scores = (model.centre.weight[pairs[:, :1]] * model.context.weight[words]).sum(-1)
    truth = torch.tensor([1.0, 0, 0, 0]).double().expand(4, 4)
    torch.testing.assert_close(
        loss,
        F.binary_cross_entropy_with_logits(scores, truth, reduction="sum") / 4,
        rtol=0,
        atol=1e-13,
    )


def test_gradient_against_small_steps() -> None:
    model, pairs, negatives = (
        random_model(),
        torch.tensor(PAIRS),
        torch.tensor(NEGATIVES),
    )
    model(pairs, negatives).backward()
    for weight in (model.centre.weight, model.context.weight):
        for place in ((0, 0), (2, 1), (5, 2), (6, 0)):
            ends = []
            for step in (1e-5, -2e-5):
                weight.data[place] += step
                ends.append(loop_loss(model, PAIRS, NEGATIVES))
            weight.data[place] += 1e-5
            assert weight.grad[place].item() == pytest.approx(
                (ends[0] - ends[1]) / 2e-5, abs=1e-8
            )


def test_start_knows_nothing() -> None:
    """Every score is 0 at the start, so each of the 1 + K answers costs ln 2."""
    model = SkipGram(5, 4, torch.Generator().manual_seed(0))
    loss = model(torch.tensor([[0, 1]]), torch.tensor([[2, 3, 4]]))
    assert loss.item() == pytest.approx(4 * math.log(2), abs=1e-15)
    assert model.centre.weight.abs().max() <= 0.5 / 4


@given(st.lists(st.integers(0, 9), max_size=9), st.integers(1, 12))
def test_pairs_are_all_neighbours(tokens: list[int], window: int) -> None:
    expected = [
        [tokens[i], tokens[j]]
        for i in range(len(tokens))
        for j in range(max(0, i - window), min(len(tokens), i + window + 1))
        if i != j
    ]
    pairs = skip_gram_pairs(torch.tensor(tokens, dtype=torch.int64), window)
    assert pairs.shape == (len(expected), 2)
    assert sorted(pairs.tolist()) == sorted(expected)


TOKENIZER = WordTokenizer(STORIES.vocab)


@pytest.fixture(scope="module")
def trained() -> tuple[SkipGram, list[float]]:
    return train_skip_gram(
        sequences(STORIES.sample(600, seed=1), TOKENIZER), len(TOKENIZER.vocab), seed=1
    )


def test_training_lowers_the_loss(trained: tuple[SkipGram, list[float]]) -> None:
    losses = trained[1]
    assert losses[0] == pytest.approx(6 * math.log(2), rel=1e-3)
    assert sum(losses[-20:]) / 20 < 0.5 * losses[0]


@pytest.mark.parametrize(
    ("a", "b", "c", "d"),
    [("man", "king", "woman", "queen"), ("boy", "prince", "girl", "princess")],
)
def test_analogy_follows_from_the_company_words_keep(
    trained, a: str, b: str, c: str, d: str
) -> None:
    ids, vectors = TOKENIZER.ids, trained[0].centre.weight.detach()
    (best, cosine), (_, second) = analogy(vectors, ids[a], ids[b], ids[c], k=2)
    assert TOKENIZER.vocab[best] == d
    assert cosine > second


def test_neighbours_are_of_a_kind(trained) -> None:
    ids, vectors = TOKENIZER.ids, trained[0].centre.weight.detach()
    found = nearest(vectors, vectors[ids["king"]], k=8)
    persons = {"king", "queen", "man", "woman", "prince", "princess", "boy", "girl"}
    assert found[0] == (ids["king"], pytest.approx(1.0))
    assert {TOKENIZER.vocab[i] for i, _ in found} == persons


def small_run(seed: int, **settings) -> tuple[Tensor, list[float]]:
    texts = sequences(STORIES.sample(10, seed=0), TOKENIZER)
    model, losses = train_skip_gram(
        texts, len(TOKENIZER.vocab), epochs=1, batch_size=256, seed=seed, **settings
    )
    return model.centre.weight.detach(), losses


def test_same_seed_same_weights() -> None:
    torch.manual_seed(1)
    weights, losses = small_run(seed=3)
    torch.manual_seed(2)
    again, losses_again = small_run(seed=3)
    assert torch.equal(weights, again)
    assert losses == losses_again
    assert not torch.equal(weights, small_run(seed=4)[0])


def test_subsampling_thins_out_frequent_words() -> None:
    """With everything kept, 10 texts give a known number of pairs; thinned, clearly fewer."""
    pairs = sum(
        len(skip_gram_pairs(t, 4))
        for t in sequences(STORIES.sample(10, seed=0), TOKENIZER)
    )
    assert len(small_run(seed=0, subsample=1.0)[1]) == math.ceil(pairs / 256)
    assert len(small_run(seed=0, subsample=1e-3)[1]) < 0.4 * pairs / 256


@pytest.mark.parametrize("window", [0, -1])
def test_window_without_neighbours(window: int) -> None:
    with pytest.raises(
        ValueError, match=rf"window: {window} reaches no neighbour; use 1 or more"
    ):
        skip_gram_pairs(torch.tensor([1, 2]), window)


def test_nothing_to_learn_from() -> None:
    with pytest.raises(
        ValueError,
        match=r"sequences: no two words stand near each other; give longer texts",
    ):
        train_skip_gram([torch.tensor([1]), torch.tensor([2])], vocab_size=3)
    for token in (-1, 3):
        with pytest.raises(
            ValueError,
            match=rf"sequences: {token} is no token's id; ids run from 0 to 2",
        ):
            train_skip_gram([torch.tensor([0, token])], vocab_size=3)
