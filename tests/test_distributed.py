"""Two real processes on one machine: the same run as one, one of them killed, and going on after that."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from lmlib import distributed
from lmlib.batches import Batches, masked_token
from lmlib.blocks import Config
from lmlib.checkpoints import load_tensors, save_tensors
from lmlib.optimisation import Training
from lmlib.pretraining import fit
from lmlib.prose import prose
from lmlib.train.__main__ import main
from lmlib.transformer import GPT

CONFIG = Config(vocab_size=12, block_size=10, n_layer=2, n_head=2, d_model=16)
# From 3 to 10 tokens, so that the two halves of a batch ask for different numbers of tokens.
TEXTS = [
    torch.randint(0, 11, (3 + i % 8,), generator=torch.Generator().manual_seed(i))
    for i in range(32)
]
CASES = {
    "next": Batches(TEXTS, 4),
    "uneven": Batches(TEXTS, 5),  # 2 texts for the first process, 3 for the second
    "masked": Batches(TEXTS, 4, objective=masked_token(11, 0.3)),
}
PLAN = Training(steps=100, learning_rate=1e-2, warmup=5, eval_interval=10)


def train(name: str) -> tuple[list[float], dict[str, Tensor]]:
    model = GPT(CONFIG)
    log = fit(model, CASES[name], PLAN, progress=False)
    return [record.loss for record in log], model.state_dict()


def command(folder: Path) -> list[str]:
    settings = (
        "--size tiny --steps 20 --eval-interval 5 --batch-size 5 --vocab-size 300"
    )
    return [str(folder.parent / "text.txt"), "--folder", str(folder), *settings.split()]


def work(folder: Path, die_at: int) -> int:
    """What a worker does: the cases above, then the command; the second one may die in the middle."""
    distributed.join("gloo")
    if die_at:
        from lmlib.train import job as jobs

        measure, calls = jobs.mean_loss, []

        def die(*args: object) -> float:
            calls.append(1)
            if distributed.rank() == 1 and len(calls) == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return measure(*args)  # type: ignore[arg-type]

        jobs.mean_loss = die  # type: ignore[assignment]
    elif not (folder / "checkpoint.safetensors").exists():
        found = {name: train(name) for name in CASES}
        if distributed.rank() == 0:
            for name, (losses, weights) in found.items():
                log = {"log": json.dumps(losses)}
                save_tensors(folder / f"{name}.safetensors", weights, log)
    return main(command(folder))


def launch(folder: Path, die_at: int = 0) -> subprocess.CompletedProcess[str]:
    here = Path(__file__)
    return subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run"),
            *(
                "--standalone",
                "--nproc-per-node",
                "2",
            ),  # 127.0.0.1, and a port that is free
            *(str(here), str(folder), str(die_at)),
        ],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(here.parent.parent), *sys.path]),
        },
        capture_output=True,
        text=True,
        timeout=180,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which two processes have trained everything."""
    base = tmp_path_factory.mktemp("processes")
    (base / "text.txt").write_text(prose()[:20_000])
    done = launch(base / "two")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("parameters") == 1, "only the first process prints"
    return base / "two"


def differences(one: dict[str, Tensor], two: dict[str, Tensor]) -> list[Tensor]:
    """|a − b| of all weights but the biases of keys, which change no attention weight: their gradient is rounding."""
    assert one.keys() == two.keys()
    found = {name: (one[name] - two[name]).abs() for name in one}
    for name in found:
        if name.endswith("qkv.bias"):
            found[name] = found[name].unflatten(0, (3, -1))[[0, 2]]
    return [*found.values()]


@pytest.mark.parametrize("name", CASES)
def test_two_processes_learn_what_one_learns(folder: Path, name: str) -> None:
    weights, metadata = load_tensors(folder / f"{name}.safetensors")
    losses = json.loads(metadata["log"])
    own_losses, own_weights = train(name)
    assert losses == pytest.approx(own_losses, abs=1e-5)
    assert max(d.max() for d in differences(own_weights, weights)) < 2e-4


def test_the_command_gives_the_curve_of_one_process(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "text.txt").write_text(prose()[:20_000])
    assert main(command(tmp_path / "one")) == 0
    one, two = (
        [json.loads(line) for line in (path / "log.jsonl").read_text().splitlines()]
        for path in (tmp_path / "one", folder)
    )
    assert [line["step"] for line in two] == [5, 10, 15, 20]
    for name in ("loss", "eval_loss"):
        assert [a[name] for a in two] == pytest.approx([a[name] for a in one], abs=1e-5)


@pytest.mark.skipif(os.name != "posix", reason="kills a process by a signal of POSIX")
def test_a_killed_worker_ends_the_run_which_then_goes_on(folder: Path) -> None:
    other = folder.parent / "killed"
    done = launch(other, die_at=3)
    assert done.returncode != 0
    assert (
        "if another one was lost, call again" in done.stderr or "SIGKILL" in done.stderr
    )
    assert "lmlib/" not in done.stderr, "a sentence, no traceback"
    assert [json.loads(line)["step"] for line in (other / "log.jsonl").open()][:2] == [
        5,
        10,
    ]
    assert not (other / "model.safetensors").exists()
    done = launch(other)
    assert done.returncode == 0, done.stderr
    one, two = (load_tensors(path / "model.safetensors")[0] for path in (folder, other))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert [json.loads(line)["step"] for line in (other / "log.jsonl").open()] == [
        5,
        10,
        15,
        20,
    ]


@pytest.mark.parametrize(
    ("rows", "sizes"), [(4, [1, 1, 2]), (3, [1, 1, 1]), (8, [2, 3, 3])]
)
def test_every_text_belongs_to_one_process(
    monkeypatch: pytest.MonkeyPatch, rows: int, sizes: list[int]
) -> None:
    batch = torch.arange(rows)[:, None]
    monkeypatch.setattr(distributed, "size", lambda: 3)
    shares = []
    for rank in range(3):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        (a, b), targets = distributed.share(((batch, batch), batch))
        assert torch.equal(a, targets) and torch.equal(b, targets)
        shares.append(targets)
    assert [len(part) for part in shares] == sizes and torch.equal(
        torch.cat(shares), batch
    )


def test_fewer_texts_than_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "size", lambda: 3)
    with pytest.raises(
        ValueError, match="batch_size: 2 texts are too few for 3 processes; use 3"
    ):
        distributed.share((torch.zeros(2, 4), torch.zeros(2, 4)))


def test_disks_that_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    def gather(values: list[int], value: int) -> None:
        values[:] = [0, value]

    monkeypatch.setattr(distributed, "size", lambda: 2)
    monkeypatch.setattr(distributed.dist, "all_gather_object", gather)
    with pytest.raises(
        ValueError, match=r"checkpoint: the processes see different ones \(0, 300\)"
    ):
        distributed.check_same("checkpoint", 300)
    distributed.check_same("checkpoint", 0)


if __name__ == "__main__":
    sys.exit(work(Path(sys.argv[1]), int(sys.argv[2])))
