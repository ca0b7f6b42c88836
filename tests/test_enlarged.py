"""A trained GPT with new words: what it knew, it still knows."""

import pytest
import torch

from lmlib.enlarged import enlarged
from lmlib.pretrained import load_book_gpt
from lmlib.stories import STORIES, WORDS
from lmlib.tokens import WordTokenizer, prompt
from lmlib.transformer import GPT, Config

NEW = ["?", "where", "who"]


def test_old_words_have_the_logits_that_they_had() -> None:
    model = load_book_gpt()
    larger, words = enlarged(model, WORDS, NEW, block_size=130)
    tokens = prompt(STORIES.sample(1, seed=0)[0], WORDS)
    with torch.no_grad():
        assert torch.allclose(
            larger(tokens)[..., : len(WORDS.vocab)], model(tokens), atol=1e-5
        )
    assert words.vocab == (*WORDS.vocab, *NEW)
    assert larger.config.block_size == 130


def test_the_model_itself_is_left_alone() -> None:
    model = load_book_gpt()
    before = model.decoder.embed.weight.clone()
    larger, _ = enlarged(model, WORDS, NEW)
    with torch.no_grad():
        larger.decoder.embed.weight.zero_()
    assert torch.equal(model.decoder.embed.weight, before)


def test_new_rows_are_drawn_by_the_seed() -> None:
    model = load_book_gpt()
    rows = [
        enlarged(model, WORDS, NEW, seed=seed)[0].decoder.embed.weight[-1]
        for seed in (0, 0, 1)
    ]
    assert torch.equal(rows[0], rows[1]) and not torch.equal(rows[0], rows[2])


def test_words_that_are_known_are_not_added() -> None:
    _, words = enlarged(load_book_gpt(), WORDS, ["king", "?", "?"])
    assert words.vocab == (*WORDS.vocab, "?")


@pytest.mark.parametrize(
    "config, vocab, block_size, message",
    [
        (Config(vocab_size=3), "ab", None, "give its own"),
        (Config(vocab_size=3), "abc", 50, "give that or more"),
    ],
)
def test_what_does_not_fit_is_refused(
    config: Config, vocab: str, block_size: int | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        enlarged(GPT(config), WordTokenizer([*vocab]), ["x"], block_size)


@pytest.mark.parametrize("positions", ["learned", "sinusoidal", "rotary"])
def test_positions_of_every_kind_leave_what_was_said(positions: str) -> None:
    model = GPT(Config(vocab_size=3, positions=positions))  # type: ignore[arg-type]
    larger, _ = enlarged(model, WordTokenizer([*"abc"]), ["d"], block_size=120)
    tokens = torch.tensor([[0, 2, 1, 1]])
    with torch.no_grad():
        assert torch.allclose(larger(tokens)[..., :3], model(tokens), atol=1e-5)
