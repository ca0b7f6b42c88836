"""A lamp and its cues: steps that are checked, and several answers to one question."""

from __future__ import annotations

import itertools
import math
from random import Random

import pytest

from lmlib.parity import (
    CUES,
    FORMS,
    LAMP,
    STATES,
    answer_of,
    chain_is_right,
    halves,
    lamp,
    lamp_tasks,
    majority,
    majority_right,
    one_right,
    right_by_steps,
    written_out,
)


def test_the_lamp_is_the_parity_of_the_presses() -> None:
    for cues in itertools.product(CUES, repeat=5):
        states = lamp(cues)
        for n in range(1, 6):
            odd = cues[:n].count("press") % 2
            assert states[n - 1] == ("on" if odd else "off")
    with pytest.raises(ValueError, match="cues"):
        lamp([])
    with pytest.raises(ValueError, match="cues: 'push' is not known"):
        lamp(["push"])


def test_a_chain_with_any_other_word_is_wrong() -> None:
    cues = ("press", "wait", "press")
    right = written_out(cues)
    assert chain_is_right(cues, right)
    words = right.split()
    for i in range(len(words)):
        for other in {"on", "off", "so"} - {words[i]}:
            assert not chain_is_right(
                cues, " ".join([*words[:i], other, *words[i + 1 :]])
            )
    for cut in ("", words[-1], " ".join(words[:-1]), right + " off"):
        assert not chain_is_right(cues, cut)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_ends_with_the_answer_and_the_controls_are_as_long(
    form: str,
) -> None:
    mine, _ = halves(6)
    tasks = lamp_tasks(mine, form, seed=1)
    lengths = {len(task.answer.split()) for task in tasks}
    assert lengths == {1 if form == "direct" else 8}
    for cues, task in zip(mine, tasks, strict=True):
        assert answer_of(task.answer) == lamp(cues)[-1]
        LAMP.encode(f"{task.prompt} ⇒ {task.answer}")
        assert task.prompt.split() == [*cues]
    share = sum(chain_is_right(c, t.answer) for c, t in zip(mine, tasks, strict=True))
    assert share == len(mine) if form == "steps" else share < 0.2 * len(mine)
    with pytest.raises(ValueError, match="form"):
        lamp_tasks(mine, "aloud")


def test_the_other_steps_tell_nothing_of_the_answer() -> None:
    mine, _ = halves(8)
    tasks = [t for seed in range(10) for t in lamp_tasks(mine, "other steps", seed)]
    same = sum(t.answer.split()[-3] == answer_of(t.answer) for t in tasks)
    assert abs(same / len(tasks) - 0.5) < 4 * 0.5 / math.sqrt(len(tasks))


def test_halves_share_no_pattern() -> None:
    mine, others = halves(8, seed=4)
    assert len(mine) == len(others) == 128 and len({*mine, *others}) == 256
    assert halves(8, seed=4) == (mine, others) != halves(8, seed=5)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_formulas_by_all_outcomes(p: float, k: int) -> None:
    most = one = 0.0
    for outcome in itertools.product((True, False), repeat=k):
        chance = math.prod(p if right else 1 - p for right in outcome)
        one += chance * any(outcome)
        most += chance * ((sum(outcome) > k / 2) + 0.5 * (sum(outcome) == k / 2))
    assert majority_right(p, k) == pytest.approx(most)
    assert one_right(p, k) == pytest.approx(one)


def test_slips_in_steps_by_all_outcomes() -> None:
    q, n = 0.9, 6
    chain = answer = 0.0
    for slips in itertools.product((True, False), repeat=n):
        chance = math.prod(1 - q if slip else q for slip in slips)
        chain += chance * (not any(slips))
        answer += chance * (sum(slips) % 2 == 0)
    assert right_by_steps(q, n) == pytest.approx((chain, answer))


@pytest.mark.parametrize("p, k", [(-0.1, 3), (1.1, 3), (math.nan, 3), (0.5, 0)])
def test_numbers_that_make_no_sense(p: float, k: int) -> None:
    for formula in (majority_right, one_right, right_by_steps):
        with pytest.raises(ValueError, match="p, k"):
            formula(p, k)


def test_the_commonest_answer() -> None:
    random, answers = Random(0), []
    for _ in range(9):
        answers.append(random.choice(STATES))
        best = majority(answers)
        assert answers.count(best) == max(answers.count(s) for s in STATES)
    assert majority(["off", "on"]) == "off"
    with pytest.raises(ValueError, match="answers"):
        majority([])
    assert answer_of("") == ""
