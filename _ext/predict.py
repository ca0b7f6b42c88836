"""Questions that the reader answers before the page does: ``{predict}``, ``{quiz}`` and their ``{replies}``.

In a notebook they are plain Markdown: a question with a numbered list of choices, and behind what the reader then sees
a list of as many replies. On the page the two become one card (`_static/predict.js`). Where no script runs, each reply
is a fold under its own choice. Choices and replies are list items, so a translation reaches them.
"""

import hashlib
import json
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

# What a page says besides the text. Another language has another table.
LABELS = {"predict": "Predict", "quiz": "Question"}
WORDS = {
    "veil": "Choose an answer first",
    "sure": "How sure are you?",
    "guess": "I guess",
    "commit": "Answer, {sure} sure",
    "cost": "You were {sure} sure; that costs {nats} nats.",
    "forbidden": "(This browser keeps nothing for this page.)",
    "full": "(This browser has no room left to keep it.)",
    "skip": "Show without answering",
    "right": "Your answer is right:",
    "wrong": "Your answer is not right:",
    "shown": "The right answer:",
    "other": "Not right:",
}


class question(nodes.Element):
    """A card: ``name``, ``kind``, and ``asked``, which changes with its words, so that no answer is taken for one to
    another question. Its children are a `wording` and a numbered list of choices."""


class wording(nodes.Element):
    """The question itself, which names the group of its choices."""


class replies(nodes.Element):
    """A numbered list, the reply to each choice; ``right`` is the number of the right one."""


class fold(nodes.Element):
    """One reply under its choice: a `summary`, and what it says."""


class summary(nodes.TextElement):
    """The choice that a reply belongs to."""


class Question(SphinxDirective):
    """``{predict} name`` or ``{quiz} name``: a question, then a numbered list of choices."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        children = self.parse_content_to_nodes()
        if len(children) < 2 or not isinstance(children[-1], nodes.enumerated_list):
            raise self.error("a question ends with a numbered list of choices")
        name = f"{self.name}-{self.arguments[0]}"
        children[-1]["classes"].append("question-choices")
        text = wording("", *children[:-1], ids=[f"{name}-text"])
        words = " ".join("".join(child.astext() for child in children).split())
        asked = hashlib.sha256(words.encode()).hexdigest()[:8]
        return [
            question("", text, children[-1], name=name, kind=self.name, asked=asked)
        ]


class Replies(SphinxDirective):
    """``{replies} name`` with ``:right: number``: the reply to each choice of the question of that name."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {"right": directives.positive_int}

    def run(self) -> list[nodes.Node]:
        children = self.parse_content_to_nodes()
        if len(children) != 1 or not isinstance(children[0], nodes.enumerated_list):
            raise self.error("replies are one numbered list")
        if not 1 <= self.options.get("right", 0) <= len(children[0]):
            raise self.error(":right: is the number of the right choice")
        node = replies("", *children, name=self.arguments[0], **self.options)
        self.set_source_info(node)
        return [node]


class Join(SphinxPostTransform):
    """Puts each reply under its choice, and the replies of a quiz under their question."""

    default_priority = 200  # when links and citations in the choices have been made
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        asked = {node["name"]: node for node in self.document.findall(question)}
        for node in list(self.document.findall(replies)):
            names = [f"{kind}-{node['name']}" for kind in LABELS]
            found = [asked.pop(name) for name in names if name in asked]
            if len(found) != 1 or len(found[0][-1]) != len(node[0]):
                logger.warning(
                    "%s: as many replies as one question has choices are needed",
                    node["name"],
                    location=node,
                )
            else:
                self.join(found[0], node)
        for name in asked:
            logger.warning("%s has no replies", name, location=self.env.docname)

    def join(self, card: question, node: replies) -> None:
        folds = []
        for number, (choice, reply) in enumerate(
            zip(card[-1], node[0], strict=True), 1
        ):
            words = (child.deepcopy() for child in choice[0].children)
            title = summary("", "", nodes.Text(f"{chr(64 + number)}. "), *words)
            folds.append(fold("", title, *reply.children, name=card["name"]))
        node.children = []
        node.extend(folds)
        node["name"] = card["name"]
        if card["kind"] == "quiz":
            node.parent.remove(node)
            card.parent.insert(card.parent.index(card) + 1, node)


def open_question(self: HTML5Translator, node: question) -> None:
    label = f"{node['name']}-label"
    self.body.append(
        f'<div class="question {node["kind"]}" id="{node["name"]}" data-asked="{node["asked"]}">\n'
        f'<p class="question-label" id="{label}">{LABELS[node["kind"]]}</p>\n'
    )


def open_wording(self: HTML5Translator, node: wording) -> None:
    self.body.append(f'<div class="question-text" id="{node["ids"][0]}">\n')


def open_replies(self: HTML5Translator, node: replies) -> None:
    self.body.append(
        f'<div class="replies" data-question="{node["name"]}" data-right="{node["right"]}">\n'
    )


def open_fold(self: HTML5Translator, node: fold) -> None:
    self.body.append(f'<details class="answer" name="{node["name"]}">\n')


def open_summary(self: HTML5Translator, node: summary) -> None:
    self.body.append("<summary>")


def close(tag: str) -> Any:
    return lambda self, node: self.body.append(f"</{tag}>\n")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_node(question, html=(open_question, close("div")))
    app.add_node(wording, html=(open_wording, close("div")))
    app.add_node(replies, html=(open_replies, close("div")))
    app.add_node(fold, html=(open_fold, close("details")))
    app.add_node(summary, html=(open_summary, close("summary")))
    app.add_directive("predict", Question)
    app.add_directive("quiz", Question)
    app.add_directive("replies", Replies)
    app.add_post_transform(Join)
    app.add_js_file(None, body=f"window.questionWords = {json.dumps(WORDS)};")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
