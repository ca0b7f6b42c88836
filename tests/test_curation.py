"""Filters and copies: shares by hand, and signatures that estimate what they should."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmlib.crawl import crawl
from lmlib.curation import (
    agreement,
    jaccard,
    known_share,
    minhash,
    repeated_share,
    shingles,
    windows,
    without_copies,
)

texts = st.lists(st.sampled_from(["a", "b", "ö", "人", "🙂"]), max_size=12).map(
    " ".join
)


@given(texts, st.integers(1, 4))
def test_runs_are_those_of_a_loop(text: str, n: int) -> None:
    words, found = text.split(), []
    for i in range(len(words)):
        if i + n <= len(words):
            found.append(tuple(words[i : i + n]))
    assert windows(text, n) == found


@given(texts, st.integers(1, 4))
def test_the_share_that_is_said_again_is_that_of_a_loop(text: str, n: int) -> None:
    runs = windows(text, n)
    again = [run for run in runs if runs.count(run) > 1]
    assert repeated_share(text, n) == (len(again) / len(runs) if runs else 0)


@given(texts, st.integers(1, 3))
def test_all_of_a_text_is_known_from_itself(text: str, n: int) -> None:
    runs = windows(text, n)
    assert known_share(text, {*runs}, n) == (1 if runs else 0)
    assert known_share(text, set(), n) == 0


@given(texts, texts)
def test_the_index_is_symmetric_and_between_0_and_1(a: str, b: str) -> None:
    one, other = shingles(a, 2), shingles(b, 2)
    assert 0 <= jaccard(one, other) == jaccard(other, one) <= 1
    assert jaccard(one, one) == 1


@pytest.mark.parametrize("shared", [0, 5, 20, 45, 60])
def test_signatures_estimate_the_index(shared: int) -> None:
    """Over many pairs of sets the mean has no bias, and single estimates spread as 64 coins do."""
    estimates = []
    for trial in range(60):
        names = [(f"{trial} {i}",) for i in range(120 - shared)]
        a, b = names[:60], names[60 - shared :]
        estimates.append(agreement(minhash(a), minhash(b)))
    index = shared / (120 - shared)
    spread = math.sqrt(index * (1 - index) / 64)
    assert np.mean(estimates) == pytest.approx(
        index, abs=4 * spread / math.sqrt(60) + 1e-9
    )
    assert np.std(estimates) <= 1.5 * spread + 1e-9


def test_each_item_is_the_smallest_equally_often() -> None:
    items = [(str(i),) for i in range(10)]
    whole = minhash(items, 20_000)
    for item in items:
        share = (minhash([item], 20_000) == whole).mean()
        assert share == pytest.approx(0.1, abs=0.012)


def test_the_seed_decides_the_functions() -> None:
    items = shingles("a b c d e f g", 2)
    assert (minhash(items, 8, seed=1) == minhash(items, 8, seed=1)).all()
    assert (minhash(items, 8, seed=1) != minhash(items, 8, seed=2)).any()


def test_signatures_are_the_same_everywhere() -> None:
    """Stored results rest on them."""
    assert minhash([("a", "b")], 2).tolist() == minhash(iter([("a", "b")]), 2).tolist()


def test_a_later_copy_is_dropped_and_others_stay() -> None:
    story, other = "a b c d e f g h i j", "k l m n o p q r s t"
    assert without_copies([story, other, story, "x y", story + " z", "x y"]) == [
        0,
        1,
        3,
        5,
    ]


def test_banding_finds_what_all_pairs_would() -> None:
    found = [page.text for page in crawl(200, seed=1)]
    sets = [shingles(text) for text in found]
    kept: list[int] = []
    for i, items in enumerate(sets):
        if all(jaccard(items, sets[j]) < 0.9 for j in kept):
            kept.append(i)
    assert without_copies(found, threshold=0.9) == kept


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="use 1 or more"):
        windows("a b", 0)
    with pytest.raises(ValueError, match="both must be 1 or more"):
        minhash([])
    with pytest.raises(ValueError, match="both must be 1 or more"):
        minhash([("a",)], 0)
    with pytest.raises(ValueError, match="use a divisor"):
        without_copies(["a"], bands=5)
