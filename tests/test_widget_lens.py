"""The tokeniser lens in a real browser: ids as lmlib's, merges one by one, and any text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from support.byte_level import TRICKY
from support.real_texts import CHOSEN, any_text
from support.widget_page import (
    Show,
    address_of,
    exports,
    keeps_up,
    kernel_page,
    overflow,
    redraw_times,
    serious,
    show_table,
    too_small,
)

from lmlib import bpe
from lmlib.bpe import BPETokenizer
from lmlib.files import DATA
from lmlib.pretokenizer import BYTES
from lmlib.prose import prose
from lmlib.tokens import END
from lmlib.widgets import TokeniserLens
from lmlib.widgets.base import script
from lmlib.widgets.lens import MOST
from lmlib.widgets.merges import gpt2_tokenizer, pack_gpt2, pack_merges, times_merged
from lmlib.widgets.pieces import shown

CODE = "def merge(ids, pair):\n    return [*ids]  # pair\n\n\nfor (let i = 0; i < 3; i++) {}"
TEXTS = [
    *map(any_text, range(400)),
    *CHOSEN,
    TRICKY[:MOST],
    CODE,
    "",
    " ",
    "\x00\x07\x1b\x7f\u202e\u200d\ufeff",
    f"a{END}b<|endoftext|>c<e{END}nd>",
    "שלום עולם مرحبا بالعالم 123",
    "a" * 300,
    "人" * 200,
]


@cache
def english() -> BPETokenizer:
    return BPETokenizer.train(prose(), vocab_size=1024)


def lens(text: str = "lowest newest", **settings: Any) -> TokeniserLens:
    return TokeniserLens({"prose": english()}, text, **settings)


@pytest.fixture(scope="module")
def module(browser: Browser) -> Iterator[Callable[..., Any]]:
    """Evaluate with the functions of the widget's own module."""
    with exports(browser, script("lens")) as page:
        yield page.evaluate


IN_PAGE = """({ packed, texts }) => {
  const vocabulary = lib.makeVocabulary(packed);
  return texts.map((text) => {
    const cut = lib.cutText(text, vocabulary);
    return lib.piecesAt(cut, cut.steps.length).map((piece) => piece.id);
  });
}"""


@pytest.mark.parametrize("name", ["ours", "GPT-2"])
def test_ids_are_those_of_lmlib(name: str, module: Callable[..., Any]) -> None:
    tokenizer = english() if name == "ours" else gpt2_tokenizer()
    packed = pack_merges(tokenizer) if name == "ours" else pack_gpt2()
    found = module(IN_PAGE, {"packed": packed, "texts": TEXTS})
    assert found == [tokenizer.encode(text) for text in TEXTS]


def test_gpt2_is_whole() -> None:
    tokenizer = gpt2_tokenizer()
    assert len(tokenizer.vocab) == 50_257 and len(tokenizer.merges) == 50_000
    assert pack_gpt2() == pack_merges(tokenizer)
    stored = json.loads((DATA / "gpt2_merges.json").read_text("utf-8"))
    assert {text: tokenizer.encode(text) for text in stored["texts"]} == stored["texts"]
    assert {token: tokenizer.ids[token] for token in stored["ids"]} == stored["ids"]
    assert len(tokenizer.encode(prose())) == stored["prose"]["tokens"]


def test_every_step_is_the_merge_of_the_whole_text(module: Callable[..., Any]) -> None:
    """Played by hand: the earliest merge that fits anywhere, everywhere."""
    text = "the others, who are newest: lowest 1999 🙂 人"
    widget = lens(text, gpt2=False)
    steps = module(
        """({ packed, text }) => {
          const cut = lib.cutText(text, lib.makeVocabulary(packed));
          return Array.from({ length: cut.steps.length + 1 }, (_, s) => lib.piecesAt(cut, s).map((p) => p.id));
        }""",
        {"packed": pack_merges(english()), "text": text},
    )
    for step, ids in enumerate(steps):
        widget.step = step
        assert widget.ids == ids
        assert english().decode(ids) == text
    assert all(len(a) > len(b) for a, b in pairwise(steps))
    assert len(widget.merges_played) == len(steps) - 1
    assert steps[-1] == english().encode(text)


def test_how_often_a_pair_stood() -> None:
    text = "low low low low low lower lower newest newest aaa aaaa bananas"
    tokenizer = BPETokenizer.train(text, vocab_size=280)
    counts = times_merged(tokenizer, text)
    words = {
        tuple(tokenizer.ids[c] for c in map(BYTES.__getitem__, word.encode())): n
        for word, n in Counter(BPETokenizer.split(text)).items()
    }
    for (a, b), n in zip(tokenizer.merges, counts, strict=True):
        pair = tokenizer.ids[a], tokenizer.ids[b]
        seen = bpe.count_pairs(words)
        assert seen[pair] == n == max(seen.values())
        new = tokenizer.ids[a + b]
        words = {bpe.merge(word, pair, new): m for word, m in words.items()}
    assert counts == sorted(counts, reverse=True)


def pieces(page: Page) -> list[str]:
    return page.locator(".piece").all_text_contents()


def ids(page: Page) -> list[int]:
    return numbered(page.locator(".piece"))


def numbered(found: Locator) -> list[int]:
    return found.evaluate_all("nodes => nodes.map((n) => Number(n.dataset.id))")


def test_the_keyboard_alone(show: Show) -> None:
    text = "the lowest"
    widget = lens(text, learned_from={"prose": prose()})
    page = show(widget)
    page.locator("textarea").focus()
    for _ in range(7):  # the texts to try, and the vocabularies
        page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name="prose")).to_be_focused()
    for _ in range(5):  # its buttons, and the slider
        page.keyboard.press("Tab")
    slider = page.get_by_role("slider")
    expect(slider).to_be_focused()
    page.keyboard.press("Home")
    assert pieces(page) == [shown(bytes([b])) for b in text.encode()]
    widget.step = 0
    for step in range(1, len(widget.merges_played) + 1):
        expect(page.locator(".coming")).to_contain_text("times in its training text")
        assert page.locator(".left").count() == page.locator(".right").count() > 0
        before = pieces(page)
        pair = page.locator(".coming bdi").all_text_contents()
        assert "\n".join(pair[:2]) in "\n".join(before)
        page.keyboard.press("ArrowRight")
        widget.step = step
        assert (pieces(page), ids(page)) == (widget.pieces, widget.ids)
        assert pair[2] in pieces(page)
    expect(page.locator(".coming")).to_have_text(f"All {step} merges that fit are played.")  # fmt: skip
    page.keyboard.press("ArrowLeft")
    widget.step = step - 1
    assert ids(page) == widget.ids
    expect(page.get_by_role("status").last).to_contain_text("tokens. Next: merge")


def test_buttons_and_their_focus(show: Show) -> None:
    page = show(lens("newest"))
    page.get_by_role("button", name="Bytes").click()
    assert len(ids(page)) == 6
    expect(page.get_by_role("button", name="One merge back")).to_be_disabled()
    page.get_by_role("button", name="Play the next merge").press("Enter")
    assert len(ids(page)) == 5
    page.get_by_role("button", name="All", exact=True).press("Enter")
    assert ids(page) == english().encode("newest")
    expect(page.get_by_role("button", name="All", exact=True)).to_be_focused()


def test_a_text_is_typed_and_counted(show: Show) -> None:
    page = show(lens())
    page.locator("textarea").fill("naïve 🙂")
    wanted = english().encode("naïve 🙂")
    assert ids(page) == wanted
    assert page.locator(".facts dd").all_text_contents() == [
        *(str(len(wanted)), "7", "11"),
        f"{11 / len(wanted):.2f}",
    ]
    page.locator("textarea").fill("")
    expect(page.locator(".coming")).to_have_text("An empty text has no tokens.")
    expect(page.get_by_role("slider")).to_be_disabled()
    page.locator("textarea").fill("x" * 5 + "人" * (MOST + 10))
    expect(page.locator(".note")).to_contain_text("the other 15 are left out.")
    assert len(ids(page)) == 5 + 3 * (MOST - 5)
    for name in ("words", "spaces", "digits", "emoji", "Chinese", "code"):
        page.get_by_role("button", name=name, exact=True).click()
        assert ids(page) == english().encode(page.locator("textarea").input_value())


def test_gpt2_comes_when_it_is_asked_for(show: Show) -> None:
    page = show(lens("人工智能 12345"), lens("304"))
    first, second = (page.get_by_role("group", name="Tokeniser lens").nth(i) for i in (0, 1))  # fmt: skip
    assert page.locator("script[src='merges.js']").count() == 0
    first.get_by_role("radio", name="prose").press("ArrowRight")
    expect(first.get_by_role("radio", name="GPT-2")).to_contain_text("10 tokens")
    expect(first.get_by_role("radio", name="GPT-2")).to_be_focused()
    wanted = gpt2_tokenizer().encode("人工智能 12345")
    assert numbered(first.locator(".piece")) == wanted
    expect(first.locator(".curve")).to_contain_text("was not published")
    second.get_by_role("radio", name="GPT-2").click()
    expect(second.locator(".piece")).to_have_attribute("data-id", "21288")
    assert page.evaluate("document.querySelectorAll('script[src$=\"merges.js\"]').length") == 1  # fmt: skip


def test_without_the_file_the_choice_goes_back(show: Show) -> None:
    page = show(lens(), site=False)
    page.get_by_role("radio", name="GPT-2").click()
    expect(page.locator(".note")).to_contain_text("could not be loaded")
    expect(page.get_by_role("radio", name="prose")).to_be_checked()
    assert ids(page) == english().encode("lowest newest")


def test_what_is_typed_stays_text(show: Show) -> None:
    text = "<img src=x onerror=alert(1)> </script> \u202eabc"
    page = show(lens(text), lens(text, labels={"title": "<b>other</b>"}))
    assert page.locator("img, b:has-text('other')").count() == 0
    assert ids(page) == 2 * english().encode(text)
    assert "\u202e" not in "".join(pieces(page))


NONSENSE = [
    "null", "[]", "{", '{"text": 3}', '{"step": -1}', '{"step": "x", "text": "low"}', '{"vocabulary": "none"}',
    '{"text": "\\ud800 low", "step": 1e9}', '{"vocabulary": "__proto__", "step": 1.5}',
]  # fmt: skip


@pytest.mark.parametrize("state", NONSENSE)
def test_nonsense_in_the_address_does_no_harm(state: str, show: Show) -> None:
    page = show(lens(), address=f"#lens={quote(state)}")
    assert page.get_by_role("radio", name="prose").is_checked()
    text = page.locator("textarea").input_value()
    assert ids(page) == english().encode(text)


def test_the_address_brings_a_state_back(show: Show) -> None:
    state = {"text": "the lowest", "vocabulary": "GPT-2", "step": 2}
    page = show(lens(), address=address_of("lens", state))
    expect(page.get_by_role("radio", name="GPT-2")).to_be_checked()
    expect(page.locator(".player")).to_contain_text("merge 2 of")
    show_table(page)
    steps = page.locator(".player .numbers").inner_text().split()[-1]
    assert page.locator("tbody tr").count() == int(steps)


def test_the_picture_stands_where_no_script_runs(show: Show) -> None:
    widget = lens("人 $x$ low <b>", step=1)
    page = show(widget, scripts=False)
    assert page.locator("img").get_attribute("alt") == widget.sentence()
    assert "e4" in widget.sentence() and "20" not in widget.sentence()
    assert page.locator("img").evaluate("(i) => i.naturalWidth") > 300


@pytest.mark.parametrize("width, dark", [(390, False), (1280, True)])
def test_no_one_is_kept_out(width: int, dark: bool, show: Show) -> None:
    page = show(
        lens("the other " * 60, step=4, learned_from={"prose": prose()}),
        lens("人工智能 " + "x" * 300),
        width=width,
        dark=dark,
    )
    for summary in page.locator("summary").all():
        summary.click()
    assert overflow(page) <= 0
    assert serious(page) == []
    assert too_small(page.locator("button, input, textarea, summary")) == []


def test_a_long_text_keeps_up(show: Show, summary: Callable[[str], None]) -> None:
    page = show(lens(prose()[:MOST]))
    times = redraw_times(page.get_by_role("slider"), range(0, 200, 10))
    keeps_up(f"lens: a merge in {MOST:,} characters", times, summary)


OTHER = BPETokenizer.train("low low", vocab_size=258, pattern="smollm")
BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "none": (lambda: TokeniserLens({}), "vocabularies: "),
    "no mapping": (lambda: TokeniserLens(english()), "vocabularies: "),
    "no tokenizer": (lambda: TokeniserLens({"a": "low"}), "vocabularies: 'a' is str"),
    "taken": (
        lambda: TokeniserLens({"GPT-2": english()}),
        "vocabularies: 'GPT-2' is the name",
    ),
    "pattern": (
        lambda: TokeniserLens({"a": OTHER}),
        "vocabularies: pattern 'smollm', .* give one as",
    ),
    "learned": (lambda: lens(learned_from={"x": "low"}), "learned_from: 'x'"),
    "learned none": (
        lambda: lens(learned_from={"prose": None}),
        "learned_from.*prose.*: None is no text",
    ),
    "learned numbers": (
        lambda: lens(learned_from={"prose": [1]}),
        "learned_from.*prose.*: 1 is no text",
    ),
    "learned list": (
        lambda: lens(learned_from=["prose"]),
        "learned_from: .* is no mapping",
    ),
    "gpt2": (lambda: lens(gpt2="no"), "gpt2: 'no' is no switch"),
    "vocabulary": (lambda: lens(vocabulary="x"), "vocabulary: 'x' is unknown"),
    "no GPT-2": (
        lambda: lens(vocabulary="GPT-2", gpt2=False),
        "vocabulary: 'GPT-2' is unknown",
    ),
    "step": (lambda: lens(step=-1), "step: -1 .* or None for all"),
    "half step": (lambda: lens(step=0.5), "step: 0.5"),
    "nan": (lambda: lens(step=float("nan")), "step: nan"),
    "surrogate": (lambda: lens("a\ud800"), "text: .*surrogate"),
    "long": (lambda: lens("a" * 100_001), "text: 100,001 characters"),
    "labels": (lambda: lens(labels={"x": "y"}), "labels: "),
}


@pytest.mark.parametrize("make, message", BAD.values(), ids=BAD)
def test_bad_values_are_named(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_a_kernel_sends_gpt2_s_merges_when_they_are_asked_for(browser: Browser) -> None:
    widget = lens("a rabbit in a hutch", vocabulary="GPT-2")
    with kernel_page(browser, widget) as page:
        expect(page.locator(".piece")).to_have_count(len(widget.ids))
        assert (pieces(page), ids(page)) == (widget.pieces, widget.ids)
    for question in ({"provide": "passwords"}, {"provide": None}, {}):
        widget._handle_custom_msg(question, [])  # and nothing happens
