"""The command: what it leaves in its folder, how it goes on after a stop, and what it says to bad input."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from lmlib.bpe import BPETokenizer
from lmlib.checkpoints import load_tensors
from lmlib.interop.tokenizer_files import load_tokenizer, save_tokenizer
from lmlib.optimisation import Training
from lmlib.pretrained import load_model
from lmlib.prose import prose
from lmlib.stories import STORIES
from lmlib.train import job as jobs
from lmlib.train import presets
from lmlib.train.__main__ import main
from lmlib.train.corpus import stories
from lmlib.train.presets import PRESETS
from lmlib.train.settings import parse

SMALL = ["--size", "tiny", "--vocab-size", "300", "--batch-size", "4"]
SHORT = [*SMALL, "--steps", "2", "--eval-interval", "2"]
LONG = [*SMALL, "--steps", "150", "--eval-interval", "5"]


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text(prose()[:20_000])
    return path


def command(text: Path | None, folder: Path, *more: str) -> list[str]:
    return [*([str(text)] if text else []), "--folder", str(folder), *more]


def lines(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()
    ]


def same(one: Path, two: Path) -> bool:
    a, b = (load_model(path / "model.safetensors").state_dict() for path in (one, two))
    return all(torch.equal(a[name], b[name]) for name in a)


def test_a_text_of_yours(
    text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    assert (
        main(command(text, folder, *SMALL, "--steps", "60", "--eval-interval", "20"))
        == 0
    )
    log = lines(folder)
    assert [line["step"] for line in log] == [20, 40, 60]
    assert log[-1]["loss"] < log[0]["loss"] < math.log(300) + 1
    assert abs(log[-1]["eval_loss"] - log[-1]["loss"]) < 1
    assert all(line["tokens_per_second"] > 0 for line in log)
    model = load_model(folder / "model.safetensors")
    tokenizer = load_tokenizer(folder / "tokenizer.json")
    assert model.config.vocab_size == len(tokenizer.vocab) == 300
    out = capsys.readouterr().out
    assert (
        f"held-out loss {log[-1]['eval_loss']:.4f} nats per token after 60 steps" in out
    )
    prompt, _, new = out.partition("and the tokeniser\n")[2].partition(" | ")
    assert prompt in prose()[:20_000] and len(tokenizer.encode(new)) > 20


def test_the_stories(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(jobs, "stories", partial(stories, n=64))
    settings = ["--steps", "2", "--eval-interval", "2", "--prompt", "once upon a time"]
    assert main(command(None, tmp_path / "run", *settings)) == 0
    words = (tmp_path / "run" / "vocab.txt").read_text().splitlines()
    assert tuple(words) == STORIES.vocab
    assert "\n<end> once upon a time | " in capsys.readouterr().out


def test_every_token_of_the_held_out_stories_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lmlib.evaluation import token_losses

    monkeypatch.setattr(jobs, "stories", partial(stories, n=64))
    settings = ["--steps", "2", "--eval-interval", "2", "--batch-size", "7"]
    assert main(command(None, tmp_path / "run", *settings)) == 0
    model = load_model(tmp_path / "run" / "model.safetensors")
    expected = torch.cat(token_losses(model, stories(7, n=64).held_out)).mean().item()
    assert lines(tmp_path / "run")[-1]["eval_loss"] == pytest.approx(expected, rel=1e-5)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody disturbed."""
    base = tmp_path_factory.mktemp("whole")
    (base / "text.txt").write_text(prose()[:20_000])
    assert main(command(base / "text.txt", base / "run", *LONG)) == 0
    return base


@pytest.mark.skipif(os.name != "posix", reason="sends signals of POSIX")
@pytest.mark.parametrize(
    ("number", "code"), [("SIGTERM", 143), ("SIGINT", 130), ("SIGKILL", -9)]
)
def test_a_run_that_is_stopped_goes_on(
    whole: Path, tmp_path: Path, number: str, code: int
) -> None:
    # A shell's job in the background ignores SIGINT, and so would all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    arguments = command(whole / "text.txt", tmp_path / "run", *LONG)
    process = subprocess.Popen(
        [sys.executable, "-m", "lmlib.train", *arguments],
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 100
    log = tmp_path / "run" / "log.jsonl"
    while (
        not (log.exists() and len(lines(log.parent)) > 2)
        and time.monotonic() < deadline
    ):
        time.sleep(0.01)
    process.send_signal(getattr(signal, number))
    _, errors = process.communicate()
    assert process.returncode == code
    assert not (tmp_path / "run" / "model.safetensors").exists()
    if code > 0:
        assert errors.splitlines()[-1].endswith("go on from the last checkpoint")
    assert "Traceback" not in errors
    assert main(arguments) == 0
    assert same(tmp_path / "run", whole / "run")
    one, two = lines(tmp_path / "run"), lines(whole / "run")
    assert [line["step"] for line in one] == [*range(5, 151, 5)]
    for name in ("loss", "eval_loss"):
        assert [line[name] for line in one] == [line[name] for line in two]


def test_a_finished_run_is_not_trained_again(whole: Path) -> None:
    model, log = whole / "run" / "model.safetensors", whole / "run" / "log.jsonl"
    before, text, time = load_tensors(model), log.read_text(), log.stat().st_mtime_ns
    assert main(command(whole / "text.txt", whole / "run", *LONG)) == 0
    after = load_tensors(model)
    assert after[1] == before[1]  # kind and configuration, in any order in the file
    assert all(torch.equal(after[0][name], before[0][name]) for name in before[0])
    assert log.read_text() == text and log.stat().st_mtime_ns == time, (
        "no record was added"
    )


def failure(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("python -m lmlib.train: ") and err.count("\n") == 1
    return err


def test_a_folder_with_another_run(
    whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = [*LONG, "--seed", "1"]
    err = failure(capsys, command(whole / "text.txt", whole / "run", *other))
    assert "has a run with seed 0, not 1; give another --folder, or delete it" in err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("--steps 0", "steps: 0 must be above 0"),
        ("--steps 50 --warmup 51", "warmup: 51 steps of 50; use 0 … 50"),
        ("--batch-size 0", "batch_size: 0 is below 1"),
        ("--vocab-size 5", "vocab_size: 5 is too small for 256 bytes"),
        ("--dropout 2", "dropout: 2.0 is outside [0, 1)"),
        ("--new-tokens 0", "max_new_tokens: 0 asks for nothing"),
        ("--tokenizer nowhere.json", "path: cannot read 'nowhere.json'"),
        (
            "--device abacus",
            "device: 'abacus' is not known; use auto, cpu, cuda or mps",
        ),
        ("--device meta", "device: this machine has no 'meta'"),
        ("--beta2 1", "betas: (0.9, 1.0) are not two numbers in"),
        ("--min-learning-rate 1", "min_learning_rate: 1.0 is outside 0 … 0.006"),
        ("--weight-decay -1", "weight_decay: -1.0 must be 0 or more"),
        (f"--prompt {'prompt' * 99}", "or cut the prompt"),
    ],
)
def test_arguments_that_make_no_sense(
    text: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: str,
    message: str,
) -> None:
    settings = [*SMALL, "--steps", "10", *more.split()]
    assert message in failure(capsys, command(text, tmp_path / "run", *settings))
    assert not (tmp_path / "run" / "checkpoint.safetensors").exists()
    better = [*SHORT, "--tokenizer", "bytes", "--seed", "1"]
    assert main(command(text, tmp_path / "run", *better)) == 0, (
        "the folder is free for it"
    )


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_where_there_is_none(
    text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    err = failure(capsys, command(text, tmp_path / "run", "--device", "cuda"))
    assert "device: this machine has no 'cuda' that PyTorch can use; use cpu" in err


def test_words_that_no_story_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(jobs, "stories", partial(stories, n=64))
    err = failure(capsys, command(None, tmp_path / "run", "--prompt", "a dragoon"))
    assert "'dragoon' is not in the vocabulary" in err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n" * 9, "too few for a window"),
        (b"To be, or not to be, that is the question.", "too few for a window of 65"),
        (b"\x89PNG\r\n", "is not UTF-8"),
        (None, "(No such file or directory)"),
    ],
)
def test_texts_that_are_none_leave_no_folder_in_the_way(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: bytes | None,
    message: str,
) -> None:
    path = tmp_path / "text.txt"
    if content is not None:
        path.write_bytes(content)
    settings = command(path, tmp_path / "run", *SHORT)
    assert message in failure(capsys, settings)
    path.write_text(prose()[:20_000])
    assert main(settings) == 0


def test_memory_that_is_too_small(
    text: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A real refusal of the processor's allocator, in the place of the first step."""
    monkeypatch.setattr(jobs, "fit", lambda *args, **settings: torch.empty(2**50))
    monkeypatch.setattr(presets, "memory_of", lambda device: 10_000_000)
    settings = [*SMALL, "--size", "book", "--batch-size", "64"]
    err = failure(capsys, command(text, tmp_path / "run", *settings))
    assert (
        "batch_size: 64 texts of 100 tokens and a model of 125,696 numbers take about"
        in err
    )
    assert "the device has 0.01 GB in all; use --batch-size 5 or --size tiny\n" in err

    def refuse(*args: object, **settings: object) -> None:
        raise torch.cuda.OutOfMemoryError(
            "CUDA out of memory. Tried to allocate 2.00 GiB"
        )

    monkeypatch.setattr(jobs, "fit", refuse)
    monkeypatch.setattr(presets, "memory_of", lambda device: 1000)
    settings = [*SMALL, "--size", "tiny"]
    err = failure(capsys, command(text, tmp_path / "other", *settings))
    assert "use a larger device" in err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--tokenizer", "bytes"], "tokenizer: the stories have words of their own"),
        (["--compile"], "compile: this machine has no C++ compiler"),
    ],
)
def test_what_is_refused_before_any_work(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    message: str,
) -> None:
    monkeypatch.setattr(jobs, "can_compile", lambda: False)
    assert message in failure(capsys, command(None, tmp_path / "run", *more))


def test_a_prompt_of_nothing(
    text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    err = failure(capsys, command(text, tmp_path / "run", *SHORT, "--prompt", ""))
    assert "prompt: is empty; give some text, or leave --prompt out" in err


@pytest.mark.parametrize("name", ["run.json", "log.jsonl"])
def test_a_damaged_file_of_a_run(
    text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    settings = command(text, tmp_path / "run", *SHORT)
    assert main(settings) == 0
    (tmp_path / "run" / name).write_text("{", encoding="utf-8")
    err = failure(capsys, settings)
    assert name in err and "is damaged; delete it" in err


@pytest.mark.skipif(os.name != "posix", reason="limits files as POSIX does")
def test_a_disk_that_is_full_at_a_checkpoint(text: Path, tmp_path: Path) -> None:
    limited = (
        "import resource, sys; from lmlib.train.__main__ import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000)); sys.exit(main(sys.argv[1:]))"
    )
    settings = command(text, tmp_path / "run", *SHORT)
    done = subprocess.run(
        [sys.executable, "-c", limited, *settings], capture_output=True, text=True
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "folder: cannot write" in done.stderr and "make room there" in done.stderr


def test_a_terminal_that_cannot_show_a_sample(text: Path, tmp_path: Path) -> None:
    settings = command(text, tmp_path / "run", *SHORT, "--prompt", "人工")
    done = subprocess.run(
        [sys.executable, "-m", "lmlib.train", *settings],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "\\u4eba\\u5de5" in done.stdout


def test_output_that_nobody_reads_any_more(text: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "lmlib.train", *command(text, tmp_path / "run", *SHORT)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout and process.stderr
    process.stdout.close()
    assert "folder:" not in process.stderr.read() and process.wait() == 141


def test_a_run_that_was_moved_goes_on(text: Path, tmp_path: Path) -> None:
    assert main(command(text, tmp_path / "run", *SHORT)) == 0
    (tmp_path / "elsewhere").mkdir()
    for path in (text, tmp_path / "run"):
        path.rename(tmp_path / "elsewhere" / path.name)
    moved = tmp_path / "elsewhere"
    assert main(command(moved / text.name, moved / "run", *SHORT)) == 0


def test_a_folder_that_cannot_be_made(
    text: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    err = failure(capsys, command(text, text / "run", *SHORT))
    assert "folder: " in err and "Not a directory" in err


def test_other_errors_are_not_hidden(
    text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **settings: object) -> None:
        raise RuntimeError("a mistake in the program")

    monkeypatch.setattr(jobs, "fit", fail)
    with pytest.raises(RuntimeError, match="a mistake"):
        main(command(text, tmp_path / "run", *SMALL))


def test_bytes_and_tokenisers_of_others(text: Path, tmp_path: Path) -> None:
    assert main(command(text, tmp_path / "a", *SHORT, "--tokenizer", "bytes")) == 0
    assert load_model(tmp_path / "a" / "model.safetensors").config.vocab_size == 257
    save_tokenizer(BPETokenizer.train(prose(), vocab_size=270), tmp_path / "own.json")
    own = ["--tokenizer", str(tmp_path / "own.json"), "--prompt", "What you"]
    assert main(command(text, tmp_path / "b", *SHORT, *own)) == 0
    assert load_model(tmp_path / "b" / "model.safetensors").config.vocab_size == 270


def test_help_names_every_size_and_every_default(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    out = " ".join(capsys.readouterr().out.split())
    assert "book 0.172 M" in out and "gpt2 124 M" in out and "(2000)" in out
    for name, preset in PRESETS.items():
        args = parse(["--size", name])
        assert (args.batch_size, args.learning_rate) == (
            preset.batch_size,
            preset.learning_rate,
        )


def test_the_default_is_the_model_that_ships_with_the_package() -> None:
    """`make weights` trains the same: stories, sizes, steps, rate, order."""
    args = parse([])
    assert (args.steps, args.learning_rate, args.batch_size, args.warmup) == (
        2000,
        4e-3,
        8,
        100,
    )
    assert args.training == Training(steps=2_000, learning_rate=4e-3)
    more = ["--beta1", "0.8", "--beta2", "0.99", "--min-learning-rate", "1e-4"]
    plan = {"betas": (0.8, 0.99), "min_learning_rate": 1e-4, "fused": True}
    assert parse([*more, "--fused"]).training == Training(
        2_000, learning_rate=4e-3, **plan
    )
