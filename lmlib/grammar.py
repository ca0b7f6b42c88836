"""A grammar that writes stories, and knows the probability of every word of them.

Every choice of the grammar puts a word on the page, so what may come next follows from
the text so far. One thing is hidden, the mood of the story; what the text says about it
is kept as a probability by Bayes' rule. So the grammar is itself a language model, and
the best one there can be of its stories: its cross-entropy is the floor of every other.

>>> coins = Grammar(["it was {side} , yes , {side} ."], {"side": {"words": "heads tails"}})
>>> coins.next_word("it was")
{'heads': 0.6666666666666666, 'tails': 0.3333333333333333}
>>> coins.next_word("it was tails , yes ,")
{'tails': 1.0}
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

END = "<end>"
"""The token that stands before the first story and after each."""

Distribution = dict[str, float]
# Beliefs about the mood that a story may have led to → their probabilities.
Beliefs = dict[tuple[float, ...], float]
Key = TypeVar("Key")


@dataclass(frozen=True)
class Slot:
    """A place for a word: for each value of the slot it depends on, the words and their probabilities."""

    given: str | None
    tables: dict[str, Distribution]


def _table(words: str, uniform: bool) -> Distribution:
    weights = {
        word: 1.0 if uniform else 1.0 / rank
        for rank, word in enumerate(words.split(), start=1)
    }
    return {word: weight / sum(weights.values()) for word, weight in weights.items()}


def _mix(tables: Iterable[tuple[float, dict[Key, float]]]) -> dict[Key, float]:
    mixed: dict[Key, float] = {}
    for share, table in tables:
        # Otherwise what is impossible would stand in the mixture, with probability 0.
        if share > 0:
            for key, p in table.items():
                mixed[key] = mixed.get(key, 0.0) + share * p
    return mixed


def _slot(
    given: str = "",
    words: str | dict[str, str] = "",
    uniform: bool = False,
    fidelity: float = 1.0,
) -> Slot:
    if isinstance(words, str):
        return Slot(None, {"": _table(words, uniform)})
    tables = {
        value: _table(line, uniform) for key, line in words.items() for value in key.split()
    }
    if fidelity == 1.0:
        return Slot(f"{{{given}}}", tables)
    slip = (1.0 - fidelity) / (len(tables) - 1)
    return Slot(
        f"{{{given}}}",
        {
            v: _mix((fidelity if u == v else slip, tables[u]) for u in tables)
            for v in tables
        },
    )


def _entropy(table: Distribution) -> float:
    return -sum(p * math.log(p) for p in table.values() if p > 0)


class Grammar:
    """A story grammar (see ``stories.toml``) that is also a language model.

    ``vocab`` is the tuple of its V tokens, ``END`` first; a token's id is its place there.
    """

    def __init__(
        self,
        story: list[str | list[str]],
        slots: dict[str, dict],
        hidden: dict[str, list[str]] | None = None,
    ) -> None:
        name, moods = next(iter((hidden or {"": [""]}).items()))
        self.hidden = f"{{{name}}}"
        self.prior = {mood: 1.0 / len(moods) for mood in moods}
        self.slots = {f"{{{name}}}": _slot(**spec) for name, spec in slots.items()}
        self.story = [
            self._lines([part] if isinstance(part, str) else part) for part in story
        ]
        plain = {
            item
            for part in self.story
            for line in part
            for item in line
            if item not in self.slots
        }
        self._only = {word: {word: 1.0} for word in plain}
        words = {
            word
            for slot in self.slots.values()
            for table in slot.tables.values()
            for word in table
        }
        self.vocab = (END, *sorted(words | plain))
        self.ids = {word: i for i, word in enumerate(self.vocab)}

    @property
    def vocab_size(self) -> int:
        return len(self.vocab)

    def _lines(self, part: list[str]) -> list[list[str]]:
        """Split alternative sentences. One is known by its first word, so those must be words, and differ."""
        lines = [self._items(line) for line in part]
        if part[1:] and len({line[0] for line in lines} - set(self.slots)) < len(part):
            raise ValueError(
                f"story: the alternatives {part} must each begin with a word of their own, and no slot"
            )
        return lines

    def _items(self, line: str) -> list[str]:
        """Split a sentence into words and names of slots; ``(a|b)`` becomes a slot of its own."""
        for choice in re.findall(r"\(\S+\)", line):
            self.slots.setdefault(
                choice, _slot(words=choice[1:-1].replace("|", " "), uniform=True)
            )
        items = line.split()
        for item in items:
            if item.startswith("{") and item not in self.slots:
                raise ValueError(
                    f"story: {item} in {line!r} names no slot; the slots are {sorted(self.slots)}"
                )
        return items

    def _walk(self) -> Generator[Distribution, str, None]:
        """Yield what may come next and be sent what came, one story after the other."""
        while True:
            seen: dict[str, str] = {}
            belief = dict(self.prior)
            for part in self.story:
                line, known = part[0], seen
                if len(part) > 1:
                    first = yield {line[0]: 1.0 / len(part) for line in part}
                    line = next(line[1:] for line in part if line[0] == first)
                    known = dict(
                        seen
                    )  # what is drawn in an alternative is forgotten after it
                for item in line:
                    yield from self._step(item, known, belief)
            yield {END: 1.0}

    def _step(
        self, item: str, seen: dict[str, str], belief: Distribution
    ) -> Generator[Distribution, str, None]:
        slot = self.slots.get(item)
        if slot is None:
            yield self._only[item]
        elif item in seen:
            yield {seen[item]: 1.0}
        elif slot.given == self.hidden:
            table = _mix((share, slot.tables[mood]) for mood, share in belief.items())
            word = yield table
            for mood in belief:  # Bayes: posterior = prior × likelihood / evidence
                belief[mood] *= slot.tables[mood].get(word, 0.0) / table[word]
            seen[item] = word
        else:
            word = yield slot.tables[seen[slot.given] if slot.given else ""]
            if not item.startswith("("):  # an anonymous choice is drawn anew each time
                seen[item] = word

    def follow(self, words: Iterable[str]) -> Iterator[Distribution]:
        """The exact distribution of the next token after each of ``words``; a leading ``END`` is the start.

        Raises ValueError at a word that the grammar cannot write there.
        """
        walk = self._walk()
        expected = next(walk)
        for position, word in enumerate(words):
            if position or word != END:
                if word not in expected:
                    raise ValueError(
                        f"words: {word!r} at position {position} cannot stand there; possible: {', '.join(expected)}"
                    )
                expected = walk.send(word)
            yield expected

    def next_word(self, text: str) -> Distribution:
        """The exact distribution of the token that follows ``text`` (words separated by spaces)."""
        *_, last = self.follow([END, *text.split()])
        return last

    def sample(self, n: int, seed: int) -> list[str]:
        """Draw ``n`` stories; the same seed gives the same stories."""
        rng = random.Random(seed)
        return [" ".join(self._sample_words(rng)) for _ in range(n)]

    def _sample_words(self, rng: random.Random) -> Iterator[str]:
        walk = self._walk()
        table = next(walk)
        while END not in table:
            (word,) = (
                rng.choices(list(table), list(table.values())) if len(table) > 1 else table
            )
            yield word
            table = walk.send(word)

    def entropy(self) -> float:
        """The exact entropy of one story, in nats: the mean of −log P(story), with no sampling.

        By the chain rule it is the sum of the entropies of the choices. A choice depends on
        one earlier word at most, or on the belief about the mood, so one pass suffices.
        """
        total, marginals = 0.0, {"": {"": 1.0}}
        beliefs: Beliefs = {tuple(self.prior.values()): 1.0}
        for part in self.story:
            total += math.log(len(part))
            branches = [
                self._line_entropy(
                    line, dict(marginals) if part[1:] else marginals, beliefs
                )
                for line in part
            ]
            total += sum(h for h, _ in branches) / len(part)
            beliefs = _mix((1.0 / len(part), after) for _, after in branches)
        return total

    def _line_entropy(
        self, line: list[str], marginals: dict[str, Distribution], beliefs: Beliefs
    ) -> tuple[float, Beliefs]:
        total = 0.0
        for item in line:
            slot = self.slots.get(item)
            if slot is None or item in marginals:
                continue
            if slot.given == self.hidden:
                h, beliefs = self._cue_entropy(slot, beliefs)
                parent = self.prior
            else:
                parent = marginals[slot.given or ""]
                h = sum(p * _entropy(slot.tables[value]) for value, p in parent.items())
            total += h
            if not item.startswith("("):
                marginals[item] = _mix(
                    (p, slot.tables[value]) for value, p in parent.items()
                )
        return total, beliefs

    def _cue_entropy(self, slot: Slot, beliefs: Beliefs) -> tuple[float, Beliefs]:
        """Entropy of a word that depends on the mood, and the beliefs about the mood after it."""
        total = 0.0
        after: Beliefs = {}
        tables = [slot.tables[mood] for mood in self.prior]
        for belief, share in beliefs.items():
            table = _mix(zip(belief, tables, strict=True))
            total += share * _entropy(table)
            for word, p in table.items():  # words with the same evidence lead to one belief
                posterior = tuple(
                    round(b * t.get(word, 0.0) / p, 12)
                    for b, t in zip(belief, tables, strict=True)
                )
                after[posterior] = after.get(posterior, 0.0) + share * p
        return total, after

    def expected_length(self) -> float:
        """Mean number of tokens of a story, its ``END`` included."""
        return 1.0 + sum(sum(map(len, part)) / len(part) for part in self.story)

    def __call__(self, tokens: Tensor) -> Tensor:
        """Logits of the next token, (B, T) ids → (B, T, V) float64: exact log-probabilities, −inf for the impossible.

        Raises ValueError at an id outside 0 … V − 1, and at a token that the grammar cannot write there.
        """
        logits = torch.full(
            (*tokens.shape, self.vocab_size), -math.inf, dtype=torch.float64
        )
        for b, row in enumerate(tokens.tolist()):
            for t, table in enumerate(self.follow(self._word(i) for i in row)):
                probs = torch.tensor(list(table.values()), dtype=torch.float64)
                logits[b, t, [self.ids[word] for word in table]] = probs.log()
        return logits

    def _word(self, token: int) -> str:
        if not 0 <= token < self.vocab_size:
            raise ValueError(
                f"tokens: {token} is no token's id; ids run from 0 to {self.vocab_size - 1}"
            )
        return self.vocab[token]
