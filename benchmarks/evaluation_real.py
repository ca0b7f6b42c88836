"""A real model as a judge of answers, and whether its probabilities are right: `python benchmarks/evaluation_real.py`.

Some minutes on one core, with the model that `lmlib.interop.real` finds. To each question there is a right and a wrong
answer, each in one word and in a sentence; the model is asked which of two is right, in both orders. Then, how likely
each answer is behind the question alone. Last, its likeliest next token at each place of the book's English. Stores
all of it in ``lmlib/data/evaluation_real.json``; called again, it goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from stored import Part, store_parts
from torch import Tensor

import lmlib
from lmlib.evaluation import token_losses
from lmlib.interop.real import RealModel, load_real
from lmlib.prose import prose_split

PATH = Path(lmlib.__file__).parent / "data" / "evaluation_real.json"
TOKENS = 1_024  # of the prose, in pieces that begin anew
PIECE = 256


class Item(NamedTuple):
    """A question, a sentence to say the answer in, and two answers."""

    question: str
    sentence: str
    right: str
    wrong: str


ITEMS = [
    Item(*line.split(" | "))
    for line in """\
What is the capital of France? | The capital city of France is {}. | Paris | Madrid
What is the capital of Italy? | The capital city of Italy is {}. | Rome | Athens
What is the capital of Japan? | The capital city of Japan is {}. | Tokyo | Seoul
What is the capital of Egypt? | The capital city of Egypt is {}. | Cairo | Lagos
What is the capital of Canada? | The capital city of Canada is {}. | Ottawa | Toronto
What is the capital of Poland? | The capital city of Poland is {}. | Warsaw | Prague
Who wrote Hamlet? | The play Hamlet was written by {}. | Shakespeare | Dickens
Who painted the Mona Lisa? | The Mona Lisa was painted by {}. | Leonardo da Vinci | Rembrandt
Who wrote The Origin of Species? | The Origin of Species was written by {}. | Charles Darwin | Isaac Newton
Who was the first man on the moon? | The first man on the moon was {}. | Neil Armstrong | Yuri Gagarin
Which planet is nearest to the sun? | The planet that is nearest to the sun is {}. | Mercury | Neptune
Which planet is the largest? | The largest planet of the solar system is {}. | Jupiter | Mars
What does H2O stand for? | The formula H2O stands for {}. | water | salt
Which gas do plants take in from the air? | The gas that plants take in from the air is {}. | carbon dioxide | helium
Which metal is liquid at room temperature? | The metal that is liquid at room temperature is {}. | mercury | iron
How many legs does a spider have? | The number of legs that a spider has is {}. | eight | six
How many days has a week? | The number of days in a week is {}. | seven | nine
How many sides has a triangle? | The number of sides that a triangle has is {}. | three | five
What is two plus three? | The sum of two and three is {}. | five | seven
What is ten minus four? | If you take four from ten, what is left is {}. | six | three
Which animal says meow? | The animal that says meow is the {}. | cat | horse
Which animal gives wool? | The animal that gives us wool is the {}. | sheep | dog
What do bees make? | What bees make in their hives is {}. | honey | milk
What is ice made of? | Ice is nothing but frozen {}. | water | sand
What is the opposite of hot? | The opposite of the word hot is {}. | cold | warm
What is the opposite of early? | The opposite of the word early is {}. | late | soon
What colour is the sky on a clear day? | On a clear day the colour of the sky is {}. | blue | green
What colour is fresh snow? | The colour of fresh snow is {}. | white | black
In which season do leaves fall? | The season in which most leaves fall is {}. | autumn | spring
What do you use to cut paper? | What people use to cut paper is {}. | scissors | a spoon""".splitlines()
]


def answers(item: Item, answer: str) -> tuple[str, str]:
    """The same answer in as few words as possible, and in a sentence."""
    return f"{answer[0].upper()}{answer[1:]}.", item.sentence.format(answer)


def asked(question: str, first: str, second: str) -> str:
    pair = f"Answer A: {first}\nAnswer B: {second}\n"
    return f"Question: {question}\n{pair}Which answer is right, A or B? Reply with one letter."


@torch.no_grad()
def says_first(real: RealModel, question: str, first: str, second: str) -> float:
    """The model's probability of "A" among "A" and "B"."""
    prompt = real.chat({"role": "user", "content": asked(question, first, second)})
    letters = [real.tokenizer.encode(letter)[0] for letter in "AB"]
    return round(float(real.model(prompt)[0, -1, letters].softmax(-1)[0]), 4)


def judge(item: Item) -> dict[str, list[float]]:
    """Of a right answer against a wrong one, what it gives the first: with the right one first, then second.

    "short" is the right answer in a word and the wrong one in a sentence, "long" the other way round.
    """
    real, found = load_real(), {}
    right, wrong = answers(item, item.right), answers(item, item.wrong)
    for name, r, w in (("short", right[0], wrong[1]), ("long", right[1], wrong[0])):
        orders = ((r, w), (w, r))
        found[name] = [says_first(real, item.question, *order) for order in orders]
    return found


def likelihood(real: RealModel, item: Item, answer: str) -> float:
    """Nats per token of an answer behind the question as a chat, with nothing to choose from."""
    begun = real.chat({"role": "user", "content": item.question})[0]
    ids = torch.tensor(real.tokenizer.encode(answer))
    row = token_losses(real.model, [torch.cat([begun, ids])])[0]
    return round(float(row[-len(ids) :].mean()), 4)


def likelihoods(item: Item) -> dict[str, list[float]]:
    """Nats per token of the right and the wrong answer, both in one form."""
    real = load_real()
    right, wrong = answers(item, item.right), answers(item, item.wrong)
    return {
        name: [likelihood(real, item, x) for x in (right[i], wrong[i])]
        for i, name in enumerate(("word", "sentence"))
    }


@torch.no_grad()
def top_tokens(ids: Tensor) -> dict[str, list[float]]:
    """The probability of its likeliest next token at each place, and whether it came."""
    real = load_real()
    said, token = real.model(ids[None, :-1])[0].softmax(-1).max(-1)
    came = (token == ids[1:]).long()
    return {"said": [round(x, 3) for x in said.tolist()], "came": came.tolist()}


def parts(found: dict) -> Iterator[Part]:
    for item in ITEMS:
        yield "judge", item.question, partial(judge, item)
    for item in ITEMS:
        yield "likelihood", item.question, partial(likelihoods, item)
    ids = load_real().tokenizer.encode(prose_split()[1])
    for i in range(0, TOKENS, PIECE):
        piece = torch.tensor([0, *ids[i : i + PIECE]])  # behind an end of text
        yield "prose", f"from token {i}", partial(top_tokens, piece)


if __name__ == "__main__":
    torch.set_num_threads(1)
    store_parts(PATH, parts, [0])
