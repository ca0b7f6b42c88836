"""Checks of a tokenizer's arguments: what a vocabulary, its merges and its special tokens must be."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import chain

from lmlib.validation import check_text


class MergeError(ValueError):
    """A merge that no training makes; ``number`` is its place in the list, from 0 on."""

    def __init__(self, number: int, sentence: str) -> None:
        super().__init__(sentence)
        self.number = number

    def at(self, place: str) -> MergeError:
        """The same, with the place of the merge in a file."""
        return MergeError(self.number, f"{self} ({place})")


def check_vocab_size(vocab_size: int, least: int) -> None:
    """Raise ValueError where there is no room for the 256 bytes and the special tokens."""
    if vocab_size < least:
        raise ValueError(
            f"vocab_size: {vocab_size} is too small for 256 bytes and {least - 256} special tokens; "
            f"use {least} or more"
        )


def check_tokens(
    vocab: Collection[str],
    byte_tokens: Collection[str],
    merges: Iterable[tuple[str, str]],
    whole: Collection[str],
) -> None:
    """Raise ValueError where a token that is needed is not in ``vocab``, or one of ``whole`` cannot be found.

    Raises MergeError at a merge whose parts are not all made before it, or that makes nothing new.
    """
    for token in chain(byte_tokens, whole):
        if token not in vocab:
            raise ValueError(_missing(token))
    made = _check_merges(vocab, byte_tokens, merges)
    for token in whole:
        if not token:
            raise ValueError("specials: '' is in every text; leave it out")
        check_text(token)
        if token in made and not token.isascii():  # é is how the byte e9 is written
            raise ValueError(
                f"specials: {token!r} stands for other bytes in vocab; give it another name"
            )


def _missing(token: str) -> str:
    return f"vocab: {token!r} is missing; give all bytes, special tokens, and the parts and wholes of merges"


def _check_merges(
    vocab: Collection[str],
    byte_tokens: Collection[str],
    merges: Iterable[tuple[str, str]],
) -> set[str]:
    """All tokens that are bytes or made of them."""
    made = {*byte_tokens}
    for number, (a, b) in enumerate(merges):
        for token in (a, b, a + b):
            if token not in vocab:
                raise MergeError(number, _missing(token))
        for part in (a, b):
            if part not in made:
                raise MergeError(
                    number,
                    f"merges: {part!r} in {(a, b)} is no byte, and no earlier merge makes it; "
                    "give all merges in the order of training",
                )
        if a + b in made:
            raise MergeError(
                number,
                f"merges: {(a, b)} makes {a + b!r}, which is there already; give each token once",
            )
        made.add(a + b)
    return made
