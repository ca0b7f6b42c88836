"""The widgets in a real browser, on a page of their own, with no kernel and no network."""

from __future__ import annotations

import inspect
import itertools
import json
import math
import random
import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import pytest
import torch
from anywidget import AnyWidget
from matplotlib.figure import Figure
from playwright.sync_api import Browser, Locator, Page, expect
from support.widget_page import (
    Show,
    exports,
    keeps_up,
    kernel_page,
    overflow,
    random_numbers,
    redraw_times,
)
from torch import Tensor

import lmlib.widgets.labels
from lmlib.attention import causal_mask, scaled_dot_product_attention
from lmlib.bpe import BPETokenizer
from lmlib.interop.real import HOW, find_real
from lmlib.ngrams import NGram
from lmlib.points import ENDS_WELL
from lmlib.sampling import next_probs
from lmlib.softmax import entropy, softmax
from lmlib.stories import STORIES, story_sequences
from lmlib.stories import WORDS as STORY_WORDS
from lmlib.widgets import (
    AttentionHeatmap,
    AttentionWorkbench,
    BeamTree,
    ChatBox,
    CostCalculator,
    EmbeddingMap,
    LabelsNeeded,
    LayerStream,
    NextWordDuel,
    RewardFrontier,
    StoryBox,
    TemperatureScrubber,
    TokeniserLens,
    TrainingRun,
)
from lmlib.widgets.base import HERE, VIEW, Widget
from lmlib.widgets.logits import KEPT

WORDS = ["fox", "wolf", "crow", "cat", "</script><b>"]
LOGITS = {
    "a fat": [2.0, 1.0, 1.0, -1.0, -math.inf],
    "lived in": [0.0, 3.0, 0.0, 0.0, 0.0],
}


def scrubber(**settings: Any) -> TemperatureScrubber:
    return TemperatureScrubber(LOGITS, WORDS, **settings)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def causal_weights(layers: int, heads: int, T: int) -> Tensor:
    scores = torch.randn(
        layers, heads, T, T, generator=generator(), dtype=torch.float64
    )
    return softmax(scores.masked_fill(~causal_mask(T), -math.inf))


@pytest.fixture
def show(show: Show) -> Show:
    """Each with its own script, as in a notebook."""
    return partial(show, site=False)


@pytest.fixture(scope="module")
def numbers(browser: Browser) -> Iterator[Callable[..., Any]]:
    """Call a function of numbers.js; −∞ travels as null."""
    source = (HERE / "numbers.js").read_text(encoding="utf-8")

    def call(code: str, **given: Any) -> Any:
        packed = json.loads(json.dumps(given).replace("-Infinity", "null"))
        names = ", ".join(given)
        return page.evaluate(
            f"({{ {names} }}) => {{ const inf = (z) => z ?? -Infinity; return {code}; }}",
            packed,
        )

    with exports(browser, source) as page:
        yield call


def close(actual: Any, wanted: Tensor) -> None:
    torch.testing.assert_close(
        torch.tensor(actual, dtype=torch.float64), wanted, rtol=0, atol=1e-12
    )


CASES = [
    *itertools.product([5, 304], [1.0, 30.0, 1e4], [0.01, 0.7, 1.0, 10.0]),
    *itertools.product([50_257], [3.0, 1e4], [0.7]),
]


@pytest.mark.parametrize("V, spread, temperature", CASES)
def test_softmax_and_filters_equal_lmlib(
    V: int, spread: float, temperature: float, numbers: Callable[..., Any]
) -> None:
    logits = (
        torch.randn(V, generator=generator(V), dtype=torch.float64) * spread
    ).round(decimals=6)
    logits[1], logits[3] = logits[0], -math.inf  # a tie, and something impossible
    close(
        numbers("[...lib.softmax(z.map(inf), t)]", z=logits.tolist(), t=temperature),
        softmax(logits, temperature),
    )
    wanted = entropy(softmax(logits, temperature))
    close(
        numbers(
            "lib.entropy(lib.softmax(z.map(inf), t))", z=logits.tolist(), t=temperature
        ),
        wanted,
    )
    for top_k, top_p in [(1, None), (3, None), (None, 0.5), (None, 1.0), (4, 0.9)]:
        setting = {"temperature": temperature, "top_k": top_k, "top_p": top_p}
        found = numbers(
            "[...lib.nextProbs(z.map(inf), s)]", z=logits.tolist(), s=setting
        )
        wanted = next_probs(logits, **setting)
        assert [p > 0 for p in found] == (wanted > 0).tolist()
        close(found, wanted)


@pytest.mark.parametrize(
    "scale, mask", list(itertools.product([True, False], repeat=2))
)
def test_attention_equals_lmlib(
    scale: bool, mask: bool, numbers: Callable[..., Any]
) -> None:
    q, k = (
        4 * torch.randn(9, 7, generator=generator(s), dtype=torch.float64)
        for s in (1, 2)
    )
    options = {"scale": scale, "mask": mask}
    found = numbers(
        "lib.attentionWeights(q, k, o).map((r) => [...r])",
        q=q.tolist(),
        k=k.tolist(),
        o=options,
    )
    close(
        found,
        scaled_dot_product_attention(q, k, k, causal_mask(9) if mask else None, scale)[
            1
        ],
    )


def drawn(probs: Tensor, seed: int, n: int) -> list[int]:
    """The first id whose running sum of probabilities exceeds u, for n random numbers u."""
    sums = probs.cumsum(0)
    return [
        int(torch.searchsorted(sums, u, right=True))
        for u in itertools.islice(random_numbers(seed), n)
    ]


def test_every_drawn_word_is_the_expected_one(numbers: Callable[..., Any]) -> None:
    probs = softmax(torch.randn(304, generator=generator(5), dtype=torch.float64) * 3)
    for seed in (0, 7, 2**32 - 1):
        assert numbers(
            "lib.sample(p, seed, 1000)", p=probs.tolist(), seed=seed
        ) == drawn(probs, seed, 1000)


def rows(page: Page) -> dict[str, str]:
    words = page.locator(".rows .word")
    return {
        row.locator("span").first.inner_text(): row.locator(".prob").inner_text()
        for row in words.all()
    }


def move(slider: Locator, key: str, times: int) -> None:
    slider.focus()
    for _ in range(times):
        slider.press(key)


def test_sliders_redraw_what_lmlib_computes(show: Show) -> None:
    page = show(scrubber())
    order = list(rows(page))
    for name, key, times in [
        ("Temperature τ", "ArrowRight", 9),
        ("Top-k", "ArrowLeft", 2),
        ("Top-p", "ArrowLeft", 6),
    ]:
        move(page.get_by_label(name).first, key, times)
    typed = [
        page.get_by_label(name).nth(1).input_value()
        for name in ("Temperature τ", "Top-k", "Top-p")
    ]
    temperature, top_k, top_p = float(typed[0]), int(typed[1]), float(typed[2])
    assert temperature > 1 and top_k < 5 and top_p < 1
    wanted = next_probs(
        torch.tensor(LOGITS["a fat"], dtype=torch.float64), temperature, top_k, top_p
    )
    shown = rows(page)
    assert list(shown) == order == ["fox", "wolf", "crow", "cat"]
    assert shown == {
        word: f"{p:.4f}" if p else "cut"
        for word, p in zip(WORDS, wanted.tolist()[:4], strict=False)
    }
    assert f"Entropy {entropy(wanted):.4f} nats" in page.locator(".open").inner_text()
    assert page.locator(".formula .hot").count() == 2  # T above and below the line


def test_a_typed_number_and_another_context(show: Show) -> None:
    page = show(scrubber(temperature=0.5))
    assert rows(page)["fox"] == f"{scrubber(temperature=0.5).probs[0]:.4f}"
    page.get_by_label("Temperature τ").nth(1).fill("2")
    page.get_by_label("Temperature τ").nth(1).press("Enter")
    page.get_by_label("Next word after").select_option("lived in")
    wanted = softmax(torch.tensor(LOGITS["lived in"], dtype=torch.float64), 2.0)
    assert rows(page)["wolf"] == f"{wanted[1]:.4f}"
    assert next(iter(rows(page))) == "wolf"


def test_a_word_explains_its_own_numbers(show: Show) -> None:
    page = show(scrubber(temperature=2.0))
    move(page.locator(".rows .word").first, "ArrowDown", 1)
    page.keyboard.press("ArrowDown")
    chain = page.locator(".chain dd").all_inner_texts()
    word = page.locator(".rows .word[aria-selected=true] span").first.inner_text()
    z = LOGITS["a fat"][WORDS.index(word)]
    total = sum(math.exp((s - 2.0) / 2) for s in LOGITS["a fat"])
    assert chain[:4] == [
        f"{z:.4f}",
        f"{z / 2:.4f}",
        f"{math.exp((z - 2) / 2):.4f}",
        f"{total:.4f}",
    ]


def test_draws_are_counted_and_can_be_repeated(show: Show) -> None:
    page = show(scrubber(seed=3))
    probs = scrubber().probs
    for _ in range(2):
        page.get_by_role("button", name="Draw words 100", exact=True).click()
        page.get_by_role("button", name="Draw words 10", exact=True).click()
        expected = drawn(probs, 3, 110)
        counts = [
            text.split(" · ")[0]
            for text in page.locator(".rows .drawn").all_inner_texts()
        ]
        assert counts == [str(expected.count(i)) for i in range(4)]
        assert page.locator(".texts ol").first.locator("li").all_inner_texts() == [
            f"a fat {WORDS[i]}" for i in expected[-5:]
        ]
        page.get_by_role("button", name="reset").click()


def test_heatmap_follows_keys_and_switches(show: Show) -> None:
    q, k = (
        2 * torch.randn(6, 5, generator=generator(s), dtype=torch.float64)
        for s in (3, 4)
    )
    page = show(AttentionHeatmap(list("abcdef"), q=q, k=k))

    def expect_row(query: int, scale: bool, mask: bool) -> None:
        row = scaled_dot_product_attention(
            q, k, k, causal_mask(6) if mask else None, scale
        )[1][query].tolist()
        values = page.locator(".token.key .value:not(.score)")
        expect(page.locator(".looks b")).to_contain_text("abcdef"[query])
        shown = [value.replace("−", "-") for value in values.all_inner_texts()]
        assert shown[query + 1 :] == ["hidden"] * (5 - query) or not mask
        seen = [float(value) for value in shown if value != "hidden"]
        assert seen == pytest.approx(row[: len(seen)], abs=6e-5)

    expect_row(5, scale=True, mask=True)
    page.locator(".token.query[aria-selected=true]").press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect_row(3, scale=True, mask=True)
    page.get_by_label("divide by").uncheck()
    expect_row(3, scale=False, mask=True)
    page.get_by_label("hide the future").uncheck()
    expect_row(3, scale=False, mask=False)
    page.locator(".token.query").nth(1).hover()
    expect_row(1, scale=False, mask=False)
    assert page.locator(".arcs path").count() > 0
    # A look is no choice: the keys go on from the chosen row, and a resting pointer does not win.
    chosen = page.locator(".token.query[aria-selected=true]")
    expect(chosen).to_contain_text("d")
    chosen.press("ArrowUp")
    expect_row(2, scale=False, mask=False)
    page.locator(".token.query").nth(1).hover(position={"x": 5, "y": 5})
    expect_row(1, scale=False, mask=False)


def test_a_page_that_scrolls_under_a_resting_pointer_chooses_nothing(
    show: Show,
) -> None:
    page = show(
        AttentionHeatmap([f"w{i}" for i in range(40)], causal_weights(1, 1, 40))
    )
    rows = page.locator(".token.query")
    rows.nth(39).scroll_into_view_if_needed()
    box = rows.nth(38).bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 10)
    chosen = page.locator(".token.query[aria-selected=true]")
    for _ in range(39):
        chosen.press("ArrowUp")
        page.wait_for_timeout(30)
    page.wait_for_timeout(300)
    expect(page.locator(".looks b")).to_contain_text("w0")
    expect(chosen).to_have_class(re.compile(r"\bshown\b"))


def box(locator: Locator) -> dict[str, float]:
    found = locator.bounding_box()
    assert found
    return dict(found)


@pytest.mark.parametrize("width", [390, 720])
def test_slider_buttons_and_bars_are_seen_together(show: Show, width: int) -> None:
    page = show(scrubber(), width=width)
    slider = box(page.get_by_role("slider").first)
    bars = box(page.get_by_role("option").last)
    assert bars["y"] + bars["height"] - slider["y"] < 800
    assert (
        box(page.get_by_role("button", name="Draw words 100", exact=True))["y"]
        > slider["y"]
    )
    assert box(page.locator(".track").first)["width"] > 250


def test_a_switch_moves_nothing_below_it(show: Show) -> None:
    q = torch.randn(4, 8, generator=generator())
    page = show(AttentionHeatmap(list("abcd"), q=q, k=q), width=390)
    places = []
    for _ in range(2):
        places.append(box(page.get_by_role("listbox"))["y"])
        page.get_by_label("divide by √dₖ").click()
    assert places[0] == places[1]


def test_names_on_a_map_keep_apart_on_a_phone(show: Show) -> None:
    words = [f"word{i}" for i in range(23)]
    page = show(AttentionHeatmap(words, weights=causal_weights(1, 1, 23)), width=390)
    cell = box(page.locator(".map .cells"))["height"] / 23
    font = page.locator(".map .names").evaluate("c => c.getContext('2d').font")
    assert 11 <= float(re.match(r"[\d.]+", font)[0]) <= cell  # type: ignore[index]
    whole = page.locator(".map").evaluate(
        "m => m.scrollWidth <= m.parentNode.clientWidth"
    )
    assert whole


def test_layers_heads_and_texts_can_be_chosen(show: Show) -> None:
    first, second = causal_weights(2, 3, 5), causal_weights(1, 1, 4)
    page = show(
        AttentionHeatmap({
            "one": {"tokens": list("abcde"), "weights": first},
            "two": {"tokens": list("wxyz"), "weights": second},
        })
    )  # fmt: skip
    page.get_by_label("Layer").select_option("1")
    page.get_by_role("button", name="2").click()
    values = page.locator(".token.key .value:not(.score)")
    expect(values).to_have_text([f"{w:.4f}" for w in first[1, 2, 4].tolist()])
    page.get_by_role("combobox", name="Text").select_option("two")
    expect(values).to_have_text([f"{w:.4f}" for w in second[0, 0, 3].tolist()])


def test_a_long_text_is_small_enough_and_right(show: Show) -> None:
    weights = causal_weights(12, 12, 128)
    widget = AttentionHeatmap(
        [f"w{i}" for i in range(128)], weights, layer=11, head=7, query=100
    )
    assert len(widget._repr_mimebundle_()[0]["text/html"]) < 4_500_000
    page = show(widget, width=390)
    shown = page.locator(".token.key .value:not(.score)").all_inner_texts()[:101]
    wanted = [
        f"{round(w * 10_000) / 10_000:.4f}" for w in weights[11, 7, 100, :101].tolist()
    ]
    assert [float(w) for w in shown] == [float(w) for w in wanted]
    assert overflow(page) <= 0


WIDGETS = {
    "scrubber": scrubber,
    "heatmap": lambda: AttentionHeatmap(list("abc"), causal_weights(1, 2, 3)),
}


@pytest.mark.parametrize("make", WIDGETS.values(), ids=WIDGETS)
def test_the_bundle_serves_every_front_end(make: Callable[[], Any], show: Show) -> None:
    (bundle, metadata), (again, _) = (
        make()._repr_mimebundle_(),
        make()._repr_mimebundle_(),
    )
    assert set(bundle) == {VIEW, "text/html", "image/png", "text/plain"}
    assert (
        bundle["text/html"] == again["text/html"]
        and bundle["text/plain"] == again["text/plain"]
    )
    assert "http" not in bundle["text/html"].replace("http://www.w3.org", "")
    # Colab finds its widget manager by it.
    assert metadata == AnyWidget._repr_mimebundle_(make())[1]
    page = show(make(), scripts=False)
    assert page.locator("img").is_visible()
    assert page.locator("img").get_attribute("alt") == bundle["text/plain"]


@pytest.mark.parametrize("make", WIDGETS.values(), ids=WIDGETS)
@pytest.mark.parametrize(
    "html, dark",
    [
        ("<html lang='en' data-theme='dark'>", True),
        ("<html lang='en' theme='dark'>", True),
        ("<html lang='en'><body class='vscode-dark'>", True),
        ("<html lang='en'><body data-jp-theme-light='false'>", True),
        ("<html lang='en' data-theme='light'>", False),
    ],
)
def test_light_and_dark_follow_the_page(
    make: Callable[[], Any], html: str, dark: bool, show: Show
) -> None:
    page = show(make(), html=html, width=390)
    card = page.locator(".card")
    assert ("dark" in card.get_attribute("class")) == dark  # type: ignore[operator]
    paper = card.evaluate("node => getComputedStyle(node).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) < 128) == dark
    assert overflow(page) <= 0
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    expect(card).not_to_have_class("card dark")


def test_a_screen_reader_hears_the_change(show: Show) -> None:
    page = show(scrubber())
    expect(page.get_by_role("status")).to_contain_text("fox")
    before = page.get_by_role("status").inner_text()
    move(page.get_by_label("Temperature τ").first, "ArrowRight", 5)
    expect(page.get_by_role("status")).not_to_have_text(before)


@pytest.mark.parametrize("V", [304, 49_152])
def test_redrawing_keeps_up_with_the_slider(
    V: int, show: Show, summary: Callable[[str], None]
) -> None:
    vocab = [str(i) for i in range(V)]
    logits = torch.randn(V, generator=generator(), dtype=torch.float64)
    page = show(TemperatureScrubber({"": logits}, vocab))
    slider = page.locator("input[type=range]").first
    times = redraw_times(slider, (i % 100 for i in range(200)))
    keeps_up(f"scrubber of {V:,} words: slider to bars", times, summary)


def test_page_and_python_tell_each_other(browser: Browser) -> None:
    widget = scrubber()
    with kernel_page(browser, widget) as page:
        move(page.get_by_label("Temperature τ").first, "ArrowRight", 3)
        told = page.evaluate("[window.saved, window.model.get('temperature') > 1]")
        assert told == [3, True]
        widget.temperature = page.evaluate("window.model.get('temperature')")
        assert rows(page)["fox"] == f"{widget.probs[0]:.4f}"
        widget.temperature = 0.5
        page.evaluate("window.model.set('temperature', 0.5)")
        assert rows(page)["fox"] == f"{widget.probs[0]:.4f}"


# What a parser of HTML, a formula or a browser would make something else of.
NASTY = [
    "$$",
    "$x$",
    "<b>x</b>",
    "</script>",
    "&amp;",
    "a|b",
    "{word}",
    "_x_",
    "\\n",
    "$&",
    "\"'",
]
UNSEEN = {
    " is": "␣is",
    "\n": "⏎",
    "\t": "⇥",
    " ": "␣",
    "": "∅",
    "a  b": "a␣␣b",
    "\r": "\\r",
    "a b": "a b",
}
SHOWN = {**{word: word for word in NASTY}, **UNSEEN}


def tick_texts(figure: Figure) -> list[tuple[str, Any]]:
    """What is drawn at the words' ticks, and whether as a formula."""
    figure.canvas.draw()
    labels = figure.axes[0].get_yticklabels()
    return [label._preprocess_math(label.get_text()) for label in labels]


def nasty_scrubber(**settings: Any) -> TemperatureScrubber:
    logits = torch.arange(len(SHOWN), 0, -1, dtype=torch.float64)
    return TemperatureScrubber(
        dict.fromkeys(["9", "$$ <b>", "", "1"], logits),
        list(SHOWN),
        named=99,
        **settings,
    )


MANY = 49_152


def many_logits(kind: str) -> Tensor:
    """Rows that make it hard to put words in groups: flat, steep, all alike, mostly impossible."""
    if kind == "a real model":
        if (real := find_real()) is None:
            pytest.skip(HOW)
        return real.model(real.encode("The sun rises in the"))[0, -1].detach().double()
    if kind == "alike":  # the same digits are lost from each
        return torch.full((MANY,), 1.234999, dtype=torch.float64)
    if kind == "mostly impossible":
        row = torch.full((MANY,), -math.inf, dtype=torch.float64)
        row[1000:1300] = torch.randn(300, generator=generator(), dtype=torch.float64)
        return row
    row = torch.randn(MANY, generator=generator(), dtype=torch.float64)
    return row * float(kind)


TABLES = {
    name: table for name, table in vars(lmlib.widgets.labels).items() if name.isupper()
}


@pytest.mark.parametrize("name", TABLES)
def test_every_label_is_used(name: str) -> None:
    """By its own name, or by the beginning of it that scripts end."""
    scripts = (HERE / f"{part}.js" for part in ("shared", "live", name.lower()))
    python = (path for path in HERE.glob("*.py") if path.name != "labels.py")
    source = "".join(
        path.read_text("utf-8") for path in (*scripts, *python) if path.exists()
    )
    begun = set(re.findall(r"`(\w+_)\$\{", source))
    unused = [
        key
        for key in TABLES[name]
        if not re.search(rf"[\"'`]{key}[\"'`]", source)
        and not any(key.startswith(begin) for begin in begun)
    ]
    assert not unused


KINDS = [
    *("0.01", "0.1", "0.3", "1", "3", "10"),
    *("alike", "mostly impossible", "a real model"),
]


@pytest.mark.parametrize("kind", KINDS)
def test_groups_of_words_change_no_probability(
    kind: str, numbers: Callable[..., Any]
) -> None:
    exact, words = many_logits(kind), [str(i) for i in range(MANY)]
    widget = TemperatureScrubber({"": exact}, words)
    order = widget.ranking()
    named = exact.sort(descending=True).values[:KEPT].round(decimals=6)
    assert widget.logits[order][:KEPT].tolist() == named.tolist()
    packed = widget._data["contexts"][""]
    assert len(json.dumps(packed)) < 10_000 and not widget._data["vocab"]
    page = numbers(
        "[...lib.unpacked(c)].map((z) => z === -Infinity ? null : z)", c=packed
    )
    page = [-math.inf if z is None else z for z in page]
    assert page == widget.logits[order].tolist()
    for temperature in (0.05, 0.07, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0):
        true, shown = (softmax(z, temperature) for z in (exact, widget.logits))
        torch.testing.assert_close(shown, true, rtol=0, atol=3e-4)
        rest = [1 - probs[order[:12]].sum().item() for probs in (true, shown)]
        assert rest[1] == pytest.approx(rest[0], abs=3e-4)
    setting = {"temperature": 1.5, "top_k": 1_000, "top_p": 0.9}
    found = numbers("[...lib.nextProbs(lib.unpacked(c), s)]", c=packed, s=setting)
    close(found, next_probs(widget.logits, **setting)[order])


def test_a_page_of_many_words_names_the_likeliest(show: Show) -> None:
    logits = many_logits("3")
    widget = TemperatureScrubber(
        {"a": logits, "b": logits.flip(0)}, [f"w{i}" for i in range(MANY)]
    )
    page = show(widget)
    for context in ("a", "b"):
        widget.context = context
        page.locator("select").select_option(context)
        best = widget.ranking()[:12]
        assert rows(page) == {f"w{i}": f"{widget.probs[i]:.4f}" for i in best}
        rest = 1 - float(widget.probs[best].sum())
        assert page.locator(".rest .prob").inner_text() == f"{rest:.4f}"
        assert "all other 49140" in page.locator(".rest").inner_text()
    move(page.get_by_label("Temperature τ").first, "End", 1)
    page.get_by_role("button", name="Draw words 1000", exact=True).click()
    assert "(a rarer word)" in page.locator(".texts").inner_text()


def test_words_of_the_scrubber_are_text(show: Show) -> None:
    widget = nasty_scrubber()
    page = show(widget)
    names = page.locator(".rows .word span:first-child")
    assert names.all_text_contents() == list(SHOWN.values())
    # In the order in which they were given.
    assert page.locator("option").all_text_contents() == ["9", "$$ <b>", "∅", "1"]
    for place, word in enumerate(SHOWN.values()):
        names.nth(place).click()
        assert (
            page.locator("p.heading").last.text_content()
            == f"From logit to probability: {word}"
        )
        assert names.nth(place).get_attribute("title") == word
    page.get_by_role("button", name="Draw words 1000", exact=True).click()
    drawn_words = page.locator(".texts li b").all_text_contents()
    assert {*drawn_words} <= {*SHOWN.values()}
    page.locator("select").select_option("$$ <b>")
    assert page.locator("b").evaluate_all(
        "nodes => nodes.every((n) => !n.textContent.includes('x'))"
    )
    assert tick_texts(widget.picture()) == [(word, False) for word in SHOWN.values()]
    widget.context = "$$ <b>"
    title = widget.picture().axes[0].get_title(loc="left")
    assert title == "$$ <b> …   τ = 1"
    assert widget.sentence().startswith("Temperature scrubber. After “$$ <b>” at")
    assert (
        show(widget, scripts=False).locator("img").get_attribute("alt")
        == widget.sentence()
    )


def test_words_of_the_heatmap_are_text(show: Show) -> None:
    T, words = len(SHOWN), list(SHOWN.values())
    text = {"tokens": list(SHOWN), "weights": causal_weights(1, 2, T)}
    widget = AttentionHeatmap({"9": text, "$$ <b>": text, "\n": text, "1": text})
    page = show(widget)
    for kind in ("query", "key"):
        assert page.locator(f".token.{kind} .text").all_text_contents() == words
    options = (
        page.get_by_role("combobox", name="Text").locator("option").all_text_contents()
    )
    assert options == ["9", "$$ <b>", "⏎", "1"]
    for place, word in enumerate(words):
        page.locator(".token.query").nth(place).click()
        assert page.locator(".looks b").text_content() == f"{word} looks at "
    assert tick_texts(widget.picture()) == [(word, False) for word in words]
    assert (
        all(word in widget.sentence() for word in words)
        and "\n" not in widget.sentence()
    )
    assert (
        show(widget, scripts=False).locator("img").get_attribute("alt")
        == widget.sentence()
    )


def test_a_translation_is_text_too(show: Show) -> None:
    labels = {
        "cut": "<i>cut</i> & $$",
        "after_filter": "<i>a</i>",
        "entropy": "<i>{nats}</i> <b>{bits}</b>",
        "probability": "$$",
    }
    widget = nasty_scrubber(top_k=1, labels=labels)
    page = show(widget)
    move(page.locator(".rows .word").first, "ArrowDown", 1)
    assert page.locator(".chain dt").last.text_content() == "<i>a</i>"
    assert page.locator(".chain dd").last.text_content() == "<i>cut</i> & $$"
    assert page.locator(".open").inner_html() == "&lt;i&gt;0&lt;/i&gt; <b>0</b>"
    label = widget.picture().axes[0].xaxis.label
    assert label._preprocess_math(label.get_text()) == ("$$", False)
    names = {"query": "$q$", "key": "$k$"}
    axes = AttentionHeatmap(["a"], [[1.0]], labels=names).picture().axes[0]
    drawn = [
        label._preprocess_math(label.get_text())
        for label in (axes.yaxis.label, axes.xaxis.label)
    ]
    assert drawn == [("$q$", False), ("$k$", False)]


def shares(total: int, most: int) -> Iterator[list[int]]:
    """Every way to share ``total`` out, none more than ``most``, largest first."""
    if total == 0:
        yield []
    for first in range(min(total, most), 0, -1):
        yield from ([first, *others] for others in shares(total - first, first))


def test_top_p_at_every_border_of_twentieths(numbers: Callable[..., Any]) -> None:
    """The smallest n for which the n likeliest hold p, found with whole numbers of twentieths."""
    cases, wanted = [], []
    for number, parts in enumerate(shares(20, 20)):
        mixed = random.Random(number).sample(parts, len(parts))
        order = sorted(range(len(mixed)), key=lambda i: (-mixed[i], i))
        for k in range(1, 21):
            n = next(n for n in range(1, 21) if sum(parts[:n]) >= k)
            cases.append([[math.log(part / 20) for part in mixed], k / 20])
            wanted.append(sorted(order[:n] if k < 20 else order))
    code = "cases.map(([z, top_p]) => [...lib.nextProbs(z, { top_p })].flatMap((p, i) => (p > 0 ? [i] : [])))"
    assert len(cases) == 627 * 20
    assert numbers(code, cases=cases) == wanted


@pytest.mark.parametrize("p", [1e-9, 1e-6, 5e-324])
def test_the_likeliest_word_stays_however_small_p_is(
    p: float, numbers: Callable[..., Any]
) -> None:
    assert numbers("[...lib.nextProbs([0, 1], { top_p })]", top_p=p) == [0, 1]


def test_top_p_keeps_two_of_four(numbers: Callable[..., Any]) -> None:
    logits = [math.log(p) for p in (0.3, 0.1, 0.1, 0.5)]
    for temperature in (0.05, 1.0, 5.0):
        z = [temperature * logit for logit in logits]
        found = numbers(
            "[...lib.nextProbs(z, { temperature, top_p: 0.8 })]",
            z=z,
            temperature=temperature,
        )
        assert [p > 0 for p in found] == [True, False, False, True]


EVEN = torch.full((2, 2), 0.5)
BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "nan": (
        lambda: TemperatureScrubber({"x": [0.0, math.nan]}, ["a", "b"]),
        "logits.*'x'.*nan",
    ),
    "inf": (
        lambda: TemperatureScrubber({"x": [0.0, math.inf]}, ["a", "b"]),
        "logits.*'x'.*inf",
    ),
    "nothing possible": (
        lambda: TemperatureScrubber({"x": [-math.inf] * 2}, ["a", "b"]),
        "logits.*'x'.*-inf",
    ),
    "length": (
        lambda: TemperatureScrubber({"x": [0.0]}, ["a", "b"]),
        r"logits.*'x'.*\(1,\)",
    ),
    "no context": (lambda: TemperatureScrubber({}, ["a"]), "logits.*{}"),
    "no words": (lambda: TemperatureScrubber({"x": []}, []), r"vocab.*\[\]"),
    "temperature 0": (lambda: scrubber(temperature=0), "temperature: 0 .*argmax"),
    "temperature -1": (lambda: scrubber(temperature=-1.0), "temperature: -1.0"),
    "top_k 0": (lambda: scrubber(top_k=0), "top_k: 0"),
    "top_p 0": (lambda: scrubber(top_p=0.0), "top_p: 0.0"),
    "top_p 2": (lambda: scrubber(top_p=2.0), "top_p: 2.0"),
    "seed": (lambda: scrubber(seed=-1), "seed: -1"),
    "label": (lambda: scrubber(labels={"titel": "x"}), "labels.*titel"),
    "labels": (lambda: scrubber(labels=["title"]), "labels: .*no mapping"),
    "label place": (
        lambda: scrubber(labels={"tally": "{nope}"}),
        r"labels\['tally'\]: .*\['nope'\]; its places",
    ),
    "label brace": (
        lambda: scrubber(labels={"tally": "{"}),
        r"labels\['tally'\]: '\{': ",
    ),
    "label None": (lambda: scrubber(labels={"title": None}), "labels.*title.*None"),
    "vocab": (lambda: TemperatureScrubber(LOGITS, 5), "vocab: 5 "),
    "seed True": (lambda: scrubber(seed=False), "seed: False"),
    "temperature True": (lambda: scrubber(temperature=True), "temperature: True"),
    "context": (lambda: setattr(scrubber(), "context", "here"), "context: 'here'"),
    "tokens": (lambda: AttentionHeatmap(["a"], EVEN), r"weights: shape .*1 tokens"),
    "rows": (
        lambda: AttentionHeatmap(["a", "b"], EVEN * 3, causal=False),
        "weights.*off by 2",
    ),
    "future": (lambda: AttentionHeatmap(["a", "b"], EVEN), "weights.*later token"),
    "nan weights": (
        lambda: AttentionHeatmap(["a", "b"], EVEN * math.nan),
        "weights.*nan",
    ),
    "half": (lambda: AttentionHeatmap(["a", "b"], q=EVEN), "weights.*both q and k"),
    "sizes": (
        lambda: AttentionHeatmap(["a", "b"], q=EVEN, k=torch.ones(2, 3)),
        "k: shape .*differs",
    ),
    "many tokens": (
        lambda: AttentionHeatmap(["a"] * 3_000, q=torch.ones(3_000, 2), k=EVEN),
        "tokens: 3,000 tokens .* 1,000 at most",
    ),
    "no tokens": (lambda: AttentionHeatmap(5, EVEN), "tokens: 5 is no list"),
    "no text": (lambda: AttentionHeatmap({"x": 5}), "tokens.*'x'.*: 5 is no mapping"),
    "causal": (
        lambda: AttentionHeatmap(["a", "b"], EVEN, causal="no"),
        "causal: 'no' is no switch",
    ),
    "layer": (lambda: AttentionHeatmap(["a", "b"], torch.eye(2), layer=1), "layer: 1 "),
    "head": (lambda: AttentionHeatmap(["a", "b"], torch.eye(2), head=-1), "head: -1 "),
    "query": (lambda: AttentionHeatmap(["a", "b"], torch.eye(2), query=2), "query: 2 "),
}


@pytest.mark.parametrize("make, message", BAD.values(), ids=BAD)
def test_bad_values_are_named(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"(?s){message}"):
        make()


def test_a_bad_value_leaves_the_widget_as_it_was() -> None:
    widget = scrubber()
    with pytest.raises(ValueError, match="temperature"):
        widget.temperature = 99
    assert widget.temperature == 1.0
    torch.testing.assert_close(
        widget.probs, softmax(torch.tensor(LOGITS["a fat"], dtype=torch.float64))
    )


@cache
def counted(n: int) -> NGram:
    return NGram(n, len(STORY_WORDS.vocab)).fit(story_sequences(100, seed=0))


RUNS = {"read": {50: [0.9, 0.8]}, "counts": {50: [0.7], 200: [0.8]}}
GIVEN: dict[type[Widget], Callable[[], dict[str, Any]]] = {
    AttentionHeatmap: lambda: {"tokens": ["a", "b"], "weights": torch.eye(2)},
    AttentionWorkbench: dict,
    BeamTree: dict,
    ChatBox: dict,
    CostCalculator: dict,
    EmbeddingMap: lambda: {"vectors": torch.eye(3) + 0.1, "words": list("abc")},
    LabelsNeeded: lambda: {"results": RUNS},
    LayerStream: dict,
    NextWordDuel: lambda: {"bigram": counted(2), "five_gram": counted(5)},
    RewardFrontier: lambda: {"grammar": STORIES, "judge": ENDS_WELL},
    StoryBox: dict,
    TemperatureScrubber: lambda: {"logits": LOGITS, "vocab": WORDS},
    TokeniserLens: lambda: {
        "vocabularies": {"low": BPETokenizer.train("low low", vocab_size=258)}
    },
    TrainingRun: dict,
}
"""What each kind of widget cannot do without; of the duel also what would take long to count."""
NONE_LATER = {
    AttentionWorkbench: ["step"],
    BeamTree: ["step"],
    EmbeddingMap: ["minus", "plus"],
    StoryBox: ["top_k", "top_p"],
    TemperatureScrubber: ["other", "top_k", "top_p"],
    TokeniserLens: ["step"],
    TrainingRun: ["shown"],
}
"""Where None says something, by itself and later: all, the last, none."""
NONE_FIRST = {
    AttentionHeatmap: ["q", "k", "model", "example", "query", "mask"],
    AttentionWorkbench: ["tokens", "columns"],
    BeamTree: ["model"],
    ChatBox: ["story", "said", "model", "tokenizer"],
    EmbeddingMap: ["projection", "word"],
    LabelsNeeded: ["ceiling", "tested", "n", "methods", "pair"],
    LayerStream: ["model"],
    NextWordDuel: ["round", "bigram", "five_gram"],
    RewardFrontier: ["marks"],
    StoryBox: ["model"],
    TemperatureScrubber: ["context"],
    TokeniserLens: ["vocabulary", "learned_from"],
}
"""Where None says at first that nothing was given."""


def arguments(kind: type[Widget]) -> list[str]:
    """All that can be given or set."""
    return [*dict.fromkeys([*inspect.signature(kind).parameters, *kind._state])]


def test_every_kind_of_widget_is_tried() -> None:
    assert {kind.__name__ for kind in GIVEN} == {*lmlib.widgets.__all__}


@pytest.mark.parametrize(
    "kind, name", [(kind, name) for kind in GIVEN for name in arguments(kind)]
)
def test_none_is_named_where_it_says_nothing(kind: type[Widget], name: str) -> None:
    """traitlets itself asks no check about None."""
    later = NONE_LATER.get(kind, [])
    if name in inspect.signature(kind).parameters:
        given = GIVEN[kind]() | {name: None}
        if name in (*later, *NONE_FIRST.get(kind, []), "labels"):
            if kind is not NextWordDuel or name == "round":  # counting takes long
                kind(**given)
        else:
            with pytest.raises(ValueError, match=rf"^{name}[:\[]"):
                kind(**given)
    if name in kind._state:
        widget = kind(**GIVEN[kind]())
        before = getattr(widget, name)
        if name in later:
            setattr(widget, name, None)
            return
        with pytest.raises(ValueError, match=rf"^{name}[:\[]"):
            setattr(widget, name, None)
        assert getattr(widget, name) == before


@pytest.mark.parametrize("kind", GIVEN)
def test_a_value_of_another_type_is_checked_though_it_is_equal(
    kind: type[Widget],
) -> None:
    """True is 1 to Python, and traitlets asks no check about what equals the value before."""
    widget = kind(**GIVEN[kind]())
    for name in kind._state:
        value = getattr(widget, name)
        if type(value) in (int, float) and value in (0, 1):
            with (
                pytest.raises(ValueError, match=f"^{name}: "),
                widget.hold_trait_notifications(),
            ):
                setattr(widget, name, bool(value))
            assert getattr(widget, name) is value


@pytest.mark.parametrize("kind", [kind for kind in GIVEN if not kind._is_live])
def test_the_site_shows_what_a_notebook_does(kind: type[Widget], show: Show) -> None:
    """There the scripts are shared, and no modules."""
    widget = kind(**GIVEN[kind]())
    cards = [show(widget, site=site).locator(".card") for site in (False, True)]
    own, shared = (card.inner_text() for card in cards)
    assert own == shared and len(own) > 100
