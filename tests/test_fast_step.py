"""One more token, made fast: what the model itself says, and no model that is not as it was made."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.models import kinds, shaken, small
from support.tensors import ids
from torch import Tensor, nn

from lmlib.blocks import Block
from lmlib.fast_step import FastStep
from lmlib.fused import keeping_weights
from lmlib.generation import Predictor, generate
from lmlib.kv_cache import KVCache
from lmlib.lora import add_lora
from lmlib.transformer import BERT, GPT


@kinds
@pytest.mark.parametrize(
    ("dtype", "atol"), [(torch.float64, 1e-12), (torch.float32, 1e-5)]
)
@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_step_is_the_model_s_own(
    positions: Any, dtype: torch.dtype, atol: float, keep: bool, batch: int
) -> None:
    model, tokens = shaken(GPT(small(positions=positions))).to(dtype), ids(batch, 9)
    expected, cache, step = model(tokens), model.new_cache(), FastStep.of(model)
    assert step
    with keeping_weights(keep):
        model(tokens[:, :3], cache)
        for t in range(3, 9):
            logits = step(tokens[:, t : t + 1], cache)
            torch.testing.assert_close(
                logits, expected[:, t : t + 1], rtol=0, atol=atol
            )
    assert all(layer.length == 9 for layer in cache)


def test_a_step_after_weights_have_changed_in_place() -> None:
    model, tokens = shaken(GPT(small())), ids(1, 1)
    step = FastStep.of(model)
    assert step
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(1.5)
    found = step(tokens, model.new_cache())
    torch.testing.assert_close(found, model(tokens), rtol=0, atol=1e-12)


def test_ids_and_lengths_are_checked_as_ever() -> None:
    model = GPT(small()).eval()
    step, cache = FastStep.of(model), model.new_cache()
    assert step
    with pytest.raises(ValueError, match="tokens: 11 is no token's id"):
        step(torch.tensor([[11]]), cache)
    model(ids(1, 9), cache)
    with pytest.raises(ValueError, match="tokens: 10 do not fit into block_size 9"):
        step(ids(1, 1), cache)


class Other(GPT):
    """A model of one's own."""


class OtherBlock(Block):
    """A block of one's own, which forgets its neighbours."""

    def forward(self, x: Tensor, cache: KVCache | None = None) -> tuple[Tensor, Tensor]:
        super().forward(x, cache)
        return x, x


def with_another_block(model: GPT) -> GPT:
    model.decoder.blocks[1].__class__ = OtherBlock
    return model


def with_its_own_forward(model: GPT) -> GPT:
    block = model.decoder.blocks[0]
    old = block.forward
    block.forward = lambda x, cache=None: old(2 * x, cache)  # type: ignore[method-assign]
    return model


def with_hook(model: GPT) -> GPT:
    part = model.decoder.get_submodule("blocks.0.attention.output")
    part.register_forward_hook(lambda *seen: 2 * seen[-1])
    return model


def with_another_activation(model: GPT) -> GPT:
    model.decoder.get_submodule("blocks.0.feed_forward").activation = nn.ReLU()
    return model


def with_a_pull(model: GPT) -> GPT:
    add_lora(model, rank=2).decoder.blocks[0].attention.qkv.up.data += 1.0
    return model


CHANGES = [
    with_another_block,
    with_its_own_forward,
    with_hook,
    with_another_activation,
    with_a_pull,
]


def test_settings_of_parts_are_those_of_the_parts() -> None:
    model, tokens = shaken(GPT(small())), ids(2, 2)
    plain, block = model(tokens), model.decoder.blocks[1]
    block.norm_1.eps, block.attention.n_head = 0.5, 4
    block.feed_forward.activation = nn.GELU("none")
    step, cache = FastStep.of(model), model.new_cache()
    assert step and not torch.allclose(model(tokens), plain)
    found = [step(tokens[:, t : t + 1], cache) for t in (0, 1)]
    torch.testing.assert_close(torch.cat(found, 1), model(tokens), rtol=0, atol=1e-12)


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_is_asked_itself(change: Callable[[GPT], GPT]) -> None:
    model, tokens = shaken(GPT(small())), ids(2, 5)
    plain = model(tokens)
    model = change(model).double()
    assert FastStep.of(model) is None and not torch.allclose(model(tokens), plain)
    read = Predictor(model, use_cache=True, length=5)
    with torch.no_grad():
        for t in (3, 4, 5):
            torch.testing.assert_close(
                read(tokens[:, :t]), model(tokens[:, :t])[:, -1], rtol=0, atol=1e-12
            )


def test_models_that_are_no_plain_gpt() -> None:
    model = GPT(small(dropout=0.1))
    assert FastStep.of(model) is None  # it drops while it is trained
    assert FastStep.of(model.eval()) and FastStep.of(GPT(small()))
    for other in (BERT(small()), Other(small()), torch.compile(model), len):
        assert FastStep.of(other) is None


def test_a_block_that_is_taught_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Block, "forward", lambda block, x, cache: (x, x))
    assert FastStep.of(GPT(small())) is None


def test_writing_takes_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    model, prompt = GPT(small()).eval(), ids(2, 3)
    expected = generate(model, prompt, 6, temperature=0, use_cache=False)
    taken, step = [], FastStep.__call__

    def noted(self: FastStep, tokens: Tensor, cache: Any) -> Tensor:
        taken.append(tokens.shape)
        return step(self, tokens, cache)

    monkeypatch.setattr(FastStep, "__call__", noted)
    assert torch.equal(generate(model, prompt, 6, temperature=0), expected)
    assert taken == [(2, 1)] * 5
