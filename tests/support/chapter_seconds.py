"""A chapter says in how many seconds it runs, and its kernel may not need much more than that.

What counts is the processor time of the kernel, since other programs may keep the machine busy. A chapter states
whole tens, and machines differ, so the limit is wide: it finds a chapter that has grown, not one that is a little slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import psutil
import pytest
from nbformat import NotebookNode
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell
from summary import NAME

FACTOR = 2.5  # times as long as stated
START = 15  # seconds of a kernel until its imports are done


def stated_seconds(notebook: NotebookNode) -> int:
    """The seconds that a chapter states on its first screen, 0 if it states none."""
    text = "\n".join(cell.source for cell in notebook.cells)
    found = re.search(r"It runs in about (\d+) seconds", text)
    return int(found[1]) if found else 0


def kernel_seconds(kernel: RunningKernel) -> float:
    """Processor time of a kernel and of the processes that it waited for."""
    return sum(psutil.Process(kernel.km.provisioner.pid).cpu_times()[:4])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Iterator[None]:
    """Behind the last cell of a chapter, while its kernel still runs."""
    last = isinstance(item, IPyNbCell) and (
        not nextitem or nextitem.parent != item.parent
    )
    kernel = item.parent.kernel if last else None
    if kernel is None or not kernel.is_alive():  # such a chapter has failed already
        return (yield)
    spent, stated = kernel_seconds(kernel), stated_seconds(item.parent.nb)
    item.user_properties.append(
        (NAME, f"{item.path.stem}: {spent:.0f} s of the kernel, {stated} s stated")
    )
    yield
    if spent > FACTOR * stated + START:
        pytest.fail(
            f"{item.path.name} took {spent:.0f} s of processor time, and says {stated} s"
        )
