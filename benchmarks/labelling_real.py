"""Names in English sentences: what a real model says when it is asked, and what is read off its vectors.

    python benchmarks/labelling_real.py

Some minutes on one core. Writes ``lmlib/data/labelling_real.json``, from which the chapter on labelling draws, after
each part; what stands there is not computed again, so delete the file to begin anew. Needs the real model
(``lmlib.interop.real.HOW``). The sentences were made and labelled for this book. On another CPU the last digits
differ.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import stored
import torch
import torch.nn.functional as F
from torch import Tensor

import lmlib
from lmlib.few_labels import train_head
from lmlib.generation import generate
from lmlib.interop.real import RealModel, load_real
from lmlib.labelling import OUTSIDE, Span, read_bio, span_f1, to_bio
from lmlib.modern import rotations

DATA = Path(lmlib.__file__).parent / "data" / "labelling_real.json"
KINDS = ("PERSON", "PLACE")
BIO = (OUTSIDE, *(f"{sign}-{kind}" for kind in KINDS for sign in "BI"))
DEPTHS = (0, 10, 20, 30)
# *A person* and _a place_.
LEARN = """
*Jordan* ate my lunch again .
_Jordan_ is a dry country with little rain .
*Paris Novak* sings in a small band .
_Paris_ was full of tourists in July .
*Florence* is the nurse who helped me .
_Florence_ has more museums than I could visit .
*Austin* forgot his keys on the bus .
_Austin_ is the warmest city I have lived in .
*Sydney* told us that she was leaving .
_Sydney_ lies on the coast .
*Chelsea* and *Tom Baker* were late for dinner .
We walked through _Chelsea_ and along the river .
My uncle *Georgia* never met , but he wrote to her .
The train to _Georgia_ leaves at nine .
*Virginia* painted the kitchen yellow .
_Virginia_ was covered in snow .
Yesterday *Maria Lopez* flew from _Lisbon_ to _Oslo_ .
The book was written by *Hanna Vogel* in _Vienna_ .
*Ben* sold his old car to *Samuel Okoro* .
A storm hit _New Zealand_ on Monday .
Nobody in _Chicago_ remembered *Victor Hale* .
The mayor of _Dublin_ thanked *Olivia* for her work .
It rained all week , so we stayed at home .
The bread is fresh , and the cheese is not .
*Emma* studied law in _South Africa_ before she came here .
Ask *Peter* whether the bridge is open .
Our plane landed in _Toronto_ after midnight .
The letter from _Peru_ was addressed to *Carla Mendes* .
Please close the window before you leave .
_Berlin_ and _Rome_ are both too hot in August .
"""
EXAM = """
*Charlotte* broke her arm last winter .
_Charlotte_ is a city with a famous race track .
*Victoria* plays the violin better than her brother .
_Victoria_ is the capital of a Canadian province .
*Lincoln* asked the waiter for more water .
_Lincoln_ has a cathedral that can be seen for miles .
*Brooklyn* shouted at the referee and left the field .
_Brooklyn_ has become too expensive for young families .
*Savannah* said that she did not like the soup .
_Savannah_ was hit by the storm on Friday .
*Devon* lent me his bicycle for a week .
_Devon_ has green hills and narrow roads .
*Jackson* cried when the film was over .
_Jackson_ was built beside a river .
*Houston* never answers his phone .
_Houston_ grew quickly when oil was found .
*Madison* and *Lena Fischer* opened a bakery .
They moved to _Madison_ because rents were low .
Last year *Omar Haddad* cycled from _Madrid_ to _Warsaw_ .
The song was recorded in _Nashville_ by *Joy Turner* .
*Julia* gave the parcel to *Ahmed* in the park .
Two bridges in _Hong Kong_ were closed on Sunday .
Nobody at the station had seen *Rosa Klein* .
The museum in _Athens_ bought a painting from *Leo* .
The soup was cold and the bread was old .
I forgot to water the plants again .
*Grace* worked in _Costa Rica_ for two years .
Tell *Simon* that the meeting is at ten .
The ship left _Hamburg_ with grain for _Egypt_ .
_Kenya_ sent its best runner , *Daniel Kip* .
"""


class Sentence(NamedTuple):
    """Its words, and the people and places that they name."""

    words: list[str]
    spans: list[Span]

    @property
    def text(self) -> str:
        return re.sub(r" (?=[.,])", "", " ".join(self.words))


def read(line: str) -> Sentence:
    words: list[str] = []
    spans: list[Span] = []
    for star, person, bar, place, rest in re.findall(r"(\*)([^*]+)\*|(_)([^_]+)_|(\S+)", line):  # fmt: skip
        part = (person or place or rest).split()
        if star or bar:
            kind = KINDS[0] if star else KINDS[1]
            spans.append(Span(len(words), len(words) + len(part), kind))
        words += part
    return Sentence(words, spans)


LEARNED, ASKED = ([read(x) for x in part.strip().splitlines()] for part in (LEARN, EXAM))  # fmt: skip


@cache
def real() -> RealModel:
    return load_real()


def scores(said: Sequence[Sequence[Span]]) -> dict[str, Any]:
    """Precision, recall, F1, how often the first word has its label, and what was said."""
    found = span_f1(said, [s.spans for s in ASKED])._asdict()
    unclear = [
        {x for x in spans if not x.start} == {x for x in s.spans if not x.start}
        for spans, s in zip(said[:17], ASKED[:17], strict=True)
    ]
    marks = {name: round(value, 3) for name, value in found.items()}
    shown = [[*map(list, spans)] for spans in said]
    return marks | {"first words": sum(unclear), "said": shown}


# Without a model


def capitals() -> dict[str, Any]:
    """Words with a capital are names of one kind, if no word of the labelled sentences is the same without it."""
    common = {word for s in LEARNED for word in s.words if word[0].islower()}
    said = []
    for s in ASKED:
        labels = [
            "I-PERSON"
            if word[0].isupper() and word != "I" and word.lower() not in common
            else OUTSIDE
            for word in s.words
        ]
        said.append(read_bio(labels))
    return scores(said)


def word_list() -> dict[str, Any]:
    known: dict[str, str] = {}
    for s in LEARNED:
        known |= dict(zip(s.words, to_bio(s.spans, len(s.words)), strict=True))
    said = [read_bio(known.get(word, OUTSIDE) for word in s.words) for s in ASKED]
    return scores(said)


# Read off its vectors


def depths(text: str, twice: bool) -> tuple[Tensor, list[int]]:
    """The vectors of the last copy of a text at some depths, (depths, T, C), and which word each token ends."""
    # With a space before it, so that the first word is the same token in both copies.
    ids = real().encode(" " + text)
    length = ids.shape[1]
    ids = ids.repeat(1, 1 + twice)
    model = real().model
    x, kept = model.embed(ids), []
    config = model.config
    turns = rotations(torch.arange(ids.shape[1]), config.d_head, config.rope_base, x.dtype)  # fmt: skip
    for depth, block in enumerate([*model.blocks, None]):
        if depth in DEPTHS:
            kept.append(F.layer_norm(x, x.shape[-1:])[0, -length:])
        if block:
            x, _ = block(x, turns, None)
    pieces = [real().tokenizer.decode([i]) for i in ids[0, -length:].tolist()]
    starts = [i for i, piece in enumerate(pieces) if not i or piece[0] in " .,"]
    return torch.stack(kept), [*(i - 1 for i in starts[1:]), length - 1]


@cache
@torch.no_grad()
def word_vectors(twice: bool) -> tuple[list[Tensor], list[Tensor]]:
    """Of each sentence the vectors at the last token of its words, (depths, words, C)."""
    found = []
    for part in (LEARNED, ASKED):
        rows = []
        for s in part:
            vectors, ends = depths(s.text, twice)
            if len(ends) != len(s.words):
                raise ValueError(f"sentences: {s.text!r} has {len(s.words)} words, not {len(ends)}")  # fmt: skip
            rows.append(vectors[:, ends])
        found.append(rows)
    return found[0], found[1]


def probe(depth: int, twice: bool) -> dict[str, Any]:
    """A linear layer on frozen vectors of thirty labelled sentences."""
    learned, asked = word_vectors(twice)
    place = DEPTHS.index(depth)
    x = torch.cat([rows[place] for rows in learned])
    labels = [label for s in LEARNED for label in to_bio(s.spans, len(s.words))]
    head = train_head(x, torch.tensor([BIO.index(label) for label in labels]))
    told = (head(rows[place]).argmax(-1).tolist() for rows in asked)
    return scores([read_bio(BIO[i] for i in row) for row in told])


# Asked

QUESTION = (
    "Which people and which places are named in this sentence? "
    "Answer in two lines that begin with People: and Places:, and write none where there are none.\n\n{}"
)


NOBODY = ("none", "no", "no one", "nobody", "nowhere")


def spans_of(s: Sentence, answer: str) -> list[Span]:
    """The names of an answer, as spans of the sentence; what does not stand there is a span of no word."""
    found = []
    for kind, begin in zip(KINDS, ("People:", "Places:"), strict=True):
        line = next((x for x in answer.splitlines() if x.startswith(begin)), begin)
        for name in re.split(r",| and ", line.removeprefix(begin)):
            words = name.strip(" .").split()
            if words and " ".join(words).lower() not in NOBODY:
                places = [i for i in range(len(s.words)) if s.words[i : i + len(words)] == words]  # fmt: skip
                start = places[0] if places else -1
                found.append(Span(start, start + len(words), kind))
    return found


def answers(prompts: Sequence[Tensor], length: int) -> list[str]:
    """What the model writes behind each of the prompts, (1, T); those of one length are read together."""
    end, found = real().ends.after[0], [""] * len(prompts)
    by_length = defaultdict(list)
    for i, tokens in enumerate(prompts):
        by_length[tokens.shape[1]].append(i)
    for start, places in by_length.items():
        batch = torch.cat([prompts[i] for i in places])
        written = generate(real().model, batch, length, 0.0, end=end)[:, start:]
        for i, row in zip(places, written.tolist(), strict=True):
            found[i] = real().tokenizer.decode(row[: [*row, end].index(end)])
    return found


def zero_shot() -> dict[str, Any]:
    questions = [{"role": "user", "content": QUESTION.format(s.text)} for s in ASKED]
    told = answers([real().chat(question) for question in questions], 24)
    said = [spans_of(s, answer) for s, answer in zip(ASKED, told, strict=True)]
    return scores(said) | {"answers": told}


def few_shot() -> dict[str, Any]:
    """The same form four times with its answer, and a fifth time without."""
    chosen = [LEARNED[i] for i in (0, 1, 16, 22)]
    start = "\n\n".join(map(solved, chosen))
    forms = [f"{start}\n\nSentence: {s.text}\nPeople:" for s in ASKED]
    told = answers([real().encode(form) for form in forms], 14)
    told = ["People:" + text.split("\n\n")[0] for text in told]
    said = [spans_of(s, answer) for s, answer in zip(ASKED, told, strict=True)]
    return scores(said) | {"answers": told}


def solved(s: Sentence) -> str:
    named = [
        ", ".join(" ".join(s.words[a:b]) for a, b, k in s.spans if k == kind)
        for kind in KINDS
    ]
    people, places = (text or "none" for text in named)
    return f"Sentence: {s.text}\nPeople: {people}\nPlaces: {places}"


def parts(found: dict[str, Any]) -> Iterator[tuple[str, str, Callable[[], Any]]]:
    yield "sentences", "text", lambda: [s.text for s in ASKED]
    yield "sentences", "true", lambda: [[*map(list, s.spans)] for s in ASKED]
    yield "names", "capitals", capitals
    yield "names", "list of words", word_list
    for twice in (False, True):
        for depth in DEPTHS:
            name = f"depth {depth}{', read twice' if twice else ''}"
            yield "names", name, partial(probe, depth, twice)
    yield "names", "asked", zero_shot
    yield "names", "asked, four examples", few_shot


def main() -> None:
    torch.set_num_threads(1)
    stored.store_parts(DATA, parts, [0])


if __name__ == "__main__":
    main()
