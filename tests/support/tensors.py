"""Numbers for tests: the same on every machine, and compared to the last digits."""

import torch
from torch import Tensor


def random(*shape: int, seed: int = 0) -> Tensor:
    """Normally distributed numbers in double precision."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def ids(*shape: int, seed: int = 0, vocab_size: int = 11) -> Tensor:
    """Random tokens."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(vocab_size, shape, generator=generator)


def tensor(values: list[float]) -> Tensor:
    """Numbers in double precision."""
    return torch.tensor(values, dtype=torch.float64)


def assert_close(ours: Tensor, other: Tensor, atol: float = 1e-13) -> None:
    """Equal but for rounding in double precision."""
    torch.testing.assert_close(ours, other, rtol=0, atol=atol)
