"""Checks of shapes that must fit each other: what each refuses, and what it lets pass."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from lmlib.shape_checks import check_divides, check_scores, check_values

q, k = torch.zeros(4, 3), torch.zeros(6, 3)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: check_scores(q, k[:, :2], None), "k: keys of size 2 do not fit"),
        (
            lambda: check_scores(q, k, torch.ones(6, 4).bool()),
            r"mask: .*shape \(4, 6\)",
        ),
        (lambda: check_scores(q, k, torch.ones(4, 6)), "mask: torch.float32"),
        (lambda: check_scores(q, k, torch.zeros(4, 6).bool()), "mask: a row is False"),
        (lambda: check_values(k, torch.zeros(5, 3)), "v: 5 values for 6 keys"),
        (
            lambda: check_divides("n_head", 3, "d_model", 8),
            "n_head: 3 does not divide d_model 8",
        ),
        (
            lambda: check_divides("n_head", 0, "d_model", 8),
            "n_head: 0 does not divide d_model 8",
        ),
    ],
)
def test_shapes_that_do_not_fit(call: Callable[[], None], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()


def test_shapes_that_fit() -> None:
    check_scores(q, k, None)
    check_scores(q, k, torch.ones(2, 4, 6).bool())
    check_values(k, torch.zeros(6, 9))
    check_divides("n_head", 8, "d_model", 8)


@pytest.fixture
def compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)


def test_compiled_code_does_not_stop_to_look_at_numbers(compiling: None) -> None:
    check_scores(q, k, torch.zeros(4, 6).bool())
    with pytest.raises(ValueError, match="mask: "):  # shapes are known to the compiler
        check_scores(q, k, torch.ones(6, 4).bool())
