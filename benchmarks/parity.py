"""A lamp and eight cues, answered at once, step by step, and with two controls; and several answers to one question.

    python benchmarks/parity.py

Two minutes on one core. Writes ``lmlib/data/parity.json``, from which the chapter on rewards draws, after each part;
what stands there is not computed again, so delete the file to begin anew. On another CPU the last digits differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import stored
import torch

import lmlib
from lmlib.batches import Batches, answer_behind
from lmlib.optimisation import Training
from lmlib.parity import (
    FORMS,
    LAMP,
    Pattern,
    answer_of,
    chain_is_right,
    halves,
    lamp,
    lamp_tasks,
    majority,
)
from lmlib.pretraining import fit
from lmlib.tasks import MARK, task_sequences, write_answers
from lmlib.transformer import GPT, Config

PATH = Path(lmlib.__file__).parent / "data" / "parity.json"
SEEDS = (0, 1, 2)
STEPS, EVERY = 400, 10
EARLY = 160  # steps at most of a model that is to be unsure
COPIES = 20  # of each pattern, so that the control has other steps each time
DRAWN, ASKED = 40, (1, 3, 5, 7, 9, 15)


def train(form: str, seed: int, enough: float = 2.0) -> tuple[GPT, dict[str, Any]]:
    """A small GPT, and its answers on the way; it stops changing once ``enough`` answers that it draws are right."""
    mine, held_out = halves(seed=seed)
    tasks = [t for copy in range(COPIES) for t in lamp_tasks(mine, form, copy)]
    model = GPT(Config(len(LAMP.vocab), block_size=24, d_model=32), seed=seed)
    objective = answer_behind(LAMP.ids[MARK])
    batches = Batches(task_sequences(tasks, LAMP), 32, seed, objective)
    found: dict[str, Any] = {"own": [], "new": []}
    kept: dict[str, Any] = {}

    def look(model: Any) -> float:
        for name, patterns in (("own", mine), ("new", held_out)):
            found[name].append(right(patterns, written(model, patterns)))
        drawn = right(mine, written(model, mine, 1.0, seed))
        if drawn >= enough and not kept:
            kept.update({k: v.clone() for k, v in model.state_dict().items()})
            found["stopped at"] = EVERY * len(found["own"])
        return 0.0

    steps = STEPS if enough > 1 else EARLY
    plan = Training(
        steps, 4e-3, warmup=20, eval_interval=EVERY, fused=True, min_learning_rate=4e-4
    )
    fit(model, batches, plan, look, progress=False)
    if kept:
        model.load_state_dict(kept)
    return model, found


def written(
    model: GPT, patterns: Sequence[Pattern], temperature: float = 0.0, seed: int = 0
) -> list[str]:
    generator = torch.Generator().manual_seed(seed)
    prompts = [" ".join(cues) for cues in patterns]
    return write_answers(model, prompts, LAMP, 11, temperature, generator)


def right(patterns: Sequence[Pattern], answers: Sequence[str]) -> float:
    pairs = [*zip(patterns, answers, strict=True)]
    return round(sum(answer_of(a) == lamp(c)[-1] for c, a in pairs) / len(pairs), 4)


def form(name: str, seed: int) -> dict[str, Any]:
    return train(name, seed)[1]


def several(name: str, seed: int, enough: float) -> dict[str, Any]:
    """Many answers to each new pattern: whether the answers are right, and whether all steps are."""
    model, found = train(name, seed, enough)
    _, held_out = halves(seed=seed)
    drawn = [written(model, held_out, 1.0, 1_000 * seed + i) for i in range(DRAWN)]
    answers, chains = [], []
    for cues, *texts in zip(held_out, *drawn, strict=True):
        answers.append([answer_of(text) == lamp(cues)[-1] for text in texts])
        chains.append([chain_is_right(cues, text) for text in texts])
    said = [[answer_of(text) for text in texts] for texts in zip(*drawn, strict=True)]
    truth = [lamp(cues)[-1] for cues in held_out]
    n = len(held_out)
    return {
        "stopped at": found.get("stopped at", EARLY),
        "tokens": round(sum(len(t.split()) for texts in drawn for t in texts) / n / DRAWN, 2),
        "answers": [sum(row) for row in answers],  # right ones of DRAWN, a pattern
        "chains": [sum(row) for row in chains],
        "majority": {k: share(majority(s[:k]) == t for s, t in zip(said, truth, strict=True)) for k in ASKED},
        "one right": {k: share(any(row[:k]) for row in answers) for k in ASKED},
        "one chain right": {k: share(any(row[:k]) for row in chains) for k in ASKED},
    }  # fmt: skip


def share(right: Iterator[bool]) -> float:
    found = [*right]
    return round(sum(found) / len(found), 4)


def parts(found: dict[str, Any]) -> Iterator[stored.Part]:
    for seed in SEEDS:
        for name in FORMS:
            yield "forms", f"{name} {seed}", partial(form, name, seed)
        yield "several", f"steps {seed}", partial(several, "steps", seed, 0.7)
        yield "several", f"direct {seed}", partial(several, "direct", seed, 0.7)


def main() -> None:
    torch.set_num_threads(1)
    stored.store_parts(PATH, parts, [*SEEDS])


if __name__ == "__main__":
    main()
