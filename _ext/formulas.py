"""Sets formulas while the site is built, so that a page shows them at once and loads no script for them.

KaTeX writes each formula twice: as HTML for the eye, and as MathML, which screen readers read. It lies in `_ext/katex`
as its makers publish it, and runs in QuickJS, a small JavaScript engine that pip installs. A formula that KaTeX does
not know is a warning, which fails the build.
"""

import html
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import quickjs
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number, wrap_displaymath
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

KATEX = Path(__file__).parent / "katex"
# As JSON, because QuickJS for Python cannot hand over a string that was put together from parts.
RENDER = """(tex, displayMode) => JSON.stringify(
  katex.renderToString(tex, {displayMode, output: "htmlAndMathml", strict: "error"}))"""
# What a screen reader never reads, and what else would be a third of a formula's weight.
SOURCE = re.compile(r"<annotation.*?</annotation>", re.DOTALL)
# Sphinx numbers the formulas; without a star KaTeX would number them once more.
NUMBERED = re.compile(r"\\(begin|end)\{(equation|align|gather|alignat|multline)\}")
# Scripts and tags, which stay as they are, or a formula between dollars.
DOLLARS = re.compile(
    r"<(script|style|pre|code)\b.*?</\1>|<[^>]*>|(?<!\\)\$([^$<\n]+)\$", re.DOTALL
)
MARKS = re.compile(r"[.,;:)?!”’]+")
SHORT = 30  # signs of TeX: a formula that need not be broken at the end of a line


@cache
def renderer() -> Any:
    context = quickjs.Context()
    context.eval((KATEX / "katex.min.js").read_text("utf-8"))
    return context.eval(RENDER)


@cache
def rendered(tex: str, display: bool = False) -> str:
    """HTML and MathML of one formula. Raises quickjs.JSException with KaTeX's own words."""
    return SOURCE.sub("", json.loads(renderer()(tex, display)))


def shown(tex: str, display: bool, where: Any) -> str:
    """A formula, or its source and a warning."""
    try:
        return rendered(tex, display)
    except quickjs.JSException as problem:
        logger.warning(str(problem).splitlines()[0], location=where)
        return f"<code>{html.escape(tex)}</code>"


def visit_math(self: HTML5Translator, node: nodes.math) -> None:
    opening = self.starttag(node, "span", "", CLASS="math notranslate nohighlight")
    self.body.append(f"{opening}{shown(node.astext(), False, node)}</span>")
    raise nodes.SkipNode


def visit_displaymath(self: HTML5Translator, node: nodes.math_block) -> None:
    """A formula of its own, its number behind it."""
    tex = NUMBERED.sub(r"\\\1{\2*}", node.astext())
    if not node["nowrap"] and ("\\\\" in tex or "\n\n" in tex):
        tex = wrap_displaymath(tex, None, False)
    self.body.append(self.starttag(node, "div", CLASS="math notranslate nohighlight"))
    self.body.append(shown(tex, True, node))
    if node["number"]:
        number = get_node_equation_number(self, node)
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


class FormulasInMarkup(SphinxPostTransform):
    """``$…$`` in a chapter's own HTML, as in the summary of an answer, which no Markdown parser looks into."""

    default_priority = 400
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        for node in [*self.document.findall(nodes.raw)]:
            if not any("cell_output" in box.get("classes", []) for box in boxes(node)):
                node.children[:] = [nodes.Text(set_dollars(node))]


class MarksStay(SphinxPostTransform):
    """A full stop behind a short formula stays with it, also where the line is full."""

    default_priority = 401
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        for formula in [*self.document.findall(nodes.math)]:
            after = formula.next_node(descend=False, siblings=True)
            marks = isinstance(after, nodes.Text) and MARKS.match(after.astext())
            if marks and len(formula.astext()) <= SHORT:
                rest = nodes.Text(after.astext()[marks.end() :])
                after.parent.replace(after, rest)
                together = nodes.inline(classes=["formula-mark"])
                formula.replace_self(together)
                together += [formula, nodes.Text(marks[0])]


def set_dollars(node: nodes.raw) -> str:
    """HTML with its formulas set."""
    return DOLLARS.sub(
        lambda found: (
            shown(html.unescape(found[2]), False, node) if found[2] else found[0]
        ),
        node.astext(),
    )


def boxes(node: nodes.Node) -> list[nodes.Element]:
    """All that a node stands in, from the inside out."""
    parent = node.parent
    return [parent, *boxes(parent)] if parent is not None else []


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_html_math_renderer("katex", (visit_math, None), (visit_displaymath, None))
    app.add_post_transform(FormulasInMarkup)
    app.add_post_transform(MarksStay)
    app.config.html_static_path.append(str(KATEX / "styles"))
    app.add_css_file("katex.min.css")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
