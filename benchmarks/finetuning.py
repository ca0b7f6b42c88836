"""Fine-tuning with few labels: every method of the chapter on ten samples; useless tasks, bad labels, forgetting.

    python benchmarks/finetuning.py

Some minutes on one core. Writes ``lmlib/data/finetuning.json``, from which the chapter on fine-tuning draws, after
each part; what stands there is not computed again, so delete the file to begin anew. Learning rates are chosen first,
on stories that occur nowhere else. On another CPU the last digits differ.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import stored
import torch
from torch import Tensor

import lmlib
from lmlib.batches import Batches
from lmlib.evaluation import mean_loss
from lmlib.few_labels import (
    GOOD,
    accuracy,
    bag_of_words,
    cut,
    fine_tune,
    mood_task,
    train_head,
)
from lmlib.finetuning import Classifier, read_out
from lmlib.lora import add_lora
from lmlib.optimisation import Training
from lmlib.pretrained import load_book_gpt, load_shuffled_gpt
from lmlib.pretraining import fit
from lmlib.stories import STORIES, WORDS, turned_grammar
from lmlib.tokens import sequences
from lmlib.transformer import GPT

DATA = Path(lmlib.__file__).parent / "data" / "finetuning.json"
SAMPLES, SIZES = 10, (50, 100, 200)
CONFIG = load_book_gpt().config


def features(model: GPT) -> Callable[[Sequence[Tensor]], Tensor]:
    """What reads texts with a frozen model: its vector at the last token of each."""
    body = Classifier(model, 2)
    return lambda prompts: read_out(body.states, prompts)


VIEWS = {
    "bag of words": bag_of_words,
    "random features": features(GPT(CONFIG, seed=1)),
    "shuffled words": features(load_shuffled_gpt()),
    "frozen features": features(load_book_gpt()),
}
WAYS: dict[str, tuple[Callable[[int], Any], int, tuple[float, ...]]] = {
    "from scratch": (
        lambda seed: GPT(CONFIG, seed=seed), 120, (1e-3, 2e-3, 4e-3, 8e-3)
    ),
    "LoRA, r = 4": (
        lambda seed: add_lora(load_book_gpt(), rank=4, seed=seed), 40, (1e-3, 3e-3, 6e-3)
    ),
    "full fine-tuning": (lambda seed: load_book_gpt(), 40, (2e-4, 5e-4, 1e-3)),
}  # fmt: skip


@cache
def pool() -> tuple[list[Tensor], Tensor]:
    """Stories with labels for all samples; sample i begins at story 200 i."""
    return mood_task(SAMPLES * max(SIZES), seed=2_002)


@cache
def exam() -> tuple[list[Tensor], Tensor]:
    """The test part."""
    return mood_task(1_000, seed=2_000)


@cache
def viewed(view: str) -> tuple[Tensor, Tensor]:
    return VIEWS[view](pool()[0]), VIEWS[view](exam()[0])


def head_once(view: str, n: int, sample: int) -> float:
    """Accuracy on the test part of a linear layer that n labels have trained."""
    (x, x_test), chosen = viewed(view), slice(200 * sample, 200 * sample + n)
    head = train_head(x[chosen], pool()[1][chosen])
    return accuracy(head(x_test), exam()[1])


def tuned_once(
    way: str, n: int, sample: int, rate: float, texts: Any = None, test: Any = None
) -> tuple[float, list[tuple[int, float, float]]]:
    """Accuracy on the test part after fine-tuning with n labels, and the log."""
    make, steps, _ = WAYS[way]
    prompts, labels = texts or pool()
    chosen = slice(200 * sample, 200 * sample + n)
    model = Classifier(make(sample), 2)
    log = fine_tune(model, prompts[chosen], labels[chosen], rate, steps, seed=sample)
    prompts, labels = test or exam()
    right = accuracy(read_out(model, prompts), labels)
    return right, [(r.step, r.loss, r.eval_loss or 0.0) for r in log]


def chosen_rates() -> dict[str, dict[str, float]]:
    """For each way and rate the mean accuracy with 200 labels, on other stories than all that follow."""
    other, test = mood_task(4 * 200, seed=2_010), mood_task(500, seed=2_011)
    return {
        way: {
            str(rate): mean(
                [tuned_once(way, 200, i, rate, other, test)[0] for i in range(4)]
            )
            for rate in rates
        }
        for way, (_, _, rates) in WAYS.items()
    }


def mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4)


def many_labels() -> dict[str, list[float]]:
    """The bag of words with labels as nobody has them."""
    prompts, labels = mood_task(3 * 3_200, seed=2_003)
    x, x_test, y_test = bag_of_words(prompts), viewed("bag of words")[1], exam()[1]
    parts = {
        n: [slice(3_200 * i, 3_200 * i + n) for i in range(3)] for n in (800, 3_200)
    }
    return {
        str(n): [accuracy(train_head(x[c], labels[c])(x_test), y_test) for c in chosen]
        for n, chosen in parts.items()
    }


def heads(view: str) -> dict[str, Any]:
    """Accuracies of a linear layer on fixed features, by number of labels."""
    found = {str(n): [head_once(view, n, i) for i in range(SAMPLES)] for n in SIZES}
    return rounded(found | (many_labels() if view == "bag of words" else {}))


def networks(way: str, rate: float) -> tuple[dict[str, Any], list[Any]]:
    """Accuracies of a network that is trained itself, by number of labels, and the logs with the fewest."""
    runs = {n: [tuned_once(way, n, i, rate) for i in range(SAMPLES)] for n in SIZES}
    right = {str(n): [right for right, _ in found] for n, found in runs.items()}
    return rounded(right), rounded([log for _, log in runs[min(SIZES)]])


TASKS: dict[str, Callable[[str], bool]] = {
    "how often?": lambda story: bool({"always", "often"} & set(story.split())),
    "odd or even?": lambda story: len(cut(story)) % 2 == 1,
    "good ending?": lambda story: story.split()[-2] in GOOD,
}


def other_tasks(samples: int = 3, n: int = 400) -> dict[str, Any]:
    """Three labels of the same stories, of which predicting the text needs one."""
    stories = STORIES.sample(samples * n + 500, seed=2_004)
    prompts = [cut(story) for story in stories]
    x = {name: view(prompts) for name, view in VIEWS.items()}
    parts = [slice(i * n, (i + 1) * n) for i in range(samples)]
    test, found = slice(samples * n, None), {}
    for task, says in TASKS.items():
        y = torch.tensor([int(says(story)) for story in stories])
        share = y[test].float().mean().item()
        found[task] = {"always the commoner": [max(share, 1 - share)]}
        for name in VIEWS:
            found[task][name] = [
                accuracy(train_head(x[name][c], y[c], 200)(x[name][test]), y[test])
                for c in parts
            ]
        found[task]["full fine-tuning"] = [
            whole_model(prompts[c], y[c], prompts[test], y[test], i)
            for i, c in enumerate(parts)
        ]
        print(task, {k: mean(v) for k, v in found[task].items()}, flush=True)
    return rounded(found)


def whole_model(prompts: Any, y: Tensor, test: Any, y_test: Tensor, seed: int) -> float:
    model = Classifier(load_book_gpt(), 2)
    fine_tune(model, prompts, y, 1e-3, 200, seed)
    return accuracy(read_out(model, test), y_test)


def bad_labels(n: int = 200, samples: int = 4) -> dict[str, Any]:
    """Good labels, a fifth of them wrong, or stories in which only women end well, for two kinds of features.

    How often right, and how often "good" of women and of men.
    """
    found: dict[str, Any] = {}
    for kind in ("good labels", "a fifth wrong", "only happy women and sad men"):
        chosen = [labels_of(kind, n, i) for i in range(samples)]
        found[kind] = {
            view: rounded([marks(view, *sample) for sample in chosen])
            for view in ("bag of words", "frozen features")
        }
    return found


def labels_of(kind: str, n: int, sample: int) -> tuple[Tensor, Tensor]:
    """Which stories, and what is said of them."""
    labels, chosen = pool()[1], torch.arange(n) + 200 * sample
    if kind.startswith("only"):
        chosen = (said_of_her(pool()[0]) == (labels == 1)).nonzero().flatten()[chosen]
    y = labels[chosen]
    if kind == "a fifth wrong":
        lies = torch.rand(n, generator=torch.Generator().manual_seed(sample)) < 0.2
        y = torch.where(lies, 1 - y, y)
    return chosen, y


def said_of_her(prompts: list[Tensor]) -> Tensor:
    return torch.tensor([WORDS.vocab[ids[-2]] == "she" for ids in prompts])


def marks(view: str, chosen: Tensor, y: Tensor) -> list[float]:
    (x, x_test), (test, y_test) = viewed(view), exam()
    said, her = train_head(x[chosen], y)(x_test).argmax(-1), said_of_her(test)
    right = said == y_test
    return [part.float().mean().item() for part in (right, said[her], said[~her])]


def forgetting(share: float, seed: int) -> dict[str, Any]:
    """Losses on languages A and B while the GPT is trained on B, with a share of A's stories."""
    other, _ = turned_grammar()
    held = {
        "A": sequences(STORIES.sample(100, seed=2_005), WORDS),
        "B": sequences(other.sample(100, seed=2_006), WORDS),
    }
    n = round(640 * share)
    mixed = STORIES.sample(n, 2_100 + seed) + other.sample(640 - n, 2_200 + seed)
    model, seen = load_book_gpt(), []

    def both(model: Any) -> float:
        seen.append([mean_loss(model, held[name], 20) for name in held])
        return seen[-1][0]

    both(model)
    plan = Training(80, 1e-3, warmup=10, eval_interval=16)
    fit(model, Batches(sequences(mixed, WORDS), seed=seed), plan, both, progress=False)
    a, b = zip(*seen, strict=True)
    return rounded({"share": share, "seed": seed, "A": a, "B": b})


def rounded(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: rounded(value) for name, value in found.items()}
    if isinstance(found, list | tuple):
        return [rounded(value) for value in found]
    return round(found, 4) if isinstance(found, float) else found


def best_rate(found: dict[str, Any], way: str) -> float:
    tried = found["rates"][way]
    return float(max(tried, key=lambda rate: tried[rate]))


def parts(found: dict[str, Any]) -> Iterator[tuple[str, str, Callable[[], Any]]]:
    """Each part of the file: its key, a key inside of that or none, and what computes it."""
    yield "rates", "", chosen_rates
    for view in VIEWS:
        yield "right", view, partial(heads, view)
    for way in WAYS:
        yield "runs", way, lambda way=way: networks(way, best_rate(found, way))
    for seed, share in product(range(3), (0.0, 0.2, 0.5)):
        yield "forgetting", f"{share} {seed}", partial(forgetting, share, seed)
    yield "tasks", "", other_tasks
    yield "bad labels", "", bad_labels


def main() -> None:
    torch.set_num_threads(1)
    found = json.loads(DATA.read_text("utf-8")) if DATA.exists() else {}
    seconds = found.pop("made_by", {"seconds": 0})["seconds"]
    for key, inside, make in parts(found):
        home = found.setdefault(key, {}) if inside else found
        if (inside or key) not in home:
            start = time.perf_counter()
            home[inside or key] = make()
            seconds += time.perf_counter() - start
            print(
                f"{seconds:5.0f} {key} {inside}: {str(home[inside or key])[:200]}",
                flush=True,
            )
            stored.store(DATA, found, list(range(SAMPLES)), seconds)


if __name__ == "__main__":
    main()
