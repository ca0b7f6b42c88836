"""The strip below a chapter's title: the way from a text to its next word, the chapter's own part of it lit.

It is filled with the numbers of one sentence, and by ``_static/strip.js`` with those of the sentence that the reader
wrote on the first page.
"""

import html
from functools import cache
from typing import Any

import torch
from sphinx.application import Sphinx

from lmlib.pretrained import load_book_gpt
from lmlib.stories import WORDS
from lmlib.widgets.labels import STORY

# What the strip says. Another language has another table.
LABELS = {
    "name": "From a text to its next word",
    "text": "text",
    "tokens": "tokens",
    "vectors": "vectors",
    "heads": "heads",
    "logits": "logits",
    "draw": "draw",
}
BOXES = {
    "tokens": "chapters/tokens",
    "vectors": "chapters/embeddings",
    "heads": "chapters/attention",
    "logits": "chapters/softmax",
    "draw": "chapters/generation",
}
"""The boxes behind the text, and the chapters that explain them."""
MODEL = "vectors heads logits"
LIT = {
    "tensors": "vectors",
    "language_models": "logits draw",
    "tokens": "tokens",
    "embeddings": "vectors",
    "softmax": "logits draw",
    "attention": "heads",
    "transformer": MODEL,
    "translation": "heads",
    "pretraining": MODEL,
    "finetuning": MODEL,
    "scale": MODEL,
    "generation": "draw",
    "modern": MODEL,
    "labelling": "vectors",
    "tasks": "draw",
    "retrieval": "text",
    "evaluation": "logits",
    "curation": "text",
    "compression": MODEL,
    "interpretability": "heads",
    "limits": "draw",
    "transfer": MODEL,
}
"""Which boxes are a chapter's own. (The clinic and the workshop are about none of them.)"""


@cache
def numbers() -> dict[str, str]:
    """What the boxes show of a reader who has written nothing."""
    text = STORY["start"].strip()
    ids = torch.tensor([[0, *WORDS.encode(text)]])
    model = load_book_gpt()
    with torch.no_grad():
        logits, weights = model.with_weights(ids)
        vector = model.decoder.embedded(ids)[0, -1, :2]
    words = ["", *text.split()]
    looked = weights[:, 0, :, -1, 1:-1].amax((0, 1))
    best = int(looked.argmax()) + 1
    top = logits[0, -1].topk(1)
    first = WORDS.vocab[int(top.indices[0])]
    probs = logits[0, -1].softmax(-1)
    return {
        "text": f"… {' '.join(words[-2:])}",
        "tokens": " ".join(map(str, ids[0, -2:].tolist())),
        "vectors": " ".join(f"{x:.2f}" for x in vector.tolist()).replace("-", "−"),
        "heads": f"{words[best]} {looked.max():.2f}",
        "logits": f"{first} {top.values[0]:.1f}",
        "draw": f"{first} {probs.max():.2f}",
    }


def strip(context: dict[str, Any], lit: list[str]) -> str:
    """The strip as HTML."""
    boxes = []
    for name, shown in numbers().items():
        inside = f'<b>{LABELS[name]}</b> <span data-fill="{name}">{html.escape(shown)}</span>'
        to = context["pathto"](BOXES.get(name, "intro"))
        # Of this very page it is "#", which leads nowhere.
        link = 'aria-current="page"' if to == "#" else f'href="{to}"'
        own = ' class="lit"' if name in lit else ""
        boxes.append(f"<li{own}><a {link}>{inside}</a></li>")
    many = " many" if len(lit) > 1 else ""
    return f'<nav class="lm-strip{many}" aria-label="{LABELS["name"]}"><ol>{"".join(boxes)}</ol></nav>'


def put_in(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any
) -> None:
    """Put the strip behind the title of a chapter."""
    folder, _, name = page.rpartition("/")
    if folder == "chapters" and name in LIT and app.builder.format == "html":
        title, end, rest = context["body"].partition("</h1>")
        context["body"] = title + end + strip(context, LIT[name].split()) + rest


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", put_in)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
