"""Reading and replacing what is inside of a model: against the model's own parts, and against algebra."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from lmlib.blocks import Config
from lmlib.fused import keeping_weights
from lmlib.interpretability import changing, erased, patch_effect, patched, vectors
from lmlib.llama import Llama
from lmlib.modern import ModernConfig
from lmlib.transformer import BERT, GPT

V, C, H = 11, 8, 4


@cache
def gpt() -> GPT:
    return GPT(Config(V, block_size=9, n_layer=3, n_head=H, d_model=C), seed=3).eval()


@cache
def llama() -> Llama:
    config = ModernConfig(V, 9, n_layer=3, n_head=H, n_kv_head=2, d_model=C, d_head=2, d_ff=8)  # fmt: skip
    return Llama(config, seed=3).eval()


both = pytest.mark.parametrize("make", [gpt, llama])


def drawn(seed: int, rows: int = 2, length: int = 6) -> Tensor:
    return torch.randint(V, (rows, length), generator=torch.Generator().manual_seed(seed))  # fmt: skip


def body_of(model: GPT | Llama) -> nn.Module:
    return model.decoder if isinstance(model, GPT) else model


@both
@torch.no_grad()
def test_looking_changes_nothing(make) -> None:  # type: ignore[no-untyped-def]
    model, tokens = make(), drawn(0)
    whole = model(tokens)
    for layer in range(4):
        vectors(model, tokens, layer)
    vectors(model, tokens, 2, head=3)
    assert torch.equal(model(tokens), whole)
    assert not [p for p in model.modules() if p._forward_pre_hooks]


@both
@torch.no_grad()
def test_heads_add_up_to_what_attention_adds(make) -> None:  # type: ignore[no-untyped-def]
    model, tokens = make(), drawn(1)
    for layer, block in enumerate(body_of(model).blocks):
        rows = block.attention.output.weight.chunk(H, dim=1)
        found = [vectors(model, tokens, layer, head) for head in range(H)]
        added = sum(z @ w.T for z, w in zip(found, rows, strict=True))
        bias = block.attention.output.bias
        kept: list[Tensor] = []
        hook = block.attention.register_forward_hook(lambda m, i, o, kept=kept: kept.append(o[0]))  # fmt: skip
        model(tokens)
        hook.remove()
        assert torch.allclose(added + (0 if bias is None else bias), kept[0], atol=1e-5)


@both
@torch.no_grad()
def test_the_stream_is_what_each_block_reads_and_the_last_norm(make) -> None:  # type: ignore[no-untyped-def]
    model, tokens = make(), drawn(2)
    end = vectors(model, tokens, 3)
    assert torch.allclose(body_of(model).logits(body_of(model).norm(end)), model(tokens), atol=1e-5)  # fmt: skip
    if isinstance(model, GPT):
        assert torch.equal(vectors(model, tokens, 0), model.decoder.embedded(tokens))
        after = model.decoder.blocks[0](vectors(model, tokens, 0))[0]
        assert torch.allclose(vectors(model, tokens, 1), after, atol=1e-6)


@both
@torch.no_grad()
@pytest.mark.parametrize("head", [None, 0, 3])
def test_a_patch_from_the_same_text_changes_nothing(make, head: int | None) -> None:  # type: ignore[no-untyped-def]
    model, tokens = make(), drawn(3)
    at = torch.tensor([0, 5])
    assert torch.allclose(patched(model, tokens, tokens, at, 1, head), model(tokens), atol=1e-6)  # fmt: skip


@both
@torch.no_grad()
def test_a_patch_reaches_no_earlier_word_and_no_other_text(make) -> None:  # type: ignore[no-untyped-def]
    model, tokens, other = make(), drawn(4), drawn(5)
    there = patched(model, tokens, other, torch.tensor([3, 4]), 1)
    whole = model(tokens)
    for row, at in ((0, 3), (1, 4)):
        assert torch.allclose(there[row, :at], whole[row, :at], atol=1e-6)
        assert not torch.allclose(there[row, at], whole[row, at], atol=1e-3)


@both
@torch.no_grad()
def test_in_front_of_the_last_norm_a_vector_is_the_whole_answer(make) -> None:  # type: ignore[no-untyped-def]
    """Also the other way: before the first block, the last word alone is another one."""
    model, tokens, other = make(), drawn(6), drawn(7)
    at = torch.tensor([5, 2])
    rows = torch.arange(2)
    last = patched(model, tokens, other, at, 3)[rows, at]
    assert torch.allclose(last, model(other)[rows, at], atol=1e-5)
    first = patched(model, tokens, other, at, 0)
    one_word = tokens.index_put((rows, at), other[rows, at])
    assert torch.allclose(first, model(one_word), atol=1e-5)


@torch.no_grad()
def test_all_heads_of_a_layer_at_once_are_the_layer() -> None:
    """Exchanged one inside of the other, in the last layer and at the last word: what attention adds is the other's."""
    model, tokens, other = gpt(), drawn(8), drawn(9)
    theirs = [vectors(model, other, 2, head) for head in range(H)]
    block = model.decoder.blocks[2]
    added = block.attention(block.norm_1(vectors(model, other, 2)))[0]
    x = vectors(model, tokens, 2) + added
    need = model.decoder.norm(x + block.feed_forward(block.norm_2(x)))
    with (
        changing(model, lambda _: theirs[0], 2, 0),
        changing(model, lambda _: theirs[1], 2, 1),
        changing(model, lambda _: theirs[2], 2, 2),
        changing(model, lambda _: theirs[3], 2, 3),
    ):
        assert torch.allclose(model.decoder(tokens)[0], need, atol=1e-5)


def test_hooks_go_away_also_after_an_error() -> None:
    model, tokens = gpt(), drawn(10)
    with (
        pytest.raises(ValueError, match="keep the shape"),
        changing(model, lambda x: x[:, :1], 0, 1),
    ):
        model(tokens)
    assert not [p for p in model.modules() if p._forward_pre_hooks]


@torch.no_grad()
def test_it_is_the_same_without_weights() -> None:
    model, tokens = gpt(), drawn(11)
    with changing(model, torch.zeros_like, 1, 2):
        kept = model(tokens)
        with keeping_weights(False):
            assert torch.allclose(model(tokens), kept, atol=1e-5)


def test_gradients_pass_through_a_change() -> None:
    added = torch.zeros(C, requires_grad=True)
    with changing(gpt(), lambda x: x + added, 1):
        gpt()(drawn(12)).square().sum().backward()
    assert added.grad is not None and added.grad.norm() > 0


@pytest.mark.parametrize(
    "layer, head, said",
    [
        (4, None, "layer: there is no 4; use 0 to 3"),
        (-1, None, "layer: there is no -1"),
        (3, 0, "layer: there is no 3; use 0 to 2"),
        (0, 4, "head: there is no 4; use 0 to 3"),
        (0, -1, "head: there is no -1"),
    ],
)
def test_places_that_are_not_there(layer: int, head: int | None, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        vectors(gpt(), drawn(0), layer, head)


def test_what_does_not_fit_is_refused() -> None:
    tokens = drawn(0)
    with pytest.raises(ValueError, match="other"):
        patched(gpt(), tokens, drawn(0, length=5), torch.tensor([1, 1]), 0)
    with pytest.raises(ValueError, match="at"):
        patched(gpt(), tokens, tokens, torch.tensor([1]), 0)
    with pytest.raises(ValueError, match="not a GPT or Llama"):
        vectors(BERT(Config(V)), tokens, 0)  # type: ignore[arg-type]


number = st.floats(-50, 50).map(lambda x: round(x, 2))


@given(number, number, number)
def test_the_share_of_a_patch(before: float, other: float, share: float) -> None:
    if abs(before - other) < 0.1:
        return
    ends = torch.tensor([before, other], dtype=torch.float64)
    after = ends[0] + share * (ends[1] - ends[0])
    assert patch_effect(ends[0], after, ends[1]).item() == pytest.approx(share, abs=1e-6)  # fmt: skip
    assert patch_effect(ends[0], ends[1], ends[1]).item() == pytest.approx(1)


@given(st.integers(0, 1_000))
def test_erased_kinds_have_one_mean_and_no_line_between_them(seed: int) -> None:
    g = torch.Generator().manual_seed(seed)
    x, y = torch.randn(30, 5, generator=g).double(), torch.arange(30) % 3 == 0
    x[y] += torch.randn(5, generator=g)
    way = x[y].mean(0) - x[~y].mean(0)
    left = erased(x, way, x.mean(0))
    assert torch.allclose(left[y].mean(0), left[~y].mean(0), atol=1e-6)
    # Least squares find nothing but the share of the kinds.
    design = torch.cat([left, torch.ones(30, 1)], 1)
    guess = design @ torch.linalg.pinv(design, rtol=1e-9) @ y.double()
    assert torch.allclose(guess, y.double().mean().expand(30), atol=1e-6)
    assert torch.allclose(erased(left, way, x.mean(0)), left, atol=1e-6)
    across = torch.linalg.svd(way[None]).Vh[1:]  # all directions at a right angle to it
    assert torch.allclose(left @ across.T, x @ across.T, atol=1e-6)


def test_a_direction_of_zeros_is_refused() -> None:
    with pytest.raises(ValueError, match="direction"):
        erased(torch.ones(2, 3), torch.zeros(3), torch.ones(3))
