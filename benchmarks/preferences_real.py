"""Short sentences of a real model: drawn many times, and asked for; and what asking costs in nats.

    python benchmarks/preferences_real.py

About ten minutes on one core. A text is the first sentence of an answer, and a program can check whether it has at
most 15 words. Writes
``lmlib/data/preferences_real.json``, from which the chapter on preferences draws, after each part; what stands there is
not computed again, so delete the file to begin anew. Needs the real model (``lmlib.interop.real.HOW``). Another CPU may
draw other words.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import stored
import torch
from torch import Tensor

import lmlib
from lmlib.generation import generate
from lmlib.interop.real import RealModel, load_real
from lmlib.rewards import kl_per_story

DATA = Path(lmlib.__file__).parent / "data" / "preferences_real.json"
QUESTIONS = (
    "What is a dog?",
    "Why do people sleep?",
    "What is bread made of?",
    "How do birds fly?",
    "What does a doctor do?",
    "Why is the sea salty?",
)
WISHES = {"plain": "", "asked": " Answer in at most ten words."}
DRAWN, TOGETHER, NEW, SEED = 48, 16, 32, 0


def prompts(real: RealModel, question: str) -> dict[str, Tensor]:
    """The chat that asks, and the one that also says how, (1, T) ids."""
    return {
        name: real.chat({"role": "user", "content": question + wish})
        for name, wish in WISHES.items()
    }


@torch.no_grad()
def answers(
    real: RealModel, question: str, wish: str, drawn: int = DRAWN
) -> dict[str, list[float]]:
    """Words of each first sentence, 0 for one with no end yet; and its nats away from answers to the plain question."""
    asked, end = prompts(real, question), real.ends.after[0]
    tokens = range(len(real.tokenizer.vocab))
    stops = [end, *(i for i in tokens if "." in real.tokenizer.decode([i]))]
    generator = torch.Generator().manual_seed(SEED)
    found: dict[str, list[float]] = {"words": [], "nats": []}
    for _ in range(drawn // TOGETHER):
        start = asked[wish].expand(TOGETHER, -1)
        whole = generate(real.model, start, NEW, generator=generator, end=end)
        written = whole[:, start.shape[1] :]
        last = torch.isin(written, torch.tensor(stops))
        stopped = last.cumsum(1)
        mask = (stopped == 0) | ((stopped == 1) & last)
        for row, own, done in zip(written, mask, stopped[:, -1], strict=True):
            text = real.tokenizer.decode(row[own].tolist())
            found["words"].append(len(text.split()) if done else 0)
        here, plain = (behind(real, asked[name], written) for name in (wish, "plain"))
        found["nats"] += [round(x, 4) for x in kl_per_story(here, plain, mask).tolist()]
    return found


def behind(real: RealModel, prompt: Tensor, written: Tensor) -> Tensor:
    """Log-probabilities of all tokens at each place of what was written behind a prompt, (B, T, V)."""
    tokens = torch.cat([prompt.expand(len(written), -1), written], dim=1)
    return real.model(tokens)[:, prompt.shape[1] - 1 : -1].log_softmax(-1)


def parts(found: object) -> Iterator[stored.Part]:
    real = load_real()
    for question in QUESTIONS:
        for wish in WISHES:
            yield wish, question, partial(answers, real, question, wish)


def main() -> None:
    torch.set_num_threads(1)
    stored.store_parts(DATA, parts, [SEED])


if __name__ == "__main__":
    main()
