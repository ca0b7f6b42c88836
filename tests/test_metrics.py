"""BLEU, ROUGE, F1 and exact match: equal to the libraries that others report them with."""

import math
import random
import warnings

import pytest
import sacrebleu
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from sklearn.metrics import f1_score

from lmlib.metrics import (
    bleu,
    corpus_bleu,
    exact_match,
    f1,
    f1_of_counts,
    macro_f1,
    rouge_l,
    rouge_n,
    token_f1,
)


class Spaces:
    """A tokenizer for rouge_score that cuts at white space and drops nothing."""

    def tokenize(self, text: str) -> list[str]:
        return text.split()


# Few words, so that many match; long and short, repeated, with odd white space, in any script.
words = st.one_of(
    st.sampled_from(["a", "b", "c", "the", "kite", ".", "人", "né", "🙂", "-"]),
    st.text(min_size=1, max_size=3),
)
texts = st.one_of(
    st.lists(words, max_size=14).map(" ".join),
    st.lists(st.sampled_from("ab"), max_size=20).map("  ".join),
    st.text(max_size=20),
)
pairs = st.lists(st.tuples(texts, texts), min_size=1, max_size=6)


# BLEU


@settings(deadline=None)  # the first call of all loads a library
@given(texts, texts)
def test_bleu_of_a_sentence_is_sacrebleus(hypothesis: str, reference: str) -> None:
    theirs = sacrebleu.sentence_bleu(hypothesis, [reference], tokenize="none").score
    assert bleu(hypothesis, reference) == pytest.approx(theirs / 100, abs=1e-12)


@settings(deadline=None)  # the first call of all loads a library
@given(pairs)
def test_bleu_of_a_corpus_is_sacrebleus(rows: list[tuple[str, str]]) -> None:
    hypotheses, references = (list(column) for column in zip(*rows, strict=True))
    theirs = sacrebleu.corpus_bleu(hypotheses, [references], tokenize="none").score
    assert corpus_bleu(hypotheses, references) == pytest.approx(theirs / 100, abs=1e-12)


def near(reference: str, seed: int) -> str:
    """The reference with some words changed, dropped and moved."""
    draw = random.Random(seed)
    kept = [w if draw.random() < 0.8 else "x" for w in reference.split()]
    kept = [w for w in kept if draw.random() < 0.9]
    i = draw.randrange(len(kept))
    return " ".join([*kept[i:], *kept[:i]])


@pytest.mark.parametrize("seed", range(20))
def test_bleu_and_rouge_of_near_texts(seed: int) -> None:
    draw = random.Random(100 + seed)
    references = [" ".join(draw.choices("abcdefgh", k=30)) for _ in range(5)]
    hypotheses = [near(text, seed) for text in references]
    theirs = sacrebleu.corpus_bleu(hypotheses, [references], tokenize="none").score
    assert corpus_bleu(hypotheses, references) == pytest.approx(theirs / 100, abs=1e-12)
    assert 0 < theirs < 100
    scorer = RougeScorer(["rouge1", "rouge2", "rouge3", "rougeL"], tokenizer=Spaces())
    for ours, wanted in zip(hypotheses, references, strict=True):
        found = scorer.score(wanted, ours)
        for n in (1, 2, 3):
            assert rouge_n(ours, wanted, n) == pytest.approx(
                found[f"rouge{n}"].fmeasure
            )
        assert rouge_l(ours, wanted) == pytest.approx(found["rougeL"].fmeasure)


def test_bleu_by_hand() -> None:
    reference = "tom lost the red kite in ashby ."
    wrong_town = "tom lost the red kite in oakton ."
    product = 7 / 8 * 5 / 7 * 4 / 6 * 3 / 5
    assert bleu(wrong_town, reference) == pytest.approx(product**0.25)
    assert bleu(reference, reference) == pytest.approx(1)
    # Repeating a word does not help: it counts as often as the reference has it.
    assert bleu("the the the the", reference) == pytest.approx(
        (1 / 4 * (1 / 2) / 3 * (1 / 4) / 2 * (1 / 8)) ** 0.25 * math.exp(1 - 8 / 4)
    )
    half = "tom lost the red"
    assert bleu(half, reference) == pytest.approx(math.exp(-1))


@pytest.mark.parametrize("text", ["", " ", "kite", "a b", "a b c"])
def test_short_texts_in_a_corpus_have_no_bleu(text: str) -> None:
    assert corpus_bleu([text], [text]) == 0
    assert bleu(text, text) == (1 if text.strip() else 0)


@pytest.mark.parametrize(
    ("hypotheses", "references"),
    [([], []), (["a"], []), (["a"], ["a", "b"]), ("a b", "a b")],
)
def test_a_corpus_needs_a_reference_for_each(hypotheses, references) -> None:
    with pytest.raises(ValueError, match=r"references or labels: .*one for each"):
        corpus_bleu(hypotheses, references)


# ROUGE


@settings(deadline=None)  # the first call of all loads a library
@given(texts, texts, st.integers(1, 9))
def test_rouge_is_rouge_scores(hypothesis: str, reference: str, n: int) -> None:
    scorer = RougeScorer([f"rouge{n}", "rougeL"], tokenizer=Spaces())
    found = scorer.score(reference, hypothesis)
    ours = [rouge_n(hypothesis, reference, n), rouge_l(hypothesis, reference)]
    theirs = [found[f"rouge{n}"].fmeasure, found["rougeL"].fmeasure]
    assert ours == pytest.approx(theirs)


@pytest.mark.parametrize("n", [0, -1])
def test_rouge_refuses_n_grams_of_no_words(n: int) -> None:
    with pytest.raises(ValueError, match=f"n: {n};"):
        rouge_n("a", "a", n)


@settings(deadline=None)  # the first call of all loads a library
@given(texts, texts)
def test_rouge_and_token_f1_are_the_same_both_ways(one: str, other: str) -> None:
    assert rouge_l(one, other) == pytest.approx(rouge_l(other, one))
    assert token_f1(one, other) == token_f1(other, one)


# Answers


@pytest.mark.parametrize(
    ("answer", "reference", "same", "score"),
    [
        ("The red kite.", "a red kite", True, 1),
        ("the", "a", True, 1),
        ("", "", True, 1),
        ("", "kite", False, 0),
        ("kite", "", False, 0),
        ("kite kite", "kite", False, 2 / 3),
        ("kite red", "red kite", False, 1),
        ("theatre an", "theatre", True, 1),
        ("don't", "dont", True, 1),
        ("well-known", "wellknown", True, 1),
        ("“kite”", "kite", False, 0),
        ("人工 智能", "智能", False, 2 / 3),
        ("in ashby", "ashby", False, 2 / 3),
    ],
)
def test_answers_are_compared_as_in_squad(answer, reference, same, score) -> None:
    assert exact_match(answer, reference) is same
    assert token_f1(answer, reference) == pytest.approx(score)


@settings(deadline=None)  # the first call of all loads a library
@given(texts, texts)
def test_the_same_answer_has_every_word(one: str, other: str) -> None:
    assert exact_match(one, one) and token_f1(one, one) == 1
    if exact_match(one, other):
        assert token_f1(one, other) == 1


@settings(deadline=None)  # the first call of all loads a library
@given(texts, texts)
def test_token_f1_is_rouge_1_of_plain_words(one: str, other: str) -> None:
    plain = [" ".join(c for c in text if c in "bcdefx") for text in (one, other)]
    if any(plain):
        assert token_f1(*plain) == pytest.approx(rouge_n(*plain, 1))


# Classes


labels = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30
)


@settings(max_examples=40, deadline=None)  # scikit-learn takes its time
@given(labels)
def test_f1_is_scikit_learns(rows: list[tuple[int, int]]) -> None:
    predicted, wanted = (list(column) for column in zip(*rows, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where nothing is predicted or wanted
        assert macro_f1(predicted, wanted) == pytest.approx(
            f1_score(wanted, predicted, average="macro")
        )
        for each in {*predicted, *wanted}:
            theirs = f1_score(wanted, predicted, labels=[each], average="macro")
            assert f1(predicted, wanted, each) == pytest.approx(theirs)
    tensors = torch.tensor(predicted), torch.tensor(wanted)
    assert macro_f1(*tensors) == macro_f1(predicted, wanted)


def test_names_and_truth_values_are_labels_too() -> None:
    assert f1([True, False], [True, True]) == pytest.approx(2 / 3)
    assert f1(["happy", "sad"], ["happy", "happy"], "happy") == pytest.approx(2 / 3)
    assert f1(["happy", "sad"], ["happy", "happy"], "sad") == 0


@pytest.mark.parametrize("measure", [f1, macro_f1])
@pytest.mark.parametrize(
    ("predicted", "wanted"),
    [([], []), ([1], []), ([1], [1, 0]), (torch.ones(2), torch.ones(3)), ("ab", "ab")],
)
def test_labels_must_fit(measure, predicted, wanted) -> None:
    with pytest.raises(ValueError, match="one for each"):
        measure(predicted, wanted)


def test_a_class_that_is_nowhere_has_no_f1() -> None:
    with pytest.raises(ValueError, match=r"positive: 1; give one of \{0\}"):
        f1([0, 0], [0, 0])


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))
def test_f1_is_the_harmonic_mean(right: int, more: int, missed: int) -> None:
    made, wanted = right + more, right + missed
    expected = 2 / (made / right + wanted / right) if right else 0
    assert f1_of_counts(right, made, wanted) == pytest.approx(expected)


@pytest.mark.parametrize("right", [-1, 3])
def test_no_more_is_right_than_there_is(right: int) -> None:
    with pytest.raises(ValueError, match=f"right: {right}; give 0 to 2"):
        f1_of_counts(right, 2, 5)
