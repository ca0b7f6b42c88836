"""The words that a duel asks for: places of held-out stories where a word is drawn, or has been decided long before."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

from lmlib.language_models import LanguageModel
from lmlib.softmax import entropy
from lmlib.stories import STORIES, WORDS, story_sequences
from lmlib.widgets.checks import BadValue

HELD_OUT = 200
"""How many stories of seed 1 there are to ask from: those on which the book measures every model."""
OFFERED = 6
"""How many words a reader may choose from."""
LIKELY = 4
"""How many of these, at most, are there because the grammar holds them for likeliest."""
UNSURE = 0.6
"""Below this probability by the 5-gram a word that is certain is worth remembering."""

SLOT_OF = {  # a word that is drawn, or repeats one that was
    word: name
    for name, slot in STORIES.slots.items()
    for table in slot.tables.values()
    for word in table
}

held_out = cache(lambda: story_sequences(HELD_OUT, seed=1))


def _probs(name: str, model: LanguageModel, tokens: Tensor) -> Tensor:
    """(T,) ids → (T, V) probabilities of each next word."""
    with torch.no_grad():
        probs = model(tokens[None])[0].double().softmax(-1)
    if probs.shape[-1] != len(WORDS.vocab):
        raise BadValue(
            f"{name}: gives {probs.shape[-1]} probabilities, but the stories have {len(WORDS.vocab)} words; "
            "give a model of the stories"
        )
    if not probs.isfinite().all():
        raise BadValue(f"{name}: gives NaN; look for an overflow in its logits")
    return probs


def _short(p: Tensor) -> float:
    """Six digits, so that little travels; Python and the page compute from the same."""
    return float(f"{float(p):.6g}")


def _offered(true: Tensor, guessed: Tensor) -> list[str]:
    """Likely words by the grammar, (V,), then by the 5-gram, (V,): in alphabetical order, which tells nothing."""
    ids = [i for i in true.argsort(descending=True, stable=True).tolist() if true[i]]
    ids = ids[:LIKELY]
    more = guessed.argsort(descending=True, stable=True).tolist()
    # A full stop and the end of a story are no words to guess.
    more = [i for i in more if WORDS.vocab[i].isalpha() and i not in ids]
    ids += more[: OFFERED - len(ids)]
    return sorted(WORDS.vocab[i] for i in ids)


def _chosen(
    pick: random.Random, places: list[int], n: int, ids: Tensor, used: set[str]
) -> list[int]:
    """``n`` of the places, of other slots than before where there are any left: a name, a town, a colour."""
    slot = {t: SLOT_OF[WORDS.vocab[ids[t + 1]]] for t in places}
    found: list[int] = []
    for _ in range(n):
        left = [t for t in places if t not in found]
        found.append(pick.choice([t for t in left if slot[t] not in used] or left))
        used.add(slot[found[-1]])
    return found


def _found(
    pick: random.Random,
    ids: Tensor,
    probs: Sequence[Tensor],
    n: tuple[int, int],
    used: tuple[set[str], set[str]],
) -> list[int]:
    """Places of one story: ``n`` words that have been decided, and that are drawn; slots that were ``used``, last."""
    _, five, _, true = probs
    places = [t for t in range(1, len(ids) - 2) if WORDS.vocab[ids[t + 1]] in SLOT_OF]
    drawn = [t for t in places if _uneven(true[t])]
    sure = [t for t in places if true[t].max() == 1]
    known = [t for t in sure if five[t, ids[t + 1]] < UNSURE]
    # A better model than the 5-gram may leave too little to remember.
    old = _chosen(pick, known if len(known) >= n[0] else sure, n[0], ids, used[0])
    return old + _chosen(pick, drawn, n[1], ids, used[1])


def game(seed: int, rounds: int, models: dict[str, LanguageModel]) -> dict[str, Any]:
    """The stories and the words of one game, ready to travel; the same seed gives the same game.

    ``models`` has a bigram, a 5-gram and a GPT, in this order, by the names that an error is to say.
    Half of the words have been decided earlier in the story, so that the grammar gives them 1 and the 5-gram does
    not know; the others are drawn, some likelier than others. Each has the probabilities ``p`` by the three models
    and the grammar, and the ``floor`` there: the entropy of the grammar's in nats.
    """
    pick = random.Random(seed)
    n = min(5, max(1, round(rounds / 2.5)))
    numbers = sorted(pick.sample(range(HELD_OUT), n))
    used: tuple[set[str], set[str]] = (set(), set())
    stories, asked = [], []
    for i, number in enumerate(numbers):
        ids = held_out()[number]
        all_models = {**models, "STORIES": STORIES}
        probs = [_probs(name, model, ids[:-1]) for name, model in all_models.items()]
        here = rounds * (i + 1) // n - rounds * i // n
        old = rounds // 2 * (i + 1) // n - rounds // 2 * i // n
        found = _found(pick, ids, probs, (old, here - old), used)
        asked += [_asked(i, t, ids, probs) for t in sorted(found)]
        for name, rows in zip(all_models, probs, strict=True):
            if min(rows[t, ids[t + 1]] for t in found) < 1e-300:
                raise BadValue(
                    f"{name}: gives a word that comes no probability, and surprise without end; smooth the model"
                )
        stories.append(
            {"number": number, "text": WORDS.decode(ids[1 : max(found) + 1])}
        )
    return {"seed": seed, "stories": stories, "rounds": asked}


def _uneven(true: Tensor) -> bool:
    """Whether some possible words are likelier; where all are alike a guess takes luck alone."""
    possible = true[true > 0]
    return bool(possible.max() > 1.05 * possible.min())


def _asked(story: int, t: int, ids: Tensor, probs: Sequence[Tensor]) -> dict[str, Any]:
    answer = int(ids[t + 1])
    return {
        "story": story,
        "at": t,
        "word": WORDS.vocab[answer],
        "offered": _offered(probs[-1][t], probs[1][t]),
        "p": [_short(rows[t, answer]) for rows in probs],
        "floor": _short(entropy(probs[-1][t])),
    }
