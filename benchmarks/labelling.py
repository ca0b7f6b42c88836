"""Labels of words and of texts: how many of them a trained body needs, and what counting words makes of as many.

    python benchmarks/labelling.py

About five minutes on one core. Writes ``lmlib/data/labelling.json``, from which the chapter on labelling draws, after
each part; what stands there is not computed again, so delete the file to begin anew. On another CPU the last digits
differ.
"""

from __future__ import annotations

import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import stored
import torch
from torch import Tensor

import lmlib
from lmlib.batches import IGNORE, Batch, Batches
from lmlib.few_labels import BAD, GOOD, accuracy, bag_of_words, train_head
from lmlib.finetuning import Classifier, labelled, read_label, read_out
from lmlib.grammar import Grammar
from lmlib.labelling import OUTSIDE, naive_bayes, read_bio, span_f1, to_bio
from lmlib.optimisation import Training
from lmlib.pretrained import load_bert, load_book_gpt
from lmlib.pretraining import fit
from lmlib.states import parse_story, read_state
from lmlib.stories import STORIES, TOML, WORDS
from lmlib.story_labels import (
    AGENT,
    FACTS,
    KINDS,
    PATIENT,
    THIEVES,
    Chase,
    chases,
    entities,
    facts,
)
from lmlib.token_head import TokenClassifier, token_states
from lmlib.tokens import END, prompt, sequences
from lmlib.transformer import BERT, GPT

DATA = Path(lmlib.__file__).parent / "data" / "labelling.json"
SAMPLES, SIZES = 3, (5, 10, 20, 50)
BIO = (OUTSIDE, *(f"{sign}-{kind}" for kind in KINDS for sign in "BI"))
COLUMNS = (OUTSIDE, *FACTS)
LIST = "list of words"


@cache
def book_gpt() -> GPT:
    return load_book_gpt()


def body(name: str, seed: int = 0) -> GPT | BERT:
    """A trained one, or one of its size with numbers drawn anew."""
    trained = load_bert() if "BERT" in name else load_book_gpt()
    if "random" not in name:
        return trained
    return type(trained)(trained.config, seed=seed + 1)  # type: ignore[arg-type]


BODIES = ("random GPT", "GPT", "random BERT", "BERT")


@cache
def swapped() -> Grammar:
    """The stories, in which the animals and the thieves have changed their places."""
    spec = tomllib.loads(TOML.read_text("utf-8"))
    slots = spec["slots"]
    slots["animal"], slots["thief"] = slots["thief"], slots["animal"]
    return Grammar(**spec)


def vectors(name: str, seed: int, stories: Sequence[str]) -> list[Tensor]:
    """A frozen body's vectors of the words of each story."""
    read = token_states(body(name, seed), sequences(stories, WORDS))
    return [rows[1:-1] for rows in read]


@cache
def exam(turned: bool = False) -> list[str]:
    return swapped().sample(100, 7002) if turned else STORIES.sample(200, 7001)


@cache
def vectors_of_exam(name: str, seed: int, turned: bool = False) -> list[Tensor]:
    return vectors(name, seed if "random" in name else 0, exam(turned))


def word_list(
    stories: Sequence[str], labels: Sequence[Sequence[str]]
) -> dict[str, str]:
    """Each word of the stories with the label that it had most often."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for story, row in zip(stories, labels, strict=True):
        for word, label in zip(story.split(), row, strict=True):
            counts[word][label] += 1
    return {word: found.most_common(1)[0][0] for word, found in counts.items()}


# Entities


def bio(story: str) -> list[str]:
    return to_bio(entities(story), len(story.split()))


def name_entities(method: str, n: int, seed: int) -> dict[str, float]:
    """Precision, recall and F1, and the recall of spans with a word that no labelled story had."""
    stories = STORIES.sample(n, 4000 + seed)
    labels = [bio(story) for story in stories]
    if method == LIST:
        known = word_list(stories, labels)
        said = [[known.get(word, OUTSIDE) for word in s.split()] for s in exam()]
    else:
        x = torch.cat(vectors(method, seed, stories))
        y = torch.tensor([BIO.index(label) for row in labels for label in row])
        head = train_head(x, y)
        told = (head(rows).argmax(-1) for rows in vectors_of_exam(method, seed))
        said = [[BIO[i] for i in row.tolist()] for row in told]
    found, true = [read_bio(row) for row in said], [entities(s) for s in exam()]
    seen = {word for story in stories for word in story.split()}
    new = [
        [span for span in spans if not {*story.split()[span.start : span.end]} <= seen]
        for story, spans in zip(exam(), true, strict=True)
    ]
    scores = span_f1(found, true)._asdict() | {"new": span_f1(found, new).recall}
    return {name: round(value, 4) for name, value in scores.items()}


# A table of facts


def fill_table(method: str, n: int, seed: int) -> dict[str, Any]:
    """How many cells of each column are right, and how many whole rows; as it is, and with other thieves."""
    stories = STORIES.sample(n, 4000 + seed)
    labels = [facts(story) for story in stories]
    if method == LIST:
        known = word_list(stories, labels)
    else:
        x = torch.cat(vectors(method, seed, stories))
        y = torch.tensor([COLUMNS.index(label) for row in labels for label in row])
        head = train_head(x, y)
    found: dict[str, Any] = {}
    for turned in (False, True):
        rows = []
        for i, story in enumerate(exam(turned)):
            words = story.split()
            if method == LIST:
                row = {known[w]: w for w in reversed(words) if w in known}
                rows.append([row.get(fact, "") for fact in FACTS])
            else:
                logits = head(vectors_of_exam(method, seed, turned)[i])  # (T, K)
                best = logits.argmax(0).tolist()[1:]
                rows.append([words[place] for place in best])
        found["turned" if turned else "told"] = marks(rows, turned)
    return found


def marks(rows: Sequence[Sequence[str]], turned: bool) -> dict[str, Any]:
    grammar = swapped() if turned else STORIES
    states = [read_state(story, grammar) for story in exam(turned)]
    true = [[state[fact] for fact in FACTS] for state in states]
    right = torch.tensor(
        [[x == y for x, y in zip(a, b, strict=True)] for a, b in zip(true, rows, strict=True)]
    )  # fmt: skip
    cells = [round(share, 3) for share in right.float().mean(0).tolist()]
    return {"cells": cells, "rows": round(right.all(1).float().mean().item(), 3)}


# The ending, from more and more of a story

CUTS = ("no cue", "weather", "people", "way")


def cuts(story: str) -> list[int]:
    """How many words there are before the first cue, and up to the end of the sentence of each."""
    ends, end, kept = [], 0, 0
    for sentence in parse_story(story):
        items = [item for item, _ in sentence]
        end += len(items)
        if {"{sky}", "{people}"} & {*items}:
            kept = kept or end - len(items)
            ends.append(end)
        elif "{way}" in items:
            ends.append(end)
    return [kept, *ends]


@cache
def moods() -> list[str]:
    return STORIES.sample(500, 5001)


def endings(stories: Sequence[str]) -> Tensor:
    return torch.tensor([int(story.split()[-2] in GOOD) for story in stories])


def mood(method: str, cut: int, seed: int) -> float:
    """How often right about 500 endings, with 100 labels, or with none if it is asked."""
    if method == "asked":
        told = torch.stack([ask(story, cuts(story)[cut]) for story in moods()])
        return round(accuracy(told, endings(moods())), 4)
    learn = STORIES.sample(100, 5100 + seed)
    if method == "bag of words":
        parts = [
            [torch.tensor(WORDS.encode(" ".join(s.split()[: cuts(s)[cut]]))) for s in x]
            for x in (learn, moods())
        ]
        x, x_exam = map(bag_of_words, parts)
    else:
        # Behind the mask, a word of a whole story has the vector that it has in the part that ends with it.
        name = (method, seed if "random" in method else 0)
        x = at_cut(learn, vectors(*name, learn), cut)
        x_exam = at_cut(moods(), vectors_of_moods(*name), cut)
    head = train_head(x, endings(learn))
    return round(accuracy(head(x_exam), endings(moods())), 4)


@torch.no_grad()
def ask(story: str, kept: int) -> Tensor:
    """The GPT's probabilities of a bad and of a good ending, behind so many words of a story."""
    begun = " ".join(story.split()[:kept])
    text = f"{begun} in the end {read_state(story)['he']} was"
    probs = book_gpt()(prompt(text, WORDS))[0, -1].softmax(-1)
    words = [WORDS.encode(" ".join(part)) for part in (BAD, GOOD)]
    return torch.stack([probs[part].sum() for part in words])


def at_cut(stories: Sequence[str], rows: Sequence[Tensor], cut: int) -> Tensor:
    last = [cuts(story)[cut] - 1 for story in stories]
    return torch.stack([row[i] for row, i in zip(rows, last, strict=True)])


@cache
def vectors_of_moods(name: str, seed: int) -> list[Tensor]:
    return vectors(name, seed, moods())


# Which thief?


def cut_behind_thief(story: str) -> str:
    return story[: story.index(" . ", story.index("suddenly")) + 2]


@cache
def crimes() -> tuple[list[str], Tensor]:
    return thieves(STORIES.sample(400, 6001))


def thieves(stories: Sequence[str]) -> tuple[list[str], Tensor]:
    found = [THIEVES.index(read_state(story)["thief"]) for story in stories]
    return [cut_behind_thief(story) for story in stories], torch.tensor(found)


def macro(said: Tensor, true: Tensor) -> float:
    """The mean over the thieves of F1."""
    both = [((said == k) & (true == k)).sum() for k in range(len(THIEVES))]
    any_ = [(said == k).sum() + (true == k).sum() for k in range(len(THIEVES))]
    scores = [2 * a / b for a, b in zip(both, any_, strict=True) if b]
    return float(sum(scores) / len(scores))


def ids(texts: Sequence[str]) -> list[Tensor]:
    return [torch.tensor(WORDS.encode(f"{END} {text}")) for text in texts]


def which_thief(method: str, n: int, seed: int) -> dict[str, float]:
    (texts, y), (exam_texts, true) = thieves(STORIES.sample(n, 6100 + seed)), crimes()
    if method == "naive Bayes":
        x, x_exam = [(bag_of_words(ids(part)) > 0).float() for part in (texts, exam_texts)]  # fmt: skip
        head = naive_bayes(x, y, len(THIEVES))
    else:
        read = Classifier(body(method, seed), 2).states
        x, x_exam = read_out(read, ids(texts)), read_out(read, ids(exam_texts))
        head = train_head(x, y)
    said = head(x_exam).argmax(-1)
    right = (said == true).float().mean().item()
    return {"right": round(right, 4), "macro-F1": round(macro(said, true), 4)}


# Who acts?


def pairs(made: Sequence[Chase], twice: bool) -> list[Tensor]:
    """Ids and roles beside each other, (T, 2); read twice, only the second copy has labels."""
    texts = []
    for words, roles in made:
        tokens = [WORDS.ids[END], *WORDS.encode(" ".join(words))]
        found = {AGENT: 0, PATIENT: 1}
        labels = [IGNORE, *(found.get(role, IGNORE) for role in roles)]
        if twice:
            tokens, labels = tokens * 2, [IGNORE] * len(labels) + labels
        texts.append(torch.tensor([tokens, labels]).T)
    return texts


def read_labels(batch: Tensor, generator: torch.Generator) -> Batch:
    return batch[..., 0], batch[..., 1]


def roles(method: str, seed: int) -> dict[str, float]:
    """How often the role of the first animal is right, and of the second."""
    twice, name = "twice" in method, method.removesuffix(", twice")
    model = TokenClassifier(body(name, seed), 2)
    made = pairs(chases(100, 8000 + seed), twice)
    plan = Training(100, 2e-3, 10, eval_interval=100)
    fit(model, Batches(made, 8, seed, read_labels), plan, progress=False)
    tokens, true = torch.stack(pairs(chases(1000, 8999), twice)).unbind(-1)
    with torch.no_grad():
        right = model(tokens).argmax(-1)[true != IGNORE] == true[true != IGNORE]
    first, second = right.view(-1, 2).float().mean(0).tolist()
    return {"first": round(first, 4), "second": round(second, 4)}


def who_acts(method: str, seed: int) -> float:
    """Does the thief act? One label for the sentence, 100 of them."""
    made, asked = chases(100, 8000 + seed), chases(1000, 8999)
    texts = [ids([" ".join(chase.words) for chase in part]) for part in (made, asked)]
    y, true = (torch.tensor([int(c.thief_acts) for c in part]) for part in (made, asked))  # fmt: skip
    if method == "naive Bayes":
        x, x_exam = [(bag_of_words(part) > 0).float() for part in texts]
        return round(accuracy(naive_bayes(x, y, 2)(x_exam), true), 4)
    model = Classifier(body(method, seed), 2)
    batches = Batches(labelled(texts[0], y.tolist(), 2), 8, seed, read_label)
    plan = Training(200, 2e-3, 10, eval_interval=200)
    fit(model, batches, plan, progress=False)
    return round(accuracy(read_out(model, texts[1]), true), 4)


def parts(found: dict[str, Any]) -> Iterator[tuple[str, str, Callable[[], Any]]]:
    """Each part of the file: two keys, and what computes it."""
    samples = range(SAMPLES)
    for method, n, seed in product((LIST, "random GPT", "BERT", "GPT"), SIZES, samples):
        yield f"entities, {method}", f"{n} {seed}", partial(name_entities, method, n, seed)  # fmt: skip
        yield f"facts, {method}", f"{n} {seed}", partial(fill_table, method, n, seed)
    heads = ("bag of words", "random GPT", "GPT")
    for method, cut, seed in product(heads, range(len(CUTS)), samples):
        yield f"mood, {method}", f"{cut} {seed}", partial(mood, method, cut, seed)
    for cut in range(len(CUTS)):
        yield "mood, asked", f"{cut} 0", partial(mood, "asked", cut, 0)
    for method, n, seed in product(("naive Bayes", "GPT"), (100, 300), samples):
        yield f"thief, {method}", f"{n} {seed}", partial(which_thief, method, n, seed)
    for name, seed in product(BODIES, samples):
        for method in [name, *([f"{name}, twice"] if "GPT" in name else [])]:
            yield f"roles, {method}", str(seed), partial(roles, method, seed)
    for method, seed in product(("naive Bayes", *BODIES), samples):
        yield f"who acts, {method}", str(seed), partial(who_acts, method, seed)


def main() -> None:
    torch.set_num_threads(1)
    stored.store_parts(DATA, parts, list(range(SAMPLES)))


if __name__ == "__main__":
    main()
