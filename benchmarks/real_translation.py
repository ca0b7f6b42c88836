"""The real model as a translator: asked in its chat, and behind examples of the book's own English and French.

    python benchmarks/real_translation.py

About ten minutes on one core. It writes ``lmlib/data/real_translation.json``, a row for each held-out sentence,
which the chapter on translation counts. It needs the real model, which ``lmlib.interop.real.HOW`` says how to get.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import torch
from stored import store
from torch import Tensor

import lmlib
from lmlib.bilingual import english_sentences, translation
from lmlib.interop.real import RealModel, load_real

DATA = Path(lmlib.__file__).parent / "data" / "real_translation.json"
SENTENCES = english_sentences()
EXAMPLES = SENTENCES[1_000:1_064]  # none of them is asked for
ASKED = 40  # of the 1,000 that are kept for tests
SHOTS = (4, 16, 64)


def question(english: str) -> str:
    """What is said in the chat."""
    return f"Translate into French: {english.capitalize()}."


def asked(english: str) -> str:
    """The end of a text of examples, where the French is due."""
    return f"English: {english}\nFrench:"


def shown(count: int) -> str:
    """The beginning of such a text."""
    pairs = [f"{asked(text)} {translation(text)}\n\n" for text in EXAMPLES[:count]]
    return "".join(pairs)


class Examples:
    """A text of examples, which the model reads once for all that is asked behind it."""

    def __init__(self, real: RealModel, count: int) -> None:
        self.real, self.text = real, shown(count)
        self.ids = real.encode(self.text)
        self.cache = real.model.new_cache(self.ids.shape[1] + 100)
        self.read(self.ids)

    def read(self, ids: Tensor) -> Tensor:
        """Logits (T, V) behind each token of a text (1, T) that was not read yet."""
        with torch.no_grad():
            return self.real.model(ids[:, self.cache[0].length :], self.cache)[0]

    def behind(self, text: str) -> Tensor:
        """The ids of the examples and a text; what was read behind the examples is forgotten."""
        for layer in self.cache:
            layer.length = self.ids.shape[1]
        return torch.cat([self.ids, self.real.encode(text)], dim=1)

    def answer(self, english: str, tokens: int = 24) -> str:
        """What it writes in the line where the French is due: always the likeliest token."""
        ids, said = self.behind(asked(english)), ""
        first = ids.shape[1]
        while "\n" not in said and ids.shape[1] < first + tokens:
            new = self.read(ids)[-1].argmax()
            ids = torch.cat([ids, new.view(1, 1)], dim=1)
            said = self.real.tokenizer.decode(ids[0, first:].tolist())
        return said.split("\n")[0].strip()

    def nats(self, english: str, french: str) -> float:
        """What a French sentence and the end of its line cost behind an English one."""
        due = self.real.encode(f" {french}\n")
        ids = torch.cat([self.behind(asked(english)), due], dim=1)
        told = self.read(ids)[-1 - due.shape[1] : -1].log_softmax(-1)
        return -told.gather(1, due.T).sum().item()


def plain(said: str) -> str:
    """An answer without signs and capitals, so that these count as no mistake."""
    kept = "".join(sign if sign.isalpha() else " " for sign in said.lower())
    return " ".join(kept.split())


def row(real: RealModel, behind: dict[int, Examples], place: int) -> dict[str, Any]:
    """A held-out sentence: what was said, and the nats of its French behind its own English and another's."""
    english, other = SENTENCES[place], SENTENCES[ASKED + place]
    french = translation(english)
    found: dict[str, Any] = {"english": english, "french": french}
    found["chat"] = {"said": real.ask(question(english), 24)}
    for count, examples in behind.items():
        own, another = (examples.nats(text, french) for text in (english, other))
        costs = {"nats": round(own, 2), "nats, another's English": round(another, 2)}
        found[str(count)] = {"said": examples.answer(english)} | costs
    for way in ("chat", *map(str, behind)):
        found[way]["right"] = french in plain(found[way]["said"])
    return found


def main() -> None:
    torch.set_num_threads(1)
    start = time.process_time()
    real = load_real()
    behind = {count: Examples(real, count) for count in SHOTS}
    rows: list[dict[str, Any]] = []
    for place in range(ASKED):
        rows.append(row(real, behind, place))
        print(json.dumps(rows[-1], ensure_ascii=False), flush=True)
        store(DATA, {"rows": rows}, [0], time.process_time() - start)


if __name__ == "__main__":
    main()
