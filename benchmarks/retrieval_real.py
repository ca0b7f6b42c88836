"""A real model that is given paragraphs, a calculator, and functions to write: `python benchmarks/retrieval_real.py`.

Some minutes on one core. Stores in ``lmlib/data/retrieval_real.json``, after each part, what the chapter on retrieval
shows; what stands there is not computed again. Needs the real model (``lmlib.interop.real.HOW``).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import stored
import torch

import lmlib
from lmlib.descriptions import cases_of, describe, draw_tree
from lmlib.expressions import evaluate, pass_at_k, passes
from lmlib.files import DATA, read_text
from lmlib.generation import generate
from lmlib.interop.real import RealModel, load_real

PATH = Path(lmlib.__file__).parent / "data" / "retrieval_real.json"
ASK = "Answer in at most five words. If the text does not say, answer: unknown."
SUMS, DIGITS = 20, (1, 2, 3)
DRAWN, TOLD = 10, 16


def asked() -> list[tuple[str, str, int]]:
    """Twenty questions, their answers, and the number of the paragraph that tells."""
    rows = [
        line.split("\t") for line in read_text(DATA / "paragraphs.tsv").splitlines()[1:]
    ]
    return [(row[i], row[i + 1], n) for n, row in enumerate(rows) for i in (0, 2)]


def paragraphs() -> list[str]:
    return [
        line.split("\t")[4]
        for line in read_text(DATA / "paragraphs.tsv").splitlines()[1:]
    ]


def answer(real: RealModel, question: str, text: str | None) -> str:
    given = (
        f"Text: {text}\n\nQuestion: {question}\n{ASK}"
        if text
        else f"{question} Answer in at most five words."
    )
    return real.ask(given, TOLD).strip()


def answers(kind: str, count: int = 20) -> list[str]:
    """With the right paragraph, the next one, or none."""
    real, texts = load_real(), paragraphs()
    place = {"right": 0, "wrong": 1, "none": None}[kind]
    return [
        answer(real, q, None if place is None else texts[(n + place) % len(texts)])
        for q, _, n in asked()[:count]
    ]


def pairs(digits: int) -> list[tuple[int, int]]:
    draw = random.Random(digits)
    one = partial(draw.randrange, 10 ** (digits - 1), 10**digits)
    return [(one(), one()) for _ in range(SUMS)]


def calculated(written: str) -> int | None:
    """What comes of a call in a text; None where there is none, or it cannot be computed."""
    call = re.search(r"calc\(([^()]*)\)", written)
    try:
        return evaluate(call[1]) if call else None
    except ValueError:
        return None


def sums(calculator: bool, digits: int, count: int = SUMS) -> dict[str, Any]:
    """By heart, or by calls, which two examples show."""
    real, shown = load_real(), []
    for question, reply in (
        [("8 + 5", "calc(8 + 5)"), ("314 + 27", "calc(314 + 27)")] if calculator else []
    ):
        shown += [
            {"role": "user", "content": f"What is {question}?"},
            {"role": "assistant", "content": reply},
        ]
    chats = [
        real.chat(*shown, {"role": "user", "content": f"What is {a} + {b}?"})
        for a, b in pairs(digits)[:count]
    ]
    if calculator:
        said = written(real, torch.cat(chats), 14)
        values = [calculated(text) for text in said]
    else:  # the answer is begun, so that no words stand before the number
        begun = [real.encode(f"{a} + {b} =") for a, b in pairs(digits)[:count]]
        rows = [torch.cat(row, dim=1) for row in zip(chats, begun, strict=True)]
        said = written(real, torch.cat(rows), 6)
        numbers = [re.search(r"\d+", text) for text in said]
        values = [int(found[0]) if found else None for found in numbers]
    right = [
        value == a + b for value, (a, b) in zip(values, pairs(digits), strict=False)
    ]
    return {
        "right": sum(right) / count,
        "calls": sum("calc(" in text for text in said) / count,
        "said": said,
    }


def written(real: RealModel, tokens: torch.Tensor, n: int, **how: Any) -> list[str]:
    """What follows each of (B, T) prompts of one length."""
    how = {"temperature": 0, "end": real.ends.after[0]} | how
    rows = generate(real.model, tokens, n, **how)[:, tokens.shape[1] :].tolist()
    return [
        real.tokenizer.decode(row[: [*row, how["end"]].index(how["end"])])
        for row in rows
    ]


def functions(operations: int) -> list[dict[str, Any]]:
    """Ten answers each to three descriptions; of a line behind ``return`` only what can be computed passes."""
    real, draw = load_real(), random.Random(50 + operations)
    found = []
    for i in range(3):
        tree = draw_tree(draw, operations)
        text = f"Write a Python function f(x, y) that returns {describe(tree)}."
        prompt = real.chat({"role": "user", "content": text})
        begun = torch.cat(
            [prompt, real.encode("```python\ndef f(x, y):\n    return")], dim=1
        )
        generator = torch.Generator().manual_seed(i)
        lines = written(
            real, begun.repeat(DRAWN, 1), 14, temperature=0.8, generator=generator
        )
        lines = [line.split("\n")[0].split("#")[0].strip() for line in lines]
        tests = cases_of(tree)
        right = sum(passes(line, tests) for line in lines)
        lucky = sum(passes(line, tests[:1]) for line in lines)
        rates = {f"pass@{k}": round(pass_at_k(DRAWN, right, k), 4) for k in (1, 10)}
        found.append(
            {
                "asked": describe(tree),
                "right": right,
                "one test": lucky,
                **rates,
                "said": lines[:3],
            }
        )
    return found


def parts(found: dict[str, Any]) -> Iterator[stored.Part]:
    for kind in ("right", "wrong", "none"):
        yield "answers", kind, partial(answers, kind)
    for digits in DIGITS:
        for name, calculator in (("by heart", False), ("calculator", True)):
            yield name, str(digits), partial(sums, calculator, digits)
    for operations in (1, 2):
        yield "functions", str(operations), partial(functions, operations)


if __name__ == "__main__":
    stored.store_parts(PATH, parts, [0])
