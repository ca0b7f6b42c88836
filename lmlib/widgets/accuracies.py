"""Accuracies of methods, run by run: how they are read, means with intervals, and the labels that a level takes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from lmlib.widgets.checks import BadValue, between, whole

MOST_METHODS, MOST_SIZES, MOST_RUNS = 12, 30, 200
Results = dict[str, dict[int, list[float]]]


class Accuracies:
    """What the runs of each method say of it."""

    _results: Results
    """As :func:`read_results` has read them."""

    def mean(self, method: str, n: int) -> float:
        """Of the runs. Raises KeyError where there are none."""
        runs = self._results[method][n]
        return sum(runs) / len(runs)

    def spread(self, method: str, n: int) -> float | None:
        """Two standard errors of the mean; None for a single run."""
        runs, middle = self._results[method][n], self.mean(method, n)
        if len(runs) < 2:
            return None
        variance = sum((run - middle) ** 2 for run in runs) / (len(runs) - 1)
        return 2 * math.sqrt(variance / len(runs))

    def interval(self, method: str, n: int) -> tuple[float, float] | None:
        """The mean, two standard errors down and up; None for a single run."""
        spread = self.spread(method, n)
        middle = self.mean(method, n)
        return None if spread is None else (middle - spread, middle + spread)

    def reached(self, method: str, level: float) -> tuple[int | None, int | None]:
        """The fewest labels with which the mean is ``level`` or more, behind the next fewer that were measured.

        (None, n) if the fewest measured do already, (n, None) if not even the most do.
        """
        before = None
        for n in sorted(self._results[method]):
            if self.mean(method, n) >= level:
                return before, n
            before = n
        return before, None


def read_results(results: Any) -> Results:
    """Method → {labels: [accuracy of each run]}, checked. Raises ValueError for what is none."""
    if not isinstance(results, Mapping) or not 1 <= len(results) <= MOST_METHODS:
        raise BadValue(
            f"results: give method → {{labels: [accuracy of each run]}}, for 1 to {MOST_METHODS} methods"
        )
    return {_name(name): _sizes(name, runs) for name, runs in results.items()}


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name.strip():
        raise BadValue(f"results: {name!r} is no name of a method; give words")
    return name


def _sizes(name: str, runs: Any) -> dict[int, list[float]]:
    where = f"results[{name!r}]"
    if not isinstance(runs, Mapping) or not 1 <= len(runs) <= MOST_SIZES:
        raise BadValue(f"{where}: give {{labels: [accuracy of each run]}}, 1 to {MOST_SIZES} of them")  # fmt: skip
    read: dict[int, list[float]] = {}
    for key, values in runs.items():
        number = int(key) if isinstance(key, str) and key.isdecimal() else key
        n = whole(f"{where}, number of labels", number, 1, 10**9)
        if n in read:
            raise BadValue(f"{where}: {n} labels stand there twice; keep one")
        read[n] = _accuracies(f"{where}[{key!r}]", values)
    return read


def _accuracies(where: str, values: Any) -> list[float]:
    if isinstance(values, (str, Mapping)) or not hasattr(values, "__len__"):
        raise BadValue(f"{where}: {values!r} is no list; give the accuracy of each run")
    if not 1 <= len(values) <= MOST_RUNS:
        raise BadValue(f"{where}: {len(values)} runs; give 1 to {MOST_RUNS}")
    return [between(where, value, 0, 1, "; an accuracy is a share") for value in values]
