"""A grammar small enough to enumerate all its stories, written again in plain Python; and stories as ids."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache

import torch

from lmlib.grammar import Grammar
from lmlib.stories import STORIES
from lmlib.tokens import END

# Everything a grammar can do, in a few hundred stories: Zipf and uniform words, a word given another (exactly, with
# slips, and given a cue), cues of the mood before, in and after alternatives, words that repeat and that are forgotten.
SPEC: dict = {
    "story": [
        "a {who} {sky} (x|y) .",
        [
            "one {who} {pet} (x|y) {road} .",
            "two {pet} .",
            "three {pet} {road} {pet} {road} .",
        ],
        "{he} {sky} {pet} {coat} {mind} .",
    ],
    "hidden": {"mood": ["good", "bad"]},
    "slots": {
        "who": {"words": "tom mia ann"},
        "pet": {"words": "cat dog", "uniform": True},
        "he": {
            "given": "who",
            "words": {"tom": "he", "mia ann": "she"},
            "fidelity": 0.75,
        },
        "sky": {
            "given": "mood",
            "words": {"bad": "grey", "good": "blue red grey"},
        },  # not in the order of the moods
        "road": {
            "given": "mood",
            "words": {"good": "up", "bad": "down"},
            "fidelity": 0.8,
        },
        "coat": {"given": "sky", "words": {"blue red": "thin", "grey": "thick thin"}},
        "mind": {
            "given": "mood",
            "words": {"good": "glad", "bad": "sad"},
            "fidelity": 0.9,
        },
    },
}


TINY = Grammar(**SPEC)


def weighted(words: str, uniform: bool = False) -> dict[str, float]:
    weights = {
        word: 1.0 if uniform else 1 / (i + 1) for i, word in enumerate(words.split())
    }
    return {word: weight / sum(weights.values()) for word, weight in weights.items()}


def words_of(name: str, known: dict[str, str]) -> dict[str, float]:
    spec = SPEC["slots"][name]
    if "given" not in spec:
        return weighted(spec["words"], spec.get("uniform", False))
    tables = {
        value: weighted(line)
        for key, line in spec["words"].items()
        for value in key.split()
    }
    fidelity, cause = spec.get("fidelity", 1.0), known[spec["given"]]
    mixed: dict[str, float] = defaultdict(float)
    for value, table in tables.items():
        for word, p in table.items():
            mixed[word] += p * (
                fidelity if value == cause else (1 - fidelity) / (len(tables) - 1)
            )
    return mixed


def expansions(
    line: list[str], known: dict[str, str]
) -> Iterator[tuple[list[str], float, dict[str, str]]]:
    if not line:
        yield [], 1.0, known
        return
    item, rest = line[0], line[1:]
    if item.startswith("("):
        choices = [(word, 1 / 2, known) for word in item[1:-1].split("|")]
    elif not item.startswith("{"):
        choices = [(item, 1.0, known)]
    elif (name := item[1:-1]) in known:
        choices = [(known[name], 1.0, known)]
    else:
        choices = [
            (word, p, {**known, name: word})
            for word, p in words_of(name, known).items()
            if p > 0
        ]
    for word, p, now in choices:
        for tail, q, after in expansions(rest, now):
            yield [word, *tail], p * q, after


def enumerated(
    parts: list, known: dict[str, str]
) -> Iterator[tuple[tuple[str, ...], float]]:
    if not parts:
        yield (), 1.0
        return
    lines = [parts[0]] if isinstance(parts[0], str) else parts[0]
    for line in lines:
        for words, p, after in expansions(line.split(), known):
            for tail, q in enumerated(parts[1:], after if len(lines) == 1 else known):
                yield (*words, *tail), p / len(lines) * q


@cache
def tiny_stories() -> dict[tuple[str, ...], float]:
    """Every story of the tiny grammar with its probability, the mood summed out."""
    total: dict[tuple[str, ...], float] = defaultdict(float)
    for mood in ("good", "bad"):
        for words, p in enumerated(SPEC["story"], {"mood": mood}):
            total[words] += p / 2
    return total


def story_ids(text: str) -> torch.Tensor:
    return torch.tensor([[STORIES.ids[word] for word in [END, *text.split(), END]]])
