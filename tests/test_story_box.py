"""The story box: the page computes what `lmlib` computes, whatever a reader types."""

from __future__ import annotations

import gzip
import json
import math
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Page, expect
from support.widget_page import Show, overflow, random_numbers, serious, site_scripts

from lmlib.blocks import Config
from lmlib.pretrained import load_book_gpt
from lmlib.sampling import next_probs
from lmlib.stories import STORIES, WORDS, story_sequences
from lmlib.transformer import GPT
from lmlib.widgets import StoryBox
from lmlib.widgets.base import HERE
from lmlib.widgets.live import pack_live

START = "once upon a time a little girl named"
READY = ".card[data-live]"


@pytest.fixture(scope="module")
def engine(browser: Browser) -> Iterator[Page]:
    """A page with the model, the grammar and nothing else: `lib` holds what the scripts share."""
    page = browser.new_page()
    page.set_content("<script>globalThis.core = 1</script>")
    files = site_scripts()
    page.evaluate(files["core.js"].replace("document.currentScript.src", '"http://x/"'))
    page.evaluate(files["gpt.js"])
    page.evaluate(
        """(packed) => {
          globalThis.gpt = lmLive.makeGpt(packed);
          globalThis.grammar = lmLive.makeGrammar(packed.grammar);
          globalThis.vocab = packed.vocab;
        }""",
        pack_live(load_book_gpt()),
    )
    yield page
    page.close()


def test_logits_and_weights_are_those_of_lmlib(engine: Page) -> None:
    model = load_book_gpt()
    for tokens in story_sequences(3, seed=11):
        found = engine.evaluate(
            """(ids) => {
              const session = gpt.session();
              return ids.map((id) => {
                const { logits, weights } = session.push(id);
                return { logits: [...logits], weights: weights.map((heads) => heads.map((w) => [...w])) };
              });
            }""",
            tokens.tolist(),
        )
        with torch.no_grad():
            logits, weights = model.with_weights(tokens[None])
        said = torch.tensor([step["logits"] for step in found])
        torch.testing.assert_close(said, logits[0], rtol=0, atol=1e-3)
        for t, step in enumerate(found):
            torch.testing.assert_close(
                torch.tensor(step["weights"], dtype=torch.float32),
                weights[:, 0, :, t, : t + 1],
                rtol=0,
                atol=1e-3,
            )


def test_a_text_cut_short_reads_on_as_if_new(engine: Page) -> None:
    gap = engine.evaluate(
        """([a, b]) => {
          const [one, other] = [gpt.session(), gpt.session()];
          a.forEach((id) => one.push(id));
          one.keep(5);
          const rest = b.slice(5).map((id) => one.push(id)).at(-1);
          const whole = b.map((id) => other.push(id)).at(-1);
          return Math.max(...rest.logits.map((z, i) => Math.abs(z - whole.logits[i])));
        }""",
        [x.tolist()[:40] for x in _alike()],
    )
    assert gap == 0


def _alike() -> list[torch.Tensor]:
    """Two stories with the same first five tokens."""
    a, b = story_sequences(2, seed=3)
    return [a, torch.cat([a[:5], b[5:]])]


def test_the_grammar_is_lmlibs_word_for_word(engine: Page) -> None:
    for story in STORIES.sample(30, seed=9):
        words = story.split()
        found = engine.evaluate(
            "(words) => words.map((_, i) => Object.fromEntries(grammar.follow(words.slice(0, i + 1)).table))",
            words,
        )
        for said, wanted in zip(found, [*STORIES.follow(words)], strict=True):
            assert said.keys() == wanted.keys()
            assert all(math.isclose(said[w], wanted[w], rel_tol=1e-12) for w in said)


def test_the_grammar_says_where_it_cannot_follow(engine: Page) -> None:
    assert engine.evaluate("grammar.follow(['once', 'upon', 'fox']).at") == 2


@pytest.mark.parametrize("rate, least", [(1, 300), (6, 60)])
def test_the_model_is_fast_enough_to_type_with(
    engine: Page, rate: int, least: int, summary: Any
) -> None:
    """A third of what a quiet machine does, since other tests run beside it."""
    client = engine.context.new_cdp_session(engine)
    client.send("Emulation.setCPUThrottlingRate", {"rate": rate})
    speed = engine.evaluate(
        """() => {
          const start = performance.now();
          for (let n = 0; n < 2; n += 1) { const s = gpt.session(); for (let i = 0; i < 90; i += 1) s.push(i); }
          return 180 / (performance.now() - start) * 1000;
        }"""
    )
    client.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    summary(f"the book's GPT in the page, {rate} times throttled: {speed:.0f} tokens/s")
    assert speed > least / 3


def shown(page: Page) -> list[tuple[str, float]]:
    """Words and probabilities of the rows."""
    rows = page.locator(".rows .next").all_inner_texts()
    cells = [row.split("\n") for row in rows]
    return [(c[0], float(c[1].replace("<", ""))) for c in cells]


@pytest.mark.parametrize(
    "text, settings",
    [
        (START, {}),
        (f"{START} anna lived in ashby. The girl often", {"temperature": 0.5}),
        ("", {"top_k": 3}),
        (f"{START} mia lived in", {"top_p": 0.7, "temperature": 1.3}),
    ],
)
def test_the_rows_are_what_python_says(
    text: str, settings: dict[str, Any], show: Show
) -> None:
    box = StoryBox(f"{text} ", **settings)
    page = show(box)
    probs = box.probs
    for (word, p), i in zip(shown(page), box.ids(), strict=False):
        assert word == WORDS.vocab[i] or word == "(the end)"
        assert p == pytest.approx(float(probs[i]), abs=1.5e-3)
    true = box.true or {}
    for row in page.locator(".rows .next").all_inner_texts():
        word, _, q = row.split("\n")
        assert float(q) == pytest.approx(true.get(word, 0.0), abs=1e-3)


def test_what_it_writes_is_what_lmlib_draws_from_the_same_numbers(show: Show) -> None:
    page = show(StoryBox(f"{START} ", seed=4, temperature=0.8))
    page.emulate_media(reduced_motion="reduce")
    page.get_by_role("button", name="Write on").click()
    expect(page.locator(".told").first).to_have_text("The end.")
    model, ids = load_book_gpt(), [0, *WORDS.encode(START)]
    numbers = [u for u, _ in zip(random_numbers(4), range(120), strict=False)]
    while len(ids) < 100:
        with torch.no_grad():
            logits = model(torch.tensor([ids]), last=True)[0, 0].double()
        sums = next_probs(logits, 0.8).cumsum(0)
        drawn = int((sums > numbers[len(ids)]).nonzero()[0, 0])
        if drawn == 0:
            break
        ids.append(drawn)
    written = page.get_by_label("Write the beginning").input_value()
    assert WORDS.encode(written) == ids[1:]


def test_back_and_forward_and_one_word(show: Show) -> None:
    page = show(StoryBox(f"{START} ", seed=1))
    field = page.get_by_label("Write the beginning")
    page.get_by_role("button", name="One word").click()
    first = field.input_value()
    assert first.startswith(START) and len(first) > len(START) + 2
    page.get_by_role("button", name="Take the last word back").click()
    assert field.input_value().strip() == START
    page.get_by_role("button", name="Put the word back").click()
    assert field.input_value() == first


def test_by_keyboard_alone(show: Show) -> None:
    page = show(StoryBox(f"{START} "))
    page.keyboard.press("Tab")
    page.keyboard.type("mia ")
    expect(page.locator(".rows .name").first).to_have_text("lived")
    for _ in range(12):
        page.keyboard.press("Tab")
        role = page.evaluate(
            "document.querySelector('figure > div > div').shadowRoot.activeElement?.getAttribute('role')"
        )
        if role == "option":
            break
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Write the beginning")).to_have_value(
        re.compile("mia lived $")
    )


BAD_TEXTS = {
    "": "",
    "<img src=x onerror=document.title=1> $$x$$": "is not among the 303 words",
    "once upon a tyme ": "Did you mean",
    "مرحبا بكم ": "is not among the 303 words",
    "🙂": "is not among the 303 words",
    "once upon a time fox": "The grammar cannot write “fox” there",
    "a " * 5_000: "reads 99 words",
    "x" * 10_000: "is not among the 303 words",
}


@pytest.mark.parametrize("text", BAD_TEXTS, ids=lambda text: ascii(text[:12]))
def test_whatever_is_typed_gets_a_sentence(text: str, show: Show) -> None:
    page = show(StoryBox(f"{START} "))
    field = page.get_by_label("Write the beginning")
    field.fill(text)
    expect(page.locator(".note")).to_contain_text(BAD_TEXTS[text])
    assert page.title() == "Page" and page.locator("figure img").count() == 0
    field.fill(f"{START} ")
    expect(page.locator(".rows .name").first).to_have_text("mia")


def test_a_word_that_is_begun_is_completed(show: Show) -> None:
    page = show(StoryBox(f"{START} "))
    page.get_by_label("Write the beginning").fill(f"{START} an")
    expect(page.locator(".rows .name").first).to_have_text("anna")
    page.locator(".rows .next").first.click()
    expect(page.get_by_label("Write the beginning")).to_have_value(f"{START} anna ")


def test_a_near_word_is_put_in(show: Show) -> None:
    page = show(StoryBox("once upon "))
    page.get_by_label("Write the beginning").fill("once upon a tyme ")
    page.get_by_role("button", name="time", exact=True).click()
    expect(page.get_by_label("Write the beginning")).to_have_value("once upon a time ")


@pytest.mark.parametrize(
    "address, text",
    [
        ("#story=%7B%22text%22%3A%22once%20upon%20%22%7D", "once upon "),
        ("#story=nonsense", f"{START} "),
        ("#story=%5B1%5D", f"{START} "),
        ("#story=%7B%22text%22%3A3%2C%22temperature%22%3A%22x%22%7D", f"{START} "),
        ("#story=%ZZ", f"{START} "),
    ],
)
def test_the_address_sets_the_text_or_does_no_harm(
    address: str, text: str, show: Show
) -> None:
    page = show(StoryBox(f"{START} "), address=address)
    expect(page.get_by_label("Write the beginning")).to_have_value(text)


def test_two_boxes_share_one_model_and_no_text(show: Show) -> None:
    page = show(StoryBox(f"{START} "), StoryBox("once upon "))
    expect(page.locator(READY)).to_have_count(2)
    assert page.locator("script[src*='live.js']").count() == 1
    fields = page.get_by_label("Write the beginning")
    fields.first.fill("once ")
    assert fields.last.input_value() == "once upon "


def test_a_picture_and_a_sentence_where_scripts_do_not_run(show: Show) -> None:
    box = StoryBox(f"{START} ")
    page = show(box, scripts=False)
    assert page.locator("figure img").get_attribute("alt") == box.sentence()
    assert "mia 0.2" in box.sentence() and "true 0.3" in box.sentence()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(width: int, scheme: Any, show: Show) -> None:
    page = show(StoryBox(f"{START} anna lived in the "), width=width)
    page.emulate_media(color_scheme=scheme)
    for fold in page.locator("summary").all():
        fold.click()
    assert serious(page) == []
    assert overflow(page) <= 0


def test_what_the_reader_wrote_is_kept_for_the_strip(show: Show) -> None:
    page = show(StoryBox(f"{START} "))
    page.get_by_label("Write the beginning").fill(f"{START} mia lived in ")
    kept = json.loads(page.evaluate("localStorage.getItem('lm-sentence')"))
    assert kept["tokens"] == [[w, WORDS.ids[w]] for w in ("mia", "lived", "in")]
    vector = load_book_gpt().decoder.embedded(torch.tensor([[0, *WORDS.encode(f"{START} mia lived in")]]))  # fmt: skip
    assert kept["vector"] == pytest.approx(vector[0, -1, :3].tolist(), abs=1e-3)


BAD: dict[str, Any] = {
    "text": lambda: StoryBox("a" * 5_000),
    "temperature": lambda: StoryBox(temperature=0),
    "top_k": lambda: StoryBox(top_k=0),
    "top_p": lambda: StoryBox(top_p=1.5),
    "seed": lambda: StoryBox(seed=-1),
    "labels": lambda: StoryBox(labels={"no such": "word"}),
    "text.kind": lambda: StoryBox(text=5),  # type: ignore[arg-type]
    "seed.True": lambda: StoryBox(seed=False),
    "temperature.True": lambda: StoryBox(temperature=True),
    "model.kind": lambda: StoryBox(model=torch.nn.Linear(2, 2)),  # type: ignore[arg-type]
    "labels.none": lambda: StoryBox(labels={"title": None}),  # type: ignore[dict-item]
    "model": lambda: StoryBox(model=GPT(Config(vocab_size=10))),
    "model.rotary": lambda: StoryBox(
        model=GPT(Config(vocab_size=304, positions="rotary"))
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_arguments_are_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name.partition('.')[0]}[:[]"):
        BAD[name]()


def test_an_unknown_word_in_python_is_said() -> None:
    with pytest.raises(ValueError, match=r"^text: 'tyme' is not in the vocabulary"):
        StoryBox("once upon a tyme")


def test_a_word_that_is_being_typed_is_not_read_yet() -> None:
    whole, half = StoryBox("once upon a"), StoryBox()
    half.text = "once upon a ti"  # as the page tells it
    assert torch.equal(half.probs, whole.probs) and half.true == whole.true
    assert "once upon a ti" in half.sentence()


def test_nothing_can_be_pressed_before_the_model_is_there(show: Show) -> None:
    page = show(StoryBox(), files={"live.js": ""}, ready=False)
    for name in (
        "One word",
        "Write on",
        "Take the last word back",
        "Put the word back",
    ):
        expect(page.get_by_role("button", name=name)).to_be_disabled()


def test_what_is_typed_as_a_seed_is_what_is_drawn_with(show: Show) -> None:
    page = show(StoryBox())
    page.locator(".how summary").click()
    seed = page.get_by_label("Seed")
    for typed, read in (
        ("1.6", "2"),
        ("-5", "0"),
        ("9e12", "4294967295"),
        ("", "4294967295"),
    ):
        seed.fill(typed)
        seed.press("Enter")
        seed.blur()
        expect(seed).to_have_value(read)


@pytest.mark.parametrize("d_model", [6, 10])
def test_a_model_of_any_size_is_packed(d_model: int, engine: Page) -> None:
    """Four weights share a byte, however many there are."""
    model = GPT(
        Config(304, block_size=25, n_layer=1, n_head=1, d_model=d_model), seed=0
    )
    logits = engine.evaluate(
        """(packed) => {
          const session = lmLive.makeGpt(packed).session();
          return [0, 1, 2].map((id) => [...session.push(id).logits]);
        }""",
        pack_live(model),
    )
    assert torch.allclose(
        torch.tensor(logits), model(torch.tensor([[0, 1, 2]]))[0], atol=1e-3
    )


def test_a_model_with_no_numbers_is_said() -> None:
    model = GPT(Config(vocab_size=304))
    torch.nn.init.constant_(model.decoder.norm.weight, math.nan)
    with pytest.raises(ValueError, match=r"^model: norm\.weight holds no numbers"):
        pack_live(model)


def test_it_is_there_soon_and_light(show: Show, summary: Any) -> None:
    live = site_scripts()["live.js"].encode()
    assert len(gzip.compress(live)) < 350_000
    sizes = {file.name: file.stat().st_size for file in HERE.glob("*.js")}  # no styles
    assert len(sizes) > 12 and max(sizes.values()) < 30_000
    begun = time.monotonic()
    show(StoryBox(f"{START} "))
    summary(
        f"story box: answers {time.monotonic() - begun:.1f} s after it was asked for"
    )
