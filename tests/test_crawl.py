"""A small web of which each page is known."""

from __future__ import annotations

from collections import Counter

import pytest

from lmlib.chinese import CHINESE
from lmlib.crawl import SHARES, SOURCES, crawl
from lmlib.floor import expected_length
from lmlib.states import parse_story
from lmlib.stories import STORIES

PAGES = crawl(500, seed=2)
BY_KIND = {kind: [page.text for page in PAGES if page.kind == kind] for kind in SHARES}


def test_kinds_come_in_their_shares() -> None:
    assert Counter(page.kind for page in PAGES) == {
        k: round(500 * s) for k, s in SHARES.items()
    }
    assert sum(SHARES.values()) == pytest.approx(1)


def test_a_seed_gives_the_same_pages() -> None:
    assert crawl(500, seed=2) == PAGES != crawl(500, seed=3)


def test_stories_and_copies_are_stories() -> None:
    for text in BY_KIND["story"] + BY_KIND["copy"]:
        parse_story(text)


def test_copies_are_of_the_same_few() -> None:
    assert len({*BY_KIND["copy"]}) <= SOURCES
    assert len({*BY_KIND["story"]}) == len(BY_KIND["story"])
    assert not {*BY_KIND["copy"]} & {*BY_KIND["story"]}


def test_a_near_copy_differs_in_two_sentences() -> None:
    sources = [copy.split(" . ") for copy in {*BY_KIND["copy"]}]
    for text in BY_KIND["near copy"]:
        parts = text.split(" . ")
        others = [
            sum(a != b for a, b in zip(parts, s, strict=True))
            for s in sources
            if len(s) == len(parts)
        ]
        assert min(others) <= 2


def test_rubbish_is_what_it_is_called() -> None:
    for text in BY_KIND["shuffled"]:
        with pytest.raises(ValueError):
            parse_story(text)
    for text in BY_KIND["loop"]:
        assert len({*text.split(" . ")}) <= 3  # the sentence, and where it was cut
    for text in BY_KIND["chinese"]:
        [*CHINESE.follow(text.split())]


def test_pages_are_as_long_as_stories() -> None:
    for kind in ("shuffled", "loop"):
        mean = sum(len(text.split()) for text in BY_KIND[kind]) / len(BY_KIND[kind])
        assert mean == pytest.approx(expected_length(STORIES), rel=0.1)


def test_too_few_pages_are_refused() -> None:
    with pytest.raises(ValueError, match="use 10 or more"):
        crawl(3, seed=0)


@pytest.mark.parametrize("n", [10, 13, 250, 1_000])
def test_there_are_as_many_pages_as_asked_for(n: int) -> None:
    assert len(crawl(n, seed=0)) == n
