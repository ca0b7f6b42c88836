"""Figures show the numbers they were given, and can be read."""

from collections.abc import Callable, Iterable, Iterator

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex, to_rgb
from matplotlib.text import Text

from lmlib import plots


@pytest.fixture(autouse=True)
def drawn_and_closed() -> Iterator[None]:
    """Draw every figure of a test, with nothing shown on a screen, then close it."""
    matplotlib.use("Agg")
    yield
    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()
    plt.close("all")


def luminance(colour) -> float:
    parts = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in to_rgb(colour)
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other) -> float:
    """WCAG 2: from 1 (the same) to 21 (black on white)."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def on_white(cells, value: float) -> np.ndarray:
    """A cell's colour on paper."""
    *colour, cover = cells.to_rgba(value)
    return np.array(colour) * cover + 1 - cover


def test_bars_are_as_long_as_their_values() -> None:
    ax = plots.bars(["king", "queen"], [0.25, 0.7501], digits=2, xlabel="probability")
    assert [bar.get_width() for bar in ax.patches] == [0.25, 0.7501]
    assert {text.get_text() for text in ax.texts} == {"0.25", "0.75"}
    assert [label.get_text() for label in ax.get_yticklabels()] == ["king", "queen"]
    assert ax.yaxis_inverted()  # the first word is on top
    assert ax.get_xlabel() == "probability"


def test_curves_show_values_or_pairs() -> None:
    ax = plots.curves(
        {"a": [3.0, 1.0], "b": ([10, 20, 30], [1.0, 2.0, 4.0])}, ylabel="nats"
    )
    first, second = ax.lines
    assert (list(first.get_xdata()), list(first.get_ydata())) == ([0, 1], [3, 1])
    assert (list(second.get_xdata()), list(second.get_ydata())) == (
        [10, 20, 30],
        [1, 2, 4],
    )
    ax.figure.canvas.draw()
    assert [text.get_text() for text in ax.texts] == ["a", "b"]
    assert ax.get_legend() is None
    assert not plots.curves({"alone": [1.0]}).texts


def test_curves_differ_without_their_colour() -> None:
    lines = plots.curves({name: [1.0, 2.0] for name in "abcd"}).lines
    assert (
        len({str(line._unscaled_dash_pattern) for line in lines})
        == len({line.get_color() for line in lines})
        == 4
    )


def test_first_colours_stand_out_on_white() -> None:
    assert all(contrast(colour, "white") > 3 for colour in plots.COLOURS[:3])
    assert len(set(plots.COLOURS)) == len(plots.COLOURS)


@pytest.mark.parametrize("low", [0.0, -2.0])
def test_heatmap_shows_every_number_legibly(low: float) -> None:
    values = np.linspace(low, 1.0, 60).reshape(5, 12)
    ax = plots.heatmap(values, rows="abcde", columns="abcdefghijkl", digits=3)
    cells = ax.collections[0]
    np.testing.assert_array_equal(cells.get_array(), values)
    assert len(ax.texts) == 60
    for text in ax.texts:
        j, i = text.get_position()
        assert text.get_text() == f"{values[i, j]:.3f}"
        assert contrast(text.get_color(), on_white(cells, values[i, j])) >= 4.5


def test_heatmap_is_light_for_zero() -> None:
    weights = torch.tensor([[1.0, 0.0], [0.5, 0.5]])
    ax = plots.heatmap(weights, ["I", "love"], ["I", "love"], xlabel="key")
    shades = [
        luminance(on_white(ax.collections[0], weight)) for weight in (0.0, 0.5, 1.0)
    ]
    assert shades[0] > 0.9
    assert shades == sorted(shades, reverse=True)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["I", "love"]
    assert ax.get_xlabel() == "key"


def test_wide_heatmap_holds_no_numbers() -> None:
    assert not plots.heatmap(np.eye(13), rows="a" * 13, columns="a" * 13).texts


def test_heatmap_with_names_that_do_not_fit() -> None:
    with pytest.raises(
        ValueError, match=r"weights: shape \(2, 2\); 1 rows and 2 columns are named"
    ):
        plots.heatmap(np.eye(2), rows=["I"], columns=["I", "love"])


def test_scatter_puts_words_at_their_points() -> None:
    ax = plots.scatter(
        [[1.0, 2.0], [3.0, -1.0], [0.0, 0.0]],
        ["king", "queen", "ball"],
        groups=[0, 0, 1],
    )
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in ax.lines] == [
        (1, 2),
        (3, -1),
        (0, 0),
    ]
    assert [(text.get_text(), text.xy) for text in ax.texts] == [
        ("king", (1, 2)),
        ("queen", (3, -1)),
        ("ball", (0, 0)),
    ]
    king, queen, ball = (
        (to_hex(line.get_color()), line.get_marker()) for line in ax.lines
    )
    assert king == queen
    assert king[0] != ball[0]
    assert king[1] != ball[1]


def boxes(ax) -> list:
    """Where the words of a figure stand when it is drawn."""
    renderer = ax.figure.canvas.get_renderer()
    ax.figure.draw(renderer)
    return [Text.get_window_extent(text, renderer) for text in ax.texts]


@pytest.mark.parametrize("width", [6.8, 3.55])
def test_no_name_stands_on_another(width: float) -> None:
    curves = plots.curves(
        {f"the name of {i}": [1.0, 2 + i / 100] for i in range(7)}, width=width
    )
    plots.floor(curves, 2.01, "the floor")
    plots.level(curves, 2.02, "something to compare with, in many words")
    points = np.random.default_rng(0).normal(size=(25, 2))
    words = plots.scatter(points, [f"word {i}" for i in range(25)], width=width)
    for ax in (curves, words):
        shown = boxes(ax)
        overlaps = [
            (ax.texts[i].get_text(), ax.texts[j].get_text())
            for i in range(len(shown))
            for j in range(i)
            if shown[i].overlaps(shown[j].padded(-2))
        ]
        assert not overlaps
        page = ax.figure.bbox.padded(1)
        assert all(page.containsx(box.x0) and page.containsx(box.x1) for box in shown)


@pytest.mark.parametrize("upright", [False, True])
def test_the_floor_is_thick_amber_and_named(upright: bool) -> None:
    ax = plots.bars(["a"], [1.0]) if upright else plots.curves({"a": [1.0, 0.6]})
    before = len(ax.texts)
    plots.floor(ax, 0.55, "floor 0.55", upright=upright)
    ax.figure.canvas.draw()
    (line,) = ax.lines[-1:]
    assert (
        to_hex(line.get_color()).upper() == plots.AMBER and line.get_linewidth() >= 2.5
    )
    assert {*(line.get_xdata() if upright else line.get_ydata())} == {0.55}
    assert [text.get_text() for text in ax.texts[before:]] == ["floor 0.55"]
    assert contrast(ax.texts[-1].get_color(), "white") >= 4.5


def test_letters_of_every_colour_can_be_read_on_white() -> None:
    assert all(contrast(plots.ink(colour), "white") >= 4.5 for colour in plots.COLOURS)


def test_size_in_inches() -> None:
    ax = plots.axes(width=4.0, height=2.0, title="loss")
    assert tuple(ax.figure.get_size_inches()) == (4.0, 2.0)
    assert ax.get_title() == "loss"


# Matplotlib takes two "$" for a formula, and "_" at the beginning of a legend's name for "not this one".
WORDS = [
    "$$",
    "$x$",
    "a$b$",
    "\\$5\\$",
    "_x_",
    "_",
    "\\frac",
    "<b>",
    "{x}",
    "x^2",
    "%d",
]
UNSEEN = {
    "\n": "⏎",
    "\t": "⇥",
    " ": "␣",
    "": "∅",
    " is": "␣is",
    "\r": "\\r",
    "a b": "a b",
}
SHOWN = {**{word: word for word in WORDS}, **UNSEEN}


def assert_plain(texts: Iterable[Text]) -> None:
    """What is drawn is the string itself, and none of it a formula; in every word of SHOWN."""
    drawn = [text._preprocess_math(text.get_text()) for text in texts]
    assert drawn == [(sign, False) for sign in SHOWN.values()]


def test_words_are_text_at_bars() -> None:
    ax = plots.bars(list(SHOWN), [1.0] * len(SHOWN), title="$$", xlabel="$$")
    ax.figure.canvas.draw()
    assert_plain(ax.get_yticklabels())
    for text in (ax.title, ax.xaxis.label):
        assert text._preprocess_math(text.get_text()) == ("$$", False)


def test_words_are_text_at_a_heatmap() -> None:
    ax = plots.heatmap(np.eye(len(SHOWN)), rows=list(SHOWN), columns=list(SHOWN))
    ax.figure.canvas.draw()
    assert_plain(ax.get_xticklabels())
    assert_plain(ax.get_yticklabels())


def test_words_are_text_at_lines_and_groups() -> None:
    ax = plots.curves({word: [1.0, 2.0] for word in SHOWN})
    ax.figure.set_figheight(9)
    ax.figure.canvas.draw()
    assert_plain(ax.texts)
    assert [text.get_color() for text in ax.texts] == [
        plots.ink(line.get_color()) for line in ax.lines
    ]
    points = [[i, i] for i in range(len(SHOWN))]
    ax = plots.scatter(points, [None] * len(points), range(len(points)), list(SHOWN))
    ax.figure.canvas.draw()
    assert_plain(ax.texts)


def test_words_are_text_at_points() -> None:
    points = [[i, i] for i in range(len(SHOWN) + 1)]
    ax = plots.scatter(points, [*SHOWN, None])
    assert_plain(ax.texts)
    assert len(ax.lines) == len(points)


def test_a_formula_is_asked_for_at_matplotlib() -> None:
    ax = plots.axes(xscale="log", xlim=(1, 1e9))
    ax.set_xlabel("$x$", parse_math=True)
    ax.figure.canvas.draw()
    assert ax.xaxis.label._preprocess_math("$x$")[1]
    ticks = [text.get_text() for text in ax.get_xticklabels()]
    assert {"10⁰", "10⁸"} & {*ticks} and not any("$" in tick for tick in ticks)


def test_panels_side_by_side_and_stacked() -> None:
    left, right = plots.panels(2, ["a", "$$"], 6.0, 2.0, shared=True, xlabel="step")
    assert [ax.get_title(loc="left") for ax in (left, right)] == ["a", "$$"]
    assert (
        left.figure is right.figure
        and left.get_xlabel() == right.get_xlabel() == "step"
    )
    assert tuple(left.figure.get_size_inches()) == (6.0, 2.0)
    left.set_ylim(0, 7)
    assert right.get_ylim() == (0, 7) and right.get_xlim() == left.get_xlim()
    assert not any(
        ax.spines[side].get_visible()
        for ax in (left, right)
        for side in ("top", "right")
    )
    assert left.get_position().y0 == pytest.approx(right.get_position().y0)
    top, bottom = plots.panels(2, stacked=True, shared=True)
    top.set_xlim(0, 3)
    top.set_ylim(0, 9)
    assert bottom.get_xlim() == (0, 3) and bottom.get_ylim() == (0, 1)
    assert top.get_position().y0 > bottom.get_position().y1
    alone = plots.panels(3)
    alone[0].set(xlim=(0, 5), ylim=(0, 5))
    assert (
        [ax.get_ylim() for ax in alone[1:]]
        == [ax.get_xlim() for ax in alone[1:]]
        == [(0, 1)] * 2
    )


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: plots.panels(0), "n: 0 is no number of panels; use 1 or more"),
        (lambda: plots.panels(2, ["a"]), "titles: 1 for 2 panels; give 2"),
        (lambda: plots.scatter([[0, 0]], ["a", "b"]), "words: 2 for 1 points"),
        (lambda: plots.scatter([[0, 0]], ["a"], groups=[0, 1]), "groups: 2 for 1 points"),
    ],
)  # fmt: skip
def test_what_does_not_fit(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
