"""The loss of a batch, in whole and in parts, and one step downhill."""

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from lmlib.batches import IGNORE, Batch, Batches
from lmlib.blocks import Config
from lmlib.optimisation import Training
from lmlib.softmax import cross_entropy
from lmlib.training_step import loss_function, loss_of, train_step
from lmlib.transformer import GPT
from lmlib.translation import EncoderDecoder

CONFIG = Config(
    vocab_size=12, block_size=9, n_layer=1, n_head=2, d_model=8, dropout=0.1
)


TEXTS = [
    torch.randint(0, 12, (10,), generator=torch.Generator().manual_seed(i))
    for i in range(32)
]


def test_loss_is_the_book_s_cross_entropy() -> None:
    model, batches = GPT(CONFIG).eval(), Batches(TEXTS, 4)
    inputs, targets = batches(0)
    torch.testing.assert_close(
        loss_of(model, (inputs, targets)), cross_entropy(model(inputs), targets)
    )


def test_targets_that_are_not_asked_do_not_count() -> None:
    model = GPT(CONFIG).eval()
    inputs, targets = Batches(TEXTS, 4)(0)
    some = targets.clone()
    some[:, ::2] = IGNORE
    expected = cross_entropy(model(inputs)[:, 1::2], targets[:, 1::2])
    torch.testing.assert_close(loss_of(model, (inputs, some)), expected)


def test_models_of_two_inputs() -> None:
    model = EncoderDecoder(CONFIG).eval()
    source, tokens = torch.stack(TEXTS[:2])[:, :5], torch.stack(TEXTS[2:4])
    loss = loss_of(model, ((source, tokens[:, :-1]), tokens[:, 1:]))
    torch.testing.assert_close(
        loss, cross_entropy(model(source, tokens[:, :-1]), tokens[:, 1:])
    )


def test_parts_of_a_batch_add_up_to_its_loss() -> None:
    """Rows that differ in length: the mean of the parts' own means would be another number."""
    model = GPT(CONFIG).eval()
    inputs, targets = Batches(TEXTS, 4)(0)
    targets = targets.clone()
    targets[0, 2:] = IGNORE
    count = (targets != IGNORE).sum()
    parts = [(inputs[rows], targets[rows]) for rows in (slice(0, 1), slice(1, 4))]
    whole = loss_of(model, (inputs, targets))
    torch.testing.assert_close(
        sum(loss_of(model, part, count) for part in parts), whole
    )
    means = sum(loss_of(model, part) for part in parts) / 2
    assert not torch.allclose(means, whole)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_loss_in_the_precision_of_the_plan(precision: str) -> None:
    model, batch = GPT(CONFIG).eval(), Batches(TEXTS, 4)(0)
    loss = loss_function(Training(steps=200, precision=precision))
    count = torch.tensor(2 * batch[1].numel())
    exact = loss_of(model, batch)
    assert loss(model, batch).item() == pytest.approx(exact.item(), rel=5e-3)
    assert (loss(model, batch).item() == exact.item()) == (precision == "float32")
    assert loss(model, batch, count).item() == pytest.approx(exact.item() / 2, rel=5e-3)


@pytest.mark.parametrize("clip", [1e-3, 1e9])
def test_one_step_written_out(clip: float) -> None:
    config = dataclasses.replace(CONFIG, dropout=0.0)
    ours, theirs, batch = GPT(config), GPT(config), Batches(TEXTS, 4)(0)
    train_step(ours, batch, torch.optim.SGD(ours.parameters(), lr=0.1), 1e9)
    ours.load_state_dict(theirs.state_dict())  # gradients of an earlier step are there
    optimiser = torch.optim.SGD(ours.parameters(), lr=0.1)
    before = loss_of(theirs, batch)
    loss = train_step(ours, batch, optimiser, clip)
    assert loss.item() == before.item() and not loss.requires_grad
    grads = torch.autograd.grad(before, [*theirs.parameters()])
    length = torch.stack([grad.norm() for grad in grads]).norm().item()
    scale = min(1.0, clip / length)
    for one, two, grad in zip(
        ours.parameters(), theirs.parameters(), grads, strict=True
    ):
        torch.testing.assert_close(one, two - 0.1 * scale * grad, rtol=1e-5, atol=1e-7)


def test_a_step_with_a_loss_of_one_s_own() -> None:
    model, seen = GPT(CONFIG), []

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        seen.append(batch)
        return 2 * loss_of(model, batch)

    model.eval()
    batch = Batches(TEXTS, 4)(0)
    expected = 2 * loss_of(model, batch).item()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    assert train_step(model, batch, optimiser, 1.0, loss).item() == pytest.approx(
        expected
    )
    assert seen == [batch]
    assert loss_of(model, batch) < expected / 2
