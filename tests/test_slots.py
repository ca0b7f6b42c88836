"""Slots: Zipf's law, one word given another, and slips by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmlib.slots import Slot, make_slot, mix

SHARES = st.lists(st.floats(0.01, 1.0), min_size=1, max_size=4)


def test_words_follow_zipf() -> None:
    slot = make_slot(words="a b c")
    total = 1 + 1 / 2 + 1 / 3
    assert slot.given is None
    assert slot.tables[""] == pytest.approx(
        {"a": 1 / total, "b": 1 / 2 / total, "c": 1 / 3 / total}
    )
    assert list(slot.tables[""]) == ["a", "b", "c"]  # the order of the file


def test_uniform_words() -> None:
    assert make_slot(words="a b c d", uniform=True).tables == {
        "": dict.fromkeys("abcd", 0.25)
    }


def test_several_values_share_a_line() -> None:
    slot = make_slot(given="who", words={"tom": "he", "mia ann": "she"})
    she = {"she": 1.0}
    assert slot == Slot("{who}", {"tom": {"he": 1.0}, "mia": she, "ann": she})


def test_slips_go_to_the_other_values_equally() -> None:
    words = {"good": "glad", "bad": "sad", "odd": "calm glad"}
    slot = make_slot("mood", words, uniform=True, fidelity=0.8)
    assert slot.given == "{mood}"
    assert slot.tables["good"] == pytest.approx(
        {"glad": 0.8 + 0.1 / 2, "sad": 0.1, "calm": 0.1 / 2}
    )
    assert slot.tables["bad"] == pytest.approx(
        {"glad": 0.1 + 0.1 / 2, "sad": 0.8, "calm": 0.1 / 2}
    )


def test_what_has_no_share_is_not_in_the_mixture() -> None:
    assert mix([(1.0, {"a": 1.0}), (0.0, {"b": 1.0})]) == {"a": 1.0}
    assert mix([]) == {}


@settings(deadline=None)
@given(SHARES)
def test_a_mixture_of_distributions_is_one(shares: list[float]) -> None:
    shares = [share / sum(shares) for share in shares]
    tables = [{"x": 0.5, i: 0.5} for i in range(len(shares))]
    mixed = mix(zip(shares, tables, strict=True))
    assert sum(mixed.values()) == pytest.approx(1.0)
    assert mixed["x"] == pytest.approx(0.5)
    assert [mixed[i] for i in range(len(shares))] == [share / 2 for share in shares]
