"""Tables show words as they are, whatever a parser of Markdown would make of them."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from hypothesis import example, given
from hypothesis import strategies as st
from IPython.display import Markdown
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbconvert.filters.markdown_mistune import markdown2html_mistune
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from lmlib.notebook import source, table, visible

NASTY = [
    "<|endoftext|>", "a|b", "\\|", "*x*", "**x**", "_x_", "__init__", "d_k", "`x`", "``", "$x$", "$$", "$", "\\$5\\$",
    "\\(x\\)", "\\[x\\]", "\\begin{x}", "<b>", "<b>bold</b>", "<!-- -->", "[a](b)", "[1]", "![a](b)", "[^1]", "<a@b.c>",
    "# head", "#", "{cite}`x`", "{{ x }}", "@@0@@", "~~x~~", "~", "^x^", "&amp;", "&#36;", "&", "a\\", "\\", "\\\\",
    "http://a.b/%41", "www.a.b/%41", "io.py", "a@b.cd", ":smile:", "- x", "1. x", "+ x", "> x", "---", ":--", "'", '"',
    "--", "...", "0", "人", "🙂", "👨‍👩‍👧", "می‌خواهم",
]  # fmt: skip
UNSEEN = {
    "": "∅", " ": "␣", "  ": "␣␣", "\n": "⏎", "\t": "⇥", "\r": "\\r", "\r\n": "\\r⏎", "\x00": "\\x00", "\xa0": "\\xa0",
    "\u200b": "\\u200b", "\u200d": "\\u200d", "\u2028": "\\u2028", " is": "␣is", "is ": "is␣", "a  b": "a␣␣b",
    "a b": "a b", "a\nb": "a⏎b", "\n\n": "⏎⏎",
}  # fmt: skip


def github(text: str) -> str:
    return MarkdownIt("gfm-like").use(dollarmath_plugin).render(text)


RENDERERS = {"markdown-it": github, "mistune": markdown2html_mistune}


def cells(text: str, render: str) -> list[list[str]]:
    page = BeautifulSoup(RENDERERS[render](text), "html.parser")
    return [[cell.get_text() for cell in row(["th", "td"])] for row in page("tr")]


@pytest.mark.parametrize("render", RENDERERS)
@pytest.mark.parametrize("word", NASTY)
def test_a_word_is_text(word: str, render: str) -> None:
    assert visible(word) == word
    shown = table([[word, 1], ["next", word]], columns=["word", word]).data
    assert cells(shown, render) == [["word", word], [word, "1"], ["next", word]]
    page = BeautifulSoup(RENDERERS[render](shown), "html.parser")
    tags = {tag.name for tag in page.find_all(True)}
    assert tags <= {"table", "thead", "tbody", "tr", "th", "td", "span"}


@pytest.mark.parametrize("render", RENDERERS)
@pytest.mark.parametrize("word, sign", UNSEEN.items(), ids=map(json.dumps, UNSEEN))
def test_nothing_is_invisible(word: str, sign: str, render: str) -> None:
    assert visible(word) == sign
    shown = table([[word, 1]], columns=[word, "n"]).data
    assert cells(shown, render) == [[sign, "n"], [sign, "1"]]


@given(
    st.lists(st.text("ab1 |\\`*_$<>&#[](){}!~^@:/.-+='\"%\n\t"), min_size=4, max_size=4)
)
@example(["\\(a", "b\\)", "`|", "|`"])
def test_any_text_is_shown_as_it_is(words: list[str]) -> None:
    shown = table([words[:2], words[2:]], columns=words[:2]).data
    wanted = [
        [visible(word) for word in row] for row in (words[:2], words[:2], words[2:])
    ]
    assert cells(shown, "markdown-it") == wanted


@pytest.mark.parametrize("word", ["$x$", "$$", "\\(x\\)", "\\begin{align}", "a$b$c"])
def test_mathjax_finds_no_formula_on_the_finished_page(word: str) -> None:
    """It looks for both its signs in one run of text: JupyterLab lets it read every output."""
    page = BeautifulSoup(github(table([[word]], ["word"]).data), "html.parser")
    for text in page.find_all(string=True):
        assert text in ("$", "\\") or not {"$", "\\"} & set(text)


def test_markup_is_given_as_markup() -> None:
    shown = table([[Markdown("$x$"), None]], columns=[Markdown("**a**"), None]).data
    assert shown.splitlines() == ["| **a** |  |", "|:--|--:|", "| $x$ |  |"]


def test_columns_of_numbers_stand_to_the_right() -> None:
    rows = [["1", "a", "1.5", None, -1], ["2", 2, "–", "3", "∞"]]
    assert table(rows, list("abcde")).data.splitlines()[1] == "|:--|:--|--:|--:|--:|"
    assert table([], ["a", "b"]).data == "| a | b |\n|:--|:--|"


@pytest.mark.parametrize("row", [["a"], ["a", "b", "c"]])
def test_a_row_that_does_not_fit(row: list[str]) -> None:
    message = f"rows: row 1 has {len(row)} cells, but 2 columns are named"
    with pytest.raises(ValueError, match=message):
        table([["a", "b"], row], columns=["a", "b"])


def test_the_site_shows_the_same(tmp_path: Path) -> None:
    """Sphinx makes “ of a plain quote and – of two hyphens, but not in outputs."""
    words = [*NASTY, *UNSEEN]
    output = new_output("execute_result", execution_count=1)
    output.data["text/markdown"] = table([[word, 1] for word in words], ["w", "n"]).data
    cells = [
        new_markdown_cell('# "Title"'),
        new_code_cell("1", outputs=[output], execution_count=1),
    ]
    nbformat.write(new_notebook(cells=cells), tmp_path / "index.ipynb")
    settings = {
        "extensions": ["myst_nb", "stored_outputs"],
        "nb_execution_mode": "off",
        "nb_render_markdown_format": "gfm",
    }
    with pytest.MonkeyPatch.context() as patch, docutils_namespace():
        patch.syspath_prepend(Path(__file__).parents[1] / "_ext")
        Sphinx(
            tmp_path, None, tmp_path / "out", tmp_path, "html", settings, None
        ).build()
    page = BeautifulSoup(
        (tmp_path / "out" / "index.html").read_text("utf-8"), "html.parser"
    )
    assert "“Title”" in page.h1.get_text()
    shown = [row.td.get_text().strip() for row in page.select("tbody tr")]
    assert shown == [visible(word).strip() for word in words]


def test_source_holds_what_looks_like_its_own_end() -> None:
    """The docstring of ``source`` shows three backticks."""
    page = BeautifulSoup(github(source(source, visible).data), "html.parser")
    assert [tag.name for tag in page.find_all(recursive=False)] == ["pre"]
    assert page.pre.get_text().endswith("spaced)\n")
