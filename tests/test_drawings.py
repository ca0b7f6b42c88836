"""A figure is SVG whose letters are text, drawn for a page and for a phone, the same bytes every time."""

import base64
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import matplotlib
import pytest
from IPython.core.formatters import DisplayFormatter
from matplotlib import pyplot as plt
from PIL import Image

from lmlib import plots
from lmlib.drawings import PAGE, PHONE

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    matplotlib.use("Agg")
    yield
    plt.close("all")


def two_panels() -> plt.Figure:
    left, right = plots.panels(2, ["a", "b"], shared=True, xlabel="step")
    left.set_ylabel("nats")
    for ax in (left, right):
        plots.lines(ax, {"first": [1.23456, 2.0], "second": [2.0, 0.7]})
        plots.floor(ax, 0.55, "floor 0.55")
    return left.figure


def shown(figure: plt.Figure) -> tuple[ET.Element, ET.Element]:
    """The drawing for a page, and that for a phone."""
    page = ET.fromstring(figure._repr_mimebundle_()["image/svg+xml"])
    phone = page.find(f"{SVG}svg")
    assert phone is not None and phone.get("display") == "none"
    page.remove(phone)
    return page, phone


def words(drawing: ET.Element) -> list[str]:
    return ["".join(text.itertext()) for text in drawing.iter(f"{SVG}text")]


def test_a_notebook_shows_it_as_svg() -> None:
    bundle, _ = DisplayFormatter().format(two_panels())
    assert {"image/svg+xml", "text/plain"} <= set(bundle)


def test_the_same_bytes_every_time() -> None:
    first, second = two_panels(), two_panels()
    assert first._repr_mimebundle_() == second._repr_mimebundle_()
    assert first._repr_mimebundle_() == first._repr_mimebundle_()
    assert (
        "202"
        not in re.sub(r"<path[^>]*>", "", first._repr_mimebundle_()["image/svg+xml"])[
            :400
        ]
    )


def test_letters_are_text_and_none_is_small() -> None:
    for drawing in shown(two_panels()):
        assert {"a", "b", "nats", "step", "first", "floor 0.55"} <= {*words(drawing)}
        for text in drawing.iter(f"{SVG}text"):
            points = float(
                re.search(r"font-size: ([\d.]+)px", text.get("style", ""))[1]
            )  # type: ignore[index]
            assert points * 96 / 72 >= 11


def test_a_phone_has_a_drawing_of_its_own_width() -> None:
    page, phone = shown(two_panels())
    widths = [
        float(drawing.get("width", "").removesuffix("pt")) / 72
        for drawing in (page, phone)
    ]
    assert widths == pytest.approx([PAGE, PHONE])
    heights = [
        float(drawing.get("height", "").removesuffix("pt")) for drawing in (page, phone)
    ]
    assert heights[1] > 1.5 * heights[0]  # panels below each other
    assert words(phone).count("nats") == 2 > words(page).count("nats")


def test_drawing_leaves_the_figure_as_it_was() -> None:
    figure = two_panels()
    figure._repr_mimebundle_()
    left, right = figure.axes
    assert tuple(figure.get_size_inches()) == pytest.approx((PAGE, 3.2))
    assert left.get_position().y0 == pytest.approx(right.get_position().y0)
    assert not right.get_ylabel() and not right.yaxis.get_tick_params()["labelleft"]


def test_panels_that_stay_beside_each_other() -> None:
    left, _ = plots.panels(2, shared=True, beside=True, height=3.0)
    _, phone = shown(left.figure)
    assert float(phone.get("height", "").removesuffix("pt")) == 3.0 * 72


def test_a_small_figure_has_one_drawing() -> None:
    figure = plots.axes(width=3.0).figure
    assert figure._repr_mimebundle_()["image/svg+xml"].count("<svg") == 1


def test_its_points_have_few_colours() -> None:
    figure = plots.bars(["a", "b"], [0.3, 0.7]).figure
    stored = figure._repr_mimebundle_()["image/png"]
    with Image.open(io.BytesIO(base64.b64decode(stored))) as picture:
        assert picture.mode == "P"
        assert picture.width == int(figure.get_figwidth() * figure.dpi)
