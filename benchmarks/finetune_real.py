"""A real model on fifty labels: asked with no example and with some, corrected by LoRA, and beside simpler methods.

    python benchmarks/finetune_real.py

Half an hour on one core. Writes ``lmlib/data/finetune_real.json``, from which the chapter on fine-tuning draws, after
each part; what stands there is not computed again, so delete the file to begin anew. Needs the real model
(``lmlib.interop.real.HOW``). On another CPU the last digits differ.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import stored
import torch
from torch import Tensor

import lmlib
from lmlib.few_labels import bag_of_words, fine_tune, train_head
from lmlib.finetuning import read_out
from lmlib.fused import keeping_weights
from lmlib.interop.real import RealModel, load_real
from lmlib.llama import Llama
from lmlib.lora import add_lora
from lmlib.reviews import KINDS, Review, Verbalizer, reviews

DATA = Path(lmlib.__file__).parent / "data" / "finetune_real.json"
SAMPLES, LABELS, RANK, STEPS = 3, 50, 4, 40
RATE = 2e-3  # of LoRA; no other was tried
NAMES = ("query", "value")
POOL, EXAM = reviews()
WORDINGS = {
    "Review: {}\nSentiment:": (" negative", " positive"),
    "{} All in all, it was": (" terrible", " great"),
    "{} In short, it was": (" bad", " good"),
}
PROMPT, ANSWERS = next(iter(WORDINGS.items()))
QUESTION = "Is this review positive or negative? Answer with one word.\n\n{}"


@cache
def real() -> RealModel:
    return load_real()


def ids(text: str) -> Tensor:
    return real().encode(text)[0]


def prompts(chosen: Sequence[Review], wording: str = PROMPT) -> list[Tensor]:
    return [ids(wording.format(review.text)) for review in chosen]


def labels(chosen: Sequence[Review]) -> Tensor:
    return torch.tensor([review.label for review in chosen])


def answers(words: Sequence[str] = ANSWERS) -> list[int]:
    return [int(ids(word)) for word in words]


def sample(seed: int) -> list[Review]:
    """Fifty reviews of the pool, in random order; as many of each label, as somebody would collect them."""
    rng = random.Random(seed)
    halves = [[r for r in POOL if r.label == label] for label in (0, 1)]
    drawn = [one for half in halves for one in rng.sample(half, LABELS // 2)]
    return rng.sample(drawn, LABELS)


def marks(logits: Tensor) -> dict[str, float]:
    """How often right on the exam, in all and of each kind, and how often "positive"."""
    said = logits.argmax(-1)
    right = (said == labels(EXAM)).float()
    kinds = {
        kind: right[[i for i, r in enumerate(EXAM) if r.kind == kind]] for kind in KINDS
    }
    found = {"right": right, "says positive": said.float(), **kinds}
    return {name: round(values.mean().item(), 3) for name, values in found.items()}


# Without training


def zero_shot(wording: str) -> dict[str, float]:
    asked = Verbalizer(real().model, answers(WORDINGS[wording]))
    return marks(read_out(asked, prompts(EXAM, wording)))


def in_a_chat() -> dict[str, float]:
    questions = [QUESTION.format(review.text) for review in EXAM]
    asked = [real().chat({"role": "user", "content": q})[0] for q in questions]
    model = Verbalizer(real().model, answers(("Negative", "Positive")))
    return marks(read_out(model, asked))


@cache
def zero_shot_logits() -> tuple[Tensor, Tensor]:
    """Of the pool, and of the exam."""
    asked = Verbalizer(real().model, answers())
    pool, exam = (read_out(asked, prompts(part)) for part in (POOL, EXAM))
    return pool, exam


def one_number(seed: int) -> dict[str, float]:
    """Zero-shot, but what is added to the logit of "positive" is the best for fifty labels."""
    pool, exam = zero_shot_logits()
    rows, y = [POOL.index(review) for review in sample(seed)], labels(sample(seed))
    lead = pool[rows, 0] - pool[rows, 1]  # of "negative"
    ranked = lead.sort().values
    cuts = (ranked[1:] + ranked[:-1]) / 2
    right = torch.stack([((lead < cut) == y.bool()).sum() for cut in cuts])
    return marks(exam + torch.stack([torch.zeros(()), cuts[right.argmax()]]))


def few_shot(n: int, turned: bool, seed: int) -> dict[str, float]:
    """With ``n`` examples before the question, half of each label; their labels turned round if asked so."""
    rng = random.Random(seed)
    halves = [[r for r in POOL if r.label == label] for label in (0, 1)]
    drawn = [one for half in halves for one in rng.sample(half, n // 2)]
    shown = [
        PROMPT.format(r.text) + ANSWERS[1 - r.label if turned else r.label]
        for r in rng.sample(drawn, n)
    ]
    asked = behind(ids("\n\n".join(shown)), answers())
    return marks(read_out(asked, prompts(EXAM, "\n\n" + PROMPT)))


def behind(start: Tensor, words: list[int]) -> Callable[[Tensor, Tensor], Tensor]:
    """The logits of two words behind texts that all have the same ``start``, which is read once."""
    model = real().model
    kept = model.new_cache(len(start) + 100)
    model.read(start[None], kept)

    def read(tokens: Tensor, last: Tensor) -> Tensor:
        caches = [copy.copy(layer) for layer in kept]
        for layer in caches:
            layer.select(torch.zeros(len(tokens), dtype=torch.long))
        vectors, _ = model.read(tokens, caches)
        return model.logits(vectors[torch.arange(len(tokens)), last])[:, words]

    return read


# With fifty labels


def vectors(model: Llama, texts: list[Tensor]) -> tuple[Tensor, Tensor]:
    """A frozen model's vectors of texts, at the last token and as the mean over all tokens: (N, C) both."""

    def read(tokens: Tensor, last: Tensor) -> Tensor:
        found, _ = model.read(tokens)
        inside = (torch.arange(tokens.shape[1]) <= last[:, None])[..., None]
        mean = (found * inside).sum(1) / inside.sum(1)
        return torch.cat([found[torch.arange(len(tokens)), last], mean], dim=1)

    last, mean = read_out(read, texts).chunk(2, dim=1)
    return last, mean


@cache
def views() -> dict[str, tuple[Tensor, Tensor]]:
    """What a linear layer may be given, of the pool and of the exam."""
    texts, config = [prompts(part) for part in (POOL, EXAM)], real().model.config
    blank = Llama(config, seed=1)
    trained, untrained = (
        [vectors(model, part) for part in texts] for model in (real().model, blank)
    )
    bags = [bag_of_words(part, config.vocab_size) for part in texts]
    return {
        "bag of words": (bags[0], bags[1]),
        "random numbers, frozen": (untrained[0][1], untrained[1][1]),
        "frozen features, last token": (trained[0][0], trained[1][0]),
        "frozen features, mean": (trained[0][1], trained[1][1]),
    }


VIEWS = (
    "bag of words",
    "random numbers, frozen",
    "frozen features, last token",
    "frozen features, mean",
)


def head(view: str, seed: int) -> dict[str, float]:
    """A linear layer on fixed features."""
    (x, x_exam), chosen = views()[view], sample(seed)
    rows = [POOL.index(review) for review in chosen]
    return marks(train_head(x[rows], labels(chosen))(x_exam))


def lora(seed: int) -> dict[str, Any]:
    """LoRA on queries and values, with its log: step, loss, and validation loss."""
    chosen = sample(seed)
    model = add_lora(copy.deepcopy(real().model), RANK, names=NAMES, seed=seed)
    asked = Verbalizer(model, answers())
    with keeping_weights(False):
        log = fine_tune(asked, prompts(chosen), labels(chosen), RATE, STEPS, seed)
        found = marks(read_out(asked, prompts(EXAM)))
    steps = [(r.step, round(r.loss, 3), round(r.eval_loss or 0.0, 3)) for r in log]
    return found | {"log": steps}


def logits_of_the_exam() -> list[list[float]]:
    return [[round(x, 2) for x in row] for row in zero_shot_logits()[1].tolist()]


def parts(found: dict[str, Any]) -> Iterator[tuple[str, str, Callable[[], Any]]]:
    """Each part of the file: two keys, and what computes it."""
    for wording in WORDINGS:
        yield "zero-shot", wording, partial(zero_shot, wording)
    yield "zero-shot", QUESTION, in_a_chat
    yield "logits", PROMPT, logits_of_the_exam
    for seed in range(SAMPLES):
        yield "one number", str(seed), partial(one_number, seed)
        for view in VIEWS:
            yield view, str(seed), partial(head, view, seed)
    for seed in range(SAMPLES):
        yield f"LoRA, r = {RANK}", str(seed), partial(lora, seed)
    shown = ((4, False), (8, False), (8, True))
    for (n, turned), seed in product(shown, range(SAMPLES)):
        name = f"{n} examples{', turned round' if turned else ''}"
        yield name, str(seed), partial(few_shot, n, turned, seed)


def main() -> None:
    torch.set_num_threads(1)
    stored.store_parts(DATA, parts, list(range(SAMPLES)))


if __name__ == "__main__":
    main()
