"""A head on every token: what it reads, and whom it lets see what."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from lmlib.pretrained import load_bert, load_book_gpt
from lmlib.stories import STORIES, WORDS
from lmlib.token_head import TokenClassifier, token_states
from lmlib.tokens import sequences
from lmlib.transformer import BERT, GPT, Config

SMALL = Config(vocab_size=20, block_size=12, n_layer=3, n_head=2, d_model=8)


@pytest.mark.parametrize("kind", [GPT, BERT])
def test_it_reads_every_depth(kind: type) -> None:
    body = kind(SMALL, seed=1)
    model, tokens = TokenClassifier(body, 5), torch.tensor([[3, 1, 4, 1, 5]])
    states = model.states(tokens)
    assert states.shape == (1, 5, 4 * 8) and model(tokens).shape == (1, 5, 5)
    first = F.layer_norm(model.body.embedded(tokens), (8,))
    assert torch.equal(states[..., :8], first)
    # The last depth, with the body's own gain and bias, is what the body gives.
    gain, bias = torch.randn(2, 8)
    model.body.norm.weight.data, model.body.norm.bias.data = gain, bias
    assert torch.allclose(states[..., -8:] * gain + bias, model.body(tokens)[0], atol=1e-4)  # fmt: skip


def test_the_head_starts_at_nothing_and_all_of_it_learns() -> None:
    model = TokenClassifier(GPT(SMALL), 5)
    loss = F.cross_entropy(model(torch.tensor([[3, 1, 4]])).flatten(0, 1), torch.tensor([0, 1, 2]))  # fmt: skip
    assert loss.item() == pytest.approx(torch.tensor(5.0).log().item())
    model.head.weight.data.normal_()
    model(torch.tensor([[3, 1, 4]])).sum().backward()
    missing = [n for n, p in model.named_parameters() if p.grad is None]
    assert missing == ["body.norm.weight", "body.norm.bias"]  # its own norm is not read


def test_a_decoder_does_not_see_what_stands_behind_and_an_encoder_does() -> None:
    one, other = torch.tensor([[3, 1, 4, 1]]), torch.tensor([[3, 1, 4, 9]])
    for kind, same in ((GPT, True), (BERT, False)):
        states = TokenClassifier(kind(SMALL, seed=1), 2).states
        assert torch.allclose(states(one)[:, :3], states(other)[:, :3]) == same
    assert not torch.allclose(states(one)[:, 3], states(other)[:, 3])


@pytest.mark.parametrize("load", [load_book_gpt, load_bert])
def test_texts_of_several_lengths_keep_their_order(load: object) -> None:
    model = load()  # type: ignore[operator]
    texts = sequences(STORIES.sample(12, seed=3), WORDS)
    together, alone = token_states(model, texts), TokenClassifier(model, 2)
    for text, states in zip(texts, together, strict=True):
        assert states.shape == (len(text), 192) and not states.requires_grad
        with torch.no_grad():
            assert torch.allclose(states, alone.states(text[None])[0], atol=1e-4)
    assert token_states(model, []) == []


def test_what_it_refuses() -> None:
    with pytest.raises(ValueError, match="n_classes: 1"):
        TokenClassifier(GPT(SMALL), 1)
    with pytest.raises(ValueError, match="model"):
        TokenClassifier(torch.nn.Linear(2, 2), 3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="block_size"):
        token_states(GPT(SMALL), [torch.zeros(13, dtype=torch.long)])
