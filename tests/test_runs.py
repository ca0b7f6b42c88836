"""A run on disk goes on whatever the model was wrapped in, and only where the same things learn."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lmlib.batches import Batches
from lmlib.blocks import Config
from lmlib.checkpoints import load_tensors
from lmlib.lora import add_lora, freeze
from lmlib.optimisation import Training
from lmlib.pretraining import fit
from lmlib.transformer import GPT

CONFIG = Config(vocab_size=5, block_size=6, n_layer=2, n_head=1, d_model=8)
BATCHES = Batches([torch.tensor([0, 1, 2, 3, 4, 0])] * 8, 4)
PLAN = Training(steps=4, learning_rate=1e-2, warmup=0, eval_interval=2)


class Killed(Exception):
    pass


def interrupted(model: nn.Module, path: Path) -> None:
    """Two of four steps."""

    def measure(_: nn.Module) -> float:
        if path.exists():
            raise Killed
        return 0.0

    with pytest.raises(Killed):
        fit(model, BATCHES, PLAN, measure, checkpoint=path, progress=False)


def eager(model: nn.Module) -> nn.Module:
    return torch.compile(model, backend="eager")


@pytest.mark.parametrize("before", [nn.Module.eval, eager, nn.DataParallel])
@pytest.mark.parametrize("after", [nn.Module.eval, eager, nn.DataParallel])
def test_a_run_goes_on_in_any_wrapper(
    before: Callable[[nn.Module], nn.Module],
    after: Callable[[nn.Module], nn.Module],
    tmp_path: Path,
) -> None:
    path, whole, model = tmp_path / "run.safetensors", GPT(CONFIG), GPT(CONFIG, seed=1)
    fit(whole, BATCHES, PLAN, progress=False)
    interrupted(before(GPT(CONFIG)), path)
    assert "model.decoder.embed.weight" in load_tensors(path)[0]
    fit(after(model), BATCHES, PLAN, checkpoint=path, progress=False)
    for one, two in zip(whole.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(one, two, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("there", "here"), [(0, 1), (1, 0), (0, None), (None, 0)])
def test_where_other_parts_learned(
    there: int | None, here: int | None, tmp_path: Path
) -> None:
    """Two layers have the same shapes, so only their names can tell them apart."""

    def model(frozen: int | None) -> GPT:
        model = GPT(CONFIG)
        if frozen is not None:
            freeze(model.decoder.blocks[frozen])
        return model

    path, other = tmp_path / "run.safetensors", model(here)
    interrupted(model(there), path)
    with pytest.raises(
        ValueError,
        match=r"checkpoint: .* belongs to another run: decoder\.blocks\.\d\..* was (trained|frozen)",
    ):
        fit(other, BATCHES, PLAN, checkpoint=path, progress=False)
    assert all(map(torch.equal, other.parameters(), GPT(CONFIG).parameters()))
    fit(model(there), BATCHES, PLAN, checkpoint=path, progress=False)


def test_another_precision(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    interrupted(GPT(CONFIG).double(), path)
    with pytest.raises(
        ValueError,
        match=r"decoder\.embed\.weight is torch\.float64, but the model needs torch\.float32; call",
    ):
        fit(GPT(CONFIG), BATCHES, PLAN, checkpoint=path, progress=False)
    fit(GPT(CONFIG).double(), BATCHES, PLAN, checkpoint=path, progress=False)


def test_lora_and_none(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    interrupted(add_lora(GPT(CONFIG), 2), path)
    with pytest.raises(
        ValueError, match=r"qkv\.weight is missing, but the model needs \(24, 8\)"
    ):
        fit(GPT(CONFIG), BATCHES, PLAN, checkpoint=path, progress=False)
    fit(add_lora(GPT(CONFIG), 2), BATCHES, PLAN, checkpoint=path, progress=False)


def test_tied_layers_and_numbers_of_numpy(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    plan = Training(
        steps=4, learning_rate=np.float32(0.01), warmup=np.int64(0), eval_interval=2
    )

    def tied() -> GPT:
        model = GPT(CONFIG)
        model.decoder.blocks[1] = model.decoder.blocks[0]
        return model

    def measure(_: nn.Module) -> torch.Tensor:
        return torch.tensor(0.5)

    whole, model = tied(), tied()
    fit(whole, BATCHES, plan, measure, checkpoint=path, progress=False)  # type: ignore[arg-type]
    log = fit(model, BATCHES, plan, measure, checkpoint=path, progress=False)  # type: ignore[arg-type]
    assert [record.eval_loss for record in log] == [0.5, 0.5]
    assert all(map(torch.equal, whole.parameters(), model.parameters()))


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux which files are in use")
def test_a_file_that_was_read_may_be_replaced(tmp_path: Path) -> None:
    """Windows refuses that where a tensor still lies in the file, as the optimiser state did after a resume."""
    path = tmp_path / "run.safetensors"
    interrupted(GPT(CONFIG), path)
    tensors, _ = load_tensors(path)
    assert tensors and str(path) not in Path("/proc/self/maps").read_text("utf-8")
