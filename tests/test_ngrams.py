"""Kneser–Ney against the textbook's formula in plain dictionaries, and the floor under all n-grams."""

import random
from collections import Counter, defaultdict
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lmlib.evaluation import token_losses
from lmlib.ngrams import NGram
from lmlib.stories import STORIES
from lmlib.tokens import WordTokenizer, sequences

Gram = tuple[int, ...]
TEXTS = st.lists(
    st.lists(st.integers(1, 4), min_size=1, max_size=8), min_size=1, max_size=6
)


class TextbookKneserNey:
    """Interpolated Kneser–Ney, Jurafsky and Martin's equations for counts, in dictionaries.

    P(w | u) = max(c(u w) − d, 0) / Σ c(u ·) + d |{w : c(u w) > 0}| / Σ c(u ·) × P(w | u without its first token)
    """

    def __init__(
        self, order: int, vocab_size: int, texts: list[list[int]], discount: float
    ) -> None:
        self.order, self.vocab_size, self.discount = order, vocab_size, discount
        padded = [[text[0]] * (order - 1) + text for text in texts]
        self.counts: dict[int, dict[Gram, int]] = {
            order: Counter(
                tuple(text[t - order + 1 : t + 1])
                for text in padded
                for t in range(order, len(text))
            )
        }
        for n in range(
            order - 1, 0, -1
        ):  # after how many different tokens does it stand?
            before: dict[Gram, set[int]] = defaultdict(set)
            for gram in self.counts[n + 1]:
                before[gram[1:]].add(gram[0])
            self.counts[n] = {gram: len(tokens) for gram, tokens in before.items()}

    def prob(self, word: int, context: Gram) -> float:
        counts = self.counts[len(context) + 1]
        shorter = self.prob(word, context[1:]) if context else 1 / self.vocab_size
        follow = [counts.get((*context, w), 0) for w in range(self.vocab_size)]
        if sum(follow) == 0:
            return shorter
        kinds = sum(count > 0 for count in follow)
        return (
            max(follow[word] - self.discount, 0) / sum(follow)
            + self.discount * kinds / sum(follow) * shorter
        )

    def __call__(self, text: list[int]) -> list[list[float]]:
        padded = [text[0]] * (self.order - 1) + text
        contexts = [tuple(padded[t + 1 : t + self.order]) for t in range(len(text))]
        return [
            [self.prob(word, context) for word in range(self.vocab_size)]
            for context in contexts
        ]


def fitted(
    order: int, texts: list[list[int]], vocab_size: int, discount: float = 0.75
) -> NGram:
    return NGram(order, vocab_size, discount).fit(
        [torch.tensor(text) for text in texts]
    )


def wrapped(texts: list[list[int]]) -> list[list[int]]:
    return [[0, *text, 0] for text in texts]


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("discount", [0.75, 0.4])
def test_library_is_the_textbook(order: int, discount: float) -> None:
    rng = random.Random(order)
    texts = wrapped(
        [
            rng.choices(range(1, 7), [8, 5, 3, 2, 1, 1], k=rng.randint(1, 12))
            for _ in range(30)
        ]
    )
    model, textbook = (
        fitted(order, texts, 8, discount),
        TextbookKneserNey(order, 8, texts, discount),
    )
    for text in [*texts[:5], [0, *rng.choices(range(8), k=40)]]:  # id 7 was never seen
        expected = torch.tensor(textbook(text), dtype=torch.float64)
        torch.testing.assert_close(
            model(torch.tensor([text]))[0].exp(), expected, rtol=0, atol=1e-14
        )


@given(TEXTS, st.integers(1, 4), st.lists(st.integers(0, 5), min_size=1, max_size=8))
def test_library_is_the_textbook_on_any_text(
    texts: list[list[int]], order: int, asked: list[int]
) -> None:
    model, textbook = (
        fitted(order, wrapped(texts), 6),
        TextbookKneserNey(order, 6, wrapped(texts), 0.75),
    )
    probs = model(torch.tensor([asked]))[0].exp()
    torch.testing.assert_close(
        probs, torch.tensor(textbook(asked), dtype=torch.float64), rtol=0, atol=1e-14
    )


@given(TEXTS, st.integers(1, 5), st.lists(st.integers(0, 5), min_size=1, max_size=8))
def test_probabilities_sum_to_one_after_anything(
    texts: list[list[int]], order: int, asked: list[int]
) -> None:
    probs = fitted(order, wrapped(texts), 6)(torch.tensor([asked]))[0].exp()
    torch.testing.assert_close(
        probs.sum(-1), torch.ones(len(asked), dtype=torch.float64), rtol=0, atol=1e-13
    )
    assert (probs > 0).all()


def test_all_contexts_unseen() -> None:
    for order in (2, 3, 4):
        model, unigram = fitted(order, [[0, 1, 2, 0]], 6), fitted(2, [[0, 1, 2, 0]], 6)
        probs = model(torch.tensor([[5, 4, 5]])).exp()
        assert torch.equal(probs, unigram(torch.tensor([[5, 5, 5]])).exp())
        assert probs.sum(-1).tolist() == [[pytest.approx(1.0)] * 3]


def test_by_hand() -> None:
    """Texts "1 2" and "1 3": after 1 come 2 and 3, once each; 0 comes after 2 and 3, the others after one token."""
    bigram = fitted(2, [[0, 1, 2, 0], [0, 1, 3, 0]], 4)
    bottom = 0.75 * 4 / 5 / 4
    lower = [1.25 / 5 + bottom, 0.25 / 5 + bottom, 0.25 / 5 + bottom, 0.25 / 5 + bottom]
    seen = [0, 0, 0.25 / 2, 0.25 / 2]
    expected = [p + 0.75 * 2 / 2 * q for p, q in zip(seen, lower, strict=True)]
    assert bigram(torch.tensor([[0, 1]]))[0, 1].exp().tolist() == pytest.approx(
        expected, abs=1e-15
    )


def test_unigram_is_the_discounted_share() -> None:
    probs = fitted(1, [[0, 1, 1, 1, 2, 0]], 4)(torch.tensor([[0, 3]]))[0].exp()
    bottom = 0.75 * 3 / 5 / 4
    expected = [0.25 / 5 + bottom, 2.25 / 5 + bottom, 0.25 / 5 + bottom, bottom]
    assert probs.tolist() == [pytest.approx(expected, abs=1e-15)] * 2


def test_francisco_is_common_but_follows_one_word() -> None:
    """Kneser and Ney's own reason: a word seen often, but after one token only, is no guess elsewhere."""
    san, francisco, glasses, reading = 1, 2, 3, 4
    texts = (
        [[0, san, francisco, 0]] * 20
        + [[0, w, glasses, 0] for w in (5, 6, 7)]
        + [[0, reading, 0]]
    )
    after = fitted(2, texts, 9)(torch.tensor([[0, reading]]))[0, 1]
    assert (
        fitted(1, texts, 9)(torch.tensor([[0]]))[0, 0, francisco]
        > fitted(1, texts, 9)(torch.tensor([[0]]))[0, 0, 3]
    )
    assert after[glasses] > after[francisco]


@given(TEXTS, st.integers(1, 4))
def test_looks_only_as_far_back_as_its_order(
    texts: list[list[int]], order: int
) -> None:
    model = fitted(order, wrapped(texts), 6)
    long = torch.tensor([[0, 1, 2, 3, 4, 1, 2, 3]])
    changed = long.clone()
    changed[0, : 8 - (order - 1)] = 5
    assert torch.equal(model(long)[0, -1], model(changed)[0, -1])


@given(TEXTS, st.integers(1, 4), st.lists(st.integers(0, 5), min_size=2, max_size=8))
def test_a_later_token_changes_nothing_earlier(
    texts: list[list[int]], order: int, asked: list[int]
) -> None:
    model = fitted(order, wrapped(texts), 6)
    torch.testing.assert_close(
        model(torch.tensor([asked]))[:, :-1],
        model(torch.tensor([asked[:-1]])),
        rtol=0,
        atol=0,
    )


def test_order_of_texts_and_batches_do_not_matter() -> None:
    texts = [[0, 1, 2, 3, 0], [0, 2, 2, 1, 0], [0, 3, 1, 1, 0]]
    model, shuffled = fitted(3, texts, 4), fitted(3, texts[::-1], 4)
    batch = model(torch.tensor(texts))
    assert (batch.shape, batch.dtype) == ((3, 5, 4), torch.float64)
    assert torch.equal(batch, shuffled(torch.tensor(texts)))
    assert torch.equal(
        batch, torch.cat([model(torch.tensor([text])) for text in texts])
    )


def test_refitting_forgets() -> None:
    start, model = torch.tensor([[0]]), fitted(2, [[0, 1, 1, 0]], 4)
    assert torch.equal(
        model.fit([torch.tensor([0, 2, 3, 0])])(start),
        fitted(2, [[0, 2, 3, 0]], 4)(start),
    )


def test_number_of_counts() -> None:
    model = fitted(2, [[0, 1, 2, 0], [0, 1, 3, 0]], 4)
    assert model.n_counts == len({(0, 1), (1, 2), (1, 3), (2, 0), (3, 0)}) + len(
        {0, 1, 2, 3}
    )
    assert repr(model) == "NGram(order=2, vocab_size=4)"


@pytest.mark.parametrize("seed", [0, 100])
def test_no_model_beats_the_floor_and_longer_contexts_help(seed: int) -> None:
    tokenizer = WordTokenizer(STORIES.vocab)
    train, held_out = (
        sequences(STORIES.sample(n, seed + i), tokenizer)
        for i, n in enumerate((400, 30))
    )
    floor = torch.cat(token_losses(STORIES, held_out)).mean()
    models = [NGram(order, STORIES.vocab_size).fit(train) for order in range(1, 6)]
    losses = [torch.cat(token_losses(model, held_out)).mean() for model in models]
    assert all(loss > floor + 0.1 for loss in losses)
    assert all(longer < shorter for shorter, longer in pairwise(losses[:3]))


@pytest.mark.parametrize("order", [0, -2])
def test_bad_order(order: int) -> None:
    with pytest.raises(ValueError, match=rf"order: {order} is below 1; 1 is a unigram"):
        NGram(order, 10)


def test_order_that_has_no_code() -> None:
    with pytest.raises(
        ValueError, match=r"order: 8 tokens out of 304 .*use a lower order"
    ):
        NGram(8, 304)
    NGram(7, 304)


@pytest.mark.parametrize("discount", [0.0, 1.0, -0.1, 2.0])
def test_bad_discount(discount: float) -> None:
    with pytest.raises(
        ValueError,
        match=rf"discount: {discount} is outside \(0, 1\); 0\.75 is customary",
    ):
        NGram(2, 10, discount)


def test_nothing_to_count() -> None:
    for texts in ([], [torch.tensor([0])]):
        with pytest.raises(
            ValueError,
            match=r"sequences: hold no token to predict; give at least one of two",
        ):
            NGram(2, 4).fit(texts)
    with pytest.raises(ValueError, match=r"NGram: has counted nothing yet; call fit"):
        NGram(2, 4)(torch.tensor([[0]]))


@pytest.mark.parametrize("token", [-1, 4])
def test_unknown_id(token: int) -> None:
    message = rf"tokens: {token} is no token's id; ids run from 0 to 3"
    with pytest.raises(ValueError, match=message):
        fitted(2, [[0, token, 0]], 4)
    with pytest.raises(ValueError, match=message):
        fitted(2, [[0, 1, 0]], 4)(torch.tensor([[0, token]]))
