"""What a model is shown and asked: shifted by one, hidden in part, every text once an epoch."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tensors import ids
from support.tuning import SMALL
from torch import Tensor, nn

from lmlib.batches import IGNORE, Batches, answer_only, masked_token, next_token
from lmlib.training_step import loss_of
from lmlib.transformer import GPT

TEXTS = [
    torch.arange(start, start + length)
    for start, length in [(0, 5), (10, 3), (20, 7), (30, 2)]
]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_next_token_shifts_by_one() -> None:
    inputs, targets = next_token(torch.tensor([[4, 5, 6, 7]]), generator())
    assert inputs.tolist() == [[4, 5, 6]]
    assert targets.tolist() == [[5, 6, 7]]


def test_short_texts_are_filled_up_and_never_asked() -> None:
    batches = Batches(TEXTS, batch_size=4)
    inputs, targets = batches(0)
    assert inputs.shape == targets.shape == (4, 6)
    assert inputs.min() >= 0  # every input is some token's id
    asked = sorted(row[row != IGNORE].tolist() for row in targets)
    assert asked == sorted(text[1:].tolist() for text in TEXTS)


@given(st.integers(0, 200), st.integers(0, 5))
def test_a_step_is_always_the_same_batch(step: int, seed: int) -> None:
    one, two = (Batches(TEXTS, 2, seed)(step) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize("epoch", [0, 1, 5])
def test_every_text_once_an_epoch(epoch: int) -> None:
    texts = [torch.tensor([i, i]) for i in range(12)]
    batches = Batches(texts, batch_size=3)
    shown = [
        i
        for step in range(4 * epoch, 4 * epoch + 4)
        for i in batches(step)[1].flatten().tolist()
    ]
    assert sorted(shown) == list(range(12))


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    texts = [torch.tensor([i, i]) for i in range(50)]
    orders = [
        Batches(texts, 50, seed)(step)[1].flatten().tolist()
        for seed in (0, 1)
        for step in (0, 1)
    ]
    assert len({tuple(order) for order in orders}) == 4


def test_what_is_hidden_and_asked() -> None:
    batch = torch.randint(0, 99, (400, 50), generator=generator(1))
    batch[:, 40:] = IGNORE  # sequences that were padded
    inputs, targets = masked_token(mask=99)(batch, generator(2))
    asked = targets != IGNORE
    assert torch.equal(targets[asked], batch[asked])
    assert not asked[:, 40:].any()
    assert torch.equal(inputs[:, :40][~asked[:, :40]], batch[:, :40][~asked[:, :40]])
    n = asked.sum().item()
    assert n / 16_000 == pytest.approx(0.15, abs=0.012)  # four standard deviations
    hidden = (inputs == 99)[asked].sum().item() / n
    kept = (inputs == batch)[asked].sum().item() / n
    assert hidden == pytest.approx(0.8, abs=0.035)
    assert kept == pytest.approx(0.1 + 0.1 / 99, abs=0.026)


def test_another_share_is_hidden() -> None:
    _, targets = masked_token(mask=9, share=0.5)(
        torch.zeros(100, 100, dtype=torch.long), generator()
    )
    assert (targets != IGNORE).float().mean().item() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1])
def test_shares_that_hide_nothing_or_all(share: float) -> None:
    with pytest.raises(ValueError, match=rf"share: {share} is outside \(0, 1\); 0.15"):
        masked_token(9, share)


@pytest.mark.parametrize("size", [0, 5])
def test_batches_that_cannot_be_filled(size: int) -> None:
    with pytest.raises(
        ValueError, match=rf"batch_size: {size} of 4 sequences; use 1 … 4"
    ):
        Batches(TEXTS, size)


def test_a_text_with_nothing_to_predict() -> None:
    with pytest.raises(ValueError, match="sequences: one has less than two tokens"):
        Batches([*TEXTS, torch.tensor([3])], batch_size=1)


def test_the_name_tells_other_texts_apart() -> None:
    changed = [*TEXTS[:3], torch.tensor([30, 32])]
    assert repr(Batches(TEXTS, 2)) == repr(Batches(TEXTS, 2))
    assert (
        len(
            {
                repr(Batches(TEXTS, 2)),
                repr(Batches(changed, 2)),
                repr(Batches(TEXTS, 2, 1)),
            }
        )
        == 3
    )


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(3, 8), min_size=1, max_size=5), st.integers(1, 2))
def test_answer_only_asks_for_the_end_of_each_text(lengths: list[int], k: int) -> None:
    stories = [ids(length, seed=i) for i, length in enumerate(lengths)]
    batch = nn.utils.rnn.pad_sequence(stories, True, IGNORE)
    inputs, targets = answer_only(k)(batch, generator())
    assert isinstance(inputs, Tensor)
    assert torch.equal(inputs, next_token(batch, generator())[0])  # nothing is hidden
    for row, story in zip(targets, stories, strict=True):
        places = (row != IGNORE).nonzero().flatten().tolist()
        assert places == list(range(len(story) - 1 - k, len(story) - 1))
        assert row[places].tolist() == story[-k:].tolist()


def test_answer_only_is_the_mean_over_the_answer() -> None:
    model, story = GPT(SMALL), ids(7)
    logs = model(story[None, :-1])[0].log_softmax(-1)
    expected = -sum(logs[t - 1, story[t]].item() for t in (5, 6)) / 2
    loss = loss_of(model, answer_only(2)(story[None], generator()))
    assert loss.item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("length", [0, -2])
def test_an_answer_of_nothing(length: int) -> None:
    with pytest.raises(ValueError, match=rf"length: {length} asks for nothing"):
        answer_only(length)


def test_an_answer_longer_than_its_text() -> None:
    batch = nn.utils.rnn.pad_sequence([ids(6), ids(3)], True, IGNORE)
    answer_only(2)(batch, generator())
    with pytest.raises(ValueError, match="length: 3 tokens of answer"):
        answer_only(3)(batch, generator())
