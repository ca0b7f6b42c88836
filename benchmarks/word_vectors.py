"""How often word vectors find a word of the same kind, and solve an analogy, over five texts and five starts.

    python benchmarks/word_vectors.py

Run so, it writes ``lmlib/data/word_vectors.json``, which the chapter on embeddings shows.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import torch
from stored import store
from torch import Tensor

import lmlib
from lmlib.embeddings import analogy_questions, analogy_share, same_kind
from lmlib.skip_gram import SkipGram, train_skip_gram
from lmlib.stories import STORIES, WORDS, story_sequences

DATA = Path(lmlib.__file__).parent / "data" / "word_vectors.json"
SLOTS = ["{colour}", "{town}", "{object}", "{thief}", "{hiding}"]
KINDS = [[WORDS.ids[word] for word in STORIES.slots[slot].tables[""]] for slot in SLOTS]
PEOPLE = ["king", "queen", "man", "woman", "prince", "princess", "boy", "girl"]
CUBE = torch.tensor([WORDS.ids[word] for word in PEOPLE]).view(2, 2, 2)
V = STORIES.vocab_size


def random_vectors(seed: int) -> Tensor:
    return SkipGram(V, 32, torch.Generator().manual_seed(seed)).centre.weight.detach()


def trained(seed: int, d_model: int = 32, shuffled: bool = False) -> Tensor:
    """The centres' table, from 1,500 stories of that seed and a start of that seed."""
    stories = story_sequences(1_500, seed=seed)
    if shuffled:
        mixed = torch.cat(stories).tolist()
        random.Random(seed).shuffle(mixed)
        stories = list(torch.tensor(mixed).split(100))
    model, _ = train_skip_gram(stories, V, d_model=d_model, seed=seed)
    return model.centre.weight.detach()


def row(vectors: Tensor) -> dict[str, float]:
    """The three shares of a table of vectors."""
    questions = analogy_questions(CUBE)
    return {
        "same_kind": same_kind(vectors, KINDS),
        "left_out": analogy_share(vectors, questions, leave_out=True),
        "all_words": analogy_share(vectors, questions, leave_out=False),
    }


TABLES = {
    "random": random_vectors,
    "shuffled": lambda seed: trained(seed, shuffled=True),
    "8 numbers": lambda seed: trained(seed, d_model=8),
    "32 numbers": trained,
}
SEEDS = [0, 1, 2, 3, 4]

if __name__ == "__main__":
    start = time.perf_counter()
    torch.set_num_threads(1)
    found = {name: [row(make(seed)) for seed in SEEDS] for name, make in TABLES.items()}
    store(DATA, {"tables": found}, seeds=SEEDS, seconds=time.perf_counter() - start)
    for name, rows in found.items():
        print(name, [[round(x, 2) for x in one.values()] for one in rows])
