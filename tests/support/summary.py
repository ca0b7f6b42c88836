"""What tests measured, a line each, behind all results: the tests run in processes whose own output nobody sees."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

NAME = "summary"


@pytest.fixture
def summary(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Add a line to what the run prints at its end."""
    return partial(record_property, NAME)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    # A line stands in the reports of several phases of its test.
    lines = {
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == NAME
    }
    if lines:
        terminalreporter.section("measured")
    for line in sorted(lines):
        terminalreporter.write_line(line)
