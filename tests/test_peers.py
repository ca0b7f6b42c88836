"""The book's GPT beside Transformers' on any device: the same code as on a GPU, run on the processor."""

import dataclasses
from functools import partial
from typing import Any

import pytest
import torch

from lmlib.blocks import Config
from lmlib.generation import generate
from lmlib.interop import peers
from lmlib.interop.peers import (
    Peer,
    Speed,
    generation_speeds,
    training_speeds,
    training_step,
)
from lmlib.interop.timing import matrix_rate
from lmlib.optimisation import Training
from lmlib.pretraining import fit
from lmlib.step_costs import step_flops, step_memory
from lmlib.train.presets import PRESETS, what_fits
from lmlib.transformer import GPT

CONFIG = Config(vocab_size=12, block_size=16, n_layer=1, n_head=2, d_model=8)
PLAN = Training(steps=9, warmup=0)


@pytest.fixture(autouse=True)
def small_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor that only imitates bfloat16 would take long for large ones."""
    monkeypatch.setattr(peers, "matrix_rate", partial(matrix_rate, size=128, repeats=2))


def test_the_peer_is_the_same_model() -> None:
    model = GPT(CONFIG, seed=1).eval()
    peer = Peer(model).eval()
    tokens = torch.randint(12, (3, 7), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(peer(tokens), model(tokens), atol=1e-5, rtol=1e-4)
    written = peer.generate(tokens, 9)
    assert torch.equal(written, generate(model, tokens, 9, temperature=0))
    assert written.shape == (3, 16)


def test_a_measured_step_is_a_step_of_fit() -> None:
    tokens = torch.arange(12)[None] % 12
    pair = tokens[:, :-1], tokens[:, 1:]
    plan = Training(steps=1, warmup=0, learning_rate=1e-2)
    one, two = GPT(CONFIG), GPT(CONFIG)
    fit(one, lambda _: pair, plan, progress=False)
    training_step(two, pair, plan)()
    assert all(map(torch.equal, one.parameters(), two.parameters()))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_training_of_both(precision: Any) -> None:
    plan = dataclasses.replace(PLAN, precision=precision)
    found = training_speeds(CONFIG, 2, plan, rounds=2)
    assert [speed.model for speed in found] == ["lmlib.GPT", "GPT2LMHeadModel"]
    assert all(s.tokens > 0 and s.utilisation > 0 and s.memory is None for s in found)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_generation_by_both(dtype: torch.dtype) -> None:
    found = generation_speeds(CONFIG, 3, 5, dtype=dtype, rounds=2)
    assert [*found] == ["lmlib.GPT", "GPT2LMHeadModel"]
    assert all(tokens > 0 for tokens in found.values())


def test_tokens_a_second_from_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        peers, "medians", lambda works, rounds, device: dict.fromkeys(works, 0.5)
    )
    rates = iter(
        [1e6, 3e6]
    )  # of the matrix product, before and after: the better one counts
    monkeypatch.setattr(peers, "matrix_rate", lambda device, dtype: next(rates))
    monkeypatch.setattr(peers, "peak_memory", lambda work, device: work() or 5)
    utilisation = step_flops(CONFIG, 2, 16) / 0.5 / 3e6
    assert training_speeds(CONFIG, 2, PLAN)[0] == Speed(
        "lmlib.GPT", 64.0, utilisation, 5
    )
    assert generation_speeds(CONFIG, 3, 5)["GPT2LMHeadModel"] == 30.0


@pytest.mark.parametrize(
    "error",
    [
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_a_device_too_small_gets_a_sentence(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def run_out(*_: object) -> None:
        raise error

    monkeypatch.setattr(peers, "train_step", run_out)
    with pytest.raises(
        MemoryError, match="batch_size: 8 texts of 16 tokens and a model of"
    ):
        training_speeds(CONFIG, 8, PLAN)


def test_other_errors_stay_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(peers, "train_step", fail)
    with pytest.raises(RuntimeError, match="illegal"):
        training_speeds(CONFIG, 8, PLAN)


@pytest.mark.parametrize(
    ("memory", "hint"),
    [
        (16e9, r"use a batch of \d or PRESETS\['10m'\]"),
        (
            80e9,
            r"use a batch of 8 or PRESETS\['10m'\]",
        ),  # it should have fitted: half of it
        (2e9, r"use PRESETS\['10m'\]"),
    ],
)
def test_what_would_fit(memory: float, hint: str) -> None:
    config = PRESETS["gpt2"].config(50257)
    said = what_fits(config, 16, memory, "bfloat16")
    assert f"the device has {memory / 1e9:.3g} GB in all" in said
    with pytest.raises(AssertionError, match=hint):
        raise AssertionError(said)
    if memory == 16e9:
        batch = int(said.split("a batch of ")[1].split()[0])
        assert step_memory(config, batch, "bfloat16") <= memory
