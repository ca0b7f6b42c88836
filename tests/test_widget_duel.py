"""The next-word duel: its words, its sums, and its page in a real browser."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
import torch
from playwright.sync_api import Page, expect
from support.widget_page import (
    Show,
    address_of,
    keep_copies,
    keeps_up,
    overflow,
    serious,
    too_small,
)

from lmlib.ngrams import NGram
from lmlib.pretrained import load_book_gpt
from lmlib.softmax import entropy, softmax
from lmlib.stories import STORIES, WORDS, story_sequences
from lmlib.widgets import NextWordDuel
from lmlib.widgets.base import HERE
from lmlib.widgets.labels import DUEL
from lmlib.widgets.scores import PLAYERS, SURE

V = len(WORDS.vocab)
TRAINED = story_sequences(300, seed=0)
MODELS = {"bigram": NGram(2, V).fit(TRAINED), "five_gram": NGram(5, V).fit(TRAINED)}


def duel(**settings: Any) -> NextWordDuel:
    return NextWordDuel(**{**MODELS, **settings})


def guessed(n: int, seed: int = 0) -> NextWordDuel:
    """A duel with n guesses, some right and some wrong, of every degree of sureness."""
    widget = duel(seed=seed)
    asked = widget._data["games"][0]["rounds"]
    picks = [one["offered"][i % 6] for i, one in enumerate(asked)]
    widget.guesses = [
        [
            one["word"] if i % 3 and one["word"] in one["offered"] else pick,
            [*SURE.values()][i % 3],
        ]
        for i, (one, pick) in enumerate(zip(asked, picks, strict=True))
    ][:n]
    widget.round = max(1, n)
    return widget


@pytest.fixture
def show(show: Show) -> Show:
    """Each with its own script, as in a notebook."""
    return partial(show, site=False)


def test_the_words_are_worth_a_guess() -> None:
    """Half of them are certain for the truth and open for the 5-gram; no other is a matter of luck alone."""
    widget = duel()
    for dealt in widget._data["games"]:
        asked = dealt["rounds"]
        assert len(asked) == 10 and 3 <= len(dealt["stories"]) <= 5
        certain = [one["p"][3] == 1 for one in asked]
        assert sum(certain) == 5
        for one in asked:
            assert (
                one["offered"] == sorted({*one["offered"]}) and len(one["offered"]) == 6
            )
            assert (one["p"][1] < 0.6) or one["p"][3] < 1
            assert (one["floor"] == 0) == (one["p"][3] == 1)
        assert [one["story"] for one in asked] == sorted(one["story"] for one in asked)
    games = [json.dumps(dealt["stories"]) for dealt in widget._data["games"]]
    assert len({*games}) == 3
    assert duel()._data == widget._data
    assert len(json.dumps(widget._data, ensure_ascii=False).encode()) < 15_000


def test_probabilities_are_those_of_the_models() -> None:
    dealt = duel(seed=5)._data["games"][0]
    models = [*MODELS.values(), load_book_gpt(), STORIES]
    stories = story_sequences(200, seed=1)
    for one in dealt["rounds"]:
        told = dealt["stories"][one["story"]]
        ids = stories[told["number"]]
        text = WORDS.decode(ids[1 : one["at"] + 1])
        assert told["text"].startswith(text)
        assert WORDS.vocab[ids[one["at"] + 1]] == one["word"]
        with torch.no_grad():
            rows = [
                softmax(model(ids[None, : one["at"] + 1])[0, -1].double())
                for model in models
            ]
        answer = WORDS.ids[one["word"]]
        assert one["p"] == pytest.approx([float(row[answer]) for row in rows], rel=1e-5)
        assert one["floor"] == pytest.approx(float(entropy(rows[-1])), rel=1e-5)
        true = STORIES.next_word(text)
        best = max(true, key=lambda word: true[word])
        assert true[best] in [true.get(word) for word in one["offered"]]


def test_the_score_is_what_the_chapter_defines() -> None:
    widget = guessed(7)
    asked = widget._data["games"][0]["rounds"][:7]
    own = [
        sure if word == one["word"] else (1 - sure) / 303
        for (word, sure), one in zip(widget.guesses, asked, strict=True)
    ]
    wanted = {"you": -statistics.fmean(map(math.log, own))}
    for i, name in enumerate(PLAYERS[1:]):
        wanted[name] = -statistics.fmean(math.log(one["p"][i]) for one in asked)
    wanted["floor"] = statistics.fmean(one["floor"] for one in asked)
    assert widget.score() == pytest.approx(wanted, abs=1e-12)
    assert duel().score() == {}


def totals(page: Page) -> dict[str, float]:
    cells = page.locator(".mean").evaluate_all(
        "nodes => nodes.map((n) => n.dataset.nats)"
    )
    return dict(zip(PLAYERS, map(float, cells), strict=True))


def test_the_page_adds_up_what_python_does(show: Show) -> None:
    for n in (1, 4, 10):
        widget = guessed(n)
        page = show(widget)
        wanted = widget.score()
        shown = totals(page)
        for name in PLAYERS:
            assert shown[name] == pytest.approx(wanted[name], abs=1e-9)
        assert f"floor, {wanted['floor']:.2f}" in page.locator(".key").inner_text()
        gave = page.locator(".player.bigram .numbers").all_inner_texts()
        last = widget._data["games"][0]["rounds"][n - 1]
        assert gave[:2] == [f"{last['p'][0]:.4f}", f"{-math.log(last['p'][0]):.2f}"]


def test_a_whole_game_by_keyboard(show: Show) -> None:
    page = show(duel())
    asked = duel()._data["games"][0]["rounds"]
    main = page.locator(".main")
    expect(main).to_be_disabled()
    page.keyboard.press("Tab")  # the text, which can be scrolled
    page.keyboard.press("Tab")
    guesses = []
    for i, one in enumerate(asked):
        expect(page.locator(".heading").first).to_have_text(f"Word {i + 1} of 10")
        offered = page.locator(".words .choice span:first-child").all_inner_texts()
        assert offered == one["offered"]
        assert one["word"] not in page.locator(".verdict").inner_text()
        wanted = one["offered"].index(one["word"]) if one["word"] in offered else i % 6
        page.keyboard.press("Home")
        for _ in range(wanted):
            page.keyboard.press("ArrowDown")
        if i % 2:
            page.keyboard.press("Tab")
            page.keyboard.press("End")
            expect(
                page.get_by_role("radio", checked=True).nth(1)
            ).to_have_accessible_name("nearly sure, 0.95")
        page.keyboard.press("Enter")
        guesses.append([offered[wanted], 0.95 if i % 2 else 0.4])
        expect(main).to_be_focused()
        expect(page.locator(".verdict")).to_contain_text(f"“{one['word']}”")
        if i < 9:
            page.keyboard.press("Enter")
    widget = duel(guesses=guesses)
    assert totals(page)["you"] == pytest.approx(widget.score()["you"], abs=1e-9)
    score = widget.score()
    said = page.locator(".end .result").inner_text()
    for name in (*PLAYERS, "floor"):
        assert f"{abs(score[name]):.2f}" in said
    expect(page.get_by_role("status").first).to_contain_text(
        "The floor at these places"
    )
    expect(main).to_have_text(DUEL["another"])
    page.keyboard.press("Enter")
    expect(page.locator(".source")).to_contain_text("game 1")
    expect(page.locator(".heading").first).to_have_text("Word 1 of 10")
    assert page.locator(".end").inner_text() == ""


def test_nobody_has_seen_the_answer_before_the_guess(show: Show) -> None:
    page = show(duel())
    told = duel()._data["games"][0]
    first = told["rounds"][0]
    text = page.locator(".text").inner_text().removesuffix("▢").split()
    assert text == told["stories"][0]["text"].split()[: first["at"]]
    assert page.locator(".player.you .mean").inner_text() == "–"


def test_a_guess_that_is_not_offered_costs_as_much(show: Show) -> None:
    """Where a rarer word comes, nothing in the list is marked as right."""
    for seed in range(40):
        widget = duel(seed=seed)
        asked = widget._data["games"][0]["rounds"]
        places = [i for i, one in enumerate(asked) if one["word"] not in one["offered"]]
        if places:
            break
    n = places[0] + 1
    widget.guesses = [[one["offered"][0], 0.7] for one in asked[:n]]
    widget.round = n
    page = show(widget)
    assert page.locator(".words .right").count() == 0
    assert page.locator(".words .wrong").count() == 1
    nats = -math.log(0.3 / 303)
    expect(page.locator(".verdict")).to_contain_text(f"costs {nats:.2f} nats")


def test_enter_is_not_needed_and_a_finger_will_do(show: Show) -> None:
    page = show(duel(), width=390)
    page.locator(".words .choice").nth(4).click()
    page.locator(".sure .choice").nth(2).click()
    page.locator(".main").click()
    chosen = page.locator(".words .picked").inner_text().split()[0]
    assert chosen == duel().offered[4]
    page.locator(".words .choice").nth(1).click(force=True)  # too late
    assert page.locator(".words .picked").inner_text().split()[0] == chosen
    page.get_by_role("button", name="Start again").click()
    assert page.locator(".words .picked").count() == 0


def test_python_and_page_hold_the_same_state() -> None:
    widget = guessed(3)
    widget.round = 4
    assert widget.offered == widget._data["games"][0]["rounds"][3]["offered"]
    old = widget._data
    widget.seed = 2  # it travelled along
    assert widget._data is old and widget.guesses == [] and widget.round == 1
    widget.seed = 77
    assert widget._data["games"][0]["seed"] == 77 and widget.offered
    # What a page sends at once, when a link is opened.
    other = guessed(4, seed=77)
    with widget.hold_trait_notifications():
        widget.guesses, widget.round, widget.seed = other.guesses, 4, 77
    assert widget.score() == other.score()
    again = duel(seed=77, guesses=other.guesses)
    assert again.round == 5 and again.score() == other.score()


def test_the_address_opens_a_game(show: Show) -> None:
    other = guessed(4, seed=1)
    state = {"seed": 1, "guesses": other.guesses, "round": 4}
    page = show(duel(), address=address_of("duel", state))
    assert totals(page)["you"] == pytest.approx(other.score()["you"], abs=1e-9)
    expect(page.locator(".heading").first).to_have_text("Word 4 of 10")


NONSENSE = [
    "%7B", "[]", "null", '{"seed":99,"guesses":[]}', '{"seed":"0","guesses":{}}',
    '{"seed":0,"guesses":[["x",0.7]],"round":9}', '{"seed":0,"guesses":[1,null,["kind"]]}',
    '{"seed":0,"guesses":[["kind",2]],"round":-1}', '{"seed":0,"guesses":"kind","round":"<b>"}',
    '{"seed":0,"guesses":[],"round":1.5}', '{"__proto__":{"seed":0}}',
]  # fmt: skip


@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_in_the_address_does_no_harm(text: str, show: Show) -> None:
    page = show(duel(), address=f"#duel={quote(text, safe='%')}")
    expect(page.locator(".heading").first).to_have_text("Word 1 of 10")
    page.locator(".words .choice").first.click()
    page.locator(".main").click()
    assert totals(page)["you"] > 0


def test_words_are_text(show: Show) -> None:
    widget = duel(
        labels={"which": "<img src=x onerror=console.log(1)>", "rule": "<i>{n}</i>"}
    )
    nasty = "<img/src=x/onerror=console.log(2)>"
    asked = widget._data["games"][0]["rounds"][0]
    asked["offered"][0] = asked["word"] = nasty
    widget._data["games"][0]["stories"][0]["text"] = f"{nasty} " * 99
    page = show(widget)
    assert page.locator("img, i:not(.pieces i)").count() == 0
    assert page.locator(".verdict").inner_text() == "<i>303</i>"
    page.locator(".words .choice").first.click()
    page.locator(".main").click()
    assert nasty in page.locator(".verdict").inner_text()
    page.locator("summary").click()
    assert page.locator("td").first.inner_text() == nasty
    assert page.locator("img").count() == 0


def test_two_on_a_page_keep_apart(show: Show) -> None:
    page = show(duel(), duel(seed=8))
    first, second = page.locator(".card").all()
    second.locator(".words .choice").nth(2).click()
    second.locator(".main").click()
    expect(second.locator(".verdict")).to_contain_text("costs")
    assert first.locator(".player.you .mean").inner_text() == "–"
    assert "game 8" in second.locator(".source").inner_text()


def test_what_is_copied_makes_the_same_state(show: Show) -> None:
    widget = guessed(2)
    page = show(widget)
    page.locator("summary").click()
    table = page.locator("tbody tr").first.locator("td").all_inner_texts()
    asked = widget._data["games"][0]["rounds"][0]
    assert table[0] == asked["word"]
    assert table[2] == f"{asked['p'][0]:.4f} · {-math.log(asked['p'][0]):.2f}"
    keep_copies(page)
    page.get_by_role("button", name="Copy as Python").click()
    expect(page.locator(".told")).to_have_text(DUEL["copied"])
    made = eval(page.evaluate("copied").replace(")", ", **MODELS)"))
    assert (made.guesses, made.round) == (widget.guesses, widget.round)


def test_a_picture_stands_where_scripts_do_not_run(show: Show) -> None:
    for widget in (duel(), guessed(5)):
        bundle = widget._repr_mimebundle_()[0]
        page = show(widget, scripts=False)
        assert page.locator("img").is_visible()
        assert page.locator("img").get_attribute("alt") == bundle["text/plain"]
        for name, nats in widget.score().items():
            assert f"{DUEL[name]} {abs(nats):.2f}" in bundle["text/plain"]
    assert "you" not in duel().sentence() and "bigram" in duel().sentence()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("n", [0, 2, 10])
def test_axe_finds_nothing_serious_on_a_phone(n: int, theme: str, show: Show) -> None:
    page = show(guessed(n), width=390, html=f"<html lang='en' data-theme='{theme}'>")
    page.locator("summary").click()
    assert overflow(page) <= 0
    assert page.locator(".card").evaluate("c => c.scrollWidth <= c.clientWidth")
    assert serious(page) == []
    assert too_small(page.locator(".choice, button, summary")) == []


@pytest.mark.parametrize("width", [390, 800])
def test_nothing_jumps_when_a_word_is_told(width: int, show: Show) -> None:
    page = show(duel(), width=width)
    height = "c => c.offsetHeight"
    before = page.locator(".card").evaluate(height)
    for i in range(3):
        page.locator(".words .choice").nth(2 * i).click()
        assert page.locator(".card").evaluate(height) == before
        page.locator(".main").click()
        assert page.locator(".card").evaluate(height) == before
        page.locator(".main").click()


def test_the_script_is_small_and_quick(
    show: Show, summary: Callable[[str], None]
) -> None:
    size = len((HERE / "duel.js").read_bytes())
    assert size < 30_000
    page = show(guessed(9))
    times = page.locator(".words").evaluate("""(words) => {
      const card = words.closest(".card");
      const timed = (node) => {
        const start = performance.now();
        node.click();
        document.body.getBoundingClientRect();
        return performance.now() - start;
      };
      const both = () => [timed(card.querySelector(".main")), timed(words.children[1])];
      return Array.from({ length: 60 }, both).flat();
    }""")
    keeps_up(f"duel.js {size:,} bytes: redrawn", times, summary)


def sure_of(word: int, tokens: torch.Tensor) -> torch.Tensor:
    """Logits of a model that holds all other words for impossible."""
    logits = torch.full((*tokens.shape, V), -math.inf)
    logits[..., word] = 0.0
    return logits


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "seed": (lambda: duel(seed=-1), "seed: -1"),
    "seed half": (lambda: duel(seed=0.5), "seed: 0.5"),
    "rounds 0": (lambda: duel(rounds=0), "rounds: 0"),
    "rounds 21": (lambda: duel(rounds=21), "rounds: 21"),
    "round 0": (lambda: duel(round=0), "round: 0"),
    "round 11": (lambda: duel(round=11), "round: 11"),
    "no pairs": (lambda: duel(guesses=["oakton"]), "guesses: .*no list of pairs"),
    "a number": (lambda: duel(guesses=3), "guesses: 3 is no list"),
    "not offered": (
        lambda: duel(guesses=[["zebra", 0.7]]),
        "guesses: 'zebra'.*choose one of",
    ),
    "not sure": (
        lambda: duel(guesses=[[duel().offered[0], 0.5]]),
        "guesses: 0.5.*0.95",
    ),
    "nan": (lambda: duel(guesses=[[duel().offered[0], math.nan]]), "guesses: nan"),
    "too many": (
        lambda: duel(rounds=1, guesses=[["a", 0.4]] * 2),
        "guesses: 2 of them",
    ),
    "label": (lambda: duel(labels={"titel": "x"}), "labels.*titel"),
    "model": (
        lambda: duel(bigram=lambda tokens: torch.zeros(*tokens.shape, 5)),
        "bigram: gives 5",
    ),
    "no model": (lambda: duel(bigram="NGram"), "bigram: 'NGram' is no model"),
    "no kind of model": (lambda: duel(five_gram=NGram), "five_gram: .* is no model"),
    "model nan": (
        lambda: duel(bigram=lambda tokens: torch.full((*tokens.shape, V), math.nan)),
        "bigram: gives NaN",
    ),
    "model zero": (
        lambda: duel(five_gram=lambda tokens: sure_of(0, tokens)),
        "five_gram: gives a word that comes no probability",
    ),
    "a text": (lambda: duel(guesses=""), "guesses: '' is no list"),
    "later": (lambda: setattr(duel(), "guesses", [["x", 0.4]]), "guesses: 'x'"),
    "later seed": (lambda: setattr(duel(), "seed", "x"), "seed: 'x'"),
}


@pytest.mark.parametrize("make, message", BAD.values(), ids=BAD)
def test_bad_values_are_named(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"(?s){message}"):
        make()
