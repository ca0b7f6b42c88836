"""Weights carried to Transformers' GPT-2 and back: the same logits, the same text, the same bits."""

import sys
import warnings
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize, prune

from lmlib.blocks import Config
from lmlib.finetuning import Classifier
from lmlib.generation import generate
from lmlib.interop.gpt2 import from_gpt2, to_gpt2
from lmlib.lora import add_lora, merge_lora
from lmlib.transformer import BERT, GPT, count_parameters
from lmlib.translation import EncoderDecoder

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
    torch.testing.assert_close(
        model.with_weights(tokens)[1], attentions, rtol=0, atol=1e-5
    )


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
    assert sum(p.numel() for p in again.parameters()) == count_parameters(
        from_gpt2(peer)
    )


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
    peer.generation_config.eos_token_id = (
        None  # the book's generate writes on after END
    )
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
    monkeypatch.setitem(sys.modules, "transformers", None)  # as if it were not there
    with pytest.raises(
        ImportError, match=r'pip install "how-language-models-work\[transformers\]"'
    ):
        to_gpt2(ours())


def wrapped(model: Any) -> list[Any]:
    """A model, compiled and spread in some ways, of which none changes what it says."""
    return [
        torch.compile(model),
        nn.DataParallel(model),
        nn.DataParallel(torch.compile(model)),
    ]


@torch.no_grad()
def test_wrapped_models_go_both_ways() -> None:
    model, tokens = ours(), ids(2, 24)
    for one in wrapped(model):
        torch.testing.assert_close(
            to_gpt2(one)(tokens).logits, model(tokens), rtol=0, atol=1e-4
        )
    peer = theirs()
    for one in wrapped(peer):
        torch.testing.assert_close(
            from_gpt2(one)(tokens), peer(tokens).logits, rtol=0, atol=1e-4
        )
    for blocks in (model.decoder.blocks, peer.transformer.h):
        for i, block in enumerate(blocks):
            blocks[i] = torch.compile(block)
    assert torch.equal(
        to_gpt2(model).transformer.wte.weight, model.decoder.embed.weight
    )
    assert torch.equal(
        from_gpt2(peer).decoder.blocks[0].get_submodule("norm_1").weight,
        peer.transformer.h[0].ln_1.weight,
    )


def head(peer: Any, **settings: Any) -> nn.Linear:
    """A head with the words' own vectors, and more."""
    linear = nn.Linear(16, 31, **settings)
    linear.weight = peer.lm_head.weight
    return linear


class Adapted(nn.Module):
    """A layer with a correction beside it, as LoRA has it."""

    def __init__(self, base: nn.Module) -> None:
        super().__init__()
        self.base = base

    def forward(self, x: Tensor) -> Tensor:
        return 2 * self.base(x)


class Half(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x / 2


class Louder(transformers.GPT2LMHeadModel):  # type: ignore[misc, name-defined]
    def forward(self, *args: Any, **kwargs: Any) -> Any:
        output = super().forward(*args, **kwargs)
        output.logits *= 2
        return output


def adapted(peer: Any) -> None:
    attention = peer.transformer.h[1].attn
    attention.c_attn = Adapted(attention.c_attn)


def quantised(peer: Any) -> None:
    weight = peer.transformer.h[0].mlp.c_fc.weight
    whole = (weight * 10).round().to(torch.int8)
    peer.transformer.h[0].mlp.c_fc.weight = nn.Parameter(whole, requires_grad=False)


def longer(peer: Any) -> None:
    peer.transformer.wpe = nn.Embedding(48, 16)


def untied(peer: Any) -> None:
    peer.lm_head.weight = nn.Parameter(peer.lm_head.weight + 1)


CHANGES: dict[str, tuple[Callable[[Any], object], str]] = {
    "a head of its own": (
        lambda peer: setattr(peer, "lm_head", nn.Linear(16, 31, bias=False)),
        r"its lm_head\.weight differs from its transformer\.wte\.weight.*whose weights are tied",
    ),
    "tied no more": (
        untied,
        r"its lm_head\.weight differs from its transformer\.wte\.weight",
    ),
    "a head with a bias": (
        lambda peer: setattr(peer, "lm_head", head(peer)),
        r"its lm_head\.bias is \(31,\), where its configuration makes no part at all",
    ),
    "a head of several layers": (
        lambda peer: setattr(
            peer, "lm_head", nn.Sequential(head(peer, bias=False), Half())
        ),
        r"its lm_head is a .*Sequential, where its configuration makes a .*Linear",
    ),
    "adapted": (
        adapted,
        r"attn\.c_attn is a .*Adapted, where its configuration makes a .*Conv1D",
    ),
    "adapted and named so": (
        lambda peer: setattr(peer.lm_head, "lora_A", nn.Linear(16, 2)),
        r"its lm_head\.lora_A is a .*Linear, where its configuration makes no part at all",
    ),
    "parametrised": (
        lambda peer: parametrize.register_parametrization(
            peer.transformer.h[0].attn.c_attn, "weight", Half()
        ),
        r"c_attn is a .*ParametrizedConv1D, .*; call .*remove_parametrizations first",
    ),
    "pruned": (
        lambda peer: prune.random_unstructured(
            peer.transformer.h[0].attn.c_attn, "weight", 0.5
        ),
        r"c_attn\.weight is no part at all, where",
    ),
    "quantised": (quantised, r"mlp\.c_fc\.weight is of torch\.int8 .*, where"),
    "another activation": (
        lambda peer: setattr(peer.transformer.h[0].mlp, "act", nn.ReLU()),
        r"mlp\.act is a .*ReLU, where its configuration makes a .*NewGELU",
    ),
    "another epsilon": (
        lambda peer: setattr(peer.transformer.ln_f, "eps", 0.1),
        r"ln_f has eps 0\.1, where its configuration makes 1e-05",
    ),
    "another scale": (
        lambda peer: vars(peer.transformer.h[0].attn).update(
            scaling=1.0, scale_attn_weights=False
        ),
        r"attn has scale_attn_weights False, where its configuration makes True",
    ),
    "other heads": (
        lambda peer: setattr(peer.config, "n_head", 4),
        r"attn has num_heads 2, where its configuration makes 4",
    ),
    "one layer more": (
        lambda peer: peer.transformer.h.append(peer.transformer.h[0]),
        r"its transformer\.h\.3 is a .*GPT2Block, where its configuration makes no part at all",
    ),
    "one layer less": (
        lambda peer: peer.transformer.h.pop(2),
        r"its transformer\.h\.2 is no part at all, where its configuration makes a .*GPT2Block",
    ),
    "other positions": (
        longer,
        r"wpe has num_embeddings 48, where its configuration makes 24",
    ),
    "fewer words in its configuration": (
        lambda peer: setattr(peer.config, "vocab_size", 30),
        r"wte has num_embeddings 31, where its configuration makes 30",
    ),
    "a buffer": (
        lambda peer: peer.transformer.register_buffer("steering", torch.ones(16)),
        r"its transformer\.steering is \(16,\), where its configuration makes no part at all",
    ),
    "a hook": (
        lambda peer: peer.transformer.h[1].register_forward_hook(
            lambda *parts: 2 * parts[-1]
        ),
        r"its transformer\.h\.1 has a forward hook, .*; remove it first",
    ),
    "a forward of its own": (
        lambda peer: setattr(peer.transformer.h[0].mlp, "forward", lambda x: x),
        r"its transformer\.h\.0\.mlp has a forward of its own",
    ),
    "no numbers": (
        lambda peer: peer.to("meta"),
        r"it has no numbers yet; load its weights first",
    ),
    "two precisions": (
        lambda peer: peer.transformer.ln_f.double(),
        r"its numbers are torch\.float32 and torch\.float64; call \.to with one",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_no_part_of_a_peer_is_dropped_without_a_word(change: str) -> None:
    make, message = CHANGES[change]
    peer = theirs()
    from_gpt2(peer)
    make(peer)
    with pytest.raises(ValueError, match="peer: .*" + message):
        from_gpt2(peer)


@pytest.mark.parametrize(
    "peer",
    [
        "gpt2",
        {},
        None,
        transformers.GPT2LMHeadModel,
        theirs().config,
        theirs().transformer,
        transformers.GPT2DoubleHeadsModel(theirs().config),
        transformers.GPT2ForSequenceClassification(theirs().config),
        Louder(theirs().config),
    ],
    ids=lambda peer: type(peer).__name__,
)
def test_peers_of_another_kind(peer: Any) -> None:
    with pytest.raises(
        ValueError,
        match=rf"peer: is a {type(peer).__name__}, not a GPT2LMHeadModel; give a GPT2LM",
    ):
        from_gpt2(peer)


def test_the_book_s_own_model_is_no_peer() -> None:
    with pytest.raises(
        ValueError, match=r"peer: its model_type is None, .* has 'gpt2'; give"
    ):
        from_gpt2(ours())


@torch.no_grad()
@pytest.mark.parametrize(
    ("settings", "change"),
    [
        ({}, lambda peer: peer.resize_token_embeddings(40)),
        # As load_state_dict(..., assign=True) leaves it: equal, but no longer one.
        (
            {},
            lambda peer: setattr(peer.lm_head, "weight", deepcopy(peer.lm_head.weight)),
        ),
        ({"attn_implementation": "eager"}, id),
        ({"attn_implementation": "eager", "reorder_and_upcast_attn": True}, id),
        # For which Transformers leaves hooks of its own.
        ({}, lambda peer: peer(ids(1, 3), output_attentions=True)),
        ({}, lambda peer: peer.enable_input_require_grads()),
        ({}, lambda peer: setattr(peer.transformer, "gradient_checkpointing", True)),
        ({}, lambda peer: setattr(peer, "name_or_path", "somewhere")),
        ({}, lambda peer: peer.transformer.h[0].requires_grad_(False)),
    ],
)
def test_peers_that_fit_all_the_same(
    settings: dict[str, Any], change: Callable[[Any], object]
) -> None:
    peer, tokens = theirs(**settings), ids(2, 24)
    change(peer)
    torch.testing.assert_close(
        from_gpt2(peer)(tokens), peer(tokens).logits, rtol=0, atol=1e-4
    )


def test_a_peer_from_a_file(tmp_path: Path) -> None:
    to_gpt2(ours().bfloat16()).save_pretrained(tmp_path)
    peer = transformers.GPT2LMHeadModel.from_pretrained(
        tmp_path, torch_dtype=torch.bfloat16
    )
    back = from_gpt2(peer)
    assert not back.training
    for name, tensor in ours().bfloat16().state_dict().items():
        assert torch.equal(back.state_dict()[name], tensor)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            add_lora(ours(), 2),
            r"attention\.qkv is a .*LoRALinear, .*; call merge_lora first",
        ),
        (torch.compile(add_lora(ours(), 2)), r".*; call merge_lora first"),
        (ours().to("meta"), r"no numbers yet"),
        (BERT(Config(31)), "is a BERT, not a GPT; give a GPT"),
        (EncoderDecoder(Config(31)), "is a EncoderDecoder, not a GPT; give a GPT"),
        (ours().decoder, "is a Transformer, not a GPT; give a GPT"),
        (Classifier(ours(), 2), "is a Classifier, not a GPT; give a GPT"),
        (theirs(), "is a GPT2LMHeadModel, not a GPT; give a GPT"),
        ("gpt2", "is a str, not a GPT; give a GPT"),
        (ours().state_dict(), "is a OrderedDict, not a GPT; give a GPT"),
    ],
)
def test_models_that_do_not_fit(model: Any, message: str) -> None:
    with pytest.raises(ValueError, match="model: .*" + message):
        to_gpt2(model)


def test_a_hook_would_stay_behind() -> None:
    model = ours()
    model.decoder.blocks[0].register_forward_hook(lambda *parts: parts[-1])
    with pytest.raises(
        ValueError, match=r"model: its decoder\.blocks\.0 has a forward hook"
    ):
        to_gpt2(model)


@torch.no_grad()
def test_merged_lora_is_a_gpt_again() -> None:
    model, tokens = add_lora(ours(), 2), ids(2, 24)
    for p in model.parameters():
        p.add_(0.01)
    logits = model(tokens)
    merged = to_gpt2(merge_lora(model))
    torch.testing.assert_close(merged(tokens).logits, logits, rtol=0, atol=1e-4)
