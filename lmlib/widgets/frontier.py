"""The frontier of reward and nats: what the best policy for a judge gets at each price, and what it then writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from traitlets import validate

from lmlib.grammar import Grammar
from lmlib.points import Judge
from lmlib.tilting import Rewards, frontier
from lmlib.widgets.base import Widget, script, with_defaults
from lmlib.widgets.checks import Given, between, whole
from lmlib.widgets.frontier_picture import frontier_picture
from lmlib.widgets.labels import FRONTIER
from lmlib.widgets.marks import Mark, marks_of
from lmlib.widgets.odds import MOST_POINTS, judge_of, pack_odds, points_of, rewards_of

LOWEST, HIGHEST = 0.1, 10.0


class RewardFrontier(Widget):
    """Reward against nats: the frontier that no policy exceeds, exact, and where the best one at the price β stands.

    ``grammar`` is the start, ``judge`` what gives points. ``marks`` are methods that were measured with this judge:
    {name: (nats, reward)}, each a number or (value, low, high). ``beta`` (0.1 … 10) is the price of a nat in points,
    ``points`` and ``per_word`` are the judge's, at first those of ``judge``, and ``seed`` says which stories the page
    tells. These four can be set and observed. Raises ValueError for what cannot be.

    >>> from lmlib.stories import STORIES
    >>> w = RewardFrontier(STORIES, Judge({"ending": {"happy": 1.0, "glad": 1.0, "cheerful": 1.0, "proud": 1.0}}))
    >>> round(w.reward, 3), round(w.nats, 3)
    (0.731, 0.111)
    """

    _kind = "frontier"
    _state = ("beta", "points", "per_word", "seed")
    _parts = ("grammar", "tilting")
    _esm = script("frontier", parts=_parts)

    beta = Given(1.0).tag(sync=True)
    points = Given({}).tag(sync=True)
    per_word = Given(0.0).tag(sync=True)
    seed = Given(0).tag(sync=True)

    def __init__(
        self,
        grammar: Grammar,
        judge: Judge,
        marks: Mapping[str, Any] | None = None,
        *,
        beta: float = 1.0,
        seed: int = 0,
        labels: dict[str, str] | None = None,
    ) -> None:
        packed, judge = pack_odds(grammar), judge_of(judge)
        self._grammar, self._rewards = grammar, rewards_of(grammar, judge)
        self._marks = marks_of(marks or {})
        given: dict[str, Any] = {"points": points_of(judge.points)}
        given["per_word"] = between("per_word", judge.per_word, -MOST_POINTS, MOST_POINTS)  # fmt: skip
        data = {
            "labels": with_defaults(labels, FRONTIER),
            "grammar": packed,
            "marks": [mark._asdict() for mark in self._marks],
            "judge": given,
        }
        super().__init__(_data=data, beta=beta, seed=seed, **given)

    @property
    def rewards(self) -> Rewards:
        """How likely each reward is under the grammar, by the judge as it is now."""
        return self._rewards

    @property
    def reward(self) -> float:
        """The mean reward of the best policy at this price."""
        return frontier(self._rewards, self.beta)[0]

    @property
    def nats(self) -> float:
        """How many nats it lies away from the grammar."""
        return frontier(self._rewards, self.beta)[1]

    @property
    def objective(self) -> float:
        """Reward − β · nats: no other policy has more."""
        return self.reward - self.beta * self.nats

    def _own_marks(self) -> list[Mark]:
        """The marks, where the judge is still the one that they were measured with."""
        judge = {"points": self.points, "per_word": self.per_word}
        return self._marks if judge == self._data["judge"] else []

    def sentence(self) -> str:
        """What the best policy gets at this price and what for, and what was measured."""
        labels, start = self._data["labels"], frontier(self._rewards, 1e9)[0]
        found = {"reward": self.reward, "nats": self.nats, "objective": self.objective, "start": start}  # fmt: skip
        said = {name: f"{value:.3f}" for name, value in found.items()}
        text = labels["sentence"].format(beta=f"{self.beta:g}", **said)
        if marks := self._own_marks():
            rows = [
                labels["row"].format(name=name, nats=f"{nats[0]:.3f}", reward=f"{reward[0]:.3f}")
                for name, nats, reward in marks
            ]  # fmt: skip
            text += labels["sentence_marks"].format(list="; ".join(rows))
        return text

    def picture(self) -> Figure:
        """The frontier, the point at this price with the line that touches it there, and a letter for each mark."""
        return frontier_picture(
            self._rewards, self.beta, self._own_marks(), self._data["labels"]
        )

    @validate("beta")
    def _valid_beta(self, proposal: Any) -> float:
        hint = "; it is what a nat costs in points"
        return between("beta", proposal["value"], LOWEST, HIGHEST, hint)

    @validate("points")
    def _valid_points(self, proposal: Any) -> dict[str, dict[str, float]]:
        points = points_of(proposal["value"])
        self._rewards = rewards_of(self._grammar, Judge(points, self.per_word))
        return points

    @validate("per_word")
    def _valid_per_word(self, proposal: Any) -> float:
        per_word = between("per_word", proposal["value"], -MOST_POINTS, MOST_POINTS)
        self._rewards = rewards_of(self._grammar, Judge(self.points, per_word))
        return per_word

    @validate("seed")
    def _valid_seed(self, proposal: Any) -> int:
        return whole("seed", proposal["value"], 0, 2**31 - 1)
