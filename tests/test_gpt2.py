"""Weights carried to Transformers' GPT-2 and back: the same logits, the same text, the same bits."""

import builtins
import warnings
from typing import Any

import pytest
import torch
from torch import Tensor

from lmlib.generation import generate
from lmlib.gpt2 import from_gpt2, to_gpt2
from lmlib.transformer import GPT, Config, count_parameters

transformers = pytest.importorskip("transformers")


def ids(*shape: int, seed: int = 0) -> Tensor:
    return torch.randint(31, shape, generator=torch.Generator().manual_seed(seed))


def ours(**changes: Any) -> GPT:
    """No number at 0 or 1, as after training, and logits far enough apart to have one greedy text."""
    sizes = {"block_size": 24, "n_layer": 3, "n_head": 2, "d_model": 16}
    model = GPT(Config(31, **(sizes | changes)), seed=1)
    generator = torch.Generator().manual_seed(0)
    for p in model.parameters():
        p.data += 0.3 * torch.randn(p.shape, generator=generator)
    return model.eval()


def theirs(**changes: Any) -> Any:
    settings: dict[str, Any] = {
        "vocab_size": 31,
        "n_positions": 24,
        "n_layer": 3,
        "n_head": 2,
        "n_embd": 16,
        "initializer_range": 0.3,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "pad_token_id": 0,
    }
    torch.manual_seed(0)
    peer = transformers.GPT2LMHeadModel(transformers.GPT2Config(**(settings | changes)))
    generator = torch.Generator().manual_seed(0)
    for p in peer.parameters():
        p.data += 0.1 * torch.randn(p.shape, generator=generator)
    return peer.eval()


@torch.no_grad()
def test_logits_of_our_weights_over_there() -> None:
    model, tokens = ours(), ids(4, 24)
    torch.testing.assert_close(
        to_gpt2(model)(tokens).logits, model(tokens), rtol=0, atol=1e-4
    )


@torch.no_grad()
@pytest.mark.parametrize(
    "changes", [{}, {"n_inner": 64}, {"activation_function": "gelu_pytorch_tanh"}]
)
def test_logits_of_their_weights_over_here(changes: dict[str, Any]) -> None:
    peer, tokens = theirs(**changes), ids(4, 24)
    logits = peer(tokens).logits
    assert logits.std() > 0.5
    torch.testing.assert_close(from_gpt2(peer)(tokens), logits, rtol=0, atol=1e-4)


@torch.no_grad()
def test_attention_weights_agree() -> None:
    model, tokens = ours(), ids(2, 9)
    peer = to_gpt2(model)
    peer.set_attn_implementation("eager")
    attentions = torch.stack(peer(tokens, output_attentions=True).attentions)
    torch.testing.assert_close(model.with_weights(tokens)[1], attentions, rtol=0, atol=1e-5)


def test_there_and_back_changes_no_bit() -> None:
    model = ours(dropout=0.125)
    back = from_gpt2(to_gpt2(model))
    assert back.config == model.config and not back.training
    for name, tensor in model.state_dict().items():
        assert torch.equal(back.state_dict()[name], tensor)

    peer = theirs()
    again = to_gpt2(from_gpt2(peer))
    assert list(again.state_dict()) == list(peer.state_dict())
    for name, tensor in peer.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor)
    assert sum(p.numel() for p in again.parameters()) == count_parameters(from_gpt2(peer))


def test_dropout_drops_the_same_things() -> None:
    model, tokens = ours(dropout=0.5).train(), ids(1, 9)
    peer = to_gpt2(model)
    torch.manual_seed(0)
    one = model(tokens)
    torch.manual_seed(0)
    torch.testing.assert_close(peer(tokens).logits, one, rtol=0, atol=1e-4)


def test_copies_share_nothing() -> None:
    model = ours()
    peer = to_gpt2(model)
    back = from_gpt2(peer)
    before = model.decoder.embed.weight.clone()
    peer.transformer.wte.weight.data.zero_()
    assert torch.equal(model.decoder.embed.weight, before)
    assert torch.equal(back.decoder.embed.weight, before)


def test_double_precision_and_training_are_kept() -> None:
    peer = to_gpt2(ours().double().train())
    assert peer.dtype == torch.float64 and peer.training
    back = from_gpt2(peer)
    assert back.decoder.embed.weight.dtype == torch.float64 and back.training
    tokens = ids(2, 24)
    torch.testing.assert_close(
        back.eval()(tokens), peer.eval()(tokens).logits, rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("seed", range(4))
def test_greedy_text_token_for_token(seed: int) -> None:
    model, prompt = ours(), ids(1, 3, seed=seed)
    peer = to_gpt2(model)
    peer.generation_config.eos_token_id = None  # the book's generate writes on after END
    written = generate(model, prompt, 20, temperature=0)
    assert len(set(written[0, 3:].tolist())) >= 3
    for use_cache in (True, False):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            other = peer.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                max_new_tokens=20,
                do_sample=False,
                use_cache=use_cache,
            )
        assert other.tolist() == written.tolist()

    tokens, cache, new = prompt, model.new_cache(), prompt
    with torch.no_grad():
        for _ in range(20):  # our own cache, by hand
            new = model(new, cache)[:, -1:].argmax(-1)
            tokens = torch.cat([tokens, new], dim=1)
    assert tokens.tolist() == written.tolist()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("activation_function", "relu"),
        ("activation_function", "gelu"),
        ("layer_norm_epsilon", 1e-6),
        ("tie_word_embeddings", False),
        ("scale_attn_weights", False),
        ("scale_attn_by_inverse_layer_idx", True),
        ("add_cross_attention", True),
        ("n_inner", 32),
    ],
)
def test_peers_that_do_not_fit(name: str, value: Any) -> None:
    with pytest.raises(
        ValueError, match=rf"peer: its {name} is {value!r}, .* give a GPT2LM"
    ):
        from_gpt2(theirs(**{name: value}))


@pytest.mark.parametrize("positions", ["sinusoidal", "rotary"])
def test_positions_that_gpt_2_has_not(positions: Any) -> None:
    with pytest.raises(
        ValueError, match=rf"model: its positions are '{positions}'.*learned"
    ):
        to_gpt2(GPT(Config(31, positions=positions)))


def test_without_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    true_import = builtins.__import__

    def missing(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "transformers":
            raise ImportError("No module named 'transformers'")
        return true_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ImportError, match=r'pip install "how-language-models-work\[transformers\]"'):
        to_gpt2(ours())
