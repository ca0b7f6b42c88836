"""Expressions written for a description, and sums with a calculator: `python benchmarks/retrieval_tools.py`.

Some minutes on one core. Stores in ``lmlib/data/retrieval_tools.json``, after each part, what the chapter on retrieval
shows; what stands there is not computed again, so delete the file to begin anew.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import stored
import torch

import lmlib
from lmlib.batches import Batches, answer_behind
from lmlib.descriptions import (
    EXPRESSION_WORDS,
    cases_of,
    code_task,
    describe,
    draw_tree,
    writings,
)
from lmlib.expressions import call_result, pass_at_k, passes
from lmlib.optimisation import Training
from lmlib.pretraining import fit
from lmlib.tasks import MARK, Task, task_sequences, write_answers
from lmlib.tokens import WordTokenizer
from lmlib.transformer import GPT, Config

PATH = Path(lmlib.__file__).parent / "data" / "retrieval_tools.json"
SEEDS = (0, 1)

# Code: descriptions in words, and expressions that are computed.

CODE_STEPS, DRAWN, EXAM = 600, 20, 60


def trees(n: int, seed: int, *operations: int) -> list[Any]:
    draw = random.Random(seed)
    return [draw_tree(draw, draw.choice(operations)) for _ in range(n)]


@cache
def code_exam() -> dict[str, list[Any]]:
    """Descriptions that no seed has been taught: of two operations, as in training, and of three."""
    taught = {
        describe(t) for seed in range(3) for t in trees(32 * CODE_STEPS, seed, 1, 2, 2)
    }
    new = [t for t in trees(9_000, 99, 2) if describe(t) not in taught]
    return {"2": new[:EXAM], "3": trees(EXAM, 98, 3)}


def learn_code(seed: int, steps: int = CODE_STEPS) -> GPT:
    """A model that begins with random numbers: of the book's GPT no word would be of use."""
    draw = random.Random(seed)
    tasks = [code_task(tree, draw) for tree in trees(32 * steps, seed, 1, 2, 2)]
    model = GPT(Config(len(EXPRESSION_WORDS.vocab), block_size=80), seed)
    batches = Batches(
        task_sequences(tasks, EXPRESSION_WORDS),
        32,
        seed,
        answer_behind(EXPRESSION_WORDS.ids[MARK]),
    )
    fit(
        model,
        batches,
        Training(steps, 4e-3, eval_interval=steps, seed=seed),
        progress=False,
    )
    return model


def programs(seed: int) -> dict[str, Any]:
    """How often what is written passes: likeliest answers, and drawn ones."""
    model, found = learn_code(seed), {}
    for name, asked in code_exam().items():
        prompts, generator = (
            [describe(tree) for tree in asked],
            torch.Generator().manual_seed(seed),
        )
        write = partial(
            write_answers, model, tokenizer=EXPRESSION_WORDS, max_new_tokens=45
        )
        best = write(prompts)
        drawn = write(
            [p for p in prompts for _ in range(DRAWN)],
            temperature=1.0,
            generator=generator,
        )
        rows = [drawn[DRAWN * i : DRAWN * (i + 1)] for i in range(len(prompts))]
        tests = [cases_of(t) for t in asked]
        right, lucky = (
            [
                sum(passes(text, own[:most]) for text in row)
                for row, own in zip(rows, tests, strict=True)
            ]
            for most in (None, 1)
        )
        # The reference is one writing drawn at random, as a test set would hold it.
        references = [
            code_task(t, random.Random(i)).answer for i, t in enumerate(asked)
        ]
        one, ten = (
            round(sum(pass_at_k(DRAWN, c, k) for c in right) / EXAM, 4) for k in (1, 10)
        )
        found[name] = {
            "greedy passes": round(
                sum(passes(y, own) for y, own in zip(best, tests, strict=True)) / EXAM,
                4,
            ),
            "greedy matches": round(sum(map(str.__eq__, best, references)) / EXAM, 4),
            "best match": round(
                sum(max(writings(t).values()) for t in asked) / EXAM, 4
            ),
            "one of the writings": round(
                sum(y in writings(t) for y, t in zip(best, asked, strict=True)) / EXAM,
                4,
            ),
            "pass@1": one,
            "pass@10": ten,
            "with one test": round(sum(lucky) / EXAM / DRAWN, 4),
            "right of 20": right,
            "wrong": [
                [p, y]
                for p, y, own in zip(prompts, best, tests, strict=True)
                if not passes(y, own)
            ][:3],
        }
    return found


# Sums, by heart and with a calculator.

SUM_WORDS = WordTokenizer.train(["0 1 2 3 4 5 6 7 8 9 + = calc ( )", MARK])
SUM_STEPS = 800


def sum_task(a: int, b: int, calculator: bool) -> Task:
    """Digit by digit. With a calculator, sums of one digit each are still answered at once."""
    asked = " ".join(f"{a}+{b}")
    call = calculator and max(a, b) > 9
    return Task(asked, f"calc ( {asked} ) =" if call else " ".join(str(a + b)))


def number(draw: random.Random, digits: int) -> int:
    return draw.randrange(10 ** (digits - 1) if digits > 1 else 0, 10**digits)


def sums(calculator: bool, seed: int) -> dict[str, Any]:
    """Trained on numbers of one to three digits, examined on one to five: by digits, what became of 200 sums."""
    draw = random.Random(seed)
    lesson = [
        sum_task(
            number(draw, draw.randint(1, 3)),
            number(draw, draw.randint(1, 3)),
            calculator,
        )
        for _ in range(32 * SUM_STEPS)
    ]
    model = GPT(Config(len(SUM_WORDS.vocab), block_size=48), seed)
    batches = Batches(
        task_sequences(lesson, SUM_WORDS), 32, seed, answer_behind(SUM_WORDS.ids[MARK])
    )
    fit(
        model,
        batches,
        Training(SUM_STEPS, 4e-3, eval_interval=SUM_STEPS, seed=seed),
        progress=False,
    )
    found = {}
    for digits in range(1, 6):
        asked = random.Random(10 + digits)
        pairs = [(number(asked, digits), number(asked, digits)) for _ in range(200)]
        said = write_answers(
            model, [sum_task(a, b, False).prompt for a, b in pairs], SUM_WORDS, 24
        )
        results = [call_result(text) for text in said]
        final = [
            text if result is None else result
            for text, result in zip(said, results, strict=True)
        ]
        right = [
            text == " ".join(str(a + b))
            for text, (a, b) in zip(final, pairs, strict=True)
        ]
        found[str(digits)] = {
            "right": sum(right) / 200,
            "calls": sum(result is not None for result in results) / 200,
            "malformed": sum(
                "calc" in text and call_result(text) in (None, "error") for text in said
            )
            / 200,
            "wrong": [
                [f"{a} + {b}", text]
                for text, (a, b), ok in zip(said, pairs, right, strict=True)
                if not ok
            ][:3],
        }
    return found


def parts(found: dict[str, Any]) -> Iterator[stored.Part]:
    for seed in SEEDS:
        yield "code", str(seed), partial(programs, seed)
        yield "by heart", str(seed), partial(sums, False, seed)
        yield "calculator", str(seed), partial(sums, True, seed)


if __name__ == "__main__":
    stored.store_parts(PATH, parts, [*SEEDS])
