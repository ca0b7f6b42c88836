"""The texts of a heat map: as they were given, or with the weights that a model makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from lmlib.stories import WORDS
from lmlib.transformer import GPT
from lmlib.widgets.checks import BadValue, text_of
from lmlib.widgets.cuts import with_cuts
from lmlib.widgets.examples import Example, read_examples


def read_texts(
    tokens: Any,
    weights: Any = None,
    q: Any = None,
    k: Any = None,
    model: GPT | None = None,
    causal: bool = True,
) -> dict[str, Example]:
    """The texts of a heat map by their labels, as they were given or with the weights that ``model`` makes.

    Raises ValueError for weights that are no distribution, shapes that disagree, and words that a model has not.
    """
    if model is None:
        return read_examples(tokens, weights, q, k, causal)
    if any(given is not None for given in (weights, q, k)):
        raise BadValue("weights: a model makes its own; leave out weights, q and k")
    texts, ids = _with_weights(model, tokens)
    read = read_examples(texts, None, None, None, causal)
    return {name: replace(text, ids=ids[name]) for name, text in read.items()}


def read_own(text: str, model: GPT) -> Example:
    """A reader's own words, as many as the model can read. Raises ValueError for a word that it does not know.

    >>> from lmlib.pretrained import load_book_gpt
    >>> read_own("Once upon a time", load_book_gpt()).tokens
    ['<end>', 'once', 'upon', 'a', 'time']
    """
    words = WORDS.split(text_of(text).lower())[: model.config.block_size - 1]
    unknown = [word for word in words if word not in WORDS.ids]
    if unknown or not words:
        raise BadValue(
            f"text: {unknown[:1]} is not among the words of the stories; give words that the model knows"
        )
    return read_texts([WORDS.vocab[0], *words], model=model)[""]


def _with_weights(
    model: GPT, texts: Any
) -> tuple[dict[str, dict[str, Any]], dict[str, list[int]]]:
    """Texts as a heat map takes them, with the model's weights, and their ids; ValueError for words that it has not."""
    if not isinstance(texts, Mapping):
        texts = {"": {"tokens": texts}}
    found, ids = {}, {}
    for name, text in texts.items():
        where = f"tokens[{name!r}]" if name else "tokens"
        if not isinstance(text, Mapping) or set(text) != {"tokens"}:
            raise BadValue(
                f"{where}: {text!r} is no dict(tokens=…) alone; a model makes the weights"
            )
        tokens = text["tokens"]
        if isinstance(tokens, str) or not isinstance(tokens, Iterable):
            raise BadValue(f"{where}: {tokens!r} is no list of words")
        words = [*tokens]
        unknown = [w for w in words if not isinstance(w, str) or w not in WORDS.ids]
        room = model.config.block_size
        if unknown or not 1 <= len(words) <= room:
            raise BadValue(
                f"{where}: {len(words)} words, unknown among them {unknown[:3]}; give 1 to {room} that the model knows"
            )
        ids[str(name)] = [WORDS.ids[word] for word in words]
        weights = with_cuts(model, ids[str(name)], ())[1]
        found[str(name)] = {"tokens": words, "weights": weights}
    return found, ids
