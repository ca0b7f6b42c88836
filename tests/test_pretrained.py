"""Models in files: what was saved comes back, and what does not fit is refused before anything is lost."""

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize, prune

from lmlib.blocks import Block, Config
from lmlib.checkpoints import save_tensors
from lmlib.evaluation import token_losses
from lmlib.finetuning import Classifier
from lmlib.language_models import LanguageModel
from lmlib.llama import Llama
from lmlib.lora import add_lora, merge_lora
from lmlib.modern import ModernConfig
from lmlib.ngrams import NGram
from lmlib.optimisation import Training
from lmlib.pretrained import (
    Model,
    load_bert,
    load_book_gpt,
    load_model,
    load_shuffled_gpt,
    save_model,
)
from lmlib.pretraining import fit
from lmlib.stories import STORIES
from lmlib.tokens import WordTokenizer, sequences
from lmlib.transformer import BERT, GPT
from lmlib.translation import EncoderDecoder

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
import weights

CONFIG = Config(
    vocab_size=12, block_size=9, n_layer=1, n_head=2, d_model=8, positions="rotary"
)


@pytest.mark.parametrize("kind", [GPT, BERT, EncoderDecoder])
def test_what_was_saved_comes_back(kind: type[Model], tmp_path: Path) -> None:
    model = kind(CONFIG, seed=3)
    save_model(model, tmp_path / "new folder" / "model.safetensors")
    again = load_model(tmp_path / "new folder" / "model.safetensors")
    assert type(again) is kind and again.config == CONFIG and not again.training
    for (name, one), (_, two) in zip(
        model.state_dict().items(), again.state_dict().items(), strict=True
    ):
        assert torch.equal(one, two), name


def test_a_model_of_today_comes_back(tmp_path: Path) -> None:
    config = ModernConfig(vocab_size=12, block_size=9, n_layer=1, tied=False)
    model = Llama(config, seed=3)
    save_model(model, tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    assert isinstance(again, Llama) and again.config == config
    assert torch.equal(again.head.weight, model.head.weight)


def same(one: nn.Module, two: nn.Module) -> bool:
    """All numbers equal, to the last bit and in the same precision."""
    pairs = zip(one.state_dict().items(), two.state_dict().items(), strict=True)
    return all(
        a == b and x.dtype == y.dtype and torch.equal(x, y) for (a, x), (b, y) in pairs
    )


def distributed(model: nn.Module) -> nn.Module:
    return nn.parallel.DistributedDataParallel(model)


def compiled_in_parts(model: nn.Module) -> nn.Module:
    copy = deepcopy(model)
    blocks = copy.get_submodule("decoder.blocks")
    for name, block in blocks.named_children():
        setattr(blocks, name, torch.compile(block))
    return copy


@pytest.fixture
def one_process() -> Iterator[None]:
    torch.distributed.init_process_group(
        "gloo", store=torch.distributed.HashStore(), rank=0, world_size=1
    )
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize(
    "wrap",
    [
        torch.compile,
        nn.DataParallel,
        distributed,
        compiled_in_parts,
        lambda model: torch.compile(distributed(model)),
        lambda model: nn.DataParallel(torch.compile(model)),
        lambda model: merge_lora(add_lora(deepcopy(model), 2)),
    ],
)
def test_what_was_wrapped_is_saved_as_the_model_inside(
    wrap: Any, tmp_path: Path, one_process: None
) -> None:
    path, model = tmp_path / "model.safetensors", GPT(CONFIG, seed=3).eval()
    save_model(wrap(model), path)
    again = load_model(path)
    assert type(again) is GPT and again.config == CONFIG and same(again, model)


def test_compiled_in_place_and_hooked(tmp_path: Path) -> None:
    path, model = tmp_path / "model.safetensors", GPT(CONFIG, seed=3)
    model.compile()
    model.decoder.logits = torch.compile(model.decoder.logits)  # type: ignore[method-assign]
    model.decoder.register_forward_hook(lambda *_: None)  # which looks at vectors
    save_model(model, path)
    assert same(load_model(path), model)


@pytest.mark.parametrize("positions", ["learned", "sinusoidal", "rotary"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_the_precision_is_kept(
    dtype: torch.dtype, positions: Any, tmp_path: Path
) -> None:
    path = tmp_path / "model.safetensors"
    model = (
        GPT(dataclasses.replace(CONFIG, positions=positions), seed=3).to(dtype).eval()
    )
    model.decoder.embed.weight.data += torch.rand(12, 8, dtype=dtype) / 3
    save_model(model, path)
    again, tokens = load_model(path), torch.arange(8)[None]
    assert same(again, model)
    assert torch.equal(again(tokens), model(tokens))


def test_files_of_several_precisions_are_read_in_the_widest(tmp_path: Path) -> None:
    path, model = tmp_path / "model.safetensors", GPT(CONFIG, seed=3).bfloat16()
    metadata = {"kind": "GPT", "config": json.dumps(dataclasses.asdict(CONFIG))}
    state = model.state_dict()
    state["decoder.norm.weight"] = state["decoder.norm.weight"].float() + 1e-4
    save_tensors(path, state, metadata)
    again = load_model(path).state_dict()
    assert {tensor.dtype for tensor in again.values()} == {torch.float32}
    assert all(
        torch.equal(again[name], tensor.float()) for name, tensor in state.items()
    )


def test_layers_that_share_their_numbers(tmp_path: Path) -> None:
    path, tokens = tmp_path / "model.safetensors", torch.arange(8)[None]
    model = GPT(dataclasses.replace(CONFIG, n_layer=2), seed=3).eval()
    model.decoder.blocks[1] = model.decoder.blocks[0]
    save_model(model, path)
    assert torch.equal(load_model(path)(tokens), model(tokens))


def test_sizes_that_numpy_counted(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    config = dataclasses.replace(
        CONFIG, vocab_size=np.int64(12), dropout=np.float32(0.5)
    )
    save_model(GPT(config), path)
    assert load_model(path).config == config


class Louder(GPT):
    """What a reader might write."""

    def forward(self, tokens: Tensor, cache: Any = None) -> Tensor:
        return 2 * super().forward(tokens, cache)


class Doubled(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return 2 * x


def block_of(model: GPT) -> Block:
    block = model.decoder.blocks[0]
    assert isinstance(block, Block)
    return block


def parametrized(model: GPT) -> None:
    parametrize.register_parametrization(
        block_of(model).attention.qkv, "weight", Doubled()
    )


def quantised(model: GPT) -> None:
    """As torchao does it: the layer stays, and its tensor is of a class of its own."""
    weight = block_of(model).attention.qkv.weight
    block_of(model).attention.qkv.weight = nn.Parameter(
        weight.detach().as_subclass(type("Quantised", (Tensor,), {}))
    )


CHANGES: dict[str, tuple[Callable[[GPT], object], str]] = {
    "LoRA": (
        lambda model: add_lora(model, 2),
        r"its decoder\.blocks\.0\.attention\.qkv is a .*LoRALinear, .*; call merge_lora first",
    ),
    "parametrised": (
        parametrized,
        r"attention\.qkv is a .*ParametrizedLinear, .*; call .*remove_parametrizations first",
    ),
    "normed": (
        lambda model: nn.utils.parametrizations.weight_norm(
            block_of(model).attention.qkv
        ),
        r"attention\.qkv is a .*ParametrizedLinear, .*; call .*remove_parametrizations first",
    ),
    "pruned": (
        lambda model: prune.random_unstructured(
            block_of(model).attention.qkv, "weight", 0.5
        ),
        r"attention\.qkv\.weight is no part at all, where its configuration makes \(24, 8\)",
    ),
    "quantised": (
        quantised,
        r"attention\.qkv\.weight is a .*Quantised, where .* makes \(24, 8\)",
    ),
    "integers": (
        lambda model: model.decoder.norm.register_buffer(
            "weight_scale", torch.ones(8).int()
        ),
        r"decoder\.norm\.weight_scale is of torch\.int32 .*, where .* no part at all",
    ),
    "sparse": (
        lambda model: setattr(
            model.decoder.embed,
            "weight",
            nn.Parameter(model.decoder.embed.weight.detach().to_sparse()),
        ),
        r"decoder\.embed\.weight is of torch\.float32 and torch\.sparse_coo, where",
    ),
    "another activation": (
        lambda model: setattr(block_of(model).feed_forward, "activation", nn.ReLU()),
        r"feed_forward\.activation is a .*ReLU, where its configuration makes a .*GELU",
    ),
    "another form of the same": (
        lambda model: setattr(block_of(model).feed_forward, "activation", nn.GELU()),
        r"feed_forward\.activation has approximate 'none', where .* makes 'tanh'",
    ),
    "another epsilon": (
        lambda model: setattr(model.decoder.norm, "eps", 1e-2),
        r"decoder\.norm has eps 0\.01, where its configuration makes 1e-05",
    ),
    "other heads": (
        lambda model: setattr(block_of(model).attention, "n_head", 4),
        r"blocks\.0\.attention has n_head 4, where its configuration makes 2",
    ),
    "a head of its own": (
        lambda model: setattr(model, "head", nn.Linear(8, 12)),
        r"its head is a .*Linear, where its configuration makes no part at all",
    ),
    "one layer more": (
        lambda model: model.decoder.blocks.append(Block(model.config, True)),
        r"decoder\.blocks\.1 is a .*Block, where its configuration makes no part at all",
    ),
    "one layer less": (
        lambda model: model.decoder.blocks.pop(0),
        r"decoder\.blocks\.0 is no part at all, where its configuration makes a .*Block",
    ),
    "another configuration": (
        lambda model: setattr(
            model, "config", dataclasses.replace(model.config, block_size=20)
        ),
        r"has config .*block_size=9.*, where its configuration makes .*block_size=20",
    ),
    "a configuration of another form": (
        lambda model: setattr(model, "config", dataclasses.asdict(model.config)),
        r"config: is a dict, not a Config; give a Config",
    ),
    "more words": (
        lambda model: setattr(model.decoder, "embed", nn.Embedding(14, 8)),
        r"decoder\.embed has num_embeddings 14, where its configuration makes 12",
    ),
    "a larger table": (
        lambda model: setattr(
            model.decoder.embed, "weight", nn.Parameter(torch.ones(14, 8))
        ),
        r"decoder\.embed\.weight is \(14, 8\), where its configuration makes \(12, 8\)",
    ),
    "a method of its own": (
        lambda model: setattr(model.decoder, "logits", lambda x: x),
        r"its decoder has a logits of its own",
    ),
    "a forward of its own": (
        lambda model: setattr(model, "forward", lambda x: x),
        r"it has a forward of its own",
    ),
    "no numbers": (
        lambda model: model.to("meta"),
        r"no numbers yet; load its weights first",
    ),
    "two precisions": (
        lambda model: model.decoder.norm.double(),
        r"its numbers are torch\.float32 and torch\.float64; call \.to with one of them",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_could_not_be_loaded_is_not_saved(change: str, tmp_path: Path) -> None:
    make, message = CHANGES[change]
    path, model = tmp_path / "model.safetensors", GPT(CONFIG)
    save_model(model, path)
    before = path.read_bytes()
    make(model)
    for wrapped in (model, torch.compile(model)):
        with pytest.raises(ValueError, match=r"model[.:].*" + message):
            save_model(wrapped, path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "model",
    [
        Louder(CONFIG),
        GPT(CONFIG).decoder,
        Classifier(GPT(CONFIG), 2),
        torch.optim.swa_utils.AveragedModel(GPT(CONFIG)),
        GPT(CONFIG).state_dict(),
        CONFIG,
        None,
    ],
    ids=lambda model: type(model).__name__,
)
def test_what_is_no_model_of_the_book_is_not_saved(model: Any, tmp_path: Path) -> None:
    with pytest.raises(
        ValueError,
        match=rf"model: is a {type(model).__name__}, not a GPT or BERT or EncoderDecoder or Llama; give",
    ):
        save_model(model, tmp_path / "model.safetensors")
    assert not [*tmp_path.iterdir()]


def test_files_that_are_no_models(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    with pytest.raises(
        ValueError,
        match=r"path: there is no file .*model\.safetensors'; check the name",
    ):
        load_model(path)
    path.write_bytes(b"not a model at all")
    with pytest.raises(ValueError, match=r"path: .* is no whole safetensors file"):
        load_model(path)
    save_model(GPT(CONFIG), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(
        ValueError,
        match=r"path: .* is no whole safetensors file .*copy or save it again",
    ):
        load_model(path)
    save_tensors(path, {"weight": torch.zeros(3)}, {})
    with pytest.raises(
        ValueError, match="holds no model of this book; use one written by save_model"
    ):
        load_model(path)


def test_files_of_another_kind(tmp_path: Path) -> None:
    path, plan = tmp_path / "x.safetensors", Training(steps=1, warmup=0)
    tokens = torch.arange(8)[None]
    fit(GPT(CONFIG), lambda _: (tokens, tokens), plan, checkpoint=path, progress=False)
    with pytest.raises(ValueError, match="holds no model of this book"):
        load_model(path)
    for text in ('{"version": "1.0", "model": {}}', ""):
        path.write_text(text)
        with pytest.raises(ValueError, match="is no whole safetensors file"):
            load_model(path)
    with pytest.raises(ValueError, match="is no whole safetensors file"):
        load_model(tmp_path)
    save_tensors(
        path, GPT(CONFIG).state_dict(), {"format": "pt"}
    )  # as Transformers writes
    with pytest.raises(ValueError, match="holds no model of this book"):
        load_model(path)


@pytest.mark.parametrize(
    "config", ['{"vocab_size": 12, "new": 1}', "{}", "[1]", "{", "3"]
)
def test_configurations_that_cannot_be_read(config: str, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_tensors(path, GPT(CONFIG).state_dict(), {"kind": "GPT", "config": config})
    with pytest.raises(
        ValueError,
        match=r"path: .* holds a configuration that this version cannot read",
    ):
        load_model(path)


def test_a_model_with_a_part_missing(tmp_path: Path) -> None:
    path, model = tmp_path / "model.safetensors", GPT(CONFIG)
    save_model(model, path)
    state = {
        name: tensor
        for name, tensor in model.state_dict().items()
        if "norm.weight" not in name
    }
    metadata = {
        "kind": "GPT",
        "config": '{"vocab_size": 12, "block_size": 9, "n_layer": 1, "n_head": 2, "d_model": 8, "positions": "rotary"}',
    }
    save_tensors(path, state, metadata)
    with pytest.raises(
        ValueError,
        match=r"decoder\.norm\.weight is missing, but the model needs \(8,\)",
    ):
        load_model(path)


@pytest.fixture(scope="module")
def held_out() -> list[torch.Tensor]:
    return sequences(STORIES.sample(60, seed=1), WordTokenizer(STORIES.vocab))


def test_the_stored_gpt_is_within_two_percent_of_the_floor(
    held_out: list[torch.Tensor],
) -> None:
    floor = torch.cat(token_losses(STORIES, held_out)).mean()
    assert (
        0.99 < torch.cat(token_losses(load_book_gpt(), held_out)).mean() / floor < 1.02
    )


def test_the_control_has_learned_which_words_go_together_and_no_order(
    held_out: list[torch.Tensor],
) -> None:
    def loss(model: LanguageModel, texts: list[torch.Tensor]) -> float:
        return torch.cat(token_losses(model, texts)).mean().item()

    control, train = load_shuffled_gpt(), STORIES.sample(2_000, seed=0)
    words = NGram(1, STORIES.vocab_size).fit(
        sequences(train, WordTokenizer(STORIES.vocab))
    )
    mixed = weights.shuffled(held_out)
    assert all(
        torch.equal(a.sort().values, b.sort().values)
        for a, b in zip(mixed, held_out, strict=True)
    )
    assert loss(control, mixed) < loss(words, mixed) - 0.1
    assert abs(loss(control, held_out) - loss(control, mixed)) < 0.3
    assert loss(load_book_gpt(), mixed) > loss(words, mixed) + 1


def test_the_stored_bert_sees_both_sides(held_out: list[torch.Tensor]) -> None:
    """The town at the end, hidden, is known from the beginning; that at the beginning from the end."""
    bert, mask = load_bert(), STORIES.vocab_size
    towns = {STORIES.ids[town] for town in STORIES.slots["{town}"].tables[""]}
    for ids in held_out[:20]:
        for t in [i for i, token in enumerate(ids.tolist()) if token in towns]:
            hidden = ids.clone()
            hidden[t] = mask
            with torch.no_grad():
                assert bert(hidden[None])[0, t].argmax() == ids[t]
