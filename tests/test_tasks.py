"""Tasks as text: their form, and the answers that a model writes."""

import pytest
import torch
from torch import Tensor

from lmlib.batches import IGNORE, Batches, answer_behind
from lmlib.tasks import MARK, Task, task_sequences, write_answers
from lmlib.tokens import END, WordTokenizer

WORDS = WordTokenizer.train(["a b c d ?", MARK])
TASKS = [Task("a b ?", "c"), Task("b ?", "d a b"), Task("a a a ?", "")]


def after(order: str) -> object:
    """A model that writes the word behind the last one in ``order``, and then the end."""
    ids = [WORDS.ids[word] for word in order.split()]
    follows = {a: b for a, b in zip(ids, [*ids[1:], WORDS.ids[END]], strict=True)}

    def model(tokens: Tensor) -> Tensor:
        logits = torch.zeros(*tokens.shape, len(WORDS.vocab))
        for place, token in enumerate(tokens.flatten().tolist()):
            logits.view(-1, len(WORDS.vocab))[place, follows.get(token, 0)] = 9.0
        return logits

    return model


def test_a_task_is_one_text() -> None:
    [tokens] = task_sequences(TASKS[:1], WORDS)
    assert WORDS.decode(tokens) == f"{END} a b ? {MARK} c {END}"


def test_only_the_answer_and_its_end_count() -> None:
    batches = Batches(
        task_sequences(TASKS, WORDS),
        batch_size=3,
        objective=answer_behind(WORDS.ids[MARK]),
    )
    _, targets = batches(0)
    counted = sorted(WORDS.decode(row[row != IGNORE].tolist()) for row in targets)
    assert counted == sorted([END, f"c {END}", f"d a b {END}"])


def test_answers_come_back_in_the_order_of_their_prompts() -> None:
    model = after(f"{MARK} c d")
    assert write_answers(model, ["a b ?", "b ?", "a a ?"], WORDS, 5) == ["c d"] * 3  # type: ignore[arg-type]


def test_an_answer_may_be_cut_or_empty() -> None:
    assert write_answers(after(f"{MARK} c d"), ["a ?"], WORDS, 1) == ["c"]  # type: ignore[arg-type]
    assert write_answers(after(MARK), ["a ?"], WORDS, 4) == [""]  # type: ignore[arg-type]


def test_drawn_answers_need_a_temperature() -> None:
    draws = [
        write_answers(
            after(f"{MARK} c d"),
            ["a ?"],
            WORDS,
            3,
            50.0,
            torch.Generator().manual_seed(i),
        )
        for i in range(8)
    ]  # type: ignore[arg-type]
    assert len({answer for [answer] in draws}) > 3


def test_a_text_with_no_mark_is_refused() -> None:
    objective = answer_behind(WORDS.ids[MARK])
    with pytest.raises(ValueError, match="put it between prompt and answer"):
        objective(torch.tensor([[0, 1, 2]]), torch.Generator())
    with pytest.raises(ValueError, match="put it between prompt and answer"):
        objective(torch.tensor([[0, 1, WORDS.ids[MARK]]]), torch.Generator())
