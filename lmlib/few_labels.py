"""A fair test with few labels: stories of which a label says how they end, and methods that learn it.

>>> prompts, labels = mood_task(2, seed=2_000)
>>> WORDS.decode(prompts[0][-6:]), labels.tolist()
('. in the end she was', [1, 0])
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmlib.batches import Batches
from lmlib.finetuning import labelled, read_label, read_out
from lmlib.optimisation import Training
from lmlib.points import GOOD
from lmlib.pretraining import Record, fit
from lmlib.stories import STORIES, WORDS
from lmlib.tokens import prompt
from lmlib.training_step import loss_of

BAD = ("sad", "lonely", "tired", "sorry")


def cut(story: str) -> Tensor:
    """The ids of a story without its last word and full stop, (T,)."""
    return prompt(" ".join(story.split()[:-2]), WORDS)[0]


def mood_task(n: int, seed: int) -> tuple[list[Tensor], Tensor]:
    """``n`` stories with their endings cut off, and for each 1 if the ending was good, else 0."""
    stories = STORIES.sample(n, seed)
    labels = [int(story.split()[-2] in GOOD) for story in stories]
    return [cut(story) for story in stories], torch.tensor(labels)


def accuracy(scores: Tensor, labels: Tensor) -> float:
    """The share of texts whose highest score is that of their label: (N, K) and (N,)."""
    return (scores.argmax(-1) == labels).float().mean().item()


def bag_of_words(
    prompts: Sequence[Tensor], vocab_size: int = len(WORDS.vocab)
) -> Tensor:
    """How often each word stands in each text, (N, V)."""
    counts = [torch.bincount(ids, minlength=vocab_size) for ids in prompts]
    return torch.stack(counts).float()


def train_head(x: Tensor, y: Tensor, steps: int = 80) -> nn.Linear:
    """A linear layer on fixed features, (N, C) → (N, K); a fifth of the labels chooses the weight decay."""
    k = len(y) // 5
    tried: list[tuple[float, int, nn.Linear]] = []
    for decay in (0.1, 1.0):
        head = nn.Linear(x.shape[1], int(y.max()) + 1)
        nn.init.zeros_(head.weight)
        nn.init.zeros_(head.bias)
        plan = Training(steps, 0.05, 0, weight_decay=decay, eval_interval=steps)
        fit(head, lambda step: (x[k:], y[k:]), plan, progress=False)
        tried.append((loss_of(head, (x[:k], y[:k])).item(), len(tried), head))
    return min(tried)[2]


def fine_tune(
    model: nn.Module,
    prompts: Sequence[Tensor],
    labels: Tensor,
    rate: float,
    steps: int,
    seed: int = 0,
) -> list[Record]:
    """Train on four fifths of the labels; the checkpoint with the lowest loss on the last fifth is kept.

    A model gives logits of labels by ``model(tokens, last)``, as a :class:`lmlib.finetuning.Classifier` does.
    """
    learned = {name for name, p in model.named_parameters() if p.requires_grad}
    k = len(labels) // 5
    held, held_labels = prompts[:k], labels[:k]
    texts = labelled(prompts[k:], labels[k:].tolist(), n_classes=2)
    best: dict[str, torch.Tensor] = {}
    losses = [math.inf]

    def validate(model: nn.Module) -> float:
        losses.append(F.cross_entropy(read_out(model, held), held_labels).item())
        if losses[-1] == min(losses):
            state = model.state_dict()  # of which the frozen part stays as it is
            best.update({name: state[name].clone() for name in learned})
        return losses[-1]

    plan = Training(steps, rate, warmup=10, eval_interval=10)
    batches = Batches(texts, batch_size=8, seed=seed, objective=read_label)
    log = fit(model, batches, plan, validate, progress=False)
    model.load_state_dict(best, strict=False)
    return log
