"""One kind of thing: every model of the book answers the same question, and knows no token that comes later."""

from collections.abc import Callable

import pytest
import torch
from support.models import shaken, small
from torch import Tensor

from lmlib.baselines import FeedForwardLM, RecurrentLM
from lmlib.beam import beam_search
from lmlib.evaluation import token_losses
from lmlib.generation import generate
from lmlib.language_models import LanguageModel
from lmlib.lora import add_lora
from lmlib.ngrams import NGram
from lmlib.stories import STORIES, story_sequences
from lmlib.transformer import GPT

V = STORIES.vocab_size


def gpt(positions: str = "learned") -> GPT:
    return shaken(GPT(small(vocab_size=V, block_size=24, positions=positions)))


def peer() -> LanguageModel:
    pytest.importorskip("transformers")
    from lmlib.interop.peers import Peer

    return Peer(gpt()).eval()


KINDS: dict[str, Callable[[], LanguageModel]] = {
    "grammar": lambda: STORIES,
    "unigram": lambda: NGram(1, V).fit(story_sequences(20, 0)),
    "trigram": lambda: NGram(3, V).fit(story_sequences(20, 0)),
    "feed-forward": lambda: FeedForwardLM(V, window=4, d_model=8, hidden=8),
    "recurrent": lambda: RecurrentLM(V, d_model=8),
    "GPT": gpt,
    "GPT, rotary": lambda: gpt("rotary"),
    "GPT with LoRA": lambda: add_lora(gpt(), rank=2),
    "Transformers' GPT-2": peer,
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def two_stories(length: int) -> Tensor:
    """Beginnings of two stories, (2, T): both can be read by the grammar, which refuses what it cannot write."""
    return torch.stack([ids[:length] for ids in story_sequences(2, seed=3)])


@every_kind
def test_logits_of_the_next_token_at_every_position(kind: str) -> None:
    model, tokens = KINDS[kind](), two_stories(12)
    logits = model(tokens)
    assert logits.shape == (2, 12, V) and logits.is_floating_point()
    assert not logits.isnan().any() and (logits < torch.inf).all()
    assert (logits > -torch.inf).any(-1).all()  # something may come next
    assert model(tokens[:1, :1]).shape == (1, 1, V)


@every_kind
def test_no_position_knows_a_later_token(kind: str) -> None:
    """One text cut short at every place, and two that part: what stands before is the same."""
    model, tokens = KINDS[kind](), two_stories(12)
    whole = model(tokens)
    for length in range(1, 12):
        torch.testing.assert_close(
            model(tokens[:, :length]), whole[:, :length], rtol=0, atol=1e-5
        )
    common = int((tokens[0] == tokens[1]).cumprod(0).sum())
    assert 0 < common < 11
    one, two = whole[:, :common]
    torch.testing.assert_close(one, two, rtol=0, atol=1e-5)


@every_kind
def test_rows_of_a_batch_know_nothing_of_each_other(kind: str) -> None:
    model, tokens = KINDS[kind](), two_stories(12)
    alone = torch.cat([model(row[None]) for row in tokens])
    torch.testing.assert_close(model(tokens), alone, rtol=0, atol=1e-5)


@every_kind
def test_whatever_evaluates_and_generates_takes_it(kind: str) -> None:
    model, tokens = KINDS[kind](), two_stories(12)
    (losses,) = token_losses(model, [tokens[0]])
    log_probs = model(tokens[:1, :-1])[0].log_softmax(-1)
    expected = -log_probs.gather(-1, tokens[0, 1:, None])[:, 0]
    torch.testing.assert_close(losses, expected, rtol=0, atol=1e-4, check_dtype=False)
    written = generate(model, tokens, 3, temperature=0)
    assert written.shape == (2, 15) and torch.equal(written[:, :12], tokens)
    assert torch.equal(written[:, -1], model(written[:, :-1])[:, -1].argmax(-1))
    texts, scores = beam_search(model, tokens[:1], 2, beams=2)
    assert texts.shape[1] == 14 and (scores <= 0).all()
