"""The training loop: against one written out, the same in a fresh process, and going on after a kill."""

import dataclasses
import functools
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lmlib.batches import Batches
from lmlib.blocks import Config
from lmlib.checkpoints import load_tensors, save_tensors
from lmlib.optimisation import Training
from lmlib.pretrained import save_model
from lmlib.pretraining import Record, fit
from lmlib.transformer import GPT

CONFIG = Config(
    vocab_size=12, block_size=9, n_layer=1, n_head=2, d_model=8, dropout=0.1
)
TEXTS = [
    torch.randint(0, 12, (10,), generator=torch.Generator().manual_seed(i))
    for i in range(32)
]
PLAN = Training(
    steps=30, learning_rate=1e-2, warmup=5, weight_decay=0.1, eval_interval=10
)


def same(one: nn.Module, two: nn.Module) -> bool:
    return all(
        torch.equal(a, b)
        for a, b in zip(one.parameters(), two.parameters(), strict=True)
    )


def test_the_loop_written_out() -> None:
    config = Config(**{**CONFIG.__dict__, "dropout": 0.0})
    ours, theirs = GPT(config), GPT(config)
    log = fit(ours, Batches(TEXTS, 4), PLAN, progress=False)
    decay = [p for p in theirs.parameters() if p.dim() >= 2]
    others = [p for p in theirs.parameters() if p.dim() < 2]
    groups = [
        {"params": decay, "weight_decay": 0.1},
        {"params": others, "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.95), fused=True)
    losses = []
    for step in range(30):
        rate = 1e-2 * (
            (step + 1) / 5
            if step < 5
            else (1 + math.cos(math.pi * (step - 5) / 25)) / 2
        )
        for group in optimiser.param_groups:
            group["lr"] = rate
        inputs, targets = Batches(TEXTS, 4)(step)
        loss = F.cross_entropy(theirs(inputs).flatten(0, 1), targets.flatten())
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(theirs.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
    assert same(ours, theirs)
    assert [r.step for r in log] == [10, 20, 30]
    for i, record in enumerate(log):
        assert record.loss == pytest.approx(
            sum(losses[10 * i : 10 * i + 10]) / 10, rel=1e-6
        )


def test_it_learns_what_can_be_learned() -> None:
    """Texts that count upwards from a random start: everything but the first two tokens is certain."""
    texts = [(torch.arange(9) + i) % 12 for i in range(12)]
    model = GPT(Config(vocab_size=12, block_size=9, n_layer=1, n_head=1, d_model=16))
    log = fit(
        model,
        Batches(texts, 4),
        Training(steps=150, learning_rate=1e-2, warmup=10),
        progress=False,
    )
    assert log[-1].loss < 0.1 < math.log(12) < log[0].loss * 12
    assert not model.training


def test_frozen_parameters_stay() -> None:
    model = GPT(CONFIG)
    model.decoder.embed.weight.requires_grad_(False)
    before = model.decoder.embed.weight.clone()
    other = model.decoder.position.weight.clone()
    fit(model, Batches(TEXTS, 4), PLAN, progress=False)
    assert torch.equal(model.decoder.embed.weight, before)
    assert not torch.equal(model.decoder.position.weight, other)


def test_the_global_generator_is_left_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    model = GPT(CONFIG)
    torch.set_rng_state(state)
    fit(model, Batches(TEXTS, 4), PLAN, progress=False)
    assert torch.equal(torch.rand(3), expected)


def test_evaluate_is_called_in_evaluation_mode_at_every_record() -> None:
    modes = []

    def measure(model: nn.Module) -> float:
        modes.append(model.training)
        return float(len(modes))

    log = fit(GPT(CONFIG), Batches(TEXTS, 4), PLAN, measure, progress=False)
    assert modes == [False] * 3
    assert [record.eval_loss for record in log] == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("stop_after", [1, 2, 3])
def test_interrupted_and_resumed(tmp_path: Path, stop_after: int) -> None:
    calls = []

    def interrupt(model: nn.Module) -> float:
        calls.append(1)
        if len(calls) > stop_after:
            raise KeyboardInterrupt
        return 0.0

    whole = GPT(CONFIG)
    expected = fit(whole, Batches(TEXTS, 4), PLAN, progress=False)
    path = tmp_path / "folder" / "run.safetensors"
    if stop_after < 3:
        with pytest.raises(KeyboardInterrupt):
            fit(GPT(CONFIG), Batches(TEXTS, 4), PLAN, interrupt, path, progress=False)
    else:
        fit(GPT(CONFIG), Batches(TEXTS, 4), PLAN, interrupt, path, progress=False)
    again = GPT(CONFIG, seed=9)  # what it starts with does not matter any more
    log = fit(again, Batches(TEXTS, 4), PLAN, checkpoint=path, progress=False)
    assert same(whole, again)
    assert [(r.step, r.loss) for r in log] == [(r.step, r.loss) for r in expected]


RUN = """
import sys, time, torch
from lmlib.batches import Batches
from lmlib.optimisation import Training
from lmlib.pretraining import fit
from lmlib.transformer import GPT, Config
texts = [torch.randint(0, 12, (10,), generator=torch.Generator().manual_seed(i)) for i in range(32)]
model = GPT(Config(vocab_size=12, block_size=9, n_layer=1, n_head=2, d_model=8, dropout=0.1))
slow = float(sys.argv[2])
log = fit(model, Batches(texts, 4), Training(steps=200, learning_rate=1e-2, warmup=5, eval_interval=5),
          lambda model: time.sleep(slow) or 0.0, sys.argv[1] or None, progress=False)
print([round(r.loss, 12) for r in log], sum(p.double().sum().item() for p in model.parameters()))
"""


def run(path: str = "", slow: float = 0.0) -> str:
    done = subprocess.run(
        [sys.executable, "-c", RUN, path, str(slow)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_same_curve_in_a_fresh_process_and_after_a_kill(tmp_path: Path) -> None:
    expected = run()
    assert run() == expected
    path = tmp_path / "run.safetensors"
    process = subprocess.Popen([sys.executable, "-c", RUN, str(path), "0.05"])
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    process.wait()
    assert path.exists()
    assert run(str(path)) == expected


def test_precision_and_compilation_may_change_when_a_run_goes_on(
    tmp_path: Path,
) -> None:
    path, calls = tmp_path / "run.safetensors", []

    def stop(model: nn.Module) -> float:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return 0.0

    with pytest.raises(KeyboardInterrupt):
        fit(GPT(CONFIG), Batches(TEXTS, 4), PLAN, stop, path, progress=False)
    other = dataclasses.replace(PLAN, precision="bfloat16")
    log = fit(GPT(CONFIG), Batches(TEXTS, 4), other, None, path, progress=False)
    assert [record.step for record in log] == [10, 20, 30]


def test_bfloat16_is_near_float32_and_keeps_float32_weights(tmp_path: Path) -> None:
    logs = {}
    for precision in ("float32", "bfloat16"):
        model, path = GPT(CONFIG), tmp_path / precision
        plan = dataclasses.replace(PLAN, precision=precision)
        logs[precision] = fit(
            model, Batches(TEXTS, 4), plan, None, path, progress=False
        )
        tensors, _ = load_tensors(path)
        assert {t.dtype for t in tensors.values()} == {torch.float32}
        assert {name for name in tensors if name.startswith("model.")} == {
            f"model.{name}" for name in model.state_dict()
        }
    full, low = (logs[precision][-1].loss for precision in logs)
    assert full != low and low == pytest.approx(full, rel=0.01)


@pytest.mark.parametrize("positions", ["learned", "rotary", "sinusoidal"])
def test_the_whole_loss_is_compiled_in_one_piece(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, positions: str
) -> None:
    """Without code for a processor, which takes long to make: what is traced is computed as it is."""
    whole = functools.partial(torch.compile, fullgraph=True, backend="aot_eager")
    monkeypatch.setattr(torch, "compile", whole)
    config = dataclasses.replace(CONFIG, dropout=0.0, positions=positions)
    plan = Training(steps=4, learning_rate=1e-2, warmup=2, eval_interval=2)
    plain, traced, path = GPT(config), GPT(config), tmp_path / "run.safetensors"
    expected = fit(plain, Batches(TEXTS, 4), plan, progress=False)
    compiled = dataclasses.replace(plan, compile=True)
    log = fit(traced, Batches(TEXTS, 4), compiled, None, path, progress=False)
    assert [r.loss for r in log] == pytest.approx([r.loss for r in expected], rel=1e-5)
    assert {f"model.{name}" for name in plain.state_dict()} <= load_tensors(path)[
        0
    ].keys()


HEADER = Path(sysconfig.get_path("include")) / "Python.h"


@pytest.mark.skipif(
    not (shutil.which("g++") and HEADER.exists()),
    reason="torch.compile needs g++ and Python's headers, which this machine has not",
)
def test_compiled_code_learns_the_same() -> None:
    plan = Training(steps=3, learning_rate=1e-2, warmup=2, eval_interval=1)
    config = dataclasses.replace(CONFIG, dropout=0.0)
    expected = fit(GPT(config), Batches(TEXTS, 4), plan, progress=False)
    compiled = dataclasses.replace(plan, compile=True)
    log = fit(GPT(config), Batches(TEXTS, 4), compiled, progress=False)
    assert [r.loss for r in log] == pytest.approx([r.loss for r in expected], rel=1e-4)


def test_records_are_handed_over_as_they_are_made() -> None:
    seen: list[Record] = []
    log = fit(
        GPT(CONFIG), Batches(TEXTS, 4), PLAN, progress=False, on_record=seen.append
    )
    assert seen == log


def test_checkpoints_that_belong_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    fit(GPT(CONFIG), Batches(TEXTS, 4), PLAN, checkpoint=path, progress=False)
    other_plan = Training(
        steps=40, learning_rate=1e-2, warmup=5, weight_decay=0.1, eval_interval=10
    )
    with pytest.raises(
        ValueError,
        match=r"checkpoint: .*run\.safetensors' belongs to another run: its training",
    ):
        fit(GPT(CONFIG), Batches(TEXTS, 4), other_plan, checkpoint=path, progress=False)
    with pytest.raises(
        ValueError, match=r"its batches were Batches.*give another name, or delete it"
    ):
        fit(GPT(CONFIG), Batches(TEXTS[:-1], 4), PLAN, checkpoint=path, progress=False)
    larger = GPT(Config(vocab_size=12, block_size=9, n_layer=1, n_head=2, d_model=16))
    before = larger.decoder.embed.weight.clone()
    with pytest.raises(
        ValueError,
        match=r"decoder\.embed\.weight is \(12, 8\), but the model needs \(12, 16\)",
    ):
        fit(larger, Batches(TEXTS, 4), PLAN, checkpoint=path, progress=False)
    assert torch.equal(larger.decoder.embed.weight, before)


def test_checkpoints_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    fit(GPT(CONFIG), Batches(TEXTS, 4), PLAN, checkpoint=path, progress=False)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="is no whole safetensors file"):
        fit(GPT(CONFIG), Batches(TEXTS, 4), PLAN, checkpoint=path, progress=False)
    save_model(GPT(CONFIG), path)
    with pytest.raises(ValueError, match=r"is no training run; give another name"):
        fit(GPT(CONFIG), Batches(TEXTS, 4), PLAN, checkpoint=path, progress=False)


def test_a_run_killed_while_it_writes_keeps_the_last_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.safetensors"
    save_tensors(path, {"a": torch.ones(2)}, {"log": "1"})
    before = path.read_bytes()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        save_tensors(path, {"a": torch.zeros(2)}, {"log": "2"})
    assert path.read_bytes() == before


def test_the_checkpoint_holds_plain_text_and_tensors(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    fit(GPT(CONFIG), Batches(TEXTS, 4), PLAN, checkpoint=path, progress=False)
    size = int.from_bytes(path.read_bytes()[:8], "little")
    header = json.loads(path.read_bytes()[8 : 8 + size])
    assert json.loads(header["__metadata__"]["log"])[-1]["step"] == 30
    assert "optimiser.0.exp_avg" in header


def test_a_loss_that_is_no_number() -> None:
    model = GPT(CONFIG)
    with torch.no_grad():
        model.decoder.norm.weight[0] = math.nan
    with pytest.raises(
        ValueError,
        match=r"learning_rate: the loss is no number at step 1; use less than 0\.01",
    ):
        fit(model, Batches(TEXTS, 4), PLAN, progress=False)
