"""A GPT trained in a real browser: torch's losses, step by step, and a page that anyone can use."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from matplotlib.figure import Figure
from playwright.sync_api import Browser, Page, expect
from support.widget_page import (
    Show,
    keep_copies,
    kernel_page,
    overflow,
    serious,
    show_table,
    too_small,
)
from traitlets import TraitError

from lmlib.batches import Batches
from lmlib.milestones import cue, milestone
from lmlib.optimisation import Training, learning_rate, make_optimiser
from lmlib.stories import WORDS, story_sequences
from lmlib.training_step import loss_of, train_step
from lmlib.transformer import GPT, Config
from lmlib.widgets import TrainingRun
from lmlib.widgets.base import HERE
from lmlib.widgets.training import packed_wasm
from tools.compile_train import VERSION, compile_train

CONFIG = Config(vocab_size=len(WORDS.vocab))
SIZES = {
    name: getattr(CONFIG, name)
    for name in ("vocab_size", "block_size", "n_layer", "n_head", "d_model")
}
PLAN = Training(steps=1_000, learning_rate=6e-3, warmup=50)

# The worker of the widget, asked one thing after the other.
WORKER = """([source, code]) => {
  const file = new Blob([source], { type: "text/javascript" });
  const worker = new Worker(URL.createObjectURL(file));
  const bytes = Uint8Array.from(atob(code), (c) => c.charCodeAt(0));
  let heard;
  worker.onmessage = ({ data }) => heard(data);
  window.ask = (task, given) => new Promise((resolve) => {
    heard = resolve;
    const start = () => ({ code: bytes, weights: Float32Array.from(given.weights) });
    worker.postMessage({ id: 0, ...given, task, ...(task === "start" ? start() : {}) });
  });
}"""


@pytest.fixture
def worker(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    source = (HERE / "training_worker.js").read_text("utf-8")
    page.evaluate(WORKER, [source, packed_wasm()])
    yield page
    page.close()


def ask(page: Page, task: str, **given: Any) -> Any:
    found = page.evaluate("([task, given]) => ask(task, given)", [task, given])
    assert "error" not in found, found
    return found


def begin(page: Page, model: GPT, rows: int = 8) -> None:
    weights = torch.cat([p.detach().flatten() for p in model.decoder.parameters()])
    ask(page, "start", config=SIZES, rows=rows, weights=weights.tolist())


def batch(inputs: torch.Tensor, targets: torch.Tensor) -> dict[str, Any]:
    B, T = inputs.shape
    flat = {"tokens": inputs.flatten().tolist(), "targets": targets.flatten().tolist()}
    return flat | {"B": B, "T": T}


@pytest.mark.parametrize("seed", [0, 1])
def test_the_first_ten_losses_are_those_of_torch(seed: int, worker: Page) -> None:
    model = GPT(CONFIG, seed=seed)
    begin(worker, model)
    batches = Batches(story_sequences(200, seed=seed), batch_size=8)
    optimiser = make_optimiser(model, PLAN)
    for step in range(10):
        rate = learning_rate(step, PLAN)
        for group in optimiser.param_groups:
            group["lr"] = rate
        wanted = train_step(model, batches(step), optimiser, PLAN.clip).item()
        found = ask(worker, "step", **batch(*batches(step)), t=step + 1, rate=rate, clip=1)  # type: ignore[arg-type]  # fmt: skip
        assert found["loss"] == pytest.approx(wanted, abs=1e-4), step


def test_short_rows_and_few_of_them(worker: Page) -> None:
    """Lengths that are no multiple of four or eight, and places that do not count."""
    model = GPT(CONFIG, seed=2)
    begin(worker, model)
    for lengths in ([2], [3, 2], [9, 6, 5], [100, 37, 2]):
        stories = [torch.arange(n + 1) % 304 for n in lengths]
        inputs, targets = Batches(stories, batch_size=len(stories))(0)
        found = ask(worker, "read", **batch(inputs, targets), looks=[])  # type: ignore[arg-type]
        assert found["loss"] == pytest.approx(
            loss_of(model, (inputs, targets)).item(), abs=1e-5
        )


def test_what_is_read_of_a_model_is_its_milestone(worker: Page) -> None:
    widget = TrainingRun()
    tests = [torch.tensor(test["ids"]) for test in widget._data["tests"]]
    model = GPT(CONFIG, seed=1)
    with torch.no_grad():  # so that no two words are equally likely
        model.decoder.embed.weight.mul_(3)
    begin(worker, model)
    wanted = milestone(model, 0, tests, longest=12)
    padded = torch.nn.utils.rnn.pad_sequence(tests, True, -100)
    looks = [[row, *cue(test)] for row, test in enumerate(tests)]
    found = ask(
        worker, "read", **batch(padded[:, :-1].clamp(min=0), padded[:, 1:]), looks=looks
    )
    seen = found["seen"]
    assert found["loss"] == pytest.approx(wanted.loss, abs=1e-4)
    assert sum(one["p"] for one in seen) / 8 == pytest.approx(wanted.copied, rel=1e-3)
    heads = torch.tensor([one["weights"] for one in seen]).mean(0)
    assert heads.max().item() == pytest.approx(wanted.looking, rel=1e-3)
    assert divmod(int(heads.argmax()), CONFIG.n_head) == wanted.head
    written = ask(worker, "write", ids=[0], longest=12, end=0)["text"]
    assert written[1:] == wanted.text


def test_the_source_makes_the_very_file(tmp_path: Path) -> None:
    if not shutil.which(f"clang-{VERSION}"):
        pytest.skip(f"no clang-{VERSION} here, which made train.wasm of train.c")
    compile_train(tmp_path / "train.wasm")
    stored = base64.b64decode(packed_wasm())
    assert (tmp_path / "train.wasm").read_bytes() == stored


def told(page: Page) -> str:
    return page.locator(".at").inner_text()


def test_a_run_in_the_page(show: Show) -> None:
    widget = TrainingRun()
    page = show(widget)
    last = widget.records[-1]
    times = last["loss"] / widget.floor
    assert told(page) == (
        f"Step 1000: {last['loss']:.3f} nats per token, {times:.2f} times the floor."
    )
    assert page.get_by_role("button", name="From the start").is_disabled()
    page.get_by_role("button", name="Start training here").click()
    expect(page.locator(".at")).to_contain_text(from_step(4), timeout=60_000)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".note")).to_contain_text("Paused at step")
    loss = float(told(page).split(": ")[1].split(" ")[0])
    assert loss < 2.5 < widget.records[0]["loss"]
    assert "once upon" in page.locator(".text").inner_text()
    page.get_by_label("Step that is shown").fill("0")
    assert told(page).startswith("Step 0: 6.")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".note")).to_contain_text("of 1000")
    page.get_by_role("button", name="From the start").click()
    assert told(page).startswith("Step 1000: ")


def from_step(tens: int) -> re.Pattern[str]:
    """A fast machine is soon beyond a step."""
    return re.compile(rf"Step ([{tens}-9]\d|\d{{3}}):")


def test_a_seed_decides_a_run(show: Show) -> None:
    found = []
    for seed in (7, 7, 8):
        page = show(TrainingRun(seed=seed))
        page.get_by_role("button", name="Start training here").click()
        expect(page.locator(".at")).to_contain_text(from_step(2), timeout=60_000)
        page.get_by_role("button", name="Pause").click()
        page.get_by_label("Step that is shown").fill("1")
        found.append((told(page), page.locator(".text").inner_text()))
    assert found[0] == found[1] != found[2]


def test_all_records_of_the_stored_run(show: Show) -> None:
    widget = TrainingRun()
    page = show(widget)
    for shown in (0, 1, 2, 18, 50):
        page.get_by_label("Step that is shown").fill(str(shown))
        record = widget.records[shown]
        assert told(page).startswith(
            f"Step {record['step']}: {record['loss']:.3f} nats"
        )
        values = page.locator(".key b").all_inner_texts()
        names = ("fitting", "copied", "looking")
        assert values == [f"{record[name]:.2f}" for name in names]
        words = [WORDS.vocab[i] for i in record["text"]]
        assert page.locator(".text").inner_text().split() == words
    page.get_by_label("Step that is shown").fill("0")
    assert page.locator(".wrong").inner_text() == WORDS.vocab[widget.records[0]["text"][0]]  # fmt: skip
    show_table(page)
    assert page.locator("tbody tr").count() == 51


def test_by_keyboard_alone(show: Show) -> None:
    page = show(TrainingRun())
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Pause")).to_be_focused()
    expect(page.locator(".note")).to_contain_text("of 1000", timeout=60_000)
    page.keyboard.press("Enter")
    expect(page.locator(".note")).to_contain_text("Paused")
    slider = page.get_by_label("Step that is shown")
    for _ in range(5):
        page.keyboard.press("Tab")
        if slider.evaluate("node => node === node.getRootNode().activeElement"):
            break
    page.keyboard.press("Home")
    assert told(page).startswith("Step 0:")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_all_can_use_it(width: int, dark: bool, show: Show) -> None:
    page = show(TrainingRun(), width=width, dark=dark)
    show_table(page)
    assert (
        serious(page) == []
        and overflow(page) <= 0
        and not too_small(page.locator("button, input, summary"))
    )


def test_a_link_brings_its_state_or_does_no_harm(show: Show) -> None:
    page = show(TrainingRun(), address='#training={"shown":2,"seed":5}')
    assert told(page).startswith("Step 40:")
    assert page.get_by_label("Seed").input_value() == "5"
    for nonsense in ('{"shown":-1,"seed":"x"}', '{"shown":9999}', "[]", "%"):
        page = show(TrainingRun(), address=f"#training={nonsense}")
        assert told(page).startswith("Step 1000:")
    keep_copies(page)
    page.get_by_label("Step that is shown").fill("3")
    page.get_by_role("button", name="Copy as Python").click()
    assert page.evaluate("window.copied") == "TrainingRun(shown=3, seed=0)"
    assert eval(page.evaluate("window.copied")).record["step"] == 60


def test_where_nothing_can_be_trained_the_stored_run_stays(show: Show) -> None:
    page = show(TrainingRun(), scripts=False)
    assert page.locator("img").get_attribute("alt")
    page = show(TrainingRun())
    page.evaluate(
        "() => { window.Worker = class { constructor() { throw new Error('forbidden'); } }; }"
    )
    page.get_by_role("button", name="Start training here").click()
    expect(page.locator(".note")).to_contain_text("forbidden")
    page.get_by_label("Step that is shown").fill("0")
    assert told(page).startswith("Step 0:")


def test_two_on_one_page(show: Show) -> None:
    page = show(TrainingRun(shown=0), TrainingRun(shown=5))
    assert page.locator(".at").all_inner_texts()[0].startswith("Step 0:")
    assert page.locator(".at").all_inner_texts()[1].startswith("Step 100:")


def test_a_kernel_sends_the_trainer(browser: Browser) -> None:
    with kernel_page(browser, TrainingRun()) as page:
        page.get_by_role("button", name="Start training here").click()
        expect(page.locator(".at")).to_contain_text(from_step(2), timeout=60_000)


BAD: list[dict[str, Any]] = [
    *({"shown": value} for value in (-1, 51, 1.5, "x", True)),
    *({"seed": value} for value in (-1, None, float("nan"), 2**32, False)),
    {"labels": {"colour": "x"}},
]


@pytest.mark.parametrize("given", BAD, ids=str)
def test_bad_arguments_are_named(given: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TraitError), match=f"{next(iter(given))}: "):
        TrainingRun(**given)
    if "labels" not in given:
        widget = TrainingRun()
        with pytest.raises((ValueError, TraitError)):
            widget.set_trait(*next(iter(given.items())))


def test_a_picture_and_a_sentence_stand_in() -> None:
    widget = TrainingRun(shown=5)
    record = widget.records[5]
    assert f"{record['loss']:.3f} nats per token" in widget.sentence()
    assert isinstance(widget.picture(), Figure)
