"""Fine-tuning: a new head on a trained body.

Howard and Ruder (2018), Devlin et al. (2019).

>>> from lmlib.lora import freeze
>>> from lmlib.transformer import Config, count_parameters
>>> model = Classifier(freeze(GPT(Config(vocab_size=304))), n_classes=2)
>>> count_parameters(model, trainable=True)  # only the head is left to learn
130
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from lmlib.batches import IGNORE, Batch
from lmlib.integrity import check_kind
from lmlib.modules import unwrap
from lmlib.transformer import BERT, GPT


class Classifier(nn.Module):
    """A trained body and a new head that reads its vector at the last token: formula `eq:head`.

    The head starts at 0, so every label starts equally likely. Raises ValueError for fewer than two
    classes, and for a model that is neither a GPT nor a BERT.

    >>> from lmlib.transformer import Config
    >>> Classifier(GPT(Config(vocab_size=304)), n_classes=2)(torch.tensor([[0, 5, 7]]))
    tensor([[0., 0.]], grad_fn=<AddmmBackward0>)
    """

    def __init__(self, model: GPT | BERT, n_classes: int) -> None:
        super().__init__()
        model = unwrap(model)
        check_kind("model", model, GPT, BERT)
        if n_classes < 2:
            raise ValueError(
                f"n_classes: {n_classes} leaves nothing to tell; use 2 or more"
            )
        self.body = model.encoder if isinstance(model, BERT) else model.decoder
        self.sees_all = isinstance(model, BERT)
        self.head = nn.Linear(model.config.d_model, n_classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def states(self, tokens: Tensor, last: Tensor | None = None) -> Tensor:
        """The body's vectors at the positions ``last`` (B,), at the end if not given: (B, T) → (B, C).

        What stands after ``last`` is padding, which a decoder cannot see. Raises ValueError where an
        encoder would see it.
        """
        end = tokens.shape[1] - 1
        last = torch.full(tokens.shape[:1], end) if last is None else last
        if self.sees_all:
            _check_last(last, end)
        return self.body(tokens)[0][torch.arange(len(tokens)), last]

    def forward(self, tokens: Tensor, last: Tensor | None = None) -> Tensor:
        """Logits of the K labels, (B, T) → (B, K)."""
        return self.head(self.states(tokens, last))


def labelled(
    prompts: Sequence[Tensor], labels: Sequence[int], n_classes: int
) -> list[Tensor]:
    """Each text with its label behind it, as one tensor, for ``Batches(..., objective=read_label)``.

    Raises ValueError where there are no texts, one is empty, or has no label of its own in 0 … K − 1.

    >>> labelled([torch.tensor([0, 7, 3])], [1], n_classes=2)
    [tensor([0, 7, 3, 1])]
    """
    _check_labels(prompts, labels, n_classes)
    return [
        torch.cat([p, torch.tensor([label])])
        for p, label in zip(prompts, labels, strict=True)
    ]


def read_label(batch: Tensor, generator: torch.Generator) -> Batch:
    """Split what :func:`labelled` made into (tokens, position of the last one) and labels.

    >>> (tokens, last), labels = read_label(torch.tensor([[0, 7, 1], [0, 0, IGNORE]]), torch.Generator())
    >>> tokens.tolist(), last.tolist(), labels.tolist()
    ([[0, 7], [0, 0]], [1, 0], [1, 0])
    """
    last = (batch != IGNORE).sum(1) - 2
    labels = batch[torch.arange(len(batch)), last + 1]
    return (batch[:, :-1].clamp(min=0), last), labels


@torch.no_grad()
def read_out(
    model: Callable[[Tensor, Tensor], Tensor],
    prompts: Sequence[Tensor],
    batch_size: int = 20,
) -> Tensor:
    """What ``model(tokens, last)`` says at the last token of each text: N texts → (N, …).

    A model is a :class:`Classifier`, or its ``states``. Raises ValueError where there are no texts, or one is empty.
    """
    _check_prompts(prompts)
    rows = []
    for i in range(0, len(prompts), batch_size):
        part = list(prompts[i : i + batch_size])
        tokens = nn.utils.rnn.pad_sequence(part, batch_first=True)
        rows.append(model(tokens, torch.tensor([len(p) - 1 for p in part])))
    return torch.cat(rows)


def _check_prompts(prompts: Sequence[Tensor]) -> None:
    if not prompts or min(map(len, prompts)) == 0:
        raise ValueError(
            f"prompts: {'one is empty' if prompts else 'there are none'}; "
            "give one at least, each with a token to read at"
        )


def _check_labels(
    prompts: Sequence[Tensor], labels: Sequence[int], n_classes: int
) -> None:
    if not prompts or len(prompts) != len(labels):
        raise ValueError(
            f"labels: {len(labels)} for {len(prompts)} texts; "
            "give one text at least, and a label for each"
        )
    if not all(0 <= label < n_classes for label in labels):
        raise ValueError(
            f"labels: {min(labels)} … {max(labels)}; "
            f"with n_classes {n_classes} use 0 … {n_classes - 1}"
        )
    _check_prompts(prompts)


def _check_last(last: Tensor, end: int) -> None:
    if (last != end).any():
        raise ValueError(
            f"last: {last.min()} is not the end, {end}, and an encoder sees what is behind; "
            "give texts of one length"
        )
