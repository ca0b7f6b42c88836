"""The page on which readers chat with a real model: all but the model itself, and the model where it was fetched.

llama.cpp is stood in for by a few lines that say what they are told; `make book REAL=1` fetches the real one.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from zipfile import ZipFile

import pytest
import torch
from playwright.sync_api import Browser, Locator, Page, Route, expect
from support.site_pages import soup
from support.visits import Quiet
from support.widget_page import overflow, serious, site_scripts, too_small

from lmlib.interop.real import find_real
from tools import real_page
from tools.offline_copy import pack
from tools.site import ROOT, SITE

sys.path.insert(0, str(ROOT / "_ext"))

from chat import page as place
from chat import script

SIZE = 98_362_432
# What the stand-in answers: tokens with their probabilities, and what else could have stood there.
ANSWER = [
    ["The", 0.6, {"The": 0.6, "L": 0.25}],
    [" capital", 0.9, {" capital": 0.9, "$$": 0.05}],
    ["<img src=x onerror=alert(1)>", 0.1, {" of": 0.7}],
    ["\n", 0.5, {"\n": 0.5}],
    ["é", 1.0, {"é": 1.0}],
]
ENGINE = """
// Behind the part or token that a test holds, it waits until it is stopped.
const held = (n, signal) => n === window.held && new Promise((done) => signal.addEventListener("abort", done));
export class Wllama {
  constructor(paths) { window.paths = paths; window.requests = []; }
  async loadModelFromUrl(url, { progressCallback, signal }) {
    window.model = url;
    for (const [i, part] of [0.25, 1].entries()) {
      progressCallback({ loaded: part * SIZE, total: SIZE });
      await held(i + 1, signal);
      if (signal.aborted) throw new DOMException("stopped", "AbortError");
    }
    if (window.broken) throw new Error("no room for <b>it</b>");
  }
  async createChatCompletion({ abortSignal, ...request }) {
    window.requests.push(request);
    if (window.problem) throw Object.assign(new Error("out of memory"), { type: window.problem });
    const answer = async function* () {
      for (const [i, [token, p, others]] of ANSWER.entries()) {
        const top_logprobs = Object.entries(others).map(([token, p]) => ({ token, logprob: Math.log(p) }));
        const logprobs = { content: [{ token, logprob: Math.log(p), top_logprobs }] };
        yield { choices: [{ delta: { content: token }, logprobs }] };
        await held(i + 1, abortSignal);
        if (abortSignal.aborted) return;
      }
      yield { choices: [{ delta: {}, finish_reason: "stop" }] };
    };
    return answer();
  }
}
"""
HOME = "http://book.test/"
Open = Callable[..., Page]


@pytest.fixture
def chat(browser: Browser) -> Iterator[Open]:
    """The page with the stand-in; ``asked`` of the page are the files that it asked for, and no message may appear."""
    contexts, problems = [], []
    body = place(SIZE, "real/", "m.gguf", "wllama.js", "wllama.wasm")
    tags = "".join(
        f'<script defer src="{name}"></script>' for name in ("core.js", "chat.js")
    )
    engine = ENGINE.replace("SIZE", str(SIZE)).replace("ANSWER", json.dumps(ANSWER))
    files = {
        "": "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>Chat</title><body><main><h1>Chat</h1>{body}</main>{tags}",
        "core.js": site_scripts()["core.js"],
        "chat.js": script(),
        "real/wllama.js": engine,
    }

    def open_page(
        width: int = 800,
        dark: bool = False,
        set_up: str = "",
        without: str | None = None,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        page = context.new_page()
        asked: list[str] = []

        def answer(route: Route) -> None:
            name = route.request.url.removeprefix(HOME)
            asked.append(name)
            if name == without or name not in files:
                return route.fulfill(status=404)
            kind = "text/javascript" if name.endswith(".js") else "text/html"
            return route.fulfill(body=files[name], content_type=f"{kind};charset=utf-8")

        context.route("**", answer)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.add_init_script(set_up)
        page.goto(HOME)
        page.asked = asked  # type: ignore[attr-defined]
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not problems


def state(page: Page) -> Locator:
    return page.locator(".state")


def loaded(page: Page) -> Page:
    page.get_by_role("button", name="Load the model (98 MB)").click()
    expect(state(page)).to_have_text("The model is ready.")
    return page


def ask(page: Page, text: str = "What is the capital?") -> Page:
    page.get_by_role("textbox", name="Your message").fill(text)
    page.get_by_role("button", name="Send").click()
    expect(state(page)).to_contain_text("5 tokens in")
    return page


def tokens(page: Page) -> Locator:
    return page.locator(".turn.model").last.locator(".token")


def test_nothing_of_the_model_is_asked_for_before_the_reader_asks(chat: Open) -> None:
    page = chat()
    assert set(page.asked) - {"favicon.ico"} == {"", "core.js", "chat.js"}  # type: ignore[attr-defined]
    loaded(page)
    assert page.evaluate("[paths.default, model]") == [
        f"{HOME}real/wllama.wasm",
        f"{HOME}real/m.gguf",
    ]
    expect(page.get_by_role("textbox", name="Your message")).to_be_focused()


def test_how_much_is_loaded_is_said_and_can_be_stopped(chat: Open) -> None:
    page = chat(set_up="window.held = 1")
    page.get_by_role("button", name="Load the model").click()
    expect(state(page)).to_have_text("25 of 98 MB")
    assert page.locator("progress").evaluate("bar => bar.value") == 0.25
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Load the model")).to_be_visible()
    expect(state(page)).to_be_empty()
    page.evaluate("window.held = 0")
    loaded(page)


def test_the_model_is_asked_as_the_reader_set_it(chat: Open) -> None:
    page = loaded(chat())
    page.get_by_label("Temperature τ").first.fill("0")
    page.get_by_label("Seed").fill("7")
    ask(page)
    page.get_by_label("Temperature τ").nth(1).fill("1.5")
    page.get_by_label("Temperature τ").nth(1).press("Enter")
    ask(page, "And of Spain?")
    first, second = page.evaluate("requests")
    assert [first["temperature"], first["seed"]] == [0, 7]
    assert second["temperature"] == 1.5 and second["top_logprobs"] == 5
    said = "".join(token for token, *_ in ANSWER)
    assert [m["role"] for m in first["messages"]] == ["system", "user"]
    assert second["messages"][1:] == [
        {"role": "user", "content": "What is the capital?"},
        {"role": "assistant", "content": said},
        {"role": "user", "content": "And of Spain?"},
    ]
    real = find_real()
    if real:  # what its own template begins with
        assert first["messages"][0]["content"] in real.template


def test_each_token_shows_what_else_could_have_stood_there(chat: Open) -> None:
    page = ask(loaded(chat()))
    shown = tokens(page)
    assert shown.all_inner_texts() == [token.replace("\n", "↵") for token, *_ in ANSWER]
    shown.nth(0).click()
    rows = page.locator(".other tbody tr").all_inner_texts()
    assert [row.split() for row in rows] == [
        ["The", "written", "0.600"],
        ["L", "0.250"],
        ["all", "others", "together", "0.150"],
    ]
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    expect(shown.nth(2)).to_be_focused()
    cells = page.locator(".other tbody tr").all_inner_texts()
    assert cells[0].split() == ["␣of", "0.700"]
    assert cells[1].startswith("<img␣src=x␣onerror=alert(1)>") and "0.100" in cells[1]
    page.keyboard.press("End")
    expect(shown.nth(4)).to_have_attribute("aria-pressed", "true")
    assert (
        shown.evaluate_all("all => all.filter((one) => one.tabIndex === 0).length") == 1
    )
    unsure = shown.evaluate_all(
        "all => all.map((x) => x.style.getPropertyValue('--unsure'))"
    )
    assert [float(x) for x in unsure] == pytest.approx([1 - p for _, p, _ in ANSWER])


@pytest.mark.parametrize(
    "text, seed, says",
    [
        ("", "0", "Write something first."),
        (" \n ", "0", "Write something first."),
        ("a" * 4001, "0", "That is 4,001 characters; the model can take 4,000."),
        ("Hello", "1.5", "A seed is a whole number from 0 to 4294967295."),
        ("Hello", "-1", "A seed is a whole number from 0 to 4294967295."),
        ("Hello", "", "A seed is a whole number from 0 to 4294967295."),
    ],
)
def test_what_cannot_be_asked_gets_a_sentence(
    text: str, seed: str, says: str, chat: Open
) -> None:
    page = loaded(chat())
    page.get_by_role("textbox", name="Your message").fill(text)
    page.get_by_label("Seed").fill(seed)
    page.get_by_role("textbox", name="Your message").press("Enter")
    expect(state(page)).to_have_text(says)
    assert page.evaluate("requests") == [] and not page.locator(".turn").count()


def test_what_a_reader_writes_is_text(chat: Open) -> None:
    nasty = "<img src=x onerror=alert(1)> $$x$$ \u202eabc"
    page = ask(loaded(chat()), nasty)
    assert page.locator(".turn.you .words").inner_text() == nasty
    assert not page.locator(".log img").count()


def writing(page: Page, n: int) -> Page:
    """The chat while it holds behind the n-th token of an answer."""
    loaded(page).evaluate(f"window.held = {n}")
    page.get_by_role("textbox", name="Your message").fill("Hello")
    page.get_by_role("textbox", name="Your message").press("Enter")
    expect(tokens(page)).to_have_count(n)
    return page


def test_an_answer_can_be_stopped_and_stays_as_far_as_it_came(chat: Open) -> None:
    page = writing(chat(), 2)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    expect(tokens(page)).to_have_count(2)
    page.evaluate("window.held = 0")
    ask(page, "Go on")
    before = page.evaluate("requests[1].messages")
    assert before[2]["content"].startswith("The capital")


def test_a_new_chat_knows_nothing_of_the_old_one(chat: Open) -> None:
    page = ask(loaded(chat()))
    page.get_by_role("button", name="New chat").click()
    assert not page.locator(".turn").count()
    ask(page, "Again")
    assert [m["content"] for m in page.evaluate("requests[1].messages")][1:] == [
        "Again"
    ]


def test_a_new_chat_while_it_writes_begins_empty(chat: Open) -> None:
    page = writing(chat(), 1)
    page.get_by_role("button", name="New chat").click()
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    assert not page.locator(".turn").count()
    page.evaluate("window.held = 0")
    ask(page, "Again")
    assert [m["content"] for m in page.evaluate("requests[1].messages")][1:] == [
        "Again"
    ]


@pytest.mark.parametrize(
    "problem, says",
    [
        (
            "kv_cache_full",
            "This chat is as long as the model can read. Begin a new one.",
        ),
        ("inference_error", "The model stopped: out of memory"),
    ],
)
def test_a_model_that_stops_says_so(problem: str, says: str, chat: Open) -> None:
    page = loaded(chat())
    page.evaluate(f"window.problem = '{problem}'")
    page.get_by_role("textbox", name="Your message").fill("Hello")
    page.get_by_role("textbox", name="Your message").press("Enter")
    expect(state(page)).to_have_text(says)
    expect(page.get_by_role("button", name="Send")).to_be_enabled()


@pytest.mark.parametrize(
    "without, set_up", [("real/wllama.js", ""), (None, "window.broken = 1")]
)
def test_a_model_that_cannot_be_loaded_can_be_asked_for_again(
    without: str | None, set_up: str, chat: Open
) -> None:
    page = chat(without=without, set_up=set_up)
    page.get_by_role("button", name="Load the model").click()
    expect(state(page)).to_contain_text("The model could not be loaded: ")
    expect(page.get_by_role("button", name="Load the model")).to_be_visible()
    assert not page.locator("b").count()


def test_a_page_from_the_disk_says_what_is_needed(
    browser: Browser, tmp_path: Path
) -> None:
    (tmp_path / "core.js").write_text(site_scripts()["core.js"], "utf-8")
    (tmp_path / "chat.js").write_text(script(), "utf-8")
    body = place(SIZE, "real/", "m.gguf", "wllama.js", "wllama.wasm")
    tags = "<script src='core.js'></script><script src='chat.js'></script>"
    (tmp_path / "page.html").write_text(f"<meta charset='utf-8'>{body}{tags}", "utf-8")
    with browser.new_context() as context:
        page = context.new_page()
        page.goto((tmp_path / "page.html").as_uri())
        page.get_by_role("button", name="Load the model").click()
        expect(state(page)).to_contain_text("from a server: make serve REAL=1")


def test_a_chat_by_keyboard_alone(chat: Open) -> None:
    page = chat()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(state(page)).to_have_text("The model is ready.")
    page.keyboard.type("Two")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("lines")
    page.keyboard.press("Enter")
    expect(state(page)).to_contain_text("5 tokens in")
    assert page.evaluate("requests[0].messages[1].content") == "Two\nlines"
    for _ in range(12):
        page.keyboard.press("Tab")
        if tokens(page).first.evaluate(
            "one => one === one.getRootNode().activeElement"
        ):
            break
    page.keyboard.press("Space")
    expect(page.locator(".other")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_all_can_use_it(dark: bool, width: int, chat: Open) -> None:
    page = chat(width=width, dark=dark)
    assert not serious(page) and not overflow(page)
    ask(loaded(page))
    tokens(page).first.click()
    assert not serious(page) and not overflow(page)
    assert not too_small(
        page.locator("button:visible:not(.token)")
    )  # those stand in a line of text


# What a build does


def test_a_build_without_the_model_says_how_to_get_it(built: None) -> None:
    if os.environ.get("REAL_FOLDER") or (SITE / "real").exists():
        pytest.skip("this build has the model")
    page = soup("real.html")
    assert "make serve REAL=1" in page.text and not page.select("[data-lm-chat]")


def test_what_is_fetched_gets_the_names_that_the_page_asks_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = tmp_path / "m.gguf"
    model.write_bytes(b"GGUF")
    parts = [tmp_path / part for part in real_page.PARTS]
    for part in parts:
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(part.name, "utf-8")
    monkeypatch.setattr(real_page, "packaged", lambda: model)
    monkeypatch.setattr(real_page.pooch, "retrieve", lambda *_, **__: map(str, parts))
    target = tmp_path / "real"
    target.mkdir()
    (target / "old").touch()
    real_page.gather(target)
    assert {file.name for file in target.iterdir()} == {
        "m.gguf",
        *real_page.PARTS.values(),
    }
    monkeypatch.setattr(real_page, "packaged", lambda: None)
    with pytest.raises(FileNotFoundError, match="pip install"):
        real_page.gather(target)


def test_the_copy_for_the_disk_is_without_the_model(tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "real").mkdir(parents=True)
    for name in ("index.html", "real.html", "real/m.gguf"):
        (site / name).write_text(name, "utf-8")
    pack(site, tmp_path / "book.zip")
    assert set(ZipFile(tmp_path / "book.zip").namelist()) == {
        "book/index.html",
        "book/real.html",
    }


FETCHED = ROOT / "_build" / "real"


@pytest.mark.skipif(
    not (FETCHED / "wllama.wasm").exists(),
    reason="`make book REAL=1` fetches the model",
)
def test_the_real_one_answers_as_lmlib_does(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "real").symlink_to(FETCHED)
    (tmp_path / "core.js").write_text(site_scripts()["core.js"], "utf-8")
    (tmp_path / "chat.js").write_text(script(), "utf-8")
    model = next(FETCHED.glob("*.gguf"))
    body = place(model.stat().st_size, "real/", model.name, "wllama.js", "wllama.wasm")
    tags = "<script src='core.js'></script><script src='chat.js'></script>"
    (tmp_path / "index.html").write_text(f"<meta charset='utf-8'>{body}{tags}", "utf-8")
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    real = find_real()
    assert real
    question = "What is the capital of France?"
    with torch.no_grad():
        logits = real.model(real.chat({"role": "user", "content": question}))[0, -1]
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.get_by_role("button", name="Load the model (98 MB)").click()
        expect(state(page)).to_have_text("The model is ready.", timeout=120_000)
        page.get_by_label("Temperature τ").first.fill("0")
        page.get_by_role("textbox", name="Your message").fill(question)
        page.get_by_role("button", name="Send").click()
        expect(state(page)).to_contain_text(" tokens in ", timeout=300_000)
        tokens(page).first.click()
        rows = page.locator(".other tbody tr:not(:last-child)").all_inner_texts()
    server.shutdown()
    shown = {
        row.split("\t")[0].removesuffix(" written"): float(row.split("\t")[1])
        for row in rows
    }
    assert len(shown) >= 5
    probs = logits.double().softmax(-1)
    for token, p in shown.items():
        (i,) = real.tokenizer.encode(token.replace("␣", " "))
        assert p == pytest.approx(probs[i].item(), abs=0.03)
