"""Spans and their labels, their F1 as a library has it, and a head that counts."""

from __future__ import annotations

import math
import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nervaluate import Evaluator
from sklearn.naive_bayes import BernoulliNB

from lmlib.labelling import Span, naive_bayes, read_bio, span_f1, to_bio

KINDS = ("PERSON", "PLACE", "THING")


def drawn(rng: random.Random, length: int) -> list[Span]:
    """Spans side by side or apart, in order, of any length."""
    found, place = [], 0
    while place < length:
        end = rng.randint(place + 1, length)
        if rng.random() < 0.6:
            found.append(Span(place, end, rng.choice(KINDS)))
        place = end
    return found


@given(st.randoms(use_true_random=False), st.integers(0, 30))
def test_labels_say_the_spans_and_back(rng: random.Random, length: int) -> None:
    spans = drawn(rng, length)
    labels = to_bio(rng.sample(spans, len(spans)), length)
    assert len(labels) == length and read_bio(labels) == spans
    assert sum(label[0] == "B" for label in labels) == len(spans)


@given(st.lists(st.sampled_from(["O", *(f"{s}-{k}" for k in KINDS for s in "BI")])))
def test_any_labels_are_read_and_say_the_same_again(labels: list[str]) -> None:
    spans = read_bio(labels)
    inside = {i for start, end, _ in spans for i in range(start, end)}
    assert inside == {i for i, label in enumerate(labels) if label != "O"}
    assert read_bio(to_bio(spans, len(labels))) == spans


@pytest.mark.parametrize(
    "spans",
    [[(0, 0, "A")], [(2, 1, "A")], [(-1, 1, "A")], [(0, 5, "A")], [(0, 2, "A"), (1, 3, "A")]],
)  # fmt: skip
def test_spans_that_no_labels_can_say(spans: list[tuple]) -> None:
    with pytest.raises(ValueError, match=r"spans: .* of 4 words; give spans of one"):
        to_bio([Span(*span) for span in spans], 4)


def as_dicts(spans: list[Span]) -> list[dict]:
    return [{"label": k, "start": a, "end": b - 1} for a, b, k in spans]


@pytest.mark.parametrize("seed", range(20))
def test_f1_is_that_of_nervaluate(seed: int) -> None:
    """Strict: both ends and the kind."""
    rng = random.Random(seed)
    true = [drawn(rng, rng.randint(3, 12)) for _ in range(6)]
    said = [
        [span._replace(end=max(span.start + 1, span.end - rng.randint(0, 1)))
         if rng.random() < 0.5 else span._replace(kind=rng.choice(KINDS))
         for span in spans if rng.random() < 0.8]
        for spans in true
    ]  # fmt: skip
    theirs = Evaluator([*map(as_dicts, true)], [*map(as_dicts, said)], [*KINDS], loader="dict")  # fmt: skip
    strict = theirs.evaluate()["overall"]["strict"]
    ours = span_f1(said, true)
    assert ours == pytest.approx((strict.precision, strict.recall, strict.f1))


def test_f1_where_there_is_nothing() -> None:
    one = [Span(0, 1, "PLACE")]
    assert span_f1([], []) == span_f1([[]], [[]]) == (0, 0, 0)
    assert span_f1([one], [[]]) == span_f1([[]], [one]) == (0, 0, 0)
    assert span_f1([one * 2], [one]) == (1, 1, 1), "what is said twice counts once"
    # The same span in another text is another span.
    assert span_f1([one, []], [[], one]) == (0, 0, 0)
    with pytest.raises(ValueError, match="said: spans of 1 texts, but true has 2"):
        span_f1([[]], [[], []])


def test_the_harmonic_mean() -> None:
    true = [[Span(i, i + 1, "THING") for i in range(3)]]
    said = [[Span(0, 1, "THING"), Span(5, 6, "THING")]]
    p, r, f1 = span_f1(said, true)
    assert (p, r) == (1 / 2, 1 / 3) and f1 == pytest.approx(2 / (1 / p + 1 / r))


@pytest.mark.parametrize("seed", range(5))
def test_naive_bayes_is_that_of_sklearn(seed: int) -> None:
    g = torch.Generator().manual_seed(seed)
    x = (torch.rand(40, 12, generator=g) < 0.3).float()
    y = torch.randint(3, (40,), generator=g)
    head = naive_bayes(x, y, n_classes=3, more=0.5)
    theirs = BernoulliNB(alpha=0.5).fit(x.numpy(), y.numpy())
    # Only the shares of the labels, which they do not smooth, may differ.
    n = torch.bincount(y, minlength=3)
    shift = ((n + 0.5) / (40 + 1.5)).log() - (n / 40).log()
    ours = (head(x) - shift).log_softmax(-1)
    assert torch.allclose(ours, torch.tensor(theirs.predict_log_proba(x.numpy())).float(), atol=1e-4)  # fmt: skip
    assert not any(p.requires_grad for p in head.parameters())


def test_naive_bayes_by_hand() -> None:
    x, y = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]), torch.tensor([0, 0, 1])
    logits = naive_bayes(x, y, 2, more=1.0)(torch.tensor([1.0, 0.0]))
    first = math.log(3 / 5) + math.log(3 / 4) + math.log(2 / 4)
    second = math.log(2 / 5) + math.log(1 / 3) + math.log(1 / 3)
    assert logits.tolist() == pytest.approx([first, second])


def test_what_naive_bayes_refuses() -> None:
    x, y = torch.eye(2), torch.tensor([0, 1])
    with pytest.raises(ValueError, match="more: 0"):
        naive_bayes(x, y, 2, more=0)
    with pytest.raises(ValueError, match="y: 1"):
        naive_bayes(x, y, 1)
    with pytest.raises(ValueError, match=r"x: .* use"):
        naive_bayes(2 * x, y, 2)
    # A label that no text has gets no more than its smoothed share.
    assert naive_bayes(x, y, 3)(x).argmax(-1).tolist() == [0, 1]
