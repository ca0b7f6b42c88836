"""The model of today against Transformers' Llama and Qwen2, in double precision."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
import torch
from torch import Tensor

from lmlib.interop.llama_files import save_llama
from lmlib.llama import Llama
from lmlib.modern import ModernConfig, RMSNorm

transformers = pytest.importorskip("transformers")


def random_model(seed: int = 0, **settings: object) -> Llama:
    """A model in double precision whose norms and biases are no ones and zeros either."""
    sizes = {"vocab_size": 40, "block_size": 24, "n_layer": 2, "d_model": 120}
    sizes |= {"n_head": 6, "n_kv_head": 2, "d_head": 8, "d_ff": 20}
    model = Llama(ModernConfig(**{**sizes, **settings}), seed).double().eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                noise = torch.randn(len(parameter), generator=generator)
                parameter += 0.2 * noise.double()
    return model


def some_tokens(model: Llama, shape: tuple[int, int] = (2, 17)) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(model.config.vocab_size, shape, generator=generator)


BIASES = {
    "none": {},
    "Llama's": {"qkv_bias": True, "output_bias": True, "ff_bias": True},
    "Qwen2's": {"qkv_bias": True},
}
CASES = [
    dict(n_head=h, n_kv_head=g, d_head=d, rope_base=base, tied=tied, **BIASES[biases])
    for (h, g, d), base, (tied, biases) in product(
        [(6, 2, 8), (4, 4, 6), (5, 1, 4), (8, 4, 2)],
        [10_000.0, 123.0, 1_000_000.0],
        product([True, False], BIASES),
    )
]


@pytest.mark.parametrize("settings", CASES, ids=str)
def test_logits_are_those_of_transformers(settings: dict, tmp_path: Path) -> None:
    model = random_model(**settings)
    save_llama(model, tmp_path)
    peer = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path, dtype=torch.float64
    )
    kind = (
        "Qwen2" if settings.get("qkv_bias") and not settings.get("ff_bias") else "Llama"
    )
    assert type(peer).__name__ == f"{kind}ForCausalLM"
    tokens = some_tokens(model)
    with torch.no_grad():
        ours, theirs = model(tokens), peer(tokens).logits
    # Theirs computes norms and rotations in single precision even then.
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


@pytest.mark.parametrize("pieces", [(17,), (1,) * 17, (5, 1, 1, 7, 3)])
def test_a_cache_changes_nothing(pieces: tuple[int, ...]) -> None:
    model = random_model()
    tokens = some_tokens(model)
    cache = model.new_cache(17)
    with torch.no_grad():
        read = [model(part, cache) for part in tokens.split(pieces, dim=1)]
        torch.testing.assert_close(torch.cat(read, dim=1), model(tokens))


def test_weights_are_those_that_made_the_logits() -> None:
    model = random_model()
    tokens = some_tokens(model)
    logits, weights = model.with_weights(tokens)
    assert weights.shape == (2, 2, 6, 17, 17)  # (L, B, H, T, T)
    torch.testing.assert_close(logits, model(tokens))
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 2, 6, 17).double())
    assert not weights.triu(1).any()
    peer_order = weights[0, :, :3]  # the first three heads share their keys
    assert not torch.equal(peer_order[:, 0], peer_order[:, 1])


def test_a_position_knows_nothing_later() -> None:
    model = random_model()
    tokens = some_tokens(model)
    changed = tokens.clone()
    changed[:, 10:] = (changed[:, 10:] + 1) % 40
    with torch.no_grad():
        one, two = model(tokens), model(changed)
    torch.testing.assert_close(one[:, :10], two[:, :10])
    assert (one[:, 10:] - two[:, 10:]).abs().amin(-1).max() > 1e-4


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_numbers_whose_squares_are_beyond_half_precision(dtype: torch.dtype) -> None:
    """A real model's vectors hold numbers beyond 20,000, and float16 ends at 65,504."""
    x = torch.tensor([22_500.0, -300.0, 1.0, 0.25], dtype=dtype)
    found = RMSNorm(4).to(dtype)(x)
    assert found.dtype == dtype
    torch.testing.assert_close(found.float(), RMSNorm(4)(x.float()), rtol=0.01, atol=0)


def test_the_seed_decides_the_numbers() -> None:
    config = ModernConfig(vocab_size=40)
    one, two, other = (
        torch.cat([p.flatten() for p in Llama(config, seed).parameters()])
        for seed in (0, 0, 1)
    )
    assert torch.equal(one, two) and not torch.equal(one, other)


def test_it_learns() -> None:
    model = Llama(ModernConfig(vocab_size=8, block_size=12, n_layer=1))
    tokens = torch.arange(12)[None] % 8
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(60):
        logits = model(tokens[:, :-1])
        loss = torch.nn.functional.cross_entropy(logits[0], tokens[0, 1:])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[0] > 1.5 and losses[-1] < 0.05


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"n_kv_head": 4}, "n_kv_head: 4 does not divide n_head 6"),
        ({"d_head": 5}, "d_head: 5 is odd"),
        ({"rope_base": 0.0}, "rope_base: 0.0 must be above 0"),
        ({"n_kv_head": 0}, "n_kv_head: 0 must be above 0"),
        ({"norm_eps": float("nan")}, "norm_eps: nan must be above 0"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(settings: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        random_model(**settings)


def test_what_it_cannot_read_is_refused() -> None:
    model = random_model()
    with pytest.raises(ValueError, match="25 do not fit into block_size 24"):
        model(torch.zeros(1, 25, dtype=torch.long))
    with pytest.raises(ValueError, match="40 is no token's id"):
        model(torch.tensor([[40]]))
    cache = model.new_cache(4)
    with pytest.raises(ValueError, match="5 do not fit into a cache made for 4"):
        model(torch.zeros(1, 5, dtype=torch.long), cache)
