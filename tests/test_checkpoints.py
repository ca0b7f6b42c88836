"""Models in files: what was saved comes back, and what does not fit is refused before anything is lost."""

import sys
from pathlib import Path

import pytest
import torch

from lmlib.blocks import Config
from lmlib.checkpoints import (
    Model,
    load_bert,
    load_book_gpt,
    load_model,
    load_shuffled_gpt,
    save_model,
    save_tensors,
)
from lmlib.evaluation import token_losses
from lmlib.language_models import LanguageModel
from lmlib.ngrams import NGram
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


def test_files_that_are_no_models(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    with pytest.raises(
        ValueError, match=r"path: there is no file .*model\.safetensors'; check the name"
    ):
        load_model(path)
    path.write_bytes(b"not a model at all")
    with pytest.raises(ValueError, match=r"path: .* is no whole safetensors file"):
        load_model(path)
    save_model(GPT(CONFIG), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(
        ValueError, match=r"path: .* is no whole safetensors file .*copy or save it again"
    ):
        load_model(path)
    save_tensors(path, {"weight": torch.zeros(3)}, {})
    with pytest.raises(
        ValueError, match="holds no model of this book; use one written by save_model"
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
        ValueError, match=r"decoder\.norm\.weight is missing, but the model needs \(8,\)"
    ):
        load_model(path)


@pytest.fixture(scope="module")
def held_out() -> list[torch.Tensor]:
    return sequences(STORIES.sample(60, seed=1), WordTokenizer(STORIES.vocab))


def test_the_stored_gpt_is_within_two_percent_of_the_floor(
    held_out: list[torch.Tensor],
) -> None:
    floor = torch.cat(token_losses(STORIES, held_out)).mean()
    assert 0.99 < torch.cat(token_losses(load_book_gpt(), held_out)).mean() / floor < 1.02


def test_the_control_has_learned_which_words_go_together_and_no_order(
    held_out: list[torch.Tensor],
) -> None:
    def loss(model: LanguageModel, texts: list[torch.Tensor]) -> float:
        return torch.cat(token_losses(model, texts)).mean().item()

    control, train = load_shuffled_gpt(), STORIES.sample(2_000, seed=0)
    words = NGram(1, STORIES.vocab_size).fit(sequences(train, WordTokenizer(STORIES.vocab)))
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
