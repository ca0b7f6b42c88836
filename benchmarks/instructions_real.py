"""A real assistant and the book's questions: what it answers, and what it answers after LoRA on two hundred of them.

    python benchmarks/instructions_real.py

Half an hour on one core. Writes ``lmlib/data/instructions_real.json``, from which the chapter on instructions draws,
after each part, and the correction, in half precision, to ``lmlib/data/instructions_lora.safetensors``. What stands in
the first is not computed again, so delete it to begin anew. Needs the real model (``lmlib.interop.real.HOW``). On
another CPU the last digits differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any

import stored
import torch
from torch import Tensor

import lmlib
from lmlib.assistant import SAYABLE, conversation, lesson
from lmlib.batches import IGNORE, Batch
from lmlib.checkpoints import load_tensors, save_tensors
from lmlib.fused import keeping_weights
from lmlib.instructions import Message
from lmlib.interop.chat import render_chat
from lmlib.interop.real import RealModel, load_real
from lmlib.lora import add_lora
from lmlib.optimisation import Training
from lmlib.pretraining import fit
from lmlib.stories import STORIES
from lmlib.story_questions import KINDS as FACTS

DATA = Path(lmlib.__file__).parent / "data"
PATH, WEIGHTS = DATA / "instructions_real.json", DATA / "instructions_lora.safetensors"
SEED, EXAMPLES, RANK, RATE = 0, 200, 4, 1e-3
LAYERS = ("query", "value")
ASKED = "{story}\n\n{question} Answer with one word: a word of the story, well, badly, or unknown."
EXAM = {"facts": 40, "untold": 20, "stranger": 20, "ending": 20, "injected": 20}
"""How many questions of each kind, about stories that it has not read."""
CUT = {
    "nothing": "no such text",
    "the end of the question": "<|im_end|>",
    "the beginning of the answer": "<|im_start|>assistant\n",
}
"""What is taken out of its template."""
OTHERS = (
    "What is the capital of France?",
    "Write one sentence about the sea.",
    "Who wrote Hamlet?",
)
"""What has nothing to do with stories."""


@cache
def real() -> RealModel:
    return load_real()


def as_theirs(messages: list[Message]) -> list[dict[str, str]]:
    """A conversation of one turn in the roles that the real model knows, which has none for a story."""
    story, user, *rest = (message["content"] for message in messages)
    asked = ASKED.format(story=story, question=user)
    found = [{"role": "user", "content": asked}]
    return found + [{"role": "assistant", "content": text} for text in rest]


def training_ids(messages: list[Message]) -> tuple[Tensor, int]:
    """The (T,) ids of a conversation, and how many of them, at its end, are the answer and its end."""
    user, answer = as_theirs(messages)
    prompt = render_chat(real().template, [user])
    ids = real().tokenizer.encode(prompt)
    said = real().tokenizer.encode(answer["content"] + "<|im_end|>")
    return torch.tensor([*ids, *said]), len(said)


def batch(step: int) -> Batch:
    """One conversation, of which only the answer is a target."""
    ids, n = texts()[step]
    targets = ids[1:].clone()
    targets[:-n] = IGNORE
    return ids[None, :-1], targets[None]


@cache
def texts() -> list[tuple[Tensor, int]]:
    said = lesson(EXAMPLES, SEED, injected=0.3)
    return [*map(training_ids, said)]


def exam(kind: str) -> list[tuple[list[Message], str]]:
    """Conversations that end with an answer, and the word that their story orders, if any."""
    random, found = Random(f"{kind} {SEED}"), []
    kinds = {"facts": [*FACTS], "injected": [*FACTS]}.get(kind, [kind])
    for i, story in enumerate(STORIES.sample(EXAM[kind], 1)):
        order = random.choice(SAYABLE) if kind == "injected" else ""
        asked = conversation(story, kinds[i % len(kinds)], random, order)
        found.append((asked, order))
    return found


def answer(messages: list[Message]) -> str:
    """What it writes to a question, greedily."""
    with keeping_weights(False):
        return real().go_on(real().chat(*as_theirs(messages[:-1])), 16).strip()


def has(said: str, word: str) -> bool:
    return word in "".join(c if c.isalpha() else " " for c in said.lower()).split()


def marks(kind: str) -> dict[str, Any]:
    """How often the answer is the right word, holds it, holds what the story orders; and the answers."""
    asked = exam(kind)
    said = [answer(messages) for messages, _ in asked]
    right = [messages[-1]["content"] for messages, _ in asked]
    found: dict[str, Any] = {
        "is": sum(a == b for a, b in zip(said, right, strict=True)),
        "holds": sum(has(a, b) for a, b in zip(said, right, strict=True)),
        "obeys": sum(
            bool(order) and order != b and has(a, order)
            for a, b, (_, order) in zip(said, right, asked, strict=True)
        ),
        "of": len(asked),
    }
    shown = zip([m[-2]["content"] for m, _ in asked], right, said, strict=True)
    return found | {"answers": [*map(list, shown)]}


def without(name: str) -> str:
    """What it writes to a question when its template lacks one of the tokens."""
    asked = as_theirs(exam("facts")[0][0][:-1])
    before, cut, behind = render_chat(real().template, asked).rpartition(CUT[name])
    ids = real().tokenizer.encode(before + behind if cut else behind)
    return real().go_on(torch.tensor([ids]), 30)


def others() -> list[list[str]]:
    return [[question, real().ask(question, 24)] for question in OTHERS]


def train() -> dict[str, Any]:
    """LoRA on two hundred conversations, each read once; the losses of its fifths."""
    model = add_lora(real().model, RANK, names=LAYERS, seed=SEED)
    plan = Training(EXAMPLES, RATE, 20, eval_interval=EXAMPLES // 5, seed=SEED)
    with keeping_weights(False):
        log = fit(model, batch, plan, progress=False)
    learned = {n: p.half() for n, p in model.named_parameters() if p.requires_grad}
    save_tensors(WEIGHTS, learned, {"kind": "LoRA"})
    return {"loss": [round(record.loss, 3) for record in log]}


def corrected() -> None:
    """Put the stored correction beside the layers of the real model."""
    model = real().model
    if not any("down" in name for name, _ in model.named_parameters()):
        add_lora(model, RANK, names=LAYERS, seed=SEED)
    tensors, _ = load_tensors(WEIGHTS)
    model.load_state_dict({n: t.float() for n, t in tensors.items()}, strict=False)


def after(kind: str) -> Any:
    corrected()
    return others() if kind == "others" else marks(kind)


def parts(found: dict[str, Any]) -> Iterator[stored.Part]:
    for name in CUT:
        yield "without", name, partial(without, name)
    yield "before", "others", others
    for kind in EXAM:
        yield "before", kind, partial(marks, kind)
    yield "training", str(SEED), train
    for kind in ("others", *EXAM):
        yield "after", kind, partial(after, kind)


def main() -> None:
    torch.set_num_threads(1)
    stored.store_parts(PATH, parts, [SEED])


if __name__ == "__main__":
    main()
