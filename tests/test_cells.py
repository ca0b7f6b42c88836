"""Pictures of cells: what is drawn is described, and nothing else is."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest

from lmlib.cells import (
    CAPTIONS,
    CELLS,
    COLOURS,
    CORNERS,
    EMPTY,
    HELD_OUT,
    OFFSETS,
    SHAPES,
    SIZE,
    as_picture,
    as_words,
    describe,
    draw,
    picture_tasks,
)
from lmlib.tasks import MARK, task_sequences

ALL = [(caption, draw(caption, *offset)) for caption in CAPTIONS for offset in OFFSETS]


def facts(caption: str) -> tuple[str, str, str]:
    _, colour, shape, _, _, *corner = caption.split()
    return shape, colour, " ".join(corner)


def test_no_picture_has_two_captions() -> None:
    assert len(CAPTIONS) == 64 and len({picture for _, picture in ALL}) == 256
    assert all(describe(picture) == caption for caption, picture in ALL)


def test_a_shape_has_its_cells_in_its_corner_in_its_colour() -> None:
    for caption, picture in ALL:
        shape, colour, corner = facts(caption)
        coloured = [
            (y, x, cell)
            for y, row in enumerate(picture)
            for x, cell in enumerate(row)
            if cell != EMPTY
        ]
        assert len(picture) == SIZE and {len(row) for row in picture} == {SIZE}
        assert len(coloured) == "".join(SHAPES[shape]).count("#")
        assert {cell for _, _, cell in coloured} == {COLOURS[colour]}
        top, left = CORNERS[corner]
        assert all(top <= y < top + 4 and left <= x < left + 4 for y, x, _ in coloured)


def test_any_change_of_one_cell_is_no_picture_of_the_caption() -> None:
    random = Random(0)
    for caption, picture in random.sample(ALL, 40):
        cells = list("".join(picture))
        place = random.randrange(64)
        cells[place] = random.choice([c for c in "·RGBY" if c != cells[place]])
        changed = as_picture(" ".join(cells))
        assert changed is not None and describe(changed) != caption


def test_two_facts_that_are_held_out_together_are_seen_with_a_third() -> None:
    seen = [facts(c) for c in CAPTIONS if c not in HELD_OUT]
    assert len(HELD_OUT) == 16 and len(seen) == 48
    for caption in HELD_OUT:
        for i, j in combinations(range(3), 2):
            pair = facts(caption)[i], facts(caption)[j]
            assert sum((one[i], one[j]) == pair for one in seen) == 3


def test_words_and_back() -> None:
    for _, picture in ALL:
        assert as_picture(as_words(picture)) == picture


@pytest.mark.parametrize(
    "words", ["", "· R", " ".join("·" * 65), " ".join("·" * 63) + " a"]
)
def test_what_is_no_picture(words: str) -> None:
    assert as_picture(words) is None


def test_half_of_the_tasks_ask_for_the_picture() -> None:
    tasks = picture_tasks(CAPTIONS[:5], 20, seed=1)
    assert tasks == picture_tasks(CAPTIONS[:5], 20, seed=1)
    for drawing, telling in zip(tasks[::2], tasks[1::2], strict=True):
        assert describe(as_picture(drawing.answer) or ()) == drawing.prompt
        assert describe(as_picture(telling.prompt) or ()) == telling.answer
        assert drawing.prompt in CAPTIONS[:5]
    lengths = {len(tokens) for tokens in task_sequences(tasks, CELLS)}
    assert lengths == {1 + 64 + 1 + 7 + 1}
    assert MARK in CELLS.ids


def test_offsets_are_drawn_evenly() -> None:
    tasks = picture_tasks(CAPTIONS[:1], 4_000, seed=0)[::2]
    for offset in OFFSETS:
        words = as_words(draw(CAPTIONS[0], *offset))
        assert abs(sum(t.answer == words for t in tasks) - 500) < 4 * 19.4


def test_a_caption_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="none of CAPTIONS"):
        draw("a red house at the top left", 0, 0)
    with pytest.raises(ValueError, match="use 0 or 1"):
        draw(CAPTIONS[0], 2, 0)
