"""Exercises that readers solve on the page, and what they predicted: the files for it, and the directive ``{you}``.

A page asks for nothing until a button is pressed. All files are classic scripts that hand over what they hold, since
a page that was opened by double click may load nothing else. `page.bundle` makes the Python, `page.lessons` what it
needs of a chapter; `_static/work.js` puts the buttons there, `page/bench.js` is what opens, `_static/keep.js` keeps
answers.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from page.bundle import rare, worker
from page.lessons import exercises_here, lesson
from predict import question
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from lmlib.classroom.assignments import topics
from lmlib.workshop.keeping import HEAD
from lmlib.workshop.road import ROAD

HERE = Path(__file__).parent
FOLDER = "_static/page"
SECONDS = 20  # that an answer may run
# What pages say. Another language has another table.
WORDS = {
    "open": "Solve it here",
    "goOn": "Go on with your answer",
    "close": "Put the editor away",
    "solved": "✓ Solved",
    "loading": "Loading the editor …",
    "failed": "Python could not be started here.",
    "missing": "A file of the book is missing beside this page.",
    "elsewhere": "This exercise needs more than the Python on this page.",
    "colab": "Solve it in Colab",
    "soFar": "{answered} of {questions} questions answered, {right} right; {solved} of {exercises} exercises solved.",
    "you": "How well do you know what you know?",
}
AT_WORK = {
    "noPython": "This browser starts no worker.",
    "broken": "Python broke down, and begins anew with the next run.",
    "run": "Run",
    "check": "Check",
    "stop": "Stop",
    "again": "Start over",
    "keys": "Shift + Enter runs, Ctrl + Enter (⌘ + Enter) checks. Enter indents by itself, and Tab leaves the editor.",
    "output": "What Python says",
    "editor": "Your code for {name}",
    "bench": "Write {name}",
    "running": "Python is at work …",
    "silent": "It ran, and printed nothing.",
    "ran": "It ran.",
    "error": "It stops with an error.",
    "right": "✓ Right.",
    "wrong": "✗ Not yet.",
    "stopped": "Stopped.",
    "replaced": "Stopped, since something else was run.",
    "tooLong": "Stopped after {seconds} seconds: does a loop never end?",
    "tooMuch": "Not run: that is {n} characters, and {most} are the most.",
    "cut": "… there is more; only its end is shown:",
    "kept": "Your code is kept in this browser.",
    "strange": "What was kept here is of another edition of the book, and is not shown.",
    "forbidden": "This browser keeps nothing for this page: what you write is gone when it is closed.",
    "full": "This browser has no room left: what you write from now on is gone when the page is closed.",
    "parts": "{own} of {all} parts of a GPT are yours.",
    "take": "Download my_gpt.py",
}
YOU = {
    "none": "Nothing yet: answer a Predict of any chapter, and come back.",
    "forbidden": AT_WORK["forbidden"],
    "full": AT_WORK["full"],
    "strange": "{n} entries are of another edition of the book, or damaged. They do not count.",
    "changed": "{n} of your predictions answer questions that have been reworded since. They count.",
    "figures": "Questions answered: {n}. Right: {right}. On average you were {sure} sure.",
    "loss": "Your cross-entropy: {loss} nats a question, a perplexity of {perplexity}. Guessing: {guess} nats.",
    "overconfident": "You were more sure than you were right, and by more than chance explains ({chance}).",
    "underconfident": "You were right more often than you thought, and by more than chance explains ({chance}).",
    "calibrated": "You were as sure as you were right, as far as so many answers can tell (to {chance}).",
    "curve": "Calibration: how often you were right, by how sure you were",
    "sureAxis": "how sure you were",
    "rightAxis": "how often you were right",
    "diagonal": "as sure as right",
    "sure": "Sure",
    "answers": "Answers",
    "rightShare": "Right",
    "again": "Look at these again",
    "surely": "you were {sure} sure",
    "more": "{n} more",
    "allRight": "None of your answers was wrong.",
    "chapters": "Chapter by chapter",
    "chapter": "Chapter",
    "questions": "Questions: right / answered / all",
    "exercises": "Exercises solved",
    "take": "Download a copy",
    "parts": "Download my_gpt.py ({own} of {all} parts)",
    "bring": "Load a copy",
    "brought": "Taken in: {taken}. Refused: {refused}. No room: {lost}.",
    "noCopy": "That is no copy of this book's answers.",
    "erase": "Erase everything",
    "sureErase": "Really erase everything?",
    "erased": "Everything is erased.",
}


class you(nodes.Element):
    """The place where a reader sees what they did."""


class You(SphinxDirective):
    """``{you}``; its content stands where no script runs."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        return [you("", *self.parse_content_to_nodes())]


def given(name: str, value: Any) -> str:
    """A script that hands over a value."""
    return (
        f"bookWork.given[{json.dumps(name)}] = {json.dumps(value, ensure_ascii=False)};"
    )


def road() -> list[list[str]]:
    """Each part of the reader's GPT with its chapter and its exercise."""
    return [[name, step.chapter, step.exercise] for name, step in ROAD.items()]


def bench() -> str:
    """What opens below an exercise, with all that is needed only then."""
    about = {"road": road(), "head": HEAD, "rare": sorted(rare()), "seconds": SECONDS}
    code = (HERE / "page" / "bench.js").read_text("utf-8")
    first = f"Object.assign(bookWork, {json.dumps(about, ensure_ascii=False)});"
    words = f"Object.assign(bookWork.words, {json.dumps(AT_WORK, ensure_ascii=False)});"
    return f"{first}\n{words}\n{code}"


def shared() -> dict[str, str]:
    """The files that all chapters share."""
    return {
        "python.js": given("python.js", worker()),
        "rare.js": given("rare.js", rare()),
        "editor.js": (HERE / "editor" / "codemirror.js").read_text("utf-8"),
        "bench.js": bench(),
    }


def put(app: Sphinx, name: str, text: str) -> str:
    """A file beside the pages, and its address, which changes with it."""
    folder = Path(app.outdir, FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    return f"{name}?v={hashlib.sha256(text.encode()).hexdigest()[:8]}"


def write_shared(app: Sphinx) -> None:
    """The shared files, once a build."""
    app.page_files = {}  # type: ignore[attr-defined]
    if app.builder.format == "html":
        app.page_files = {name: put(app, name, text) for name, text in shared().items()}  # type: ignore[attr-defined]


def outdated(app: Sphinx, env: BuildEnvironment, *changes: set[str]) -> list[str]:
    """Chapters with exercises, where a file has changed since they were made."""
    now = json.dumps(getattr(app, "page_files", {}))
    before = getattr(env, "page_files", now)
    env.page_files = now  # type: ignore[attr-defined]
    return [] if before == now else [f"chapters/{topic}" for topic in assigned()]


@cache
def assigned() -> frozenset[str]:
    """The chapters that have exercises with a check."""
    return frozenset(topics())


def topic_of(page: str) -> str | None:
    """The chapter that a page is, if it has such exercises."""
    folder, _, name = page.rpartition("/")
    return name if folder == "chapters" and name in assigned() else None


def script(value: dict[str, Any], name: str) -> str:
    """What a page says of itself to scripts."""
    packed = json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
    return f"<script>window.{name} = {packed};</script>\n"


def add_work(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any
) -> None:
    """What a chapter needs for its exercises, and the page *You* for all of them."""
    files = app.page_files  # type: ignore[attr-defined]
    topic = topic_of(page)
    if not files or tree is None:
        return
    base = context["pathto"](f"{FOLDER}/", resource=True)
    if topic:
        found = lesson(topic)
        steps = {
            exercise: name for name, chapter, exercise in road() if chapter == topic
        }
        for name, exercise in found["exercises"].items():
            exercise["step"] = steps.get(name)
        data = f"{topic}.js"
        about = {
            "topic": topic,
            "base": base,
            "files": files | {data: put(app, data, given(data, found))},
            "data": data,
            "exercises": exercises_here(topic),
            "you": context["pathto"]("you"),
            "words": WORDS,
        }
        context["body"] += script(about, "bookWork")
    elif tree.next_node(you):
        text = (HERE / "page" / "you.js").read_text("utf-8")
        address = put(app, "you.js", text)
        about = {
            "words": YOU,
            "road": road(),
            "head": HEAD,
            "chapters": list(chapters(app)),
        }
        context["body"] += (
            script(about, "bookYou")
            + f'<script defer src="{base}{address}"></script>\n'
        )


def written(app: Sphinx, words: nodes.paragraph) -> str:
    """A paragraph as a page has it, without the number that it may begin with."""
    html = app.builder.render_partial(words)["fragment"]  # type: ignore[attr-defined]
    text = html.strip().removeprefix("<p>").removesuffix("</p>")
    return re.sub(r"^\s*(<strong>)?\d+\.\s*", r"\1", text)


def chapters(app: Sphinx) -> Iterator[dict[str, Any]]:
    """What each page asks of its readers, in the order of the book."""
    asked = getattr(app.env, "asked", {})
    for page in app.env.toctree_includes.get(app.config.root_doc, []):
        topic = topic_of(page)
        names = exercises_here(topic) if topic else {}
        if asked.get(page) or names:
            yield {
                "page": page,
                "topic": page.rpartition("/")[2],
                "title": app.env.titles[page].astext(),
                "questions": [
                    [name, version, written(app, words)]
                    for name, version, words in asked.get(page, [])
                ],
                "exercises": names,
            }


def collect(app: Sphinx, tree: nodes.document) -> None:
    """The questions of a page: name, what changes with its words, and its first paragraph."""
    if not hasattr(app.env, "asked"):
        app.env.asked = {}  # type: ignore[attr-defined]
    found = []
    for node in tree.findall(question):
        words = node[0].next_node(nodes.paragraph).deepcopy()
        for link in [*words.findall(addnodes.pending_xref)]:
            link.replace_self(link.children)
        found.append([node["name"], node["asked"], words])
    app.env.asked[app.env.docname] = found  # type: ignore[attr-defined]


def purge(app: Sphinx, env: BuildEnvironment, page: str) -> None:
    getattr(env, "asked", {}).pop(page, None)


def merge(
    app: Sphinx, env: BuildEnvironment, pages: set[str], other: BuildEnvironment
) -> None:
    if not hasattr(env, "asked"):
        env.asked = {}  # type: ignore[attr-defined]
    env.asked |= {
        page: asked
        for page, asked in getattr(other, "asked", {}).items()
        if page in pages
    }  # type: ignore[attr-defined]


def refresh(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The page *You* knows all others."""
    return ["you"] if "you" in env.found_docs else []


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_node(
        you,
        html=(
            lambda self, node: self.body.append('<div id="book-you" class="you">\n'),
            lambda self, node: self.body.append("</div>\n"),
        ),
    )
    app.add_directive("you", You)
    app.connect("builder-inited", write_shared)
    app.connect("env-get-outdated", outdated)
    app.connect("doctree-read", collect)
    app.connect("env-purge-doc", purge)
    app.connect("env-merge-info", merge)
    app.connect("env-updated", refresh)
    app.connect("html-page-context", add_work)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
