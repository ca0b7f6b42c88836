"""Fine-tuning: a new head on a trained body, a frozen body, and the small correction called LoRA.

Howard and Ruder (2018), Devlin et al. (2019), Hu et al. (2022).

>>> from lmlib.transformer import Config, count_parameters
>>> model = Classifier(freeze(GPT(Config(vocab_size=304))), n_classes=2)
>>> count_parameters(model, trainable=True)  # only the head is left to learn
130
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from lmlib.batches import IGNORE, Objective, Pair, next_token
from lmlib.transformer import BERT, GPT

AnyModule = TypeVar("AnyModule", bound=nn.Module)


def freeze(model: AnyModule) -> AnyModule:
    """Let no number of ``model`` learn any more; returns the model.

    >>> [p.requires_grad for p in freeze(nn.Linear(3, 2)).parameters()]
    [False, False]
    """
    return model.requires_grad_(False)


class Classifier(nn.Module):
    """A trained body and a new head that reads its vector at the last token: formula `eq:head`.

    The head starts at 0, so every label starts equally likely. Raises ValueError for fewer than two
    classes.

    >>> from lmlib.transformer import Config
    >>> Classifier(GPT(Config(vocab_size=304)), n_classes=2)(torch.tensor([[0, 5, 7]]))
    tensor([[0., 0.]], grad_fn=<AddmmBackward0>)
    """

    def __init__(self, model: GPT | BERT, n_classes: int) -> None:
        super().__init__()
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
        """The body's vectors at the places ``last`` (B,), at the end if not given: (B, T) → (B, C).

        What stands after ``last`` is filling, which a decoder cannot see. Raises ValueError where an
        encoder would see it.
        """
        end = tokens.shape[1] - 1
        last = torch.full(tokens.shape[:1], end) if last is None else last
        if self.sees_all and (last != end).any():
            raise ValueError(
                f"last: {last.min()} is not the end, {end}, and an encoder sees what is behind; "
                "give texts of one length"
            )
        return self.body(tokens)[0][torch.arange(len(tokens)), last]

    def forward(self, tokens: Tensor, last: Tensor | None = None) -> Tensor:
        """Logits of the K labels, (B, T) → (B, K)."""
        return self.head(self.states(tokens, last))


def _check_prompts(prompts: Sequence[Tensor]) -> None:
    if not prompts or min(map(len, prompts)) == 0:
        raise ValueError(
            f"prompts: {'one is empty' if prompts else 'there are none'}; "
            "give one at least, each with a token to read at"
        )


def labelled(
    prompts: Sequence[Tensor], labels: Sequence[int], n_classes: int
) -> list[Tensor]:
    """Each text with its label behind it, as one tensor, for ``Batches(..., objective=read_label)``.

    Raises ValueError where there are no texts, one is empty, or has no label of its own in 0 … K − 1.

    >>> labelled([torch.tensor([0, 7, 3])], [1], n_classes=2)
    [tensor([0, 7, 3, 1])]
    """
    if not prompts or len(prompts) != len(labels):
        raise ValueError(
            f"labels: {len(labels)} for {len(prompts)} texts; give one text at least, and a label for each"
        )
    if not all(0 <= label < n_classes for label in labels):
        raise ValueError(
            f"labels: {min(labels)} … {max(labels)}; with n_classes {n_classes} use 0 … {n_classes - 1}"
        )
    _check_prompts(prompts)
    return [
        torch.cat([p, torch.tensor([label])])
        for p, label in zip(prompts, labels, strict=True)
    ]


def read_label(batch: Tensor, generator: torch.Generator) -> Pair:
    """Split what :func:`labelled` made into (texts, place of the last token) and labels.

    >>> (tokens, last), labels = read_label(torch.tensor([[0, 7, 1], [0, 0, IGNORE]]), torch.Generator())
    >>> tokens.tolist(), last.tolist(), labels.tolist()
    ([[0, 7], [0, 0]], [1, 0], [1, 0])
    """
    last = (batch != IGNORE).sum(1) - 2
    labels = batch[torch.arange(len(batch)), last + 1]
    return (batch[:, :-1].clamp(min=0), last), labels


def answer_only(length: int) -> Objective:
    """The next token is asked only for the last ``length`` tokens of each text: formula `eq:answer-only`.

    Raises ValueError for a length below 1, and for a text that has no more than that.

    >>> answer_only(2)(torch.tensor([[0, 7, 3, 5]]), torch.Generator())[1].tolist()
    [[-100, 3, 5]]
    """
    if length < 1:
        raise ValueError(f"length: {length} asks for nothing; use 1 or more")

    def objective(batch: Tensor, generator: torch.Generator) -> Pair:
        inputs, targets = next_token(batch, generator)
        first = (targets != IGNORE).sum(1, keepdim=True) - length
        if (first < 0).any():
            raise ValueError(
                f"length: {length} tokens of answer leave nothing of a text; use fewer"
            )
        return inputs, targets.masked_fill(torch.arange(targets.shape[1]) < first, IGNORE)

    return objective


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


class LoRALinear(nn.Module):
    """A frozen linear layer and a learned correction of rank r beside it: formula `eq:lora`.

    (..., I) → (..., O); ``down`` is (r, I), ``up`` is (O, r) and starts at 0, so nothing changes at
    first. Raises ValueError for a rank outside 1 … min(I, O), or an ``alpha`` not above 0.
    Hu et al. (2022).
    """

    def __init__(
        self, base: nn.Linear, rank: int, alpha: float = 8.0, seed: int = 0
    ) -> None:
        super().__init__()
        most = min(base.weight.shape)
        if not 1 <= rank <= most:
            raise ValueError(
                f"rank: {rank} for a matrix of {tuple(base.weight.shape)}; use 1 … {most}"
            )
        if not 0 < alpha < math.inf:
            raise ValueError(f"alpha: {alpha} is not above 0 and finite; 8 is usual here")
        self.base, self.scale = freeze(base), alpha / rank
        out, into = base.weight.shape
        generator = torch.Generator().manual_seed(seed)
        start = torch.randn(rank, into, generator=generator) / math.sqrt(into)
        self.down = nn.Parameter(start.to(base.weight))
        self.up = nn.Parameter(base.weight.new_zeros(out, rank))

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.scale * (x @ self.down.T) @ self.up.T

    def merged(self) -> nn.Linear:
        """One linear layer that does the same: formula `eq:lora-merge`."""
        out, into = self.base.weight.shape
        linear = nn.Linear(into, out, bias=self.base.bias is not None).to(self.base.weight)
        linear.load_state_dict(self.base.state_dict())
        linear.weight.data += self.scale * (self.up @ self.down).detach()
        return linear


def _put(model: nn.Module, name: str, part: nn.Module) -> None:
    """Put ``part`` in the place of the part of a model called ``name``."""
    owner, _, own_name = name.rpartition(".")
    setattr(model.get_submodule(owner), own_name, part)


def add_lora(
    model: AnyModule,
    rank: int,
    alpha: float = 8.0,
    names: Sequence[str] = ("qkv",),
    seed: int = 0,
) -> AnyModule:
    """Freeze ``model`` and give every linear layer called one of ``names`` a correction; returns the model.

    Raises ValueError where there is no such layer, and as :class:`LoRALinear` does.

    >>> from lmlib.transformer import Config, count_parameters
    >>> model = add_lora(GPT(Config(vocab_size=304)), rank=4)
    >>> count_parameters(model, trainable=True)  # 2 layers × 4 × (64 + 192)
    2048
    """
    linear = {n: part for n, part in model.named_modules() if type(part) is nn.Linear}
    chosen = [name for name in linear if name.rpartition(".")[2] in names]
    if not chosen:
        known = sorted({name.rpartition(".")[2] for name in linear})
        raise ValueError(
            f"names: the model has no linear layer called {' or '.join(names)}; it has {', '.join(known)}"
        )
    freeze(model)
    for i, name in enumerate(chosen):
        _put(model, name, LoRALinear(linear[name], rank, alpha, seed + i))
    return model


def merge_lora(model: AnyModule) -> AnyModule:
    """Add every correction to its layer, which then costs nothing any more; returns the model, frozen.

    Raises ValueError where there is no correction.
    """
    found = {n: part for n, part in model.named_modules() if isinstance(part, LoRALinear)}
    if not found:
        raise ValueError("model: there is no LoRALinear in it; call add_lora first")
    for name, part in found.items():
        _put(model, name, part.merged())
    return freeze(model)
