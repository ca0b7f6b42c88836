"""The frontier of reward and nats: the page tilts as `lmlib.tilting` does, whatever a judge pays for."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from support.grammars import TINY, tiny_stories
from support.widget_page import (
    Show,
    address_of,
    exports,
    keep_copies,
    keeps_up,
    kernel_page,
    overflow,
    redraw_times,
    serious,
    show_table,
    too_small,
)

from lmlib.grammar import Grammar
from lmlib.points import ENDS_WELL, GOOD, Judge
from lmlib.stories import STORIES
from lmlib.tilting import frontier, log_partition, reward_distribution, tilted
from lmlib.widgets import RewardFrontier
from lmlib.widgets.base import script
from lmlib.widgets.odds import pack_odds

MARKS = {
    "before": (0.0, 0.5),
    "<b>best</b> of 4": (0.636, 0.937),
    "DPO $x$": ((0.52, 0.48, 0.56), (0.81, 0.79, 0.83)),
}
LONG = Judge(
    {
        "ending": dict.fromkeys(GOOD, 1.0),
        "thief": {"fox": 0.5, "wolf": -0.5},
        "helper": {"farmer": 0.25},
        "name": {"tom": 0.75},
        "wear": {"crown": -0.25},
    },
    per_word=0.05,
)
TINY_JUDGE = Judge({"who": {"mia": 1.0}, "coat": {"thick": -0.5}, "mind": {"sad": 2.0}}, per_word=0.25)  # fmt: skip
JUDGES: dict[str, tuple[Grammar, Judge]] = {
    "ends well": (STORIES, ENDS_WELL),
    "much at once": (STORIES, LONG),
    "length alone": (STORIES, Judge({}, per_word=-0.1)),
    "nothing": (STORIES, Judge({})),
    "tiny": (TINY, TINY_JUDGE),
}
BETAS = [0.1, 0.3, 1.0, 2.5, 10.0]


def widget(judge: Judge = ENDS_WELL, **settings: Any) -> RewardFrontier:
    return RewardFrontier(STORIES, judge, **{"marks": MARKS, **settings})


@pytest.fixture
def show(show: Show) -> Show:
    """Each with its own script, as in a notebook."""
    return partial(show, site=False)


@pytest.fixture(scope="module")
def ask(browser: Browser) -> Iterator[Callable[..., Any]]:
    """Call what grammar.js and tilting.js export, for a grammar and a judge."""
    source = script("frontier", parts=("grammar", "tilting"))
    with exports(browser, source) as page:

        def call(code: str, grammar: Grammar, judge: Judge, **given: Any) -> Any:
            packed = json.loads(json.dumps(pack_odds(grammar)))
            own = {"points": judge.points, "per_word": judge.per_word}
            return page.evaluate(
                f"([packed, judge, given]) => {{ const grammar = lib.unpackGrammar(packed); return {code}; }}",
                [packed, own, given],
            )

        yield call


def near(value: float) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("grammar, judge", JUDGES.values(), ids=JUDGES)
def test_rewards_and_frontier_are_those_of_lmlib(
    grammar: Grammar, judge: Judge, ask: Callable[..., Any]
) -> None:
    rewards = reward_distribution(grammar, judge)
    found = ask("lib.rewardDistribution(grammar, judge)", grammar, judge)
    assert [r for r, _ in found] == [near(r) for r in rewards]
    assert [p for _, p in found] == [near(p) for p in rewards.values()]
    points = ask(
        "given.betas.map((b) => lib.frontierAt(lib.rewardDistribution(grammar, judge), b))",
        grammar,
        judge,
        betas=BETAS,
    )
    for beta, point in zip(BETAS, points, strict=True):
        reward, nats = frontier(rewards, beta)
        assert point["reward"] == near(reward) and point["nats"] == near(nats)
        assert point["log_z"] == near(log_partition(rewards, beta))
        assert point["objective"] == near(reward - beta * nats)


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("grammar, judge", JUDGES.values(), ids=JUDGES)
def test_the_tilted_grammar_is_lmlibs(
    grammar: Grammar, judge: Judge, beta: float, ask: Callable[..., Any]
) -> None:
    best = tilted(grammar, judge, beta)
    prior, slots, odds = ask(
        """(({ prior, slots, odds }) => [[...prior], Object.entries(slots).map(([item, { tables }]) =>
          [item, Object.entries(tables).map(([value, table]) => [value, [...table]])]), odds])(
          lib.tilted(grammar, judge, given.beta))""",
        grammar,
        judge,
        beta=beta,
    )
    assert prior == [[mood, near(p)] for mood, p in best.prior.items()]
    assert odds == [[near(p) for p in one] for one in best.odds]
    assert {item for item, _ in slots} == {*best.slots}
    for item, tables in slots:
        for value, table in tables:
            wanted = best.slots[item].tables[value]
            assert dict(table) == {word: near(p) for word, p in wanted.items()}


def test_the_tilted_grammar_is_what_enumeration_gives(ask: Callable[..., Any]) -> None:
    """Every story of a small grammar, its probability times exp(r/β), over the sum of them all."""

    def worth(words: tuple[str, ...]) -> float:
        paid = {"mia": 1.0, "thick": -0.5, "sad": 2.0}
        return sum(paid.get(word, 0.0) for word in {*words}) + 0.25 * len(words)

    beta, stories = 0.7, tiny_stories()
    weights = {w: p * math.exp(worth(w) / beta) for w, p in stories.items()}
    total = sum(weights.values())
    found = ask(
        """(() => {
          const best = lib.tilted(grammar, judge, given.beta);
          const next = (words) => best.follow(words).table;
          return given.stories.map((words) => words.reduce((p, word, i) => p * next(words.slice(0, i)).get(word), 1));
        })()""",
        TINY,
        TINY_JUDGE,
        beta=beta,
        stories=[[*words] for words in stories],
    )
    assert found == [near(weight / total) for weight in weights.values()]
    assert log_partition(reward_distribution(TINY, TINY_JUDGE), beta) == near(math.log(total))  # fmt: skip


def test_the_words_of_bars_are_as_frequent_as_in_all_stories(
    ask: Callable[..., Any],
) -> None:
    table = ask("[...lib.marginal(grammar, '{coat}')]", TINY, TINY_JUDGE)
    counts: Counter[str] = Counter()
    for words, p in tiny_stories().items():
        counts["thick" if "thick" in words else "thin"] += p  # type: ignore[assignment]
    assert dict(table) == {word: near(p) for word, p in counts.items()}


def test_the_most_reward_for_so_many_nats(ask: Callable[..., Any]) -> None:
    rewards = reward_distribution(STORIES, LONG)
    for beta in (0.3, 1.0, 4.0):
        reward, nats = frontier(rewards, beta)
        code = "lib.mostFor(lib.rewardDistribution(grammar, judge), given.nats)"
        most = ask(code, STORIES, LONG, nats=nats)
        assert most == pytest.approx(reward, abs=1e-8)
    code = "[0, 99].map((nats) => lib.mostFor(lib.rewardDistribution(grammar, judge), nats))"
    least, most = ask(code, STORIES, ENDS_WELL)
    assert least == near(0.5) and most == near(1.0)


def test_stories_are_drawn_from_the_policy(ask: Callable[..., Any]) -> None:
    """4,000 of them: each can be told, and their rewards are as frequent as they must be."""
    beta, n = 0.8, 4_000
    told = ask(
        """Array.from({ length: given.n }, (_, seed) => seed).map((seed) =>
          lib.tell(lib.tilted(grammar, judge, given.beta), seed).flat().map(([, word]) => word).join(" "))""",
        TINY,
        TINY_JUDGE,
        beta=beta,
        n=n,
    )
    wanted = reward_distribution(tilted(TINY, TINY_JUDGE, beta), TINY_JUDGE)
    counts = Counter(round(TINY_JUDGE(story), 9) for story in told)
    assert {*counts} <= {*wanted}
    for reward, p in wanted.items():
        assert abs(counts[reward] / n - p) < 4 * math.sqrt(p * (1 - p) / n) + 1e-3
    assert {tuple(story.split()) for story in told} <= {*tiny_stories()}


def test_the_same_numbers_tell_the_same_words_until_the_odds_turn(
    ask: Callable[..., Any],
) -> None:
    """As β falls an ending that is good stays, and only what is worth less flips."""
    endings = ask(
        """[10, 2, 1, 0.5, 0.2, 0.1].map((beta) => Array.from({ length: 60 }, (_, seed) =>
          lib.tell(lib.tilted(grammar, judge, beta), seed).flat().find(([item]) => item === "{ending}")[1]))""",
        STORIES,
        ENDS_WELL,
    )
    goods = [[word in GOOD for word in row] for row in endings]
    assert all(sum(a) <= sum(b) for a, b in pairwise(goods))
    assert sum(goods[0]) < 45 and sum(goods[-1]) >= 59
    kept = [a == b for a, b in zip(endings[0], endings[-1], strict=True)]
    assert sum(kept) > 20


# The page


def found(page: Page) -> list[float]:
    return [float(text.replace("−", "-")) for text in page.locator(".found dd").all_inner_texts()]  # fmt: skip


def expect_numbers(page: Page, w: RewardFrontier) -> None:
    log_z = log_partition(w.rewards, w.beta)
    wanted = [w.reward, w.nats, log_z, w.objective]
    assert found(page) == [pytest.approx(x, abs=6e-4) for x in wanted]


def test_the_slider_moves_along_the_frontier(show: Show) -> None:
    w = widget()
    page = show(w)
    slider = page.get_by_role("slider")
    for key, times in (("ArrowLeft", 7), ("Home", 1), ("End", 1), ("ArrowLeft", 20)):
        slider.focus()
        for _ in range(times):
            slider.press(key)
        w.beta = float(page.get_by_role("spinbutton").first.input_value())
        expect_numbers(page, w)
        happy = page.locator(".odd", has_text="happy").locator(".numbers")
        start, now = re.findall(r"[\d.]+", happy.inner_text())
        assert float(start) == 0.5 and float(now) == pytest.approx(w.reward, abs=6e-4)
    expect(page.locator(".said")).to_contain_text("β 1: reward 0.731, 0.111 nats")


def test_a_typed_price_and_one_that_is_pulled(show: Show) -> None:
    w = widget()
    page = show(w)
    typed = page.get_by_role("spinbutton", name="β")
    typed.fill("0.37")
    typed.press("Enter")
    w.beta = 0.37
    expect_numbers(page, w)
    box = page.locator("svg").bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 60)
    page.mouse.up()
    w.beta = float(typed.input_value())
    width = (
        1.12 * frontier(w.rewards, 0.1)[1]
    )  # of 440 units, 46 left and 14 right of it
    assert w.nats == pytest.approx(width * (220 - 46) / (440 - 46 - 14), abs=0.005)
    expect_numbers(page, w)


def test_the_line_touches_the_frontier(show: Show) -> None:
    """From where it begins to where it ends, in the picture's own numbers, and through the point."""
    page = show(widget(beta=0.5))
    x1, y1, x2, y2, x, y = page.evaluate(
        """() => {
          const root = document.querySelector("figure > div > div").shadowRoot;
          const line = root.querySelector("line.tangent"), dot = root.querySelector(".point");
          const ends = ["x1", "y1", "x2", "y2"].map((name) => line.getAttribute(name));
          return [...ends, dot.getAttribute("cx"), dot.getAttribute("cy")].map(Number);
        }"""
    )
    assert x1 < x < x2
    assert y == pytest.approx(y1 + (y2 - y1) * (x - x1) / (x2 - x1), abs=0.01)
    points = page.locator("polyline.curve").get_attribute("points") or ""
    for pair in points.split():
        px, py = map(float, pair.split(","))
        if x1 <= px <= x2:
            assert (
                py >= y1 + (y2 - y1) * (px - x1) / (x2 - x1) - 0.02
            )  # y grows downwards


def test_points_can_be_changed_and_the_marks_go(show: Show) -> None:
    page = show(widget())
    expect(page.locator(".measured tbody tr")).to_have_count(3)
    assert page.locator("svg rect").count() == 3
    bad = page.get_by_label("Points for sad, lonely, tired, sorry")
    bad.fill("-2")
    page.get_by_label("points for each word").fill("0.1")
    page.get_by_text("Points for other words").click()
    page.get_by_label("Place in a story").select_option("thief")
    page.get_by_label("Word", exact=True).select_option("wolf")
    page.get_by_role("button", name="Give it 1 point").click()
    points = {
        "ending": dict.fromkeys(GOOD, 1.0) | dict.fromkeys(["sad", "lonely", "tired", "sorry"], -2.0),
        "thief": {"wolf": 1.0},
    }  # fmt: skip
    w = widget(Judge(points, 0.1))
    expect_numbers(page, w)
    best = tilted(STORIES, Judge(points, 0.1), 1.0)
    wolf = page.locator(".odd", has_text="wolf").locator(".numbers")
    assert wolf.inner_text().endswith(f"{best.slots['{thief}'].tables['']['wolf']:.3f}")
    sentence = page.locator(".odd", has_text="soon …").locator(".numbers")
    part = next(i for i, one in enumerate(STORIES.story) if one[0][0] == "soon")
    assert sentence.inner_text() == f"0.333 → {best.odds[part][0]:.3f}"
    assert page.locator("svg rect").count() == 0
    expect(page.locator(".measured")).to_contain_text("with the first points")
    page.get_by_role("button", name="First points").click()
    expect_numbers(page, widget())
    expect(page.locator(".measured tbody tr")).to_have_count(3)


def test_the_same_row_stays_while_its_points_are_typed(show: Show) -> None:
    page = show(widget())
    field = page.get_by_label("Points for happy, glad, cheerful, proud")
    field.fill("")
    expect(page.locator(".found dd").first).to_have_text("0.731")
    field.press_sequentially("2.5")
    expect(field).to_be_focused()
    expect(field).to_have_value("2.5")
    expect_numbers(page, widget(Judge({"ending": dict.fromkeys(GOOD, 2.5)})))
    field.fill("99")
    field.blur()
    expect(field).to_have_value("2.5")


def test_stories_say_what_they_are_worth(show: Show) -> None:
    page = show(widget(LONG, beta=0.3))
    for _ in range(3):
        for story in page.locator(".story").all():
            text = story.locator(".text").evaluate(
                """p => {
                  const text = p.cloneNode(true);
                  text.querySelectorAll("sup").forEach((worth) => worth.remove());
                  return text.textContent;
                }"""
            )
            words = re.sub(r"([.,])", r" \1", text).split()
            said = story.locator(".soft").inner_text().split()[-1]
            assert float(said) == pytest.approx(LONG(" ".join(words)), abs=6e-4)
        page.get_by_role("button", name="Two others").click()
    assert page.locator(".story .plus").count() > 1


def test_marks_stand_as_text_with_what_the_frontier_has_there(show: Show) -> None:
    page = show(widget())
    rows = [row.split("\t") for row in page.locator(".measured tbody tr").all_inner_texts()]  # fmt: skip
    assert [row[0].strip() for row in rows] == ["A before", "B <b>best</b> of 4", "C DPO $x$"]  # fmt: skip
    cells = [re.sub(r"\s+", " ", cell.strip()) for cell in rows[2][1:3]]
    assert cells == ["0.520 0.480 to 0.560", "0.810 0.790 to 0.830"]
    assert float(rows[0][3]) == 0.5 and 0.95 < float(rows[2][3]) < 0.97


def test_what_is_worth_the_same_stays_where_it_is(show: Show) -> None:
    page = show(RewardFrontier(STORIES, Judge({})))
    assert found(page) == [0, 0, 0, 0]
    expect(page.get_by_text("All stories are worth the same")).to_be_visible()


def test_a_link_brings_the_state_or_does_no_harm(show: Show) -> None:
    state = {"beta": 0.5, "points": {"thief": {"fox": 2}}, "per_word": 0.1, "seed": 3}
    page = show(widget(), address=address_of("frontier", state))
    w = widget(Judge(state["points"], 0.1), beta=0.5)  # type: ignore[arg-type]
    expect_numbers(page, w)
    wrong = {"beta": 99, "points": {"thief": {"once": 1}}, "per_word": "x", "seed": -1}
    for bad in (wrong, [1], {"points": {"mood": {"good": 1}}}, {"points": 5}):
        expect_numbers(show(widget(), address=address_of("frontier", bad)), widget())


def test_copied_python_makes_this_state(show: Show) -> None:
    page = show(widget(LONG))
    keep_copies(page)
    page.get_by_role("slider").press("ArrowLeft")
    page.get_by_role("button", name="Copy as Python").click()
    code = page.evaluate("window.copied")
    names = {"RewardFrontier": RewardFrontier, "Judge": Judge, "grammar": STORIES, "marks": MARKS}  # fmt: skip
    made = eval(code, names)
    assert made.beta == pytest.approx(0.891) and made.points == widget(LONG).points
    assert made.per_word == 0.05 and len(made._data["marks"]) == 3


def test_the_table_has_a_row_for_each_price(show: Show) -> None:
    page = show(widget())
    show_table(page)
    rows = page.locator(".whole tbody tr").all_inner_texts()
    for row in rows:
        beta, reward, nats, *_ = map(float, row.split("\t"))
        wanted = frontier(widget().rewards, beta)
        assert (reward, nats) == pytest.approx(wanted, abs=6e-4)
    assert len(rows) == 11


def test_page_and_python_tell_each_other(browser: Browser) -> None:
    w = widget()
    with kernel_page(browser, w) as page:
        page.get_by_role("slider").press("ArrowRight")
        told = page.evaluate("[window.saved, window.model.get('beta')]")
        assert told == [1, 1.12]
        page.evaluate("window.model.set('points', {thief: {fox: 2}})")
        w.points, w.beta = {"thief": {"fox": 2}}, 1.12
        expect_numbers(page, w)


@pytest.mark.parametrize("judge", [ENDS_WELL, LONG])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_and_nothing_sticks_out(
    judge: Judge, width: int, dark: bool, show: Show
) -> None:
    page = show(widget(judge), width=width, dark=dark)
    for fold in page.locator("summary").all():
        fold.click()
    assert serious(page) == []
    assert overflow(page) <= 0
    targets = page.locator("button, select, input[type=number], summary")
    assert too_small(targets) == []


def test_the_slider_is_followed(show: Show, summary: Callable[[str], None]) -> None:
    page = show(widget(LONG))
    times = redraw_times(page.get_by_role("slider"), (i % 41 for i in range(80)))
    keeps_up("frontier: slider to bars and stories", times, summary)


def test_a_picture_and_a_sentence_where_scripts_do_not_run(show: Show) -> None:
    w = widget(beta=0.5)
    page = show(w, scripts=False)
    assert page.locator("figure img").get_attribute("alt") == w.sentence()
    assert "gets 0.881 for 0.328 nats" in w.sentence()
    assert "<b>best</b> of 4: 0.937 for 0.636 nats" in w.sentence()
    w.per_word = 0.1
    assert "Measured" not in w.sentence()
    axes = w.picture().axes[0]
    assert axes.get_xlabel() == "nats away from the start (KL)"


def test_it_is_light() -> None:
    html = widget()._html("", "")
    assert len(html) < 90_000


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "grammar": (lambda: RewardFrontier("x", ENDS_WELL), "grammar: 'x' is no grammar"),  # type: ignore[arg-type]
    "judge": (lambda: RewardFrontier(STORIES, {}), "judge: {} is no judge"),  # type: ignore[arg-type]
    "slot": (
        lambda: widget(Judge({"moon": {"full": 1.0}})),
        "points: 'moon' is no slot",
    ),
    "word": (lambda: widget(Judge({"sky": {"fox": 1.0}})), "points: 'fox' must be"),
    "points": (
        lambda: widget(Judge({"sky": {"clear": 11.0}})),
        r"points\['sky'\]\['clear'\]: 11",
    ),
    "many": (
        lambda: widget(
            Judge(
                {
                    slot: {
                        w: i**1.5 / 7 + k / 100
                        for i, w in enumerate(STORIES.slots[f"{{{slot}}}"].tables[""])
                    }
                    for k, slot in enumerate(("thief", "object", "town", "colour"))
                }
            )
        ),
        "points: .* different rewards",
    ),
    "set points": (
        lambda: setattr(widget(), "points", {"sky": {"clear": "x"}}),
        "points",
    ),
    "no points": (lambda: setattr(widget(), "points", [1]), r"points: \[1\] are none"),
    "per_word": (lambda: setattr(widget(), "per_word", True), "per_word: True"),
    "beta 0": (lambda: widget(beta=0), "beta: 0 is no number from 0.1 to 10"),
    "seed": (lambda: widget(seed=-1), "seed: -1"),
    "marks": (lambda: widget(marks=[1]), r"marks: \[1\] is no mapping"),
    "mark": (lambda: widget(marks={"a": 1}), "marks.'a'.: 1 is no pair"),
    "mark name": (lambda: widget(marks={5: (0, 1)}), "marks: 5 is no text"),
    "nats": (lambda: widget(marks={"a": (-1, 1)}), "marks.'a'.: nats: -1"),
    "interval": (
        lambda: widget(marks={"a": ((1, 2, 3), 1)}),
        "marks.*nats: 1.0 is not from 2.0 to 3.0",
    ),
    "crowd": (
        lambda: widget(marks={str(i): (0, 1) for i in range(20)}),
        "marks: 20 methods",
    ),
    "labels": (lambda: widget(labels={"no such": "x"}), "labels"),
}


@pytest.mark.parametrize("make, message", BAD.values(), ids=BAD)
def test_bad_values_are_named(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"(?s)^{message}"):
        make()


def test_bad_points_leave_the_judge_as_it_was() -> None:
    w = widget()
    before = w.reward
    with pytest.raises(ValueError, match="points"):
        w.points = {"sky": {"fox": 1.0}}
    assert w.reward == before and w.points == widget().points
