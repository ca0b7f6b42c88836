"""A translator that knows words and no order: a dictionary, learned from which words stand together.

>>> pairs = [("a red ball", "红 球"), ("a blue ball", "蓝 球"), ("a red key", "红 匙")]
>>> dictionary = learn_dictionary(pairs)
>>> word_by_word("a blue key", dictionary)
'蓝 匙'
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

Pair = tuple[str, str]
"""A sentence, and the same in another language, words set apart by spaces."""


def learn_dictionary(pairs: Iterable[Pair]) -> dict[str, str]:
    """For each word its translation: two words that are each other's best partners by Dice's coefficient.

    Of the sentences with one of two words, how many have both: 2 n(e, f) / (n(e) + n(f)). Words that
    are nobody's best partner are left out. Raises ValueError where there are no pairs.
    """
    first, second, both = Counter[str](), Counter[str](), Counter[Pair]()
    for e_text, f_text in pairs:
        e_words, f_words = sorted({*e_text.split()}), sorted({*f_text.split()})
        first.update(e_words)
        second.update(f_words)
        both.update((e, f) for e in e_words for f in f_words)
    if not both:
        raise ValueError("pairs: there are none to learn from; give at least one")
    dice = {(e, f): 2 * n / (first[e] + second[f]) for (e, f), n in both.items()}
    best: dict[str, tuple[float, str]] = {}
    back: dict[str, tuple[float, str]] = {}
    for (e, f), share in dice.items():
        best[e] = max(best.get(e, (0.0, "")), (share, f))
        back[f] = max(back.get(f, (0.0, "")), (share, e))
    return {e: f for e, (_, f) in best.items() if back[f][1] == e}


def word_by_word(sentence: str, dictionary: Mapping[str, str]) -> str:
    """Each word's translation at the place of the word; words that the dictionary lacks are left out."""
    return " ".join(dictionary[w] for w in sentence.split() if w in dictionary)
