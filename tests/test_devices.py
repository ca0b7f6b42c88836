"""What a GPU needs, tried where there is none: on the device called meta, where only sizes are real."""

import ctypes
import os
import sys
from collections.abc import Iterator
from itertools import chain
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from lmlib import pretraining
from lmlib.batches import Batches
from lmlib.beam import beam_search
from lmlib.blocks import Config
from lmlib.devices import device_of, memory_of, move, own_randomness, pick_device
from lmlib.evaluation import token_losses
from lmlib.finetuning import Classifier, labelled, read_label
from lmlib.generation import generate
from lmlib.ngrams import NGram
from lmlib.optimisation import Training
from lmlib.pretraining import fit
from lmlib.training_step import loss_of
from lmlib.transformer import GPT
from lmlib.translation import EncoderDecoder

META = torch.device("meta")
CONFIG = Config(
    vocab_size=12, block_size=9, n_layer=1, n_head=2, d_model=8, dropout=0.1
)
TEXTS = [torch.arange(i, i + n) % 12 for i, n in enumerate((9, 7, 8, 9))]


class Elsewhere(TorchDispatchMode):
    """Forbids operations on tensors of two devices, as a GPU does, and reads a number on meta as 0."""

    reading = ("aten::_local_scalar_dense", "aten::item", "aten::is_nonzero")
    copying = ("aten::_to_copy", "aten::copy_", "aten::index", "aten::_index_put_impl_")

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if func.name() in self.reading and args[0].device == META:
            return 0
        tensors = [x for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)]
        found = {x.device for x in tensors if x.dim()}
        if len(found) > 1 and not func.name().startswith(self.copying):
            raise AssertionError(f"{func.name()} of tensors on {found}")
        return func(*args, **(kwargs or {}))


class NothingHere(TorchDispatchMode):
    """Forbids to make a tensor with numbers in it on the processor, even one that is then sent elsewhere."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for x in tree_leaves(result):
            if isinstance(x, Tensor) and x.device != META and x.dim() and x.numel():
                raise AssertionError(f"{func.name()} makes a tensor on {x.device}")
        return result


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(
        torch.compiler, "is_compiling", lambda: True
    )  # no look at numbers
    monkeypatch.setattr(
        pretraining,
        "make_optimiser",
        lambda model, training: torch.optim.SGD(model.parameters(), lr=0.1),
    )
    with Elsewhere():
        yield


def test_the_check_finds_a_tensor_left_behind(elsewhere: None) -> None:
    with pytest.raises(AssertionError, match="aten::add"):
        torch.ones(2, device="meta") + torch.ones(2)


@pytest.mark.parametrize("positions", ["learned", "rotary", "sinusoidal"])
def test_training_where_the_model_is(elsewhere: None, positions: Any) -> None:
    model = GPT(Config(**{**CONFIG.__dict__, "positions": positions})).to("meta")
    fit(model, Batches(TEXTS, 2), Training(steps=2, warmup=0), progress=False)
    grads = [p.grad for p in model.parameters()]
    assert all(grad is not None and grad.device == META for grad in grads)


@pytest.mark.parametrize("positions", ["learned", "rotary", "sinusoidal"])
def test_no_tensor_is_made_on_the_processor(elsewhere: None, positions: Any) -> None:
    config = Config(**{**CONFIG.__dict__, "positions": positions})
    model, both = GPT(config).to("meta"), EncoderDecoder(config).to("meta")
    tokens = torch.zeros(2, 5, dtype=torch.long, device="meta")
    with NothingHere():
        with pytest.raises(
            AssertionError, match=r"aten::arange.*makes a tensor on cpu"
        ):
            torch.arange(3).to("meta")
        cache = model.new_cache()
        for part in (tokens, tokens[:, :1]):
            model(part, cache)
        model.with_weights(tokens)
        both.with_weights(tokens, tokens)
        loss_of(model, (tokens, tokens)).backward()
        generate(model, tokens, 2, top_k=3, top_p=0.9, repetition_penalty=1.1, end=1)


def test_models_of_two_inputs_and_of_labels(elsewhere: None) -> None:
    one = torch.zeros(2, 5, dtype=torch.long)
    plan = Training(steps=1, warmup=0)
    fit(
        EncoderDecoder(CONFIG).to("meta"),
        lambda _: ((one, one), one),
        plan,
        progress=False,
    )
    batches = Batches(labelled(TEXTS, [0, 1, 0, 1], 2), 2, objective=read_label)
    fit(Classifier(GPT(CONFIG), 2).to("meta"), batches, plan, progress=False)


@pytest.mark.parametrize("use_cache", [True, False])
@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_writing_with_a_model_elsewhere(
    elsewhere: None, device: str, use_cache: bool
) -> None:
    model, prompt = (
        GPT(CONFIG).to("meta"),
        torch.zeros(2, 3, dtype=torch.long, device=device),
    )
    if device == "meta":
        settings: dict[str, Any] = {"top_k": 3, "top_p": 0.9, "repetition_penalty": 1.1}
        written = generate(model, prompt, 4, end=1, use_cache=use_cache, **settings)
        assert written.shape == (2, 7) and written.device == META
        assert (
            generate(model, prompt, 2, temperature=0, use_cache=use_cache).device
            == META
        )
    else:  # logits come back to the tokens, but meta has none to send
        with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):
            generate(model, prompt, 2, use_cache=use_cache)


def test_losses_and_beams_with_a_model_elsewhere(elsewhere: None) -> None:
    model = GPT(CONFIG).to("meta")
    assert {losses.device for losses in token_losses(model, TEXTS)} == {META}
    with pytest.raises(RuntimeError, match="meta"):  # beams choose by numbers
        beam_search(
            model, torch.zeros(1, 2, dtype=torch.long, device="meta"), 2, beams=2
        )


def test_a_model_without_parameters_is_nowhere() -> None:
    counts = NGram(2, 12).fit(TEXTS)
    assert (
        device_of(counts) is None
        and torch.ones(2).to(device_of(counts)).device.type == "cpu"
    )
    assert device_of(GPT(CONFIG)) == torch.device("cpu")


def test_what_a_generator_draws_does_not_depend_on_the_device_of_the_logits() -> None:
    one, two = (torch.Generator().manual_seed(3) for _ in range(2))
    prompt = torch.zeros(1, 2, dtype=torch.long)
    model = GPT(CONFIG).eval()
    first = generate(model, prompt, 5, generator=one)
    expected = prompt
    with torch.no_grad():
        for _ in range(5):
            probs = model(expected)[:, -1].softmax(-1)
            expected = torch.cat(
                [expected, torch.multinomial(probs, 1, generator=two)], 1
            )
    assert torch.equal(first, expected)


def test_all_parts_of_a_pair_move() -> None:
    one = torch.zeros(1, 2)
    (a, b), c = move(((one, one), one), META)
    assert {x.device for x in chain((a, b), (c,))} == {META}


def test_randomness_outside_is_left_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    with own_randomness(torch.device("cpu")):
        torch.manual_seed(7)
        torch.rand(9)
    assert torch.equal(torch.rand(2), expected)


def test_every_process_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[int] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    assert pick_device("auto") == torch.device("cuda", 0)
    assert pick_device("cuda:1") == torch.device("cuda", 1)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert pick_device("cuda") == torch.device("cuda", 1)
    assert pick_device("cpu") == torch.device("cpu")
    assert chosen == [0, 1, 1]
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(
        ValueError, match=r"device: GPU number 2 .* has 2, from 0 on; start 2"
    ):
        pick_device("auto")


def test_the_memory_of_this_machine() -> None:
    assert memory_of(torch.device("cpu")) > 10**8


def test_the_memory_of_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(status: ctypes.Array[ctypes.c_uint64]) -> None:
        assert status[0] == ctypes.sizeof(status)  # or Windows refuses
        status[0] |= 37 << 32  # per cent in use
        status[1:3] = [16 << 30, 10 << 30]

    calls = SimpleNamespace(kernel32=SimpleNamespace(GlobalMemoryStatusEx=answer))
    monkeypatch.setattr(ctypes, "windll", calls, raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delattr(os, "sysconf", raising=False)
    assert memory_of(torch.device("cpu")) == 16 << 30
