"""How many labels each method needs: accuracies of several runs, as means with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from traitlets import validate

from lmlib.notebook import visible
from lmlib.widgets.accuracies import Accuracies, read_results
from lmlib.widgets.base import Widget, script, with_defaults
from lmlib.widgets.checks import BadValue, Given, between, whole
from lmlib.widgets.labels import LABELS
from lmlib.widgets.labels_needed_picture import labels_needed_picture


class LabelsNeeded(Accuracies, Widget):
    """Accuracy of several methods against the number of labels that they were trained with, run by run.

    ``results`` maps method → {number of labels: [accuracy of each run]}; numbers may be strings, as JSON has
    them. ``ceiling`` is the accuracy that no method can exceed in the long run, and ``tested`` how many texts the
    accuracies were counted on. ``n`` is the number of labels that is shown, ``methods`` are those that are shown
    (all at first), and ``pair`` the two that are compared; these three can be set and observed. Raises ValueError
    for lists that are empty, what is no accuracy (NaN included), and unknown names.

    >>> few = {"read": {50: [0.90, 0.88]}, "counts": {50: [0.60, 0.62], 800: [0.83, 0.85], 3200: [0.91, 0.93]}}
    >>> w = LabelsNeeded(few, ceiling=0.95)
    >>> [round(x, 3) for x in w.interval("read", 50)], w.reached("counts", w.mean("read", 50))
    ([0.87, 0.91], (800, 3200))
    """

    _kind = "labels"
    _state = ("n", "methods", "pair")
    _esm = script("labels")

    n = Given().tag(sync=True)
    methods = Given().tag(sync=True)
    pair = Given().tag(sync=True)

    def __init__(
        self,
        results: Mapping[str, Mapping[int | str, Sequence[float]]],
        *,
        ceiling: float | None = None,
        tested: int | None = None,
        n: int | None = None,
        methods: Sequence[str] | None = None,
        pair: Sequence[str] | None = None,
        labels: dict[str, str] | None = None,
    ) -> None:
        self._results = read_results(results)
        self.sizes = sorted({n for runs in self._results.values() for n in runs})
        self.ceiling = None if ceiling is None else between("ceiling", ceiling, 0, 1)
        self.tested = None if tested is None else whole("tested", tested, 1, 10**9)
        names = list(self._results)
        shown = [*names] if methods is None else methods
        data = {
            "labels": with_defaults(labels, LABELS),
            "results": {name: sorted(runs.items()) for name, runs in self._results.items()},
            "shown": {name: visible(name) for name in names},
            "sizes": self.sizes,
            "ceiling": self.ceiling,
            "tested": self.tested,
        }  # fmt: skip
        super().__init__(
            _data=data,
            n=self.sizes[0] if n is None else n,
            methods=shown,
            pair=[names[0], names[-1]] if pair is None else pair,
        )

    def _rows(self) -> list[tuple[str, float | None, float | None]]:
        rows: list[tuple[str, float | None, float | None]] = []
        for name in self._results:
            if name in self.methods:
                known = self.n in self._results[name]
                middle = self.mean(name, self.n) if known else None
                rows.append((visible(name), middle, self.spread(name, self.n) if known else None))  # fmt: skip
        return rows

    def sentence(self) -> str:
        """What each method shown gets right with ``n`` labels, and the ceiling."""
        labels = self._data["labels"]
        parts = []
        for name, middle, spread in self._rows():
            if middle is None:
                parts.append(labels["row_none"].format(name=name, n=self.n))
                continue
            interval = labels["one_run"]
            if spread is not None:
                interval = labels["plus_minus"].format(spread=f"{spread:.3f}")
            parts.append(labels["row"].format(name=name, mean=f"{middle:.3f}", interval=interval))  # fmt: skip
        text = labels["sentence"].format(n=self.n, list="; ".join(parts))
        if self.ceiling is not None:
            text += labels["sentence_ceiling"].format(c=f"{self.ceiling:.3f}")
        return text

    def picture(self) -> Figure:
        """A point and an interval for each method shown."""
        labels = self._data["labels"]
        title = f"{labels['n']}: {self.n:,}"
        return labels_needed_picture(
            self._rows(), title, self.ceiling, labels["ceiling"]
        )

    @validate("n")
    def _valid_n(self, proposal: Any) -> int:
        n = whole("n", proposal["value"], 1, 10**9)
        if n not in self.sizes:
            raise BadValue(
                f"n: {n} labels were not measured; choose one of {self.sizes}"
            )
        return n

    @validate("methods")
    def _valid_methods(self, proposal: Any) -> list[str]:
        methods = self._known("methods", proposal["value"])
        if len({*methods}) < len(methods):
            raise BadValue("methods: some stand there twice; give each name once")
        return methods

    @validate("pair")
    def _valid_pair(self, proposal: Any) -> list[str]:
        pair = self._known("pair", proposal["value"])
        if len(pair) != 2:
            raise BadValue(f"pair: {pair!r} are not two methods; give two names")
        return pair

    def _known(self, name: str, value: Any) -> list[str]:
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise BadValue(f"{name}: {value!r} is no list of methods; give names")
        for method in value:
            if not isinstance(method, str) or method not in self._results:
                raise BadValue(f"{name}: {method!r} is unknown; choose of {list(self._results)}")  # fmt: skip
        return list(value)
