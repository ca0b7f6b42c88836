"""What the site's extensions make of formulas, styles, icons and figures, each in a book of a page."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from bs4 import BeautifulSoup

from tools.site import ROOT, SITE

sys.path.insert(0, str(ROOT / "_ext"))

import formulas
import icons
import passages
from styles import Bundle


def built(folder: Path, text: str, *arguments: str) -> tuple[BeautifulSoup, str]:
    """The only page of a book, and what Sphinx said."""
    (folder / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT / '_ext')!r})\n"
        "extensions = ['myst_parser', 'formulas']\nhtml_math_renderer = 'katex'\n"
        "math_eqref_format = '({number})'\nnumfig = True\n"
        "myst_enable_extensions = ['dollarmath', 'amsmath']\n",
        "utf-8",
    )
    (folder / "index.md").write_text(f"# Title\n\n{text}\n", "utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", *arguments, folder, folder / "out"]
    done = subprocess.run(command, capture_output=True, text=True)
    page = (folder / "out" / "index.html").read_text("utf-8")
    return BeautifulSoup(page, "html.parser").find(role="main"), done.stderr


def test_a_formula_is_there_for_the_eye_and_for_screen_readers(tmp_path: Path) -> None:
    page, said = built(
        tmp_path, "So $e^x$, and (x)\n\n$$\na = b\n$$ (eq:own)\n\nBy {eq}`eq:own`."
    )
    assert not said
    inline, own = page.select(".math")
    assert inline.select_one("math msup") and inline.select_one(
        ".katex-html[aria-hidden]"
    )
    assert not page.find("annotation")
    number = own.select_one(".eqno")
    assert number.get_text().startswith("(1)")
    link = page.select_one("a.reference.internal[href^='#equation']")
    assert link.get_text() == "(1)" and page.find(id=link["href"][1:]) == own
    assert "formula-mark" in inline.parent["class"]
    assert inline.next_sibling == ","


@pytest.mark.parametrize(
    "text",
    [
        "$$\na &= b \\\\\nc &= d\n$$",
        "\\begin{align}\na &= b \\\\\nc &= d\n\\end{align}",
        "$$\n\\begin{cases} a & b \\\\ c & d \\end{cases}\n$$",
    ],
)
def test_formulas_of_several_lines_have_one_number_at_most(
    tmp_path: Path, text: str
) -> None:
    page, said = built(tmp_path, text)
    assert not said
    assert page.select_one(".katex-display mtable")
    assert not page.select(
        ".katex-display .eqn-num, .katex-display .tag, .katex-eqn-num"
    )


def test_an_unknown_command_fails_the_build(tmp_path: Path) -> None:
    page, said = built(tmp_path, "Here $\\unheard{x}$.")
    assert "index.md:3: WARNING" in said and "\\unheard" in said
    assert page.select_one(".math code").get_text() == "\\unheard{x}"


def test_formulas_in_a_chapter_s_own_html(tmp_path: Path) -> None:
    text = "<details><summary>$10^{3}$ of 5 \\$</summary>\n\nIt costs $x$.\n\n</details>\n\n<script>'$a$'</script>"
    page, said = built(tmp_path, text)
    assert not said
    assert page.select_one("summary math msup") and "5 \\$" in page.summary.get_text()
    assert page.script.get_text() == "'$a$'"


def test_a_formula_on_one_line() -> None:
    mathml = re.search(
        "<math.*</math>",
        formulas.rendered(r"\sum_{i=1}^n \frac{a_i}{\sqrt{d+1}} = e^x"),
    )
    assert passages.linear(fromstring(mathml[0])) == "∑_(i=1)^n(a_i)/(√(d+1))=e^x"


CSS = """@charset "utf-8"; /* gone */
:root { --used: red; --unused: blue; --by-used: 1px }
.kept, .gone { color: var(--used); background: url(pictures/a.png) }
#top > .kept:not(.gone) { margin: 0 !important }
.gone .kept { color: blue }
@media print { .gone { color: red } .kept { color: black } }
@font-face { font-family: Seen; src: url(seen.woff2) format("woff2"), url(seen.ttf) format("truetype") }
@font-face { font-family: Unseen; src: url(unseen.woff2) format("woff2") }
@keyframes turn { to { rotate: 1turn } }
main { font-family: Seen, serif }
"""


def test_a_sheet_keeps_what_pages_use(tmp_path: Path) -> None:
    home = tmp_path / "styles"
    home.mkdir()
    (home / "a.css").write_text(CSS, "utf-8")
    (home / "seen.woff2").touch()
    bundle = Bundle(tmp_path, {"kept", "top"}, lambda selector: False)
    bundle.add(home / "a.css")
    assert bundle.text() == (
        '@font-face{font-family: Seen; src: url(styles/seen.woff2) format("woff2")}'
        ":root{--used:red}"
        ".kept{color:var(--used);background:url(styles/pictures/a.png)}"
        "#top > .kept:not(.gone){margin:0!important}"
        "@media print{.kept{color:black}}"
        "@keyframes turn{to { rotate: 1turn }}"
        "main{font-family:Seen, serif}"
    )
    assert "--unused:blue" in bundle.text("let x = '--unused'")


def test_a_sheet_of_the_book_stays_whole_and_a_broken_one_is_told(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.css").write_text(
        ".gone { color: red; &:hover { color: blue } }", "utf-8"
    )
    bundle = Bundle(tmp_path, set(), lambda selector: False)
    bundle.add(tmp_path / "a.css", whole=True)
    assert bundle.text() == ".gone{color: red; &:hover { color: blue }}"
    (tmp_path / "b.css").write_text(".open", "utf-8")
    with pytest.raises(ValueError, match="EOF"):
        bundle.add(tmp_path / "b.css")


def test_an_icon_is_a_picture() -> None:
    script = 'x={moon:[384,512,[127769,"dark"],"f186","M1"],"sun-o":[512,512,[],"f185","M2"]}'
    sheet = icons.style(
        script, '<i class="fas fa-dark"></i><i class="fa-solid fa-lg"></i>'
    )
    assert ".fa-dark { --icon: url(" in sheet and "viewBox='0 0 384 512'" in sheet
    assert "fa-lg {" not in sheet and "sun-o" not in sheet


@pytest.mark.parametrize(
    "selector, replaced",
    [
        (".fa-sun", True),
        ("i.fas:before", True),
        (".theme-switch .fa-lg", False),
        (".fade", False),
    ],
)
def test_which_rules_of_the_theme_the_icons_replace(
    selector: str, replaced: bool
) -> None:
    assert icons.is_replaced(selector) == replaced


def test_every_icon_of_the_site_has_its_picture() -> None:
    sheet = (SITE / "_static" / "site.css").read_text("utf-8")
    for page in SITE.rglob("*.html"):
        for icon in BeautifulSoup(page.read_text("utf-8"), "html.parser").select("i"):
            names = [n for n in icon.get("class", []) if n.startswith("fa-")]
            assert not names or any(f".{n}{{--icon" in sheet for n in names), icon
