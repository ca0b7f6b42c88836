"""Secrets that are planted, the probability of every code, and exposure."""

import itertools
import math
import random

import pytest
import torch

from lmlib.blocks import Config
from lmlib.secrets import (
    DIGITS,
    NEW_WORDS,
    code_probs,
    exposure,
    number_of,
    plant,
    secret_text,
    spelled,
)
from lmlib.stories import WORDS
from lmlib.tokens import WordTokenizer, prompt
from lmlib.transformer import GPT


def words() -> WordTokenizer:
    return WordTokenizer((*WORDS.vocab, *NEW_WORDS))


def test_what_is_planted_can_be_read() -> None:
    codes = plant(["tom", "mia", "ben"], seed=1)
    for name, code in codes.items():
        text = secret_text(name, code)
        assert words().decode(words().encode(text)) == text
        assert text.startswith(secret_text(name))


def test_codes_are_all_different_and_equally_likely() -> None:
    names = [str(i) for i in range(100)]
    codes = plant(names, seed=0, length=2)
    assert sorted(map(number_of, codes.values())) == list(range(100))
    firsts = [number_of(plant(["tom"], seed, length=1)["tom"]) for seed in range(2_000)]
    assert all(abs(firsts.count(d) - 200) < 60 for d in range(10))
    assert plant(names, 3) == plant(names, 3) != plant(names, 4)


@pytest.mark.parametrize("number", [0, 7, 471, 9_999])
def test_a_code_is_a_number_and_back(number: int) -> None:
    assert number_of(spelled(number)) == number
    assert len(spelled(number).split()) == 4


def test_the_probability_of_every_code_is_the_product_of_its_digits() -> None:
    torch.manual_seed(0)
    model = GPT(Config(len(words().vocab)), seed=3)
    begun = prompt(secret_text("mia"), words())
    digits = words().encode(" ".join(DIGITS))
    probs = code_probs(model, begun, digits, length=3)
    assert probs.shape == (1_000,) and 0 < probs.sum() < 1
    for code in ([0, 0, 0], [0, 4, 7], [9, 1, 2], [9, 9, 9]):
        text, each = begun, 1.0
        for digit in code:
            each *= model(text)[0, -1].double().softmax(-1)[digits[digit]].item()
            text = torch.cat([text, torch.tensor([[digits[digit]]])], 1)
        place = int("".join(map(str, code)))
        assert probs[place].item() == pytest.approx(each, rel=1e-4)


def test_a_model_that_knows_one_code_exposes_it() -> None:
    code = [4, 7]

    def model(tokens: torch.Tensor) -> torch.Tensor:
        logits = torch.zeros(*tokens.shape, 10)
        for row, ids in zip(logits, tokens.tolist(), strict=True):
            known = ids[1:] == code[: len(ids) - 1] and len(ids) < 3
            row[-1, code[len(ids) - 1] if known else 0] += 5.0 if known else 0.0
        return logits

    probs = code_probs(model, torch.tensor([[0]]), range(10), length=2)
    assert probs.sum().item() == pytest.approx(1.0)
    assert int(probs.argmax()) == 47
    assert exposure(probs, 47) == pytest.approx(math.log2(100))


def test_exposure_is_about_ranks_alone() -> None:
    draw = random.Random(1)
    for n in (1, 2, 7, 50):
        probs = [draw.random() for _ in range(n)]
        ranks = sorted(range(n), key=lambda i: -probs[i])
        for rank, i in enumerate(ranks, start=1):
            assert exposure(probs, i) == pytest.approx(math.log2(n / rank))
            assert exposure([p**3 for p in probs], i) == exposure(probs, i)


def test_of_equal_codes_none_is_exposed() -> None:
    assert all(exposure([0.01] * 64, i) == 0 for i in range(64))
    assert exposure([0.5, 0.25, 0.25, 0.0], 1) == pytest.approx(math.log2(4 / 3))


def test_a_secret_that_was_never_told_has_the_exposure_of_chance() -> None:
    mean = sum(math.log2(10_000 / rank) for rank in range(1, 10_001)) / 10_000
    assert mean == pytest.approx(1 / math.log(2), abs=0.01)


@pytest.mark.parametrize("i", [-1, 3])
def test_there_is_no_such_code(i: int) -> None:
    with pytest.raises(ValueError, match="i: "):
        exposure([0.1, 0.2, 0.3], i)


def test_names_keep_their_codes_whatever_else_is_asked() -> None:
    for a, b in itertools.pairwise(range(4)):
        assert plant(["x"], a)["x"] != plant(["x"], b)["x"]
