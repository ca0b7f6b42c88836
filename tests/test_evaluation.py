"""Losses token by token, the same for every model."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lmlib.blocks import Config
from lmlib.evaluation import bootstrap, loss_after, mean_loss, token_losses
from lmlib.ngrams import NGram
from lmlib.softmax import perplexity
from lmlib.stories import STORIES
from lmlib.tokens import END, WordTokenizer, sequences
from lmlib.transformer import GPT

TOKENIZER = WordTokenizer(STORIES.vocab)


def held_out(n: int, seed: int = 1) -> list[torch.Tensor]:
    return sequences(STORIES.sample(n, seed), TOKENIZER)


def test_grammar_loses_minus_log_of_its_own_probability() -> None:
    text = STORIES.sample(1, seed=1)[0]
    words = [END, *text.split(), END]
    steps = zip(STORIES.follow(words), words[1:], strict=False)
    expected = [-math.log(table[word]) for table, word in steps]
    (losses,) = token_losses(STORIES, held_out(1))
    assert losses.tolist() == pytest.approx(expected, abs=1e-13)


def test_one_loss_for_each_token_but_the_first() -> None:
    texts = held_out(3)
    assert [len(losses) for losses in token_losses(STORIES, texts)] == [
        len(tokens) - 1 for tokens in texts
    ]


def test_uniform_model_has_as_many_choices_as_tokens() -> None:
    losses = token_losses(
        lambda tokens: torch.zeros(*tokens.shape, STORIES.vocab_size), held_out(2)
    )
    assert perplexity(torch.cat(losses).mean()) == pytest.approx(
        STORIES.vocab_size, rel=1e-5
    )


def test_prediction_is_of_the_next_token() -> None:
    def sure_of_successor(tokens: torch.Tensor) -> torch.Tensor:
        return 50.0 * torch.nn.functional.one_hot(tokens + 1, 10).double()

    right, wrong = token_losses(
        sure_of_successor, [torch.tensor([1, 2, 3, 4]), torch.tensor([1, 1, 2])]
    )
    assert right.tolist() == pytest.approx([0, 0, 0], abs=1e-15)
    assert wrong.tolist() == pytest.approx([50, 0], abs=1e-15)


def test_losses_of_a_model_are_those_of_its_logits() -> None:
    model, texts = NGram(3, STORIES.vocab_size).fit(held_out(20, seed=2)), held_out(2)
    for tokens, losses in zip(texts, token_losses(model, texts), strict=True):
        logits = model(tokens[None, :-1])[0]
        expected = torch.nn.functional.cross_entropy(
            logits, tokens[1:], reduction="none"
        )
        torch.testing.assert_close(losses, expected, rtol=0, atol=1e-13)


def test_nothing_is_kept_for_gradients() -> None:
    table = torch.randn(5, 5, requires_grad=True)
    assert not token_losses(lambda tokens: table[tokens], [torch.tensor([0, 1])])[
        0
    ].requires_grad


@pytest.mark.parametrize("length", [0, 1])
def test_sequence_too_short(length: int) -> None:
    with pytest.raises(
        ValueError, match=rf"sequences: one has {length} token\(s\); it takes two"
    ):
        token_losses(STORIES, [torch.zeros(3, dtype=torch.int64)[:length]])


def test_interval_covers_the_mean_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    hits = 0
    for i in range(60):
        numbers = random.normal(5.0, 1.0, 40).tolist()
        low, high = bootstrap(lambda runs: [np.mean(runs)], numbers, seed=i)
        hits += bool(low[0] < 5 < high[0])
    assert 51 <= hits <= 60  # 57 ± 3.4 expected


@pytest.mark.parametrize(("runs", "draws"), [([], 200), ([1.0], 0)])
def test_intervals_of_nothing(runs: list[float], draws: int) -> None:
    message = rf"runs, draws: {len(runs)} and {draws}; both must be 1 or more"
    with pytest.raises(ValueError, match=message):
        bootstrap(lambda drawn: drawn, runs, draws)


SOME = [torch.tensor(ids) for ids in ([0, 7, 3, 7, 3, 0], [0, 3, 7, 0], [0, 7, 5, 0])]


def numbered(sequences: list[torch.Tensor]) -> list[torch.Tensor]:
    """A loss for each token but the first, all different."""
    lengths = [len(tokens) - 1 for tokens in sequences]
    return list(torch.arange(float(sum(lengths))).split(lengths))


@given(
    st.lists(
        st.lists(st.integers(0, 2), min_size=2, max_size=9), min_size=1, max_size=4
    ),
    st.lists(st.integers(0, 2), max_size=3),
    st.booleans(),
)
def test_loss_after_a_cue_is_found_by_looking(
    texts: list[list[int]], cue: list[int], last: bool
) -> None:
    sequences = [torch.tensor(text) for text in texts]
    losses, found = numbered(sequences), []
    for text, row in zip(texts, losses, strict=True):
        n = len(cue)
        ends = [t for t in range(n, len(text)) if text[t - n : t] == cue and n]
        found += [row[t - 1].item() for t in (ends[-1:] if last else ends)]
    if found:
        mean = pytest.approx(sum(found) / len(found))
        assert loss_after(cue, losses, sequences, last) == mean
    else:
        with pytest.raises(ValueError, match=r"cue: no token follows \["):
            loss_after(cue, losses, sequences, last)


def test_losses_of_other_sequences_are_refused() -> None:
    for losses in (numbered(SOME[:1]), numbered(SOME[::-1])):
        with pytest.raises(
            ValueError, match=r"losses: \d rows that do not fit 3 sequences"
        ):
            loss_after([7], losses, SOME)


@pytest.mark.parametrize("batch_size", [1, 2, 3, 50])
def test_padding_changes_no_loss(batch_size: int) -> None:
    model = GPT(Config(vocab_size=11, block_size=9, n_layer=1, n_head=1, d_model=8))
    alone = token_losses(model, SOME)
    for ours, theirs in zip(token_losses(model, SOME, batch_size), alone, strict=True):
        torch.testing.assert_close(ours, theirs)
    mean = sum(row.sum().item() for row in alone) / sum(map(len, alone))
    assert mean_loss(model, SOME, batch_size) == pytest.approx(mean, rel=1e-6)


def test_a_loss_in_bfloat16_is_added_up_in_single_precision() -> None:
    def model(tokens: torch.Tensor) -> torch.Tensor:
        return torch.zeros(*tokens.shape, 10, dtype=torch.bfloat16)

    assert mean_loss(model, SOME) == pytest.approx(math.log(10), rel=1e-6)
