"""Cells whose numbers thousands of training steps decide are compared within a tolerance that they state.

Such steps amplify the last bit, which differs between CPUs. A cell with the metadata
``tolerance: 0.02`` may print numbers up to 0.02 away from the stored ones; its words must be the same.
"""

from __future__ import annotations

import re
from typing import Any

import nbformat
import pytest
from nbval.plugin import IPyNbCell

NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?(?!\w)")


def settle(new: str, stored: str, tolerance: float) -> str:
    """``stored`` where ``new`` says the same but for numbers at most ``tolerance`` apart, else ``new``.

    >>> settle("loss 0.561 at step 40", "loss 0.566 at step 40", tolerance=0.01)
    'loss 0.566 at step 40'
    >>> settle("loss 0.561 at step 50", "loss 0.566 at step 40", tolerance=0.01)
    'loss 0.561 at step 50'
    """
    if NUMBER.split(new) != NUMBER.split(stored):
        return new
    pairs = zip(NUMBER.findall(new), NUMBER.findall(stored), strict=True)
    apart = [
        abs(float(a.replace(",", "")) - float(b.replace(",", ""))) for a, b in pairs
    ]
    return stored if all(distance <= tolerance + 1e-9 for distance in apart) else new


def _settle_output(cell: IPyNbCell, new: Any, stored: Any, tolerance: float) -> Any:
    """The same for an output: a text, or a dictionary of them."""
    if isinstance(new, dict) and isinstance(stored, dict):
        return {
            key: _settle_output(cell, value, stored.get(key), tolerance)
            for key, value in new.items()
        }
    if isinstance(new, str) and isinstance(stored, str):
        settled = settle(cell.sanitize(new), cell.sanitize(stored), tolerance)
        return stored if settled == cell.sanitize(stored) else new
    return new


def _merged(outputs: list) -> list:
    """Outputs with the pieces of each stream put together; how it was cut into pieces is chance."""
    streams: dict[str, str] = {}
    for output in outputs:
        if output["output_type"] == "stream":
            streams[output["name"]] = streams.get(output["name"], "") + output["text"]
    rest = [output for output in outputs if output["output_type"] != "stream"]
    return [
        nbformat.v4.new_output("stream", name=n, text=t) for n, t in streams.items()
    ] + rest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, IPyNbCell) and "tolerance" in item.cell.metadata:
            _compare_within(item, float(item.cell.metadata["tolerance"]))


def _compare_within(cell: IPyNbCell, tolerance: float) -> None:
    strict = cell.compare_outputs

    def compare(test: list, ref: list, skip_compare: Any = None) -> Any:
        test, ref = _merged(test), _merged(ref)
        if len(test) == len(ref):
            test = [
                nbformat.from_dict(_settle_output(cell, new, stored, tolerance))
                for new, stored in zip(test, ref, strict=True)
            ]
        return strict(test, ref, skip_compare)

    cell.compare_outputs = compare
