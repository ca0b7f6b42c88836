"""Timing: in turn, counted to the end of the work."""

import itertools
from collections.abc import Callable

import pytest
import torch

from lmlib.interop import timing
from lmlib.interop.timing import (
    copy_rate,
    has_bfloat16,
    matrix_rate,
    medians,
    peak_memory,
)

GPU = torch.device("cuda")


def test_works_take_turns_and_their_first_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, order, costs = [0.0], [], itertools.chain([9.0, 9.0], itertools.repeat(1.0))

    def work(name: str, factor: float) -> Callable[[], None]:
        def do() -> None:
            order.append(name)
            now[0] += factor * next(costs)

        return do

    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])
    found = medians({"a": work("a", 1.0), "b": work("b", 3.0)}, rounds=3)
    assert found == {"a": 1.0, "b": 3.0}
    assert order == ["a", "b"] * 4


def test_no_rounds() -> None:
    with pytest.raises(ValueError, match="rounds: 0 measures nothing; use 1 or more"):
        medians({"a": lambda: None}, rounds=0)


def test_the_clock_stops_when_the_gpu_has_finished(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A GPU that is given its orders at once, and has done them when one waits for it."""
    now, orders = [0.0], [0.0]

    def wait(device: torch.device) -> None:
        assert device == GPU
        now[0] += orders[0]
        orders[0] = 0.0

    def order() -> None:
        orders[0] += 5.0

    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(torch.cuda, "synchronize", wait)
    order()  # by somebody else, before
    assert medians({"a": order}, rounds=3, device=GPU, warm_up=0) == {"a": 5.0}


def test_memory_is_what_a_work_takes_on_top(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, peak = [700], [9000]
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: taken[0])
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda _: peak[0])
    monkeypatch.setattr(
        torch.cuda, "reset_peak_memory_stats", lambda _: peak.__setitem__(0, taken[0])
    )
    assert peak_memory(lambda: peak.__setitem__(0, 1900), GPU) == 1200
    done: list[int] = []
    assert peak_memory(
        lambda: done.append(1), torch.device("cpu")
    ) is None and done == [1]


@pytest.mark.parametrize(("capability", "has"), [((7, 5), False), ((8, 0), True)])
def test_gpus_before_2020_have_no_bfloat16(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], has: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert has_bfloat16(GPU) is has
    assert not has_bfloat16(torch.device("mps"))


def test_rates_are_those_of_some_machine() -> None:
    """Within four powers of ten of a processor of today: the unit is right."""
    assert 1e8 < matrix_rate(size=256, repeats=3) < 1e13
    assert 1e8 < copy_rate(size=2**22, repeats=3) < 1e13
