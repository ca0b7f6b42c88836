"""The evaluator of what a model wrote: right where Python is, and nothing else gets through; and pass@k."""

import itertools
import math
import random
import time
import warnings

import pytest

from lmlib.expressions import LARGEST, LONGEST, call_result, evaluate, pass_at_k, passes


def grown(draw: random.Random, depth: int) -> str:
    if depth == 0:
        return draw.choice(["x", "y", *map(str, range(12))])
    left, right = grown(draw, depth - 1), grown(draw, draw.randrange(depth))
    op = draw.choice(["+", "-", "*", "//"])
    text = f"{left} {op} {right}"
    return draw.choice([text, f"( {text} )", f"-( {text} )"])


@pytest.mark.parametrize("seed", range(150))
def test_values_are_those_of_python(seed: int) -> None:
    draw = random.Random(seed)
    text, values = grown(draw, draw.randint(0, 4)), {"x": 3, "y": -7}
    try:
        wanted = eval(text, {"__builtins__": {}}, values)  # our own text, not a model's
    except ZeroDivisionError:
        wanted = None
    if wanted is None or len(text) > LONGEST or abs(wanted) > LARGEST:
        with pytest.raises(ValueError, match="text: "):
            evaluate(text, **values)
    else:
        assert evaluate(text, **values) == wanted


NASTY = [
    "",
    " ",
    "__import__('os').system('ls')",
    "open('diary').read()",
    "exit()",
    "().__class__",
    "x.real",
    "x[0]",
    "[1]",
    "{1}",
    "'a' * 9",
    '"a"',
    "f'{x}'",
    "x if y else x",
    "lambda: 0",
    "lambda",
    "not x",
    "~x",
    "+x",
    "x and y",
    "x == y",
    "x < y",
    "x := 3",
    "x = 3",
    "x ; y",
    "x, y",
    "x\ny",
    "x\x00",
    "import os",
    "while True",
    "for x in y",
    "await x",
    "yield",
    "print ( x )",
    "x ( y )",
    "2 ** 9",
    "9 ** 9 ** 9",
    "2 << 9",
    "7 / 2",
    "7 % 2",
    "1.5",
    "1e9",
    "1j",
    "0x10",
    "1_000",
    "007",
    "1if 1else 2",
    "True",
    "None",
    "z",
    "X",
    "ｘ",
    "٣",
    "²",
    "x // 0",
    "x // ( y - y )",
    "( x",
    "x )",
    "x +",
    "* x",
    "# x",
    "x # y",
    "\\",
    "x" * (LONGEST + 1),
    "9" * 150,
    "1000000 * 1000000 * 10",
    "9999 * " * 25 + "9",
    "-" * LONGEST,
]


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_nothing_else_gets_through(text: str) -> None:
    before = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="text: "):
            evaluate(text, x=3, y=5)
    assert time.perf_counter() - before < 1
    assert not passes(text, [({"x": 3, "y": 5}, 8)])


@pytest.mark.parametrize("seed", range(40))
def test_noise_gives_a_number_or_a_sentence(seed: int) -> None:
    draw = random.Random(seed)
    signs = "xyz0123456789+-*/ ()._'\"[]{}:;=<>!@#,\\\n\té²"
    for _ in range(100):
        text = "".join(draw.choices(signs, k=draw.randint(0, 30)))
        try:
            assert isinstance(evaluate(text, x=1, y=2), int)
        except ValueError as error:
            assert str(error).startswith("text: ")


def test_nested_minus_signs_are_an_expression() -> None:
    assert evaluate("- - x", x=3) == 3
    assert evaluate("-" * (LONGEST - 2) + "x", x=3) == 3


def test_a_name_that_is_given_may_be_too_large() -> None:
    with pytest.raises(ValueError, match="beyond"):
        evaluate("x", x=LARGEST + 1)


def test_it_says_what_may_be_written() -> None:
    with pytest.raises(ValueError, match=r"'z' is not allowed; .* the names x, y"):
        evaluate("x + z", x=1, y=1)
    with pytest.raises(ValueError, match=r"\(none are given\)"):
        evaluate("x")


def test_all_tests_must_pass() -> None:
    cases = [({"x": 2}, 4), ({"x": 3}, 6)]
    assert passes("x + x", cases) and passes("2 * x", cases)
    assert not passes("x * x", cases) and not passes("4", cases)
    with pytest.raises(ValueError, match="tests: there is none"):
        passes("x", [])


@pytest.mark.parametrize("n, right", [(4, 1), (6, 0), (6, 6), (7, 3), (8, 5)])
def test_pass_at_k_counts_all_groups(n: int, right: int) -> None:
    answers = [i < right for i in range(n)]
    for k in range(1, n + 1):
        groups = [any(group) for group in itertools.combinations(answers, k)]
        assert pass_at_k(n, right, k) == pytest.approx(sum(groups) / len(groups))


def test_pass_at_k_is_right_on_average() -> None:
    """Unbiased: over draws of n answers it gives 1 − (1 − p)^k; putting the share for p gives less."""
    p, n, k = 0.2, 8, 4
    chance = [math.comb(n, c) * p**c * (1 - p) ** (n - c) for c in range(n + 1)]
    ours = sum(q * pass_at_k(n, c, k) for c, q in enumerate(chance))
    plugged = sum(q * (1 - (1 - c / n) ** k) for c, q in enumerate(chance))
    assert ours == pytest.approx(1 - (1 - p) ** k) and plugged < ours - 0.01


@pytest.mark.parametrize("n, right, k", [(4, 5, 1), (4, -1, 1), (4, 1, 0), (4, 1, 5)])
def test_pass_at_k_of_what_cannot_be(n: int, right: int, k: int) -> None:
    with pytest.raises(ValueError, match="n, right, k: "):
        pass_at_k(n, right, k)


@pytest.mark.parametrize("seed", range(20))
def test_calls_are_computed_digit_by_digit(seed: int) -> None:
    draw = random.Random(seed)
    a, b = draw.randrange(10**6), draw.randrange(10**6)
    written = f"calc ( {' '.join(f'{a}+{b}')} ) ="
    assert call_result(written) == " ".join(str(a + b))


@pytest.mark.parametrize(
    "written, result",
    [
        ("6 1", None),
        ("", None),
        ("calc ( 3 + 4 )", None),
        ("calc 3 + 4 ) =", None),
        ("calc ( 3 + 4 ) = 7", None),
        ("calc ( ) =", "error"),
        ("calc ( 3 + ) =", "error"),
        ("calc ( 3 // 0 ) =", "error"),
        ("calc ( exit ) =", "error"),
        ("so calc ( 9 - 1 0 ) =", "- 1"),
    ],
)
def test_what_is_a_call(written: str, result: str | None) -> None:
    assert call_result(written) == result


def test_whatever_is_no_expression_is_a_value_error() -> None:
    """However deep the caller stands, and whatever its names are."""
    assert evaluate("text + 1", text=2) == 3
    for text in ("", "07+2", "٣+1", "+" * 199 + "x", "(" * 199):
        with pytest.raises(ValueError, match="text: "):
            evaluate(text, x=3)
