"""A real model on the book's English and on its stories, beside models that learned from the rest of each.

    python benchmarks/real_english.py

It takes the model that `lmlib.interop.real` finds, and some minutes on one core. It measures what a longer look
back is worth, what a GPT of the book's size makes of the same English, and what the real model learns from the
stories that stand before one. After each part it writes ``lmlib/data/real_english.json``; called again, it goes on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from stored import store
from torch import Tensor

import lmlib
from lmlib.batches import Batches
from lmlib.blocks import Config
from lmlib.bpe import BPETokenizer
from lmlib.evaluation import mean_loss, token_losses
from lmlib.interop.real import load_real
from lmlib.language_models import LanguageModel
from lmlib.optimisation import Training
from lmlib.pretrained import load_book_gpt
from lmlib.pretraining import fit
from lmlib.prose import prose_split
from lmlib.stories import STORIES, WORDS
from lmlib.tokens import sequences
from lmlib.transformer import GPT

DATA = Path(lmlib.__file__).parent / "data" / "real_english.json"
SEES = (1, 2, 4, 8, 16, 32, 64, 128, 256)  # tokens back, at least
FIRST, AFTER = 512, 1_280  # the tokens that are judged, the same for each of these
END = 0  # the real model's <|endoftext|>, and the book's <end>
CONTEXTS, STORIES_EACH = 6, 24
SEEDS = [*range(CONTEXTS)]


def seeing(model: LanguageModel, ids: Tensor, sees: int) -> float:
    """Nats per token of a model that sees at least so many tokens before each, and less than twice as many.

    An end stands before them all: what is first in a text is no word to this model, but a place to rest on.
    """
    windows = ids[FIRST - sees : AFTER].unfold(0, 2 * sees, sees)
    begun = torch.cat([ids.new_full((len(windows), 1), END), windows], 1)
    rows = token_losses(model, [*begun], batch_size=max(1, 256 // sees))
    return float(torch.cat([row[-sees:] for row in rows]).mean())


def look_back() -> list[dict[str, Any]]:
    """The real model's loss on the prose that is held out, by how far it sees."""
    real = load_real()
    ids = torch.tensor([END, *real.tokenizer.encode(prose_split()[1])])
    return [{"sees": n, "nats": round(seeing(real.model, ids, n), 4)} for n in SEES]


def by_lines(text: str, tokenizer: BPETokenizer) -> Tensor:
    """A text as tokens, an end in place of each line's."""
    lines = text.splitlines()
    return torch.tensor(
        [i for line in lines for i in (END, *tokenizer.encode(line))] + [END]
    )


def prose_gpt(steps: int = 1_200) -> list[dict[str, Any]]:
    """A GPT of the book's size that reads nine tenths of the prose again and again: nats a byte of the other tenth."""
    learned, held_out = prose_split()
    tokenizer = BPETokenizer.train(learned, vocab_size=512)
    ids, judged = by_lines(learned, tokenizer), by_lines(held_out, tokenizer)
    windows = [ids[i : i + 97] for i in range(0, len(ids) - 97, 5)]
    pieces = [judged[i : i + 97] for i in range(0, len(judged) - 1, 96)]
    size = len(held_out.encode())

    def nats_a_byte(model: Any) -> float:
        return sum(float(row.sum()) for row in token_losses(model, pieces)) / size

    plan = Training(steps=steps, learning_rate=4e-3, eval_interval=100)
    model = GPT(Config(vocab_size=512, block_size=96, dropout=0.1), seed=0)
    log = fit(model, Batches(windows), plan, evaluate=nats_a_byte, progress=False)
    return [{"step": r.step, "nats a byte": round(r.eval_loss or 0, 4)} for r in log]


def one_after_the_other(seed: int, count: int = STORIES_EACH) -> list[float]:
    """The real model's nats a byte of each of ``count`` stories that stand in one text, a line each."""
    real = load_real()
    lines = [story + "\n" for story in STORIES.sample(count, seed=10_000 + seed)]
    tokens = [real.tokenizer.encode(line) for line in lines]
    text = torch.tensor([END, *chain.from_iterable(tokens)])
    (losses,) = token_losses(real.model, [text])
    parts = losses.split([len(ids) for ids in tokens])
    return [
        round(float(part.sum()) / len(line), 4)
        for part, line in zip(parts, lines, strict=True)
    ]


def known(model: LanguageModel) -> float:
    """The same of a model of the stories, on all of these stories."""
    texts = [t for s in SEEDS for t in STORIES.sample(STORIES_EACH, seed=10_000 + s)]
    ids = sequences(texts, WORDS)
    nats = mean_loss(model, ids) * sum(len(row) - 1 for row in ids)
    return round(nats / sum(len(text) + 1 for text in texts), 4)


def main() -> None:
    torch.set_num_threads(1)
    found = json.loads(DATA.read_text("utf-8")) if DATA.exists() else {}
    before = found.pop("made_by", {"seconds": 0})["seconds"]
    parts: dict[str, Callable[[], Any]] = {
        "look back": look_back,
        "floor": lambda: known(STORIES),
        "book's GPT": lambda: known(load_book_gpt()),
        "prose GPT": prose_gpt,
    }
    parts |= {f"stories {s}": partial(one_after_the_other, s) for s in SEEDS}
    for name in [name for name in parts if name not in found]:
        found[name] = parts[name]()
        print(name, found[name], flush=True)
        store(DATA, found, SEEDS, before + time.process_time())


if __name__ == "__main__":
    main()
