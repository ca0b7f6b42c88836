"""The cells that want a GPU, run as they stand on the processor, small; and the script of their table."""

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch

from lmlib import files
from lmlib.interop import peers, timing
from lmlib.train import job

ROOT = Path(__file__).parents[1]
CPU = torch.device("cpu")
sys.path.append(str(ROOT / "benchmarks"))
import gpu  # noqa: E402


def cells(chapter: str) -> list[str]:
    notebook = nbformat.read(ROOT / "chapters" / f"{chapter}.ipynb", as_version=4)
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def cell_with(chapter: str, text: str) -> str:
    (found,) = [source for source in cells(chapter) if text in source]
    return found


@pytest.fixture
def pretraining(quick: None, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What a reader's notebook knows after the cell for a GPU, which has found none."""
    space: dict[str, Any] = {}
    exec(cells("pretraining")[1], space)  # the first is the set-up cell
    exec(cell_with("pretraining", "def train_there"), space)
    assert "PyTorch finds no GPU here" in capsys.readouterr().out
    return space


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No GPU, wherever the tests run; rates of small things; no stored table."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(files, "DATA", tmp_path)
    product = partial(timing.matrix_rate, size=64, repeats=2)
    copying = partial(timing.copy_rate, size=2**16, repeats=2)
    for module in (peers, timing, gpu):
        monkeypatch.setattr(module, "matrix_rate", product)
    for module in (timing, gpu):
        monkeypatch.setattr(module, "copy_rate", copying)


def out_of_memory(*_: object, **__: object) -> None:
    raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


def test_training_a_preset(
    pretraining: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(job, "stories", partial(job.stories, n=40))
    log = pretraining["train_there"](CPU, "book", 4, 10)
    assert [line["step"] for line in log] == [2, 4, 6, 8, 10]
    for line in log:  # all that the table of the cell shows
        assert min(line[c] for c in pretraining["columns"]) > 0
    said = capsys.readouterr().out
    assert "125,952 parameters" in said and "after 10 steps" in said


def test_training_on_a_file_of_the_reader_s(
    pretraining: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "my_file.txt"
    words = "the cat and the dog sat down on a mat by the door . "
    file.write_text("\n".join(words * 5 for _ in range(300)), encoding="utf-8")
    log = pretraining["train_there"](CPU, "tiny", 4, 10, file)
    assert [line["step"] for line in log] == [2, 4, 6, 8, 10]
    assert log[-1]["eval_loss"] < log[0]["eval_loss"]


def test_training_that_does_not_fit(
    pretraining: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(job, "stories", partial(job.stories, n=40))
    monkeypatch.setattr(job, "fit", out_of_memory)
    assert pretraining["train_there"](CPU, "book", 16, 10) == []
    assert "batch_size: 16 texts of 100 tokens" in capsys.readouterr().out


def test_the_table_of_the_script_is_shown(
    pretraining: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(gpu, "BATCHES", (1, 2))
    measured = gpu.measure(CPU, ["tiny"], "tiny", rounds=1)
    gpu.show(measured)
    capsys.readouterr()
    (files.DATA / "gpu.json").write_text(json.dumps(measured))
    exec(cell_with("pretraining", "def train_there"), pretraining)
    assert f"measured on {measured['device']}" in capsys.readouterr().out
    assert len(pretraining["shown"]) == 2


def test_the_script_without_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        gpu.main(["--device", "cuda"])
    assert "this machine has no 'cuda' that PyTorch can use" in capsys.readouterr().err


def test_a_size_that_does_not_fit_is_left_out_of_the_table(
    quick: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(peers, "train_step", out_of_memory)
    assert gpu.training_rows("book", CPU, 1) == []
    assert "batch_size: 8 texts" in capsys.readouterr().out
