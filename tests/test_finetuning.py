"""Fine-tuning: LoRA starts as its base and merges into it, frozen numbers stay, and labels come back as given."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from lmlib.batches import IGNORE, Batches, answer_only, next_token
from lmlib.blocks import Config
from lmlib.finetuning import Classifier, labelled, read_label, read_out
from lmlib.lora import LoRALinear, add_lora, freeze, merge_lora
from lmlib.optimisation import Training
from lmlib.pretrained import load_book_gpt
from lmlib.pretraining import fit
from lmlib.training_step import loss_of
from lmlib.transformer import BERT, GPT, count_parameters

SMALL = Config(vocab_size=11, block_size=9, n_layer=2, n_head=2, d_model=8)
GENERATOR = torch.Generator()


def ids(*shape: int, seed: int = 0) -> Tensor:
    return torch.randint(11, shape, generator=torch.Generator().manual_seed(seed))


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(
        *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def shaken_lora(rank: int = 2, alpha: float = 3.0, bias: bool = True) -> LoRALinear:
    """In double precision, with no number left at 0."""
    layer = LoRALinear(nn.Linear(5, 7, bias=bias).double(), rank, alpha)
    layer.up.data = random(7, rank, seed=1)
    return layer


def texts(n: int = 12) -> tuple[list[Tensor], list[int]]:
    prompts = [ids(3 + i % 4, seed=i) for i in range(n)]
    return prompts, [int(prompt[-1]) % 2 for prompt in prompts]


def trained(model: nn.Module, steps: int = 4) -> dict[str, bool]:
    """Which parameters a few steps have changed, to the last bit."""
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    prompts, labels = texts()
    batches = Batches(labelled(prompts, labels, 2), 4, objective=read_label)
    fit(model, batches, Training(steps=steps, warmup=0), progress=False)
    return {name: not torch.equal(p, before[name]) for name, p in model.named_parameters()}


# LoRA


@pytest.mark.parametrize("bias", [True, False])
def test_lora_starts_exactly_as_its_base(bias: bool) -> None:
    base, x = nn.Linear(5, 7, bias=bias), ids(3, 5).float()
    expected = base(x)
    assert torch.equal(LoRALinear(base, rank=3)(x), expected)


def test_a_model_with_lora_starts_exactly_as_it_was() -> None:
    tokens = ids(3, 9)
    expected = GPT(SMALL)(tokens)
    assert torch.equal(add_lora(GPT(SMALL), rank=2)(tokens), expected)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5), st.floats(0.1, 30.0), st.booleans())
def test_lora_is_the_formula_number_by_number(rank: int, alpha: float, bias: bool) -> None:
    layer, x = shaken_lora(rank, alpha, bias), random(5, seed=2)
    y = layer(x).tolist()
    W, A, B = (m.tolist() for m in (layer.base.weight, layer.down, layer.up))
    for o in range(7):
        inside = [sum(A[r][i] * float(x[i]) for i in range(5)) for r in range(rank)]
        expected = sum(W[o][i] * float(x[i]) for i in range(5))
        expected += alpha / rank * sum(B[o][r] * inside[r] for r in range(rank))
        expected += layer.base.bias[o].item() if bias else 0.0
        assert y[o] == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("bias", [True, False])
def test_merged_does_the_same_and_leaves_the_base(bias: bool) -> None:
    layer, x = shaken_lora(bias=bias), random(4, 5, seed=3)
    before = layer.base.weight.clone()
    merged = layer.merged()
    torch.testing.assert_close(merged(x), layer(x), rtol=0, atol=1e-12)
    assert type(merged) is nn.Linear and (merged.bias is not None) == bias
    assert torch.equal(layer.base.weight, before)
    assert not torch.allclose(merged.weight, before)


def test_the_correction_has_the_stated_rank() -> None:
    layer = shaken_lora(rank=2)
    change = layer.merged().weight - layer.base.weight
    assert torch.linalg.matrix_rank(change, tol=1e-9) == 2


def test_gradients_are_those_of_the_full_matrix_projected() -> None:
    layer, x = shaken_lora(), random(4, 5, seed=3)
    full = layer.merged().weight.detach().requires_grad_(True)
    F.linear(x, full, layer.base.bias).pow(3).sum().backward()
    layer(x).pow(3).sum().backward()
    assert full.grad is not None
    scale = 3.0 / 2
    torch.testing.assert_close(layer.up.grad, scale * full.grad @ layer.down.T)
    torch.testing.assert_close(layer.down.grad, scale * layer.up.T @ full.grad)
    assert layer.base.weight.grad is None


def test_seeds_decide_the_start() -> None:
    downs = [LoRALinear(nn.Linear(5, 7), 2, seed=seed).down for seed in (0, 0, 1)]
    assert torch.equal(downs[0], downs[1]) and not torch.equal(downs[0], downs[2])
    first, second = (
        block.attention.qkv.down for block in add_lora(GPT(SMALL), 2).decoder.blocks
    )
    assert not torch.equal(first, second)


@pytest.mark.parametrize("rank", [1, 4, 16])
@pytest.mark.parametrize(
    "names, sides",
    [
        (("qkv",), 64 + 192),
        (("qkv", "output"), 64 + 192 + 64 + 64),
        (("up", "down"), 2 * (64 + 256)),
    ],
)
def test_trainable_numbers_by_formula(
    rank: int, names: tuple[str, ...], sides: int
) -> None:
    model = add_lora(GPT(Config(vocab_size=304)), rank, names=names)
    assert count_parameters(model, trainable=True) == 2 * rank * sides
    assert count_parameters(model) == 125_952 + 2 * rank * sides


def test_only_the_corrections_and_the_head_change() -> None:
    changed = trained(Classifier(add_lora(GPT(SMALL), rank=2), 2))
    for name, moved in changed.items():
        assert moved == (name.endswith((".down", ".up")) or name.startswith("head")), name
    assert sum(changed.values()) == 2 * 2 + 2


def test_merging_a_trained_model_changes_no_answer() -> None:
    model = Classifier(add_lora(GPT(SMALL), rank=2), 2)
    trained(model)
    prompts, _ = texts()
    before = read_out(model, prompts)
    assert merge_lora(model) is model
    torch.testing.assert_close(read_out(model, prompts), before, rtol=0, atol=1e-5)
    assert not any(isinstance(part, LoRALinear) for part in model.modules())
    assert count_parameters(model, trainable=True) == 0


def test_without_its_correction_a_trained_model_is_the_old_one_again() -> None:
    model, tokens = add_lora(GPT(SMALL), rank=2), ids(3, 9)
    expected = GPT(SMALL)(tokens)
    fit(model, Batches([ids(9)] * 4, 4), Training(steps=3, warmup=0), progress=False)
    assert not torch.allclose(model(tokens), expected)
    for block in model.decoder.blocks:
        block.attention.qkv = block.attention.qkv.base
    assert torch.equal(model(tokens), expected)


# Heads


@pytest.mark.parametrize("n_classes", [2, 5])
def test_classifier_is_the_loop_written_out(n_classes: int) -> None:
    gpt = GPT(SMALL).double()
    model = Classifier(gpt, n_classes).double()
    model.head.weight.data, model.head.bias.data = random(n_classes, 8), random(n_classes)
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


def test_the_same_run_gives_the_same_numbers() -> None:
    runs = []
    for _ in range(2):
        model = Classifier(add_lora(GPT(SMALL), rank=2), 2)
        trained(model)
        runs.append(model.state_dict())
    assert all(torch.equal(runs[0][name], runs[1][name]) for name in runs[0])


# Labels and answers


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3)), min_size=1, max_size=6))
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


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(3, 8), min_size=1, max_size=5), st.integers(1, 2))
def test_answer_only_asks_for_the_end_of_each_text(lengths: list[int], k: int) -> None:
    stories = [ids(length, seed=i) for i, length in enumerate(lengths)]
    batch = nn.utils.rnn.pad_sequence(stories, True, IGNORE)
    inputs, targets = answer_only(k)(batch, GENERATOR)
    assert isinstance(inputs, Tensor)
    assert torch.equal(inputs, next_token(batch, GENERATOR)[0])  # nothing is hidden
    for row, story in zip(targets, stories, strict=True):
        places = (row != IGNORE).nonzero().flatten().tolist()
        assert places == list(range(len(story) - 1 - k, len(story) - 1))
        assert row[places].tolist() == story[-k:].tolist()


def test_answer_only_is_the_mean_over_the_answer() -> None:
    model, story = GPT(SMALL), ids(7)
    logs = model(story[None, :-1])[0].log_softmax(-1)
    expected = -sum(logs[t - 1, story[t]].item() for t in (5, 6)) / 2
    loss = loss_of(model, answer_only(2)(story[None], GENERATOR))
    assert loss.item() == pytest.approx(expected, abs=1e-6)


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


@pytest.mark.parametrize("rank", [0, -1, 6])
def test_a_rank_that_fits_no_matrix(rank: int) -> None:
    with pytest.raises(ValueError, match=rf"rank: {rank} .* use 1 … 5"):
        LoRALinear(nn.Linear(5, 7), rank)


@pytest.mark.parametrize("alpha", [0.0, -1.0, math.inf, math.nan])
def test_an_alpha_that_makes_no_sense(alpha: float) -> None:
    with pytest.raises(ValueError, match=r"alpha: .* is not above 0 and finite"):
        LoRALinear(nn.Linear(5, 7), 2, alpha)


def test_no_layer_of_that_name() -> None:
    with pytest.raises(ValueError, match=r"called c_attn; it has down, output, qkv, up"):
        add_lora(GPT(SMALL), 2, names=("c_attn",))


def test_nothing_to_merge() -> None:
    with pytest.raises(ValueError, match="no LoRALinear in it; call add_lora first"):
        merge_lora(GPT(SMALL))


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


@pytest.mark.parametrize("length", [0, -2])
def test_an_answer_of_nothing(length: int) -> None:
    with pytest.raises(ValueError, match=rf"length: {length} asks for nothing"):
        answer_only(length)


def test_an_answer_longer_than_its_text() -> None:
    batch = nn.utils.rnn.pad_sequence([ids(6), ids(3)], True, IGNORE)
    answer_only(2)(batch, GENERATOR)
    with pytest.raises(ValueError, match="length: 3 tokens of answer"):
        answer_only(3)(batch, GENERATOR)


def test_read_out_of_nothing() -> None:
    with pytest.raises(ValueError, match="prompts: there are none"):
        read_out(Classifier(GPT(SMALL), 2), [])


def test_an_encoder_would_see_the_filling() -> None:
    model = Classifier(BERT(SMALL), 2)
    assert read_out(model, [ids(4), ids(4)]).shape == (2, 2)
    with pytest.raises(ValueError, match="last: 2 is not the end, 3, and an encoder sees"):
        read_out(model, [ids(4), ids(3)])


def test_another_vocabulary() -> None:
    with pytest.raises(ValueError, match="was the text encoded with another vocabulary"):
        read_out(Classifier(GPT(SMALL), 2), [torch.tensor([3, 11])])


def test_a_refused_model_is_left_as_it_was() -> None:
    model = GPT(SMALL)
    with pytest.raises(ValueError, match="names: "):
        add_lora(model, 2, names=("c_attn",))
    assert count_parameters(model, trainable=True) == count_parameters(model)
    with pytest.raises(ValueError, match=r"names: .* it has base, down, output, up"):
        add_lora(add_lora(model, 2), 2)
