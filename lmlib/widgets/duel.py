"""The next-word duel: a reader guesses words of held-out stories, and pays for surprise as the models do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from traitlets import observe, validate

from lmlib.language_models import LanguageModel
from lmlib.stories import WORDS
from lmlib.widgets.base import Widget, script, with_defaults
from lmlib.widgets.checks import BadValue, Given, whole
from lmlib.widgets.duel_picture import duel_picture
from lmlib.widgets.labels import DUEL
from lmlib.widgets.places import game
from lmlib.widgets.rivals import rivals
from lmlib.widgets.scores import SURE, costs, fitting

AHEAD = 30
"""Rounds that travel to the page, in games from ``seed`` on: there a reader goes on without Python."""
SEEDS = 2**32


class NextWordDuel(Widget):
    """Ten words to guess, and what each cost the reader, a bigram, a 5-gram, the book's GPT and the grammar.

    ``guesses`` are pairs of a word that is offered and the probability put on it, 0.4, 0.7 or 0.95; the rest is
    spread evenly over all other words of the stories. ``round`` (1 … ``rounds``) is the word that is asked for or,
    once it has been guessed, told; by default the first that has not been guessed. ``seed`` says which stories and
    words. These three can be set and observed. ``rounds`` is from 1 to 20. ``bigram`` and ``five_gram`` are models
    of the stories; where one is not given, both are counted in 20,000 stories, which takes a quarter of a minute.
    Raises ValueError for what cannot be.

    >>> from lmlib.ngrams import NGram
    >>> from lmlib.stories import story_sequences
    >>> bigram, five = (NGram(n, 304).fit(story_sequences(300, seed=0)) for n in (2, 5))
    >>> w = NextWordDuel(bigram=bigram, five_gram=five)
    >>> w.guesses = [[w.offered[0], 0.4]]
    >>> list(w.score())
    ['you', 'bigram', '5-gram', 'GPT', 'truth', 'floor']
    """

    _kind = "duel"
    _state = ("seed", "guesses", "round")
    _esm = script("duel")

    seed = Given(0).tag(sync=True)
    guesses = Given([]).tag(sync=True)
    round = Given(1).tag(sync=True)

    def __init__(
        self,
        seed: int = 0,
        rounds: int = 10,
        *,
        guesses: Sequence[Sequence[Any]] = (),
        round: int | None = None,
        bigram: LanguageModel | None = None,
        five_gram: LanguageModel | None = None,
        labels: dict[str, str] | None = None,
    ) -> None:
        self._rounds = whole("rounds", rounds, 1, 20)
        seed = whole("seed", seed, 0, SEEDS - 1)
        words = with_defaults(labels, DUEL)
        self._models = rivals(bigram, five_gram)
        games = self._games(seed)
        data = {"V": len(WORDS.vocab), "sure": SURE, "games": games, "labels": words}
        pairs = fitting(games[0], guesses)
        if round is None:
            round = min(len(pairs) + 1, self._rounds)
        super().__init__(_data=data, seed=seed, guesses=pairs, round=round)

    def _games(self, seed: int) -> list[dict[str, Any]]:
        """The game of a seed, and of those behind it."""
        seeds = [(seed + i) % SEEDS for i in range(min(3, AHEAD // self._rounds))]
        return [game(seed, self._rounds, self._models) for seed in seeds]

    @property
    def _game(self) -> dict[str, Any]:
        return self._deal(self.seed)

    @property
    def offered(self) -> list[str]:
        """The words to choose from in this round; the word that comes may be none of them."""
        return list(self._game["rounds"][self.round - 1]["offered"])

    def score(self) -> dict[str, float]:
        """Nats per word of each player on the words guessed so far, and the floor, the truth's mean entropy; or {}."""
        n = len(self.guesses)
        paid = costs(self._game, self.guesses, n) if n else {}
        return {name: sum(nats) / n for name, nats in paid.items()}

    def _listed(self) -> tuple[int, dict[str, list[float]]]:
        """How many words are told of, and what they cost: those guessed or, before the first, all but the reader."""
        n = len(self.guesses)
        paid = costs(self._game, self.guesses, n or self._rounds)
        return n or self._rounds, {name: nats for name, nats in paid.items() if nats}

    def sentence(self) -> str:
        """Nats per word of everybody: over the words guessed or, before the first, over all of them."""
        labels, (n, paid) = self._data["labels"], self._listed()
        means = [
            f"{labels[who]} {abs(sum(nats)) / n:.2f}" for who, nats in paid.items()
        ]
        told = {"n": n, "stories": len(self._game["stories"]), "seed": self.seed}
        return labels["sentence"].format(list=", ".join(means), **told)

    def picture(self) -> Figure:
        """A bar for everybody: the surprise of each word, end to end, and a line at the floor."""
        labels, (n, paid) = self._data["labels"], self._listed()
        floor = sum(paid.pop("floor"))
        bars = [(labels[name], nats) for name, nats in paid.items()]
        return duel_picture(bars, floor, n, labels["floor"], labels["axis"].format(n=n))

    def _deal(self, seed: Any) -> dict[str, Any]:
        """The game of a seed, which from now on is among the data. Raises ValueError for what is no seed."""
        seed = whole("seed", seed, 0, SEEDS - 1)
        dealt = {found["seed"]: found for found in self._data["games"]}
        if seed not in dealt:
            self._data = {**self._data, "games": self._games(seed)}
        return dealt.get(seed) or self._data["games"][0]

    @validate("seed")
    def _valid_seed(self, proposal: Any) -> int:
        # Before the seed itself changes, so that the page has the game when it hears of it.
        return self._deal(proposal["value"])["seed"]

    @validate("guesses")
    def _valid_guesses(self, proposal: Any) -> list[list[Any]]:
        return fitting(self._deal(self.seed), proposal["value"])

    @validate("round")
    def _valid_round(self, proposal: Any) -> int:
        return whole("round", proposal["value"], 1, self._rounds)

    @observe("seed")
    def _begin(self, change: Any) -> None:
        """Another game, unless the guesses came along with its seed."""
        try:
            fitting(self._game, self.guesses)
        except BadValue:
            self.guesses = []
        if not self.guesses:
            self.round = 1
