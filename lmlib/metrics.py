"""How near a text is to a reference: BLEU, ROUGE, exact match and F1, from 0 to 1. Words end at white space."""

import math
import re
import string
from collections import Counter
from collections.abc import Hashable, Sequence


def f1_of_counts(right: int, given: int, wanted: int) -> float:
    """F1, formula `eq:f1`: ``right`` of the ``given`` things are among the ``wanted``; 0 where none is.

    Raises ValueError where more is right than was given or wanted.

    >>> f1_of_counts(right=3, given=4, wanted=6)  # precision 3/4, recall 3/6
    0.6
    """
    if not 0 <= right <= min(given, wanted):
        raise ValueError(f"right: {right}; give 0 to {min(given, wanted)}")
    return 2 * right / (given + wanted) if right else 0.0


def f1(predicted: Sequence, labels: Sequence, positive: Hashable = 1) -> float:
    """F1, formula `eq:f1`, of the class ``positive``.

    Raises ValueError for no labels, another number of predictions, or a class that is in neither.

    >>> f1([1, 1, 0, 0], [1, 0, 1, 1])  # precision 1/2, recall 1/3
    0.4
    """
    given, wanted = _check_rows(predicted, labels)
    if positive not in (classes := {*given, *wanted}):
        raise ValueError(f"positive: {positive!r}; give one of {classes}")
    right = sum(g == w == positive for g, w in zip(given, wanted, strict=True))
    return f1_of_counts(right, given.count(positive), wanted.count(positive))


def macro_f1(predicted: Sequence, labels: Sequence) -> float:
    """Mean of the F1, formula `eq:f1`, of all classes that are predicted or a label. Errors as in :func:`f1`.

    >>> macro_f1(["a", "a", "a"], ["a", "a", "b"])  # 4/5 and 0
    0.4
    """
    classes = set().union(*_check_rows(predicted, labels))
    return sum(f1(predicted, labels, each) for each in classes) / len(classes)


def corpus_bleu(
    hypotheses: Sequence[str], references: Sequence[str], longest: int = 4
) -> float:
    """BLEU of all texts together, formula `eq:bleu` (Papineni et al. 2002).

    Matches are added up over the texts first. The first length without a match counts as half
    a match, the next as a quarter, as in sacrebleu; BLEU is 0 where no word matches, or no text
    has ``longest`` words. Raises ValueError where there are no references, or not as many as
    hypotheses.

    >>> round(corpus_bleu(["tom went to ashby .", "a kite"], ["tom went to oakton .", "a red kite"]), 3)
    0.356
    """
    rows = _check_rows(hypotheses, references)
    texts = [(h.split(), r.split()) for h, r in zip(*rows, strict=True)]
    given, wanted = sum(len(h) for h, _ in texts), sum(len(r) for _, r in texts)
    product, smooth = 1.0, 1.0
    for n in range(1, longest + 1):
        grams = [(_ngrams(h, n), _ngrams(r, n)) for h, r in texts]
        matches = sum((h & r).total() for h, r in grams)
        total = sum(h.total() for h, _ in grams)
        if not total or (n == 1 and not matches):
            return 0.0
        smooth /= 1 if matches else 2
        product *= (matches or smooth) / total
    return min(1.0, math.exp(1 - wanted / given)) * product ** (1 / longest)


def bleu(hypothesis: str, reference: str) -> float:
    """BLEU of one text, formula `eq:bleu`, smoothed alike, by its first 4, 3, 2 or 1 lengths; 0 if empty.

    >>> round(bleu("tom went to ashby .", "tom went to oakton ."), 3)  # ⁴√(4/5 · 2/4 · 1/3 · ½/2)
    0.427
    """
    longest = max(1, min(4, len(hypothesis.split())))
    return corpus_bleu([hypothesis], [reference], longest)


def rouge_n(hypothesis: str, reference: str, n: int) -> float:
    """ROUGE-N (Lin 2004) as F1, formula `eq:f1`, of the n-grams; 0 for an empty text. ValueError for n below 1.

    >>> rouge_n("tom went to ashby .", "tom went to oakton .", 2)  # 2 of 4 pairs
    0.5
    """
    if n < 1:
        raise ValueError(f"n: {n}; an n-gram has 1 word or more")
    return _overlap(_ngrams(hypothesis.split(), n), _ngrams(reference.split(), n))


def rouge_l(hypothesis: str, reference: str) -> float:
    """ROUGE-L (Lin 2004) as F1, formula `eq:f1`, of the longest common subsequence; 0 for an empty text.

    >>> round(rouge_l("in ashby tom saw a kite", "tom saw a red kite"), 3)  # 4 of 6, 4 of 5
    0.727
    """
    given, wanted = hypothesis.split(), reference.split()
    longest = [0] * (len(wanted) + 1)  # of the words so far and the first j wanted
    for word in given:
        before, longest = longest, [0]
        for j, other in enumerate(wanted):
            same = before[j] + 1 if word == other else 0
            longest.append(max(same, before[j + 1], longest[j]))
    return f1_of_counts(longest[-1], len(given), len(wanted))


def exact_match(hypothesis: str, reference: str) -> bool:
    """Whether both are one answer but for case, ASCII punctuation, and "a", "an", "the" (SQuAD's rule)."""
    return _plain(hypothesis) == _plain(reference)


def token_f1(hypothesis: str, reference: str) -> float:
    """F1, formula `eq:f1`, of the words of two answers, plain as in :func:`exact_match`; 1 if both are empty.

    >>> round(token_f1("The kite.", "a red kite"), 3)  # kite: 1 of 1, 1 of 2
    0.667
    """
    given, wanted = _plain(hypothesis), _plain(reference)
    return _overlap(Counter(given), Counter(wanted)) if given or wanted else 1.0


def _overlap(given: Counter, wanted: Counter) -> float:
    return f1_of_counts((given & wanted).total(), given.total(), wanted.total())


def _plain(answer: str) -> list[str]:
    kept = "".join(c for c in answer.lower() if c not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", kept).split()


def _ngrams(words: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def _check_rows(*rows: Sequence) -> list[list]:
    # Two elements of a tensor are never the same key, even if they are equal.
    given, wanted = (list(x.tolist() if hasattr(x, "tolist") else x) for x in rows)
    if not wanted or len(given) != len(wanted) or any(isinstance(x, str) for x in rows):
        raise ValueError(
            f"references or labels: {len(wanted)} for {len(given)}; give lists with one for each, one at least"
        )
    return [given, wanted]
