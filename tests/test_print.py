"""The print edition: complete, within the paper's margins, dark on white. Made here for two chapters."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pypdfium2
import pypdfium2.raw as pdfium
import pytest
from nbformat import NotebookNode
from playwright.sync_api import Browser

from tools.print_edition import print_page
from tools.site import ROOT, SITE

MM = 72 / 25.4  # points
# Tall brackets are put together from signs that are longer than what is seen of them.
STRETCHED = re.compile("[\u239b-\u23ad\ue000-\uf8ff]")


@pytest.fixture(scope="module", params=["softmax", "attention"])
def chapter(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def pdf(chapter: str, browser: Browser) -> bytes:
    if not (SITE / "index.html").exists():
        pytest.fail("there is no built site; run `make book` first")
    return print_page(browser, SITE, f"chapters/{chapter}")


@pytest.fixture(scope="module")
def printed(pdf: bytes) -> pypdfium2.PdfDocument:
    return pypdfium2.PdfDocument(pdf)


@pytest.fixture(scope="module")
def notebook(chapter: str) -> NotebookNode:
    return nbformat.read(ROOT / "chapters" / f"{chapter}.ipynb", as_version=4)


def texts(document: pypdfium2.PdfDocument) -> list[str]:
    return [page.get_textpage().get_text_range() for page in document]


def solid(text: str) -> str:
    """Without spaces, and without the arrows of lines that go on."""
    return re.sub(r"[\s↪]", "", text)


def test_every_line_of_code_and_output_is_there(
    printed: pypdfium2.PdfDocument, notebook: NotebookNode
) -> None:
    left_out = {"remove-cell", "exercise-check"}
    cells = [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and not left_out & {*cell.metadata.get("tags", [])}
    ]
    streams = [out.text for cell in cells for out in cell.outputs if "text" in out]
    lines = {
        solid(line)
        for text in [c.source for c in cells] + streams
        for line in text.splitlines()
    }
    paper = [solid(text) for text in texts(printed)]
    missing = {line for line in lines if not any(line in page for page in paper)}
    assert not missing


def test_every_page_has_its_number_and_title(
    printed: pypdfium2.PdfDocument, notebook: NotebookNode
) -> None:
    title = notebook.cells[0].source.splitlines()[0].removeprefix("# ")
    for number, text in enumerate(texts(printed), 1):
        assert f"{number} / {len(printed)}" in text
        assert title in " ".join(text.split())


def test_no_letter_is_outside_the_margins(printed: pypdfium2.PdfDocument) -> None:
    for number, page in enumerate(printed, 1):
        width, height = page.get_size()
        assert (width, height) == pytest.approx((210 * MM, 297 * MM), abs=1)
        text = page.get_textpage()
        for i in range(text.count_chars()):
            left, bottom, right, top = text.get_charbox(i)
            sign = text.get_text_range(i, 1)
            inside = (
                17 * MM < left <= right < width - 17 * MM
                and 5 * MM < bottom <= top < height - 5 * MM
            )
            assert inside or not sign.strip() or STRETCHED.match(sign), (
                f"page {number}: {sign!r} at {left:.0f}, {bottom:.0f}"
            )


def test_pictures_stand_for_widgets(
    printed: pypdfium2.PdfDocument, notebook: NotebookNode
) -> None:
    stored = [
        out
        for cell in notebook.cells
        for out in cell.get("outputs", [])
        if "data" in out
    ]
    widgets = [out for out in stored if "lm-widget" in out.data.get("text/html", "")]
    shown = [
        image
        for page in printed
        for image in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=5)
    ]
    assert len(shown) == len(widgets) > 0
    assert "".join(texts(printed)).count(
        "On the site this figure is interactive."
    ) == len(widgets)


def test_figures_are_drawn_with_letters_and_a_sentence(
    printed: pypdfium2.PdfDocument, notebook: NotebookNode
) -> None:
    pages = [solid(text) for text in texts(printed)]
    figures = [
        cell for cell in notebook.cells if "figure" in cell.metadata.get("mystnb", {})
    ]
    assert figures
    for cell in figures:
        (drawn,) = [
            out for out in cell.outputs if "image/svg+xml" in out.get("data", {})
        ]
        page = drawn.data["image/svg+xml"].partition('<svg class="narrow"')[0]
        letters = {solid(word) for word in re.findall(r">([a-z][a-z ]+)</text>", page)}
        sentence = solid(cell.metadata.mystnb.figure.caption.replace("*", ""))
        (place,) = [text for text in pages if sentence[:40] in text]
        assert all(word in place for word in letters)


def test_answers_stand_behind_the_questions(
    printed: pypdfium2.PdfDocument, notebook: NotebookNode
) -> None:
    pages = texts(printed)
    first = next(
        i for i, text in enumerate(pages) if i and "Replies to the questions" in text
    )
    markdown = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    # Those of the text, and those of the quiz.
    questions = len(re.findall(r"^:::\{(predict|quiz)\}", markdown, re.MULTILINE))
    assert questions
    before, after = "".join(pages[:first]), "".join(pages[first:])
    assert len(re.findall(r"Question \d+, page \d+", before)) == questions
    assert len(re.findall(r"Question \d+, page \d+", after)) == questions
    for solution in re.findall(r"Exercise [\d.]+, page (\d+)", before):
        assert int(solution) > first


def test_no_link_leads_to_the_machine_that_printed(pdf: bytes) -> None:
    addresses = re.findall(rb"/URI \((.*?)\)", pdf)
    assert all(address.startswith(b"https://") for address in addresses)
    assert b"file:" not in pdf


def test_what_would_be_cut_is_an_error(tmp_path: Path, browser: Browser) -> None:
    (tmp_path / "_static").symlink_to(SITE / "_static")
    page = (SITE / "references.html").read_text("utf-8")
    wide = f'<p style="white-space: nowrap">{"too long " * 40}</p></article>'
    (tmp_path / "references.html").write_text(page.replace("</article>", wide), "utf-8")
    with pytest.raises(
        ValueError, match=r"references: too wide for the paper:\n<p> too long"
    ):
        print_page(browser, tmp_path, "references")


def darkness(document: pypdfium2.PdfDocument) -> list[float]:
    """The share of dark pixels on each page."""
    pages = (page.render(scale=0.5, grayscale=True).to_numpy() for page in document)
    return [(pixels < 128).mean() for pixels in pages]


def test_paper_is_white(printed: pypdfium2.PdfDocument) -> None:
    assert max(darkness(printed)) < 0.2


def test_a_reader_who_prints_a_dark_page_gets_a_white_one(browser: Browser) -> None:
    with browser.new_context(color_scheme="dark") as context:
        page = context.new_page()
        page.goto((SITE / "chapters" / "softmax.html").as_uri())
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        pages = pypdfium2.PdfDocument(
            page.pdf(prefer_css_page_size=True, print_background=True)
        )
        assert max(darkness(pages)) < 0.2
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
