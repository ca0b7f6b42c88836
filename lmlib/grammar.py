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
from collections.abc import Generator, Iterable, Iterator

import torch
from torch import Tensor

from lmlib.slots import Distribution, make_slot, mix, parse_part
from lmlib.tokens import END
from lmlib.validation import check_ids


class Grammar:
    """A story grammar (see ``stories.toml``) that is also a language model.

    ``vocab`` is the tuple of its V tokens, ``END`` first; a token's id is its position there.
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
        self.slots = {f"{{{name}}}": make_slot(**spec) for name, spec in slots.items()}
        self.story = [
            parse_part([part] if isinstance(part, str) else part, self.slots)
            for part in story
        ]
        self.odds = [[1.0 / len(part)] * len(part) for part in self.story]
        items = {item for part in self.story for line in part for item in line}
        plain = items - {*self.slots}
        self._only = {word: {word: 1.0} for word in plain}
        tables = [
            table for slot in self.slots.values() for table in slot.tables.values()
        ]
        words = {word for table in tables for word in table}
        self.vocab = (END, *sorted(words | plain))
        self.ids = {word: i for i, word in enumerate(self.vocab)}

    @property
    def vocab_size(self) -> int:
        return len(self.vocab)

    def _walk(self) -> Generator[Distribution, str, None]:
        """Yield what may come next and be sent what came, one story after the other."""
        while True:
            seen: dict[str, str] = {}
            belief = dict(self.prior)
            for part, odds in zip(self.story, self.odds, strict=True):
                line, known = part[0], seen
                if len(part) > 1:
                    first = yield {x[0]: p for x, p in zip(part, odds, strict=True)}
                    line = next(line[1:] for line in part if line[0] == first)
                    # What is drawn in an alternative is forgotten after it.
                    known = dict(seen)
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
            table = mix((share, slot.tables[mood]) for mood, share in belief.items())
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
                rng.choices(list(table), list(table.values()))
                if len(table) > 1
                else table
            )
            yield word
            table = walk.send(word)

    def __call__(self, tokens: Tensor) -> Tensor:
        """Logits of the next token, (B, T) ids → (B, T, V) float64: exact log-probabilities, −inf for the impossible.

        Raises ValueError at an id outside 0 … V − 1, and at a token that the grammar cannot write there.
        """
        logits = torch.full(
            (*tokens.shape, self.vocab_size), -math.inf, dtype=torch.float64
        )
        for b, row in enumerate(tokens.tolist()):
            check_ids("tokens", row, self.vocab_size)
            for t, table in enumerate(self.follow(self.vocab[i] for i in row)):
                probs = torch.tensor(list(table.values()), dtype=torch.float64)
                logits[b, t, [self.ids[word] for word in table]] = probs.log()
        return logits
