"""What parts of models do: `python benchmarks/interpretability.py`.

Some five minutes of one processor. Stores in ``lmlib/data/interpretability.json``, and goes on where it was stopped:
for each fact what each head carries, looks at, and costs when it is taken away; the same of GPTs trained with other
seeds; what a probe reads of the mood at several places, and what the model does without it; and where SmolLM2 turns a
country into its capital.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import torch
from stored import Part, store_parts
from torch import Tensor

import lmlib
from lmlib.batches import Batches
from lmlib.blocks import Config
from lmlib.counterfactuals import FACTS, Pairs, story_pairs
from lmlib.evaluation import mean_loss
from lmlib.few_labels import BAD, GOOD, accuracy, mood_task, train_head
from lmlib.interop.real import load_real
from lmlib.interpretability import changing, erased, patch_effect, patched, vectors
from lmlib.optimisation import Training
from lmlib.pretrained import load_book_gpt
from lmlib.pretraining import fit
from lmlib.stories import STORIES, WORDS, story_sequences
from lmlib.transformer import GPT

PATH = Path(lmlib.__file__).parent / "data" / "interpretability.json"
SHOWN = ("town", "colour", "hiding", "object", "he")
HEADS = [(layer, head) for layer in range(2) for head in range(4)]
SEEDS, DRAWS, TESTED = (1, 2), (0, 1, 2), 500
WEATHER = [["clear", "bright", "sunny", "warm"], ["grey", "dark", "stormy", "cold"]]
PLACES = {"the weather": 0, "he": -2, "was": -1}  # 0: wherever it stands
LAYERS = (0, 4, 8, 12, 16, 20, 21, 22, 23, 24, 25, 26, 28, 30)  # of SmolLM2
BLOCK = 23  # of SmolLM2, whose heads are looked at one by one
CAPITALS = {
    "France": " Paris",
    "Germany": " Berlin",
    "Japan": " Tokyo",
    "England": " London",
    "Greece": " Athens",
}
UNRELATED = "The colour of grass is"


def interval(values: Tensor) -> list[float]:
    """The mean of N values, and two standard errors."""
    spread = values.std(0) if len(values) > 1 else values * 0
    return [round(values.mean(0).item(), 4), round(2 * spread.item() / len(values) ** 0.5, 4)]  # fmt: skip


def shares(model: GPT, pairs: Pairs) -> list[list[float]]:
    """For each head, how much of the way to the other story its output at the question goes."""
    before, other = (pairs.difference(model(x)) for x in (pairs.tokens, pairs.other))
    found = []
    for place in HEADS:
        logits = patched(model, pairs.tokens, pairs.other, pairs.at, *place)
        found.append(interval(patch_effect(before, pairs.difference(logits), other)))
    return found


def weights(model: GPT, pairs: Pairs) -> dict[str, list[float]]:
    """For each head, its largest weight at the question, and that on the words in which the stories differ."""
    rows = torch.arange(len(pairs.at))
    seen = model.with_weights(pairs.tokens)[1][:, rows, :, pairs.at]  # (N, L, H, T)
    differ = (pairs.tokens != pairs.other)[:, None, None]
    kinds = {"largest": seen.amax(-1), "on what differs": (seen * differ).sum(-1)}
    return {k: [round(x, 3) for x in v.mean(0).flatten().tolist()] for k, v in kinds.items()}  # fmt: skip


def rises(model: GPT, pairs: Pairs) -> list[float]:
    """For each head, how far the loss of the answer rises when it gives its mean over the stories there."""
    rows, found = torch.arange(len(pairs.at)), []

    def loss() -> float:
        chances = model(pairs.tokens)[rows, pairs.at].log_softmax(-1)
        return -chances.gather(1, pairs.answers[:, 0]).logsumexp(-1).mean().item()

    whole = loss()
    for place in HEADS:
        mean = vectors(model, pairs.tokens, *place)[rows, pairs.at].mean(0)
        instead = lambda x, mean=mean: x.index_put((rows, pairs.at), mean)  # noqa: E731
        with changing(model, instead, *place):
            found.append(round(loss() - whole, 4))
    return found


def heads(fact: str, n: int = 60) -> dict[str, Any]:
    pairs, model = story_pairs(fact, n, seed=1), load_book_gpt()
    return {"share": shares(model, pairs), **weights(model, pairs), "rise": rises(model, pairs)}  # fmt: skip


def trained(seed: int) -> dict[str, Any]:
    """Another GPT, and the share of each of its heads."""
    torch.set_grad_enabled(True)
    model = GPT(Config(STORIES.vocab_size), seed)
    batches = Batches(story_sequences(8_000, seed=0), 8, seed)
    fit(model, batches, Training(1_000, 4e-3, eval_interval=1_000), progress=False)
    torch.set_grad_enabled(False)
    loss = mean_loss(model.eval(), story_sequences(100, seed=1), 50)
    rows = {fact: [x[0] for x in shares(model, story_pairs(fact, 30, seed=2))] for fact in SHOWN}  # fmt: skip
    return {"loss": round(loss, 4), "share": rows}


@cache
def moods(n: int, seed: int) -> tuple[Tensor, Tensor, Tensor, dict[str, Tensor]]:
    """Stories up to "was", (N, T); what their endings are; their weather; and where the places are."""
    prompts, labels = mood_task(n, seed)
    tokens = torch.nn.utils.rnn.pad_sequence(prompts, True)
    words = torch.tensor(WORDS.encode(" ".join([*WEATHER[0], *WEATHER[1]])))
    is_weather = (tokens[..., None] == words).any(-1)
    first = is_weather.int().argmax(1)
    weather = tokens[torch.arange(n), first]
    lengths = torch.tensor([len(p) for p in prompts])
    places = {k: lengths + back if back else first for k, back in PLACES.items()}
    return tokens, labels, weather, places


def control(weather: Tensor, draw: int) -> Tensor:
    """Labels by lot: two good and two bad kinds of weather are 1."""
    rng = random.Random(draw)
    ones = [word for words in WEATHER for word in rng.sample(words, 2)]
    ids = torch.tensor(WORDS.encode(" ".join(ones)))
    return (weather[:, None] == ids).any(-1).long()


def probe(place: str, layer: int, n: int = 300) -> dict[str, list[float]]:
    """How often a probe is right about the ending, about labels by lot, and about the ending in an untrained model."""
    found: dict[str, list[float]] = {"ending": [], "by lot": [], "untrained": []}
    tested = moods(TESTED, seed=2_001)
    for draw in DRAWS:
        taught = moods(n, seed=2_010 + draw)
        endings = [part[1] for part in (taught, tested)]
        lots = [control(part[2], draw) for part in (taught, tested)]
        for kind, (y, y_test) in zip(found, (endings, lots, endings), strict=True):
            seed = 10 + draw if kind == "untrained" else None
            spots = [standing(seed, part, place, layer) for part in (taught, tested)]
            with torch.enable_grad():
                head = train_head(spots[0], y, steps=40)
            found[kind].append(accuracy(head(spots[1]), y_test))
    return {kind: interval(torch.tensor(right)) for kind, right in found.items()}


@cache
def all_vectors(seed: int | None, texts: Any) -> list[Tensor]:
    """The residual stream in front of each block and of the last norm, of the book's GPT or an untrained one."""
    body = load_book_gpt() if seed is None else GPT(Config(STORIES.vocab_size), seed)
    return [vectors(body, texts, layer) for layer in range(3)]


def standing(seed: int | None, part: Any, place: str, layer: int) -> Tensor:
    """The vectors (N, C) that stand at a place of all texts."""
    rows = torch.arange(len(part[0]))
    return all_vectors(seed, part[0])[layer][rows, part[3][place]]


def endings(model: GPT, part: Any) -> tuple[float, float]:
    """How often the likelier kind of ending is right, and the probability of the right kind."""
    tokens, labels, _, places = part
    chances = model(tokens)[torch.arange(len(tokens)), places["was"]].softmax(-1)
    kinds = torch.stack([chances[:, WORDS.encode(" ".join(x))].sum(-1) for x in (BAD, GOOD)], 1)  # fmt: skip
    return accuracy(kinds, labels), kinds[
        torch.arange(len(labels)), labels
    ].mean().item()


def without(place: str, layer: int, n: int = 300) -> dict[str, list[float]]:
    """The endings when a direction is erased at a place: that of the mood, and of the others the longest."""
    model, taught, tested = load_book_gpt(), moods(n, 2_020), moods(TESTED, seed=2_001)
    x, rows = standing(None, taught, place, layer), torch.arange(TESTED)
    mood = x[taught[1] == 1].mean(0) - x[taught[1] == 0].mean(0)
    rest = erased(x, mood, x.mean(0)) - x.mean(0)
    longest = torch.linalg.svd(rest, full_matrices=False).Vh[0]
    found = {"as it is": [round(v, 4) for v in endings(model, tested)]}
    for name, direction in (("mood", mood), ("longest", longest)):
        at = (rows, tested[3][place])
        instead = lambda z, u=direction: z.index_put(at, erased(z[at], u, x.mean(0)))  # noqa: E731, B023
        with changing(model, instead, layer):
            found[name] = [round(v, 4) for v in endings(model, tested)]
    return found


def capitals(country: str) -> tuple[Any, Tensor, Tensor, Any]:
    """The real model; the prompts of a country and of the next one; how far the first one's capital leads."""
    real, names = load_real(), [*CAPITALS]
    after = names[(names.index(country) + 1) % len(names)]
    here, there = (real.encode(f"The capital of {x} is") for x in (country, after))
    own, other = (int(real.encode(CAPITALS[x])) for x in (country, after))
    return real, here, there, lambda logits: logits[:, -1, own] - logits[:, -1, other]


def curves(country: str, layers: tuple[int, ...] = LAYERS) -> dict[str, list[float]]:
    """Behind "The capital of COUNTRY is": the share gone to the next country's capital, by layer.

    Its vector at the country, or at "is", is put in; as a control, that of an unrelated text at the same place.
    """
    real, here, there, difference = capitals(country)
    sources = torch.cat([there, there, *[real.encode(UNRELATED)] * 2])
    texts, at = here.expand(4, -1), torch.tensor([3, 4, 3, 4])
    before, other = (difference(real.model(x)) for x in (here, there))
    rows = []
    for layer in layers:
        led = difference(patched(real.model, texts, sources, at, layer))
        rows.append(patch_effect(before, led, other).tolist())
    kinds = ("country", "is", "country, unrelated", "is, unrelated")
    columns = ([round(x, 3) for x in row] for row in zip(*rows, strict=True))
    return dict(zip(kinds, columns, strict=True))


def heads_of_block(country: str, heads: range) -> list[float]:
    """The same share for single heads of one block, at "is"."""
    real, here, there, difference = capitals(country)
    before, other = (difference(real.model(x)) for x in (here, there))
    found = []
    for head in heads:
        logits = patched(real.model, here, there, torch.tensor([4]), BLOCK, head)
        found.append(round(patch_effect(before, difference(logits), other).item(), 3))
    return found


def parts(found: dict[str, Any]) -> Iterator[Part]:
    for fact in FACTS:
        yield "heads", fact, lambda fact=fact: heads(fact)
    for country in CAPITALS:
        yield "real", country, lambda country=country: curves(country)
    spots = [(place, layer) for place in PLACES for layer in range(3)]
    for place, layer in spots:
        if (
            layer or place == "the weather"
        ):  # elsewhere, before the first block, there is nothing to read
            yield "probe", f"{place}, {layer}", lambda p=place, n=layer: probe(p, n)
    for place, layer in spots:
        if layer == 1:
            yield "without", f"{place}, {layer}", lambda p=place, n=layer: without(p, n)
    for country in CAPITALS:
        heads_of = range(9) if country == "France" else range(4, 5)
        make = lambda country=country, of=heads_of: heads_of_block(country, of)  # noqa: E731
        yield "block", country, make
    for seed in SEEDS:
        yield "seeds", str(seed), lambda seed=seed: trained(seed)


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    store_parts(PATH, parts, [*SEEDS])
