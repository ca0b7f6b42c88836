"""Attention that keeps no weights gives what the one that is shown gives: outputs, gradients and texts."""

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
import torch
from support.models import kinds, shaken, small
from support.tensors import ids, random
from torch import Tensor, nn

from lmlib.batches import Batches
from lmlib.beam import beam_search
from lmlib.fused import attend, keeping_weights
from lmlib.generation import generate
from lmlib.llama import Llama
from lmlib.modern import ModernConfig
from lmlib.multi_head import MultiHeadAttention
from lmlib.optimisation import Training
from lmlib.pretraining import fit
from lmlib.training_step import loss_function
from lmlib.transformer import BERT, GPT
from lmlib.translation import EncoderDecoder

PRECISE = pytest.mark.parametrize(
    ("dtype", "atol"), [(torch.float64, 1e-12), (torch.float32, 1e-5)]
)
LLAMA = ModernConfig(11, 9, n_head=4, n_kv_head=2, d_model=8, d_head=4, d_ff=12)


def both(compute: Callable[[], Any]) -> tuple[Any, Any]:
    """What is computed while weights are kept, and while they are not."""
    shown = compute()
    with keeping_weights(False):
        return shown, compute()


def graded(compute: Callable[[], Tensor], leaves: list[Tensor]) -> list[Tensor]:
    """An output, and the gradients of a sum in which every number of it counts differently."""
    output = compute()
    loss = (output * output.detach().cos()).mean()
    return [output, *torch.autograd.grad(loss, leaves)]


def check(pair: tuple[Any, Any], atol: float) -> None:
    torch.testing.assert_close(*pair, rtol=0, atol=atol)


@PRECISE
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize(
    ("T", "S", "group"),
    [(6, 6, 1), (1, 6, 1), (3, 7, 1), (5, 5, 3), (1, 4, 3), (2, 4, 2)],
)
def test_outputs_and_gradients_of_one_attention(
    T: int, S: int, group: int, causal: bool, dtype: torch.dtype, atol: float
) -> None:
    shapes = [(2, 3, group * T, 4), (2, 3, S, 4), (2, 3, S, 4)]
    qkv = [random(*s, seed=i).to(dtype).requires_grad_() for i, s in enumerate(shapes)]
    check(both(lambda: graded(lambda: attend(*qkv, causal, group)[0], qkv)), atol)
    shown, quiet = both(lambda: attend(*qkv, causal, group)[1])
    assert shown.shape == (2, 3, group * T, S) and quiet is None


@PRECISE
@kinds
@pytest.mark.parametrize("kind", [GPT, BERT, EncoderDecoder])
def test_logits_and_gradients_of_every_model(
    kind: Any, positions: Any, dtype: torch.dtype, atol: float
) -> None:
    model = shaken(kind(small(positions=positions))).to(dtype)
    inputs = (ids(3, 5, seed=1), ids(3, 7))[-1 if kind is not EncoderDecoder else 0 :]
    check(both(lambda: graded(lambda: model(*inputs), [*model.parameters()])), atol)


@PRECISE
@pytest.mark.parametrize("pieces", [(9,), (5, 1, 1, 2), (1,) * 9])
@pytest.mark.parametrize("kind", ["learned", "sinusoidal", "rotary", "llama"])
def test_pieces_with_a_cache(
    kind: str, pieces: tuple[int, ...], dtype: torch.dtype, atol: float
) -> None:
    model = Llama(LLAMA) if kind == "llama" else GPT(small(positions=kind))
    model, tokens = shaken(model).to(dtype), ids(2, 9)

    def read() -> Tensor:
        cache = model.new_cache()
        parts = [model(part, cache) for part in tokens.split(list(pieces), dim=1)]
        return torch.cat(parts, dim=1)

    shown, quiet = both(read)
    check((quiet, shown), atol)
    check((quiet, model(tokens)), atol)


def test_the_llama_s_gradients() -> None:
    model, tokens = shaken(Llama(LLAMA)), ids(3, 9)
    check(both(lambda: graded(lambda: model(tokens), [*model.parameters()])), 1e-12)


@pytest.mark.parametrize("model", [GPT(small()), Llama(LLAMA)], ids=["gpt", "llama"])
def test_the_last_logits_alone(model: Any) -> None:
    model, tokens = shaken(model), ids(2, 9)
    check((model(tokens, last=True), model(tokens)[:, -1:]), 1e-12)
    cache = model.new_cache()
    model(tokens[:, :4], cache, last=True)
    check((model(tokens[:, 4:], cache, last=True), model(tokens)[:, -1:]), 1e-12)


@pytest.mark.parametrize("model", [GPT(small()), Llama(LLAMA)], ids=["gpt", "llama"])
def test_who_asks_for_weights_gets_those_of_the_pass(model: Any) -> None:
    model, tokens = shaken(model), ids(2, 9)
    (logits, weights), (_, quiet) = both(lambda: model.with_weights(tokens))
    assert torch.equal(weights, quiet)
    assert torch.equal(model(tokens), logits)


class Asked(nn.Module):
    """Attention that notes whether its weights were kept."""

    def __init__(self) -> None:
        super().__init__()
        self.attention, self.kept = MultiHeadAttention(8, 2), set[bool]()

    def forward(self, tokens: Tensor) -> Tensor:
        x = nn.functional.one_hot(tokens, 8).float()
        output, weights = self.attention(x)
        self.kept.add(weights is not None)
        return output


def test_who_writes_keeps_none() -> None:
    model, prompt = Asked(), torch.tensor([[1]])
    generate(model, prompt, 2)
    beam_search(model, prompt, 2, beams=2)
    assert model.kept == {False}
    model(prompt)
    assert model.kept == {False, True}  # and all is as it was


@pytest.mark.parametrize("fused", [True, False])
def test_a_plan_of_training_decides(fused: bool) -> None:
    model = Asked()
    batch = torch.tensor([[1, 2]]), torch.tensor([[2, 3]])
    loss_function(Training(steps=1, warmup=0, fused=fused))(model, batch)
    assert model.kept == {not fused}


def test_training_without_weights_learns_the_same() -> None:
    texts = [ids(10, seed=i) for i in range(16)]
    logs = [
        fit(GPT(small()).double(), Batches(texts, 4), plan, progress=False)
        for plan in (
            Training(20, warmup=5, eval_interval=5, fused=fused)
            for fused in (False, True)
        )
    ]
    losses = [[record.loss for record in log] for log in logs]
    assert losses[1] == pytest.approx(losses[0], abs=1e-9)


def test_an_error_inside_and_another_thread_change_nothing() -> None:
    q, seen = torch.ones(1, 2), []
    with pytest.raises(ZeroDivisionError), keeping_weights(False):
        raise ZeroDivisionError
    assert attend(q, q, q, False)[1] is not None
    with keeping_weights(False):
        other = Thread(target=lambda: seen.append(attend(q, q, q, False)[1]))
        other.start()
        other.join()
    assert seen[0] is not None


def test_what_does_not_fit_is_refused_in_the_same_words() -> None:
    q, k = torch.ones(2, 3), torch.ones(2, 4)
    for keep in (True, False):
        with (
            keeping_weights(keep),
            pytest.raises(ValueError, match="k: keys of size 4 do not fit"),
        ):
            attend(q, k, k, causal=True)
        with (
            keeping_weights(keep),
            pytest.raises(ValueError, match="v: 5 values for 2"),
        ):
            attend(k, k, torch.ones(5, 4), causal=True)
