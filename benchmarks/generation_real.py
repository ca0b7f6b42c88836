"""What a real model writes: texts that two libraries draw, and its answers to questions, also to those that have none.

    python benchmarks/generation_real.py

Some minutes on one core. Writes ``lmlib/data/generation_real.json``, from which the chapter on generation draws, after
each part; what stands there is not computed again, so delete the file to begin anew. Needs the real model
(``lmlib.interop.real.HOW``) and Transformers. Another CPU may choose another word where two are nearly as likely.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import stored
import torch

import lmlib
from lmlib.evaluation import token_losses
from lmlib.generation import generate
from lmlib.interop.real import RealModel, load_real

DATA = Path(lmlib.__file__).parent / "data" / "generation_real.json"
FOX, SEED, NEW = "The quick brown fox", 0, 20
DRAWN = {"temperature": 0.7}

CAPITALS = (
    "France Paris, Germany Berlin, Italy Rome, Spain Madrid, Japan Tokyo, Egypt Cairo, Russia Moscow, Greece Athens, "
    "Portugal Lisbon, Norway Oslo"
)
FAR_CAPITALS = (
    "Bhutan Thimphu, Suriname Paramaribo, Kyrgyzstan Bishkek, Malawi Lilongwe, Moldova Chi, Laos Vientiane, "
    "Honduras Tegucigalpa, Mauritania Nouakchott, Tajikistan Dushanbe, Slovenia Ljubljana"
)
NOVELS = (
    "Pride and Prejudice: Austen, Moby-Dick: Melville, Nineteen Eighty-Four: Orwell, War and Peace: Tolstoy, "
    "The Great Gatsby: Fitzgerald, Frankenstein: Shelley, Don Quixote: Cervantes, Dracula: Stoker, Jane Eyre: Bront, "
    "The Hobbit: Tolkien"
)
NO_NOVELS = (
    "The Clockmaker of Vellbrook, A Ladder for Quillan Moss, The Saltless Orchard of Odrun, "
    "Forty Umbrellas for Madame Trell, The Bishop's Third Walrus, Grandfather Zinc, Seven Letters to Umberlade, "
    "The Weeping Lathe, Nocturne for a Broken Plough, The Tin Harvest of Karthosia"
)
NO_COUNTRIES = "Zandovia, Belquistan, Tormena, Ulveria, Karthosia, Meldovaria, Quorria, Pallonesia, Sundermark, Vespar"
PAIRS = ((3, 5), (2, 7), (8, 4), (6, 9), (7, 7), (9, 8), (5, 6), (3, 9), (4, 7), (8, 6))
# How an answer says that there is no such thing, or that it does not know.
DENIES = re.compile(
    r"no (such|country|novel|book|information|capital|known|official)|not (a real|a country|a recognized|exist|aware|"
    r"familiar|sure|able)|n't (exist|know|have|find|aware)|fictional (country|novel|book)|there is none|cannot|unable|"
    r"non-?existent",
    re.I,
)
PERMISSION = " If there is no such thing, say: there is none."
DENIED = (
    "capitals of large countries",
    "novels that do not exist",
    "countries that do not exist",
)


def questions() -> dict[str, list[tuple[str, str]]]:
    """Ten of each group, with what a right answer contains; nothing where a right one denies."""
    of_novel, of_country = "Who wrote the novel “{}”?", "What is the capital of {}?"

    def capitals(text: str) -> list[tuple[str, str]]:
        pairs = [pair.split(" ") for pair in text.split(", ")]
        return [(of_country.format(country), capital) for country, capital in pairs]

    novels = [pair.split(": ") for pair in NOVELS.split(", ")]
    return {
        "capitals of large countries": capitals(CAPITALS),
        "capitals of small countries": capitals(FAR_CAPITALS),
        "authors of famous novels": [(of_novel.format(t), who) for t, who in novels],
        "sums": [(f"What is {a} + {b}?", str(a + b)) for a, b in PAIRS],
        "novels that do not exist": [(of_novel.format(t), "") for t in NO_NOVELS.split(", ")],
        "countries that do not exist": [(of_country.format(c), "") for c in NO_COUNTRIES.split(", ")],
    }  # fmt: skip


@cache
def real() -> RealModel:
    return load_real()


def is_right(answer: str, contains: str) -> bool:
    """Whether an answer holds what it should: a word's beginning, or a whole number; or denies."""
    if not contains:
        return bool(DENIES.search(answer))
    return bool(re.search(rf"\b{contains}" + r"\b" * contains.isdigit(), answer))


def asked(question: str, contains: str, permission: bool = False) -> dict[str, Any]:
    """The greedy answer, whether it is right, and the mean probability of its tokens, "how sure"."""
    content = question + PERMISSION * permission
    start = real().chat({"role": "user", "content": content})
    # Before it adds, it likes to tell how one adds.
    room = NEW + 10 * contains.isdigit()
    text = generate(real().model, start, room, temperature=0, end=real().ends.after[0])
    losses = token_losses(real().model, [text[0]])[0][start.shape[1] - 1 :]
    written = text[0, start.shape[1] :].tolist()
    ids = [i for i in written if i not in real().ends.after]
    answer = real().tokenizer.decode(ids)
    sure = losses[: len(ids)].neg().exp().mean().item()
    found = {"question": question, "answer": answer, "sure": round(sure, 3)}
    return found | {"right": is_right(answer, contains)}


def group(name: str, permission: bool) -> list[dict[str, Any]]:
    return [asked(*pair, permission=permission) for pair in questions()[name]]


def drawn_here(seed: int) -> str:
    """The first program, one of its texts, by this book's code."""
    start, draws = real().encode(FOX), torch.Generator().manual_seed(seed)
    text = generate(real().model, start, NEW, generator=draws, **DRAWN)
    return real().tokenizer.decode(text[0].tolist())


def drawn_there() -> list[str]:
    """The first program, mended, by Transformers."""
    from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed

    model = AutoModelForCausalLM.from_pretrained(real().folder)
    tokenizer = AutoTokenizer.from_pretrained(real().folder)
    inputs = tokenizer(FOX, return_tensors="pt")
    set_seed(SEED)
    drawing = {"do_sample": True, "num_return_sequences": 5, "top_k": 0, **DRAWN}
    texts = model.generate(**inputs, max_new_tokens=NEW, **drawing)
    return [tokenizer.decode(text, skip_special_tokens=True) for text in texts]


def parts(found: dict[str, Any]) -> Iterator[tuple[str, str, Callable[[], Any]]]:
    """Each part of the file: two keys, and what computes it."""
    for seed in range(5):
        yield "drawn by lmlib", str(seed), partial(drawn_here, seed)
    yield "drawn by Transformers", str(SEED), drawn_there
    for name in questions():
        yield "asked", name, partial(group, name, permission=False)
    for name in DENIED:
        yield "allowed to deny", name, partial(group, name, permission=True)


def main() -> None:
    torch.set_num_threads(1)
    stored.store_parts(DATA, parts, [*range(5)])


if __name__ == "__main__":
    main()
