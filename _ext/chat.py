"""A real model on a page: ``{chat}`` stands where a reader can load it, in a build that has it beside its pages.

`make book REAL=1` puts the model and llama.cpp for browsers into a folder and names it in the environment,
REAL_FOLDER. Any other build shows what stands in the directive, and no page asks for a file that is not there.
"""

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from offers import Offer
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from widgets import shared_names

from lmlib.widgets.base import SHARED

OFFER, SCRIPT = Offer("REAL_FOLDER", "real"), "chat.js"
HERE = Path(__file__).parent
# What the page says. Another language has another table.
LABELS = {
    "title": "Chat with SmolLM2",
    "load": "Load the model ({size} MB)",
    "loading": "{loaded} of {size} MB",
    "starting": "Starting the model …",
    "stop": "Stop",
    "needs_http": "A page opened from the disk may not read the model. Ask for it from a server: make serve REAL=1.",
    "failed": "The model could not be loaded: {why}",
    "broken": "The model stopped: {why}",
    "full": "This chat is as long as the model can read. Begin a new one.",
    "question": "Your message",
    "ask": "Send",
    "new": "New chat",
    "temperature": "Temperature τ",
    "sharper": "0 · always the likeliest",
    "flatter": "flatter · 2",
    "seed": "Seed",
    "seed_wrong": "A seed is a whole number from 0 to 4294967295.",
    "empty": "Write something first.",
    "long": "That is {n} characters; the model can take {most}.",
    "you": "You",
    "model": "SmolLM2",
    "thinking": "SmolLM2 is reading …",
    "done": "{n} tokens in {seconds} s, {rate} a second.",
    "choose": "Press a token, or walk along them with the arrow keys: below it says what else could have stood there.",
    "alternatives": "In place of {token} it could have written",
    "token": "token",
    "probability": "probability",
    "rest": "all others together",
    "taken": "written",
    "ready": "The model is ready.",
}


def page(size: int, folder: str, model: str, loader: str, wasm: str) -> str:
    """The place of the chat, with what its script must know; ``size`` is that of the model's file in bytes."""
    given = {"labels": LABELS, "size": size, "folder": folder}
    given |= {"model": model, "loader": loader, "wasm": wasm}
    packed = json.dumps(given, ensure_ascii=False).replace("<", "\\u003c")
    return f'<div data-lm-chat lang="en"><script type="application/json">{packed}</script></div>'


def script() -> str:
    """The chat as a file for the page, behind what it shares with the widgets."""
    css = (HERE / "page_chat.css").read_text("utf-8")
    own = (HERE / "page_chat.js").read_text("utf-8")
    shared = f"const {{ {shared_names(SHARED)} }} = lmCore;"
    return f"{{ {shared}\nconst CSS = {json.dumps(css)};\n{own} }}"


def named(ending: str) -> str:
    """The file that ends so. Raises FileNotFoundError where the folder has none."""
    found = next((name for name in OFFER.files() if name.endswith(ending)), None)
    if found is None:
        raise FileNotFoundError(
            f"{OFFER.variable}: no *{ending} in {OFFER.source}; `make book REAL=1` puts it there"
        )
    return found


class Chat(SphinxDirective):
    """``{chat}``: the model where this build has it, else the content of the directive."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        if not OFFER.files():
            return self.parse_content_to_nodes()
        model = named(".gguf")
        up = "../" * self.env.docname.count("/")
        text = page(
            OFFER.files()[model],
            f"{up}{OFFER.folder}/",
            model,
            named(".js"),
            named(".wasm"),
        )
        return [nodes.raw("", text, format="html")]


def add_script(
    app: Sphinx, name: str, template: str, context: dict[str, Any], tree: Any
) -> None:
    """The page that has the chat asks for its script."""
    if "data-lm-chat" not in context.get("body", "") or not app.lm_scripts:  # type: ignore[attr-defined]
        return
    base = context["pathto"]("_static/widgets/", resource=True)
    Path(app.outdir, "_static", "widgets", SCRIPT).write_text(script(), "utf-8")
    for file in (app.lm_scripts["core.js"], SCRIPT):  # type: ignore[attr-defined]
        context["body"] += f'<script defer src="{base}{file}"></script>\n'


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("chat", Chat)
    app.connect("html-page-context", add_script)
    OFFER.connect(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
