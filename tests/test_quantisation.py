"""Few bits: steps and errors as the formulas say, codes that come back from bytes, PyTorch's and gguf's own results."""

from __future__ import annotations

import math
import random

import pytest
import torch

from lmlib.quantisation import pack, quantise, unpack

WAYS = [
    (bits, shared, lowest)
    for bits in range(2, 9)
    for shared in ("tensor", "row", 32, 1)
    for lowest in (False, True)
]


def weights(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_the_row_of_the_chapter() -> None:
    row = torch.tensor([[0.5, -0.1, 1.2, -0.9]])
    around = quantise(row, 3, shared=4)
    assert around.codes.tolist() == [[1, 0, 3, -2]]
    assert around.numbers()[0].tolist() == pytest.approx([0.4, 0, 1.2, -0.8], abs=1e-3)
    above = quantise(row, 3, shared=4, lowest=True)
    assert above.codes.tolist() == [[5, 3, 7, 0]]
    assert above.numbers()[0].tolist() == pytest.approx([0.6, 0, 1.2, -0.9], abs=1e-3)


@pytest.mark.parametrize("bits, shared, lowest", WAYS)
def test_no_weight_is_off_by_more_than_half_a_step(
    bits: int, shared: int | str, lowest: bool
) -> None:
    x = weights(16, 64) * 3
    small = quantise(x, bits, shared, lowest)  # type: ignore[arg-type]
    size = {"tensor": 1024, "row": 64}.get(str(shared), shared)
    assert small.scale.shape == (1024 // int(size), 1)
    error = (small.numbers() - x).view(len(small.scale), -1).abs()
    # Half a step, and what half precision rounds of scale and lowest weight.
    most = 0.5 * small.scale.float() + x.abs().max() / 1024
    assert (error <= most).all()
    low, high = (
        (0, 2**bits - 1) if lowest else (1 - 2 ** (bits - 1), 2 ** (bits - 1) - 1)
    )
    assert low <= small.codes.min() and small.codes.max() <= high


@pytest.mark.parametrize("lowest", [False, True])
def test_more_bits_and_smaller_groups_are_nearer(lowest: bool) -> None:
    x = weights(8, 96, seed=1)

    def error(bits: int, shared: int) -> float:
        return float((quantise(x, bits, shared, lowest).numbers() - x).square().mean())

    by_bits = [error(bits, 32) for bits in range(2, 9)]
    assert by_bits == sorted(by_bits, reverse=True)
    assert error(4, 32) < error(4, 96)


def test_pytorch_rounds_alike() -> None:
    x = weights(4, 32, seed=2)
    small = quantise(x, 8, "tensor")
    scale = float(small.scale)
    theirs = torch.fake_quantize_per_tensor_affine(x, scale, 0, -127, 127)
    assert torch.allclose(small.numbers(), theirs, atol=1e-6)


def test_gguf_gives_the_same_numbers_for_q8_0_and_near_ones_for_q4_1() -> None:
    gguf = pytest.importorskip("gguf")
    x = weights(6, 64, seed=3)
    for kind, ours in (
        (gguf.GGMLQuantizationType.Q8_0, quantise(x, 8, 32)),
        (gguf.GGMLQuantizationType.Q4_1, quantise(x, 4, 32, lowest=True)),
    ):
        data = gguf.quantize(x.numpy(), kind)
        theirs = torch.from_numpy(gguf.dequantize(data, kind))
        assert data.nbytes == ours.nbytes
        # They divide by the scale before it is rounded to half precision: a tie may fall otherwise.
        step = ours.scale.float().max()
        assert (ours.numbers() - theirs).abs().max() <= step * 1.01
        assert (ours.numbers() - theirs).abs().median() < 1e-3


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("shared", ["row", 16])
def test_the_same_grid_again_changes_nothing(bits: int, shared: int | str) -> None:
    once = quantise(weights(4, 64, seed=bits), bits, shared, True).numbers()  # type: ignore[arg-type]
    twice = quantise(once, bits, shared, True).numbers()  # type: ignore[arg-type]
    # In 8 bits a step is near the rounding of half precision.
    assert torch.allclose(twice, once, atol=0 if bits <= 4 else 2e-3)


def test_codes_come_back_from_bytes() -> None:
    draw = random.Random(0)
    for _ in range(60):
        bits, count = draw.randrange(1, 9), draw.randrange(0, 50)
        codes = [draw.randrange(2**bits) for _ in range(count)]
        packed = pack(torch.tensor(codes, dtype=torch.int64), bits)
        assert packed.dtype == torch.uint8 and len(packed) == math.ceil(
            count * bits / 8
        )
        whole = sum(code << i * bits for i, code in enumerate(codes))
        assert bytes(packed.tolist()) == whole.to_bytes(len(packed), "little")
        assert unpack(packed, bits, count).tolist() == codes


def test_nothing_is_nothing() -> None:
    for lowest in (False, True):
        small = quantise(torch.zeros(2, 32), 4, 32, lowest)
        assert not small.numbers().any() and not small.codes.any()
    same = quantise(torch.full((1, 32), 0.25), 4, 32, lowest=True)
    assert (same.numbers() == 0.25).all()


def test_bytes() -> None:
    assert quantise(weights(1, 32), 4, 32, lowest=True).nbytes == 20
    assert quantise(weights(1, 32), 4, 32).nbytes == 18
    assert quantise(weights(3, 4), 3, 2).nbytes == 5 + 6 * 2


@pytest.mark.parametrize("bits", [1, 9, 0, -4, 4.0, 2.5])
def test_bits_that_there_are_not(bits: float) -> None:
    with pytest.raises(ValueError, match=f"bits: {bits}"):
        quantise(weights(2, 32), bits)  # type: ignore[arg-type]


@pytest.mark.parametrize("shared", [0, -32, 33, "column", 2.0])
def test_groups_that_do_not_fill_a_row(shared: object) -> None:
    with pytest.raises(ValueError, match="shared: "):
        quantise(weights(2, 32), 4, shared)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e6])
def test_weights_that_are_no_weights(bad: float) -> None:
    with pytest.raises(ValueError, match="x: "):
        quantise(torch.tensor([[1.0, bad]]), 4, "row")
    with pytest.raises(ValueError, match="x: "):
        quantise(torch.zeros(0, 4), 4, "row")
