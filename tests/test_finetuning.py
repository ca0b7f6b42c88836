"""Fine-tuning: heads start at 0, frozen parameters stay, labels and answers come back as given."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tensors import ids, random
from support.tuning import SMALL, texts, trained
from torch import nn

from lmlib.batches import IGNORE, Batches
from lmlib.finetuning import Classifier, labelled, read_label, read_out
from lmlib.lora import freeze
from lmlib.optimisation import Training
from lmlib.pretrained import load_book_gpt
from lmlib.pretraining import fit
from lmlib.training_step import loss_of
from lmlib.transformer import BERT, GPT, count_parameters

GENERATOR = torch.Generator()


@pytest.mark.parametrize("n_classes", [2, 5])
def test_classifier_is_the_loop_written_out(n_classes: int) -> None:
    gpt = GPT(SMALL).double()
    model = Classifier(gpt, n_classes).double()
    model.head.weight.data, model.head.bias.data = (
        random(n_classes, 8),
        random(n_classes),
    )
    prompts, _ = texts()
    answers = read_out(model, prompts, batch_size=5)
    for prompt, answer in zip(prompts, answers, strict=True):
        h = gpt.decoder(prompt[None])[0][0, -1].tolist()  # alone, with no filling
        for k in range(n_classes):
            row = model.head.weight[k].tolist()
            expected = sum(w * x for w, x in zip(row, h, strict=True))
            expected += model.head.bias[k].item()
            assert answer[k].item() == pytest.approx(expected, abs=1e-9)


def test_a_new_head_costs_exactly_the_logarithm_of_the_classes() -> None:
    prompts, _ = texts()
    for n_classes in (2, 7):
        batch = nn.utils.rnn.pad_sequence(
            labelled(prompts, [1] * 12, n_classes), True, IGNORE
        )
        loss = loss_of(Classifier(GPT(SMALL), n_classes), read_label(batch, GENERATOR))
        assert loss.item() == pytest.approx(math.log(n_classes), abs=1e-6)


def test_an_encoder_takes_a_head_too_and_sees_everything() -> None:
    model = Classifier(BERT(SMALL), 3)
    model.head.weight.data = random(3, 8).float()
    tokens = ids(2, 6)
    changed = tokens.clone()
    changed[:, 0] = (changed[:, 0] + 1) % 11
    assert model(tokens).shape == (2, 3)
    assert not torch.allclose(model(tokens), model(changed))


def test_a_frozen_body_stays_to_the_last_bit() -> None:
    changed = trained(Classifier(freeze(GPT(SMALL)), 2))
    assert {name for name, moved in changed.items() if moved} == {
        "head.weight",
        "head.bias",
    }


def test_full_fine_tuning_changes_the_body() -> None:
    changed = trained(Classifier(GPT(SMALL), 2))
    assert all(changed.values())


def test_a_classifier_learns_what_the_last_token_tells() -> None:
    model = Classifier(GPT(SMALL), 2)
    prompts, labels = texts(80)
    batches = Batches(labelled(prompts, labels, 2), 8, objective=read_label)
    fit(model, batches, Training(steps=200, learning_rate=0.01), progress=False)
    fresh = [ids(5, seed=100 + i) for i in range(100)]
    right = read_out(model, fresh).argmax(-1) == torch.stack([p[-1] % 2 for p in fresh])
    assert right.float().mean() > 0.95


# Labels and answers


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3)), min_size=1, max_size=6)
)
def test_labels_come_back_as_given(examples: list[tuple[int, int]]) -> None:
    prompts = [ids(length, seed=i) for i, (length, _) in enumerate(examples)]
    given_labels = [label for _, label in examples]
    batch = nn.utils.rnn.pad_sequence(labelled(prompts, given_labels, 4), True, IGNORE)
    inputs, labels = read_label(batch, GENERATOR)
    assert isinstance(inputs, tuple)
    tokens, last = inputs
    assert labels.tolist() == given_labels
    for row, end, prompt in zip(tokens, last, prompts, strict=True):
        assert row[: end + 1].tolist() == prompt.tolist()
    assert tokens.min() >= 0


def test_read_out_does_not_depend_on_the_batches() -> None:
    model = Classifier(GPT(SMALL), 2).double()
    model.head.weight.data = random(2, 8)
    prompts, _ = texts()
    one, many = read_out(model, prompts, batch_size=1), read_out(model, prompts)
    torch.testing.assert_close(one, many, rtol=0, atol=1e-12)
    assert read_out(model.states, prompts).shape == (12, 8) and not one.requires_grad


def test_the_books_gpt_knows_the_mood_by_its_features() -> None:
    model = Classifier(load_book_gpt(), 2)
    assert count_parameters(model) == 126_082
    assert model(torch.tensor([[0, 1, 2]])).tolist() == [[0.0, 0.0]]


# Errors


@pytest.mark.parametrize("n_classes", [1, 0])
def test_too_few_classes(n_classes: int) -> None:
    with pytest.raises(ValueError, match=rf"n_classes: {n_classes} .* use 2 or more"):
        Classifier(GPT(SMALL), n_classes)


@pytest.mark.parametrize("label", [-1, 2])
def test_a_label_outside_the_classes(label: int) -> None:
    with pytest.raises(ValueError, match=r"labels: .*; with n_classes 2 use 0 … 1"):
        labelled([ids(3), ids(3)], [0, label], 2)


@pytest.mark.parametrize("n_texts, n_labels", [(0, 0), (2, 1), (0, 1)])
def test_no_texts_or_not_a_label_each(n_texts: int, n_labels: int) -> None:
    with pytest.raises(ValueError, match=rf"labels: {n_labels} for {n_texts} texts"):
        labelled([ids(3)] * n_texts, [0] * n_labels, 2)


def test_an_empty_prompt() -> None:
    empty = [ids(3), torch.tensor([], dtype=torch.long)]
    with pytest.raises(ValueError, match=r"prompts: .* empty"):
        labelled(empty, [0, 1], 2)
    with pytest.raises(ValueError, match=r"prompts: .* empty"):
        read_out(Classifier(GPT(SMALL), 2), empty)


def test_read_out_of_nothing() -> None:
    with pytest.raises(ValueError, match="prompts: there are none"):
        read_out(Classifier(GPT(SMALL), 2), [])


def test_an_encoder_would_see_the_filling() -> None:
    model = Classifier(BERT(SMALL), 2)
    assert read_out(model, [ids(4), ids(4)]).shape == (2, 2)
    with pytest.raises(
        ValueError, match="last: 2 is not the end, 3, and an encoder sees"
    ):
        read_out(model, [ids(4), ids(3)])


def test_another_vocabulary() -> None:
    with pytest.raises(
        ValueError, match="was the text encoded with another vocabulary"
    ):
        read_out(Classifier(GPT(SMALL), 2), [torch.tensor([3, 11])])
