"""Muon: what its definition asks for, and what PyTorch's own does."""

import pytest
import torch

from lmlib.muon import Muon, straightened


def matrix(rows: int, columns: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("rows, columns", [(64, 192), (256, 64), (5, 5), (1, 7)])
def test_singular_vectors_stay_and_values_become_alike(rows: int, columns: int) -> None:
    gradient = matrix(rows, columns)
    u, _, vh = torch.linalg.svd(gradient, full_matrices=False)
    inside = u.T @ straightened(gradient) @ vh.T
    assert torch.allclose(inside, inside.diag().diag(), atol=1e-3)
    assert inside.diag().min() > 0.3 and inside.diag().max() < 1.3


def test_the_size_of_a_gradient_does_not_matter() -> None:
    gradient = matrix(6, 4)
    assert torch.allclose(
        straightened(gradient), straightened(1000 * gradient), atol=1e-4
    )
    assert not straightened(torch.zeros(3, 2)).any()


def test_steps_as_pytorch_takes_them() -> None:
    """PyTorch's iteration runs in bfloat16, which has three digits."""
    start = {"tall": matrix(16, 8), "wide": matrix(8, 16, seed=1)}
    ends = []
    for make in (
        lambda ps: Muon(ps, lr=0.02),
        lambda ps: torch.optim.Muon(ps, lr=0.02, weight_decay=0.0),
    ):
        own = [p.clone().requires_grad_() for p in start.values()]
        optimiser = make(own)
        for t in range(3):
            for i, p in enumerate(own):
                p.grad = matrix(*p.shape, seed=10 * t + i)
            optimiser.step()
        ends.append([p.detach() for p in own])
    for ours, theirs, begin in zip(*ends, start.values(), strict=True):
        assert (ours - theirs).norm() < 0.03 * (theirs - begin).norm()


def test_what_is_no_matrix_and_what_is_no_rate() -> None:
    with pytest.raises(ValueError, match="matrices: one has 1 axes"):
        Muon([torch.zeros(3, requires_grad=True)], lr=0.1)
    with pytest.raises(ValueError, match="lr"):
        Muon([torch.zeros(3, 2, requires_grad=True)], lr=0.0)


def test_a_parameter_without_a_gradient_stays() -> None:
    p = matrix(3, 2).requires_grad_()
    before = p.detach().clone()
    Muon([p], lr=0.1).step()
    assert torch.equal(p, before)
