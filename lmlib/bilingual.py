"""English sentences and their French, of a grammar so small that every right translation is known.

>>> translation("the small dog likes the red cow")
'le petit chien aime la vache rouge'
>>> len(english_sentences())
25600
"""

from __future__ import annotations

import itertools
import random

from lmlib.tokens import WordTokenizer

NOUNS = {
    "boy": "m garçon", "girl": "f fille", "dog": "m chien", "cow": "f vache", "balloon": "m ballon",
    "ball": "f balle", "book": "m livre", "table": "f table", "boat": "m bateau", "car": "f voiture",
}  # fmt: skip
VERBS = {"sees": "voit", "likes": "aime", "wants": "veut", "draws": "dessine"}
BEFORE = {"small": "petit petite", "big": "grand grande", "pretty": "joli jolie"}
AFTER = {
    "green": "vert verte", "blue": "bleu bleue", "white": "blanc blanche",
    "black": "noir noire", "red": "rouge rouge",
}  # fmt: skip
ADJECTIVES = BEFORE | AFTER


def phrase(adjective: str, noun: str) -> str:
    """French for "the {adjective} {noun}": some adjectives follow the noun, and all agree with it."""
    gender, french = NOUNS[noun].split()
    masculine, feminine = ADJECTIVES[adjective].split()
    article, form = ("le", masculine) if gender == "m" else ("la", feminine)
    order = [form, french] if adjective in BEFORE else [french, form]
    return " ".join([article, *order])


def translation(english: str) -> str:
    """French for sentences of :func:`english_sentences`, also for several with "and" between them.

    Raises ValueError for any other sentence.
    """
    return " et ".join(_clause(sentence) for sentence in english.split(" and "))


def _clause(sentence: str) -> str:
    try:
        _, adjective, noun, verb, _, other, object_ = sentence.split()
        return " ".join([phrase(adjective, noun), VERBS[verb], phrase(other, object_)])
    except (ValueError, KeyError):
        way_out = "write one like 'the big ball sees the red girl', of the same words"
        raise ValueError(
            f"english: {sentence!r} is not of this language; {way_out}"
        ) from None


def english_sentences(seed: int = 0) -> list[str]:
    """Every sentence "the … … … the … …" once, shuffled."""
    kinds = itertools.product(ADJECTIVES, NOUNS, VERBS, ADJECTIVES, NOUNS)
    texts = [f"the {a} {n} {v} the {b} {m}" for a, n, v, b, m in kinds]
    random.Random(seed).shuffle(texts)
    return texts


def bilingual_tokenizer() -> WordTokenizer:
    """All words of both languages, in one vocabulary."""
    pairs = (ADJECTIVES, NOUNS, VERBS, {"the": "le la", "and": "et"})
    words = [f"{one} {other}" for table in pairs for one, other in table.items()]
    return WordTokenizer.train(
        [" ".join(w for w in text.split() if w not in "mf") for text in words]
    )
