"""The glossary: each word has its Chinese name and its section, and a chapter introduces it in bold type."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "glossary.md").read_text("utf-8")
BODY = TEXT.split(":::{glossary}\n")[1].split("\n:::")[0]
ENTRIES = [entry.split("\n") for entry in BODY.strip().split("\n\n")]
TERMS = [line for entry in ENTRIES for line in entry if not line.startswith(" ")]


def bold_words() -> set[str]:
    """What stands in bold type in the chapters, in small letters."""
    found = set()
    for path in (ROOT / "chapters").glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                bold = re.findall(r"\*\*([^*\n]+)\*\*", cell.source)
                found |= {words.strip(" .,:").lower() for words in bold}
    return found


def test_entries_stand_in_order_and_once() -> None:
    first = [entry[0].lower() for entry in ENTRIES]
    assert first == sorted(first)
    assert len({term.lower() for term in TERMS}) == len(TERMS)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry[0])
def test_an_entry_has_a_chinese_name_a_sentence_and_a_section(entry: list[str]) -> None:
    meaning = entry[-1]
    assert meaning.startswith("  ")
    chinese = meaning.strip().split(". ")[0]
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert re.search(r"\]\(chapters/\w+\.ipynb#[\w-]+\)", meaning)


def test_a_chapter_introduces_each_entry_in_bold_type() -> None:
    """`_ext/terms.py` makes a link of the first such place of a page."""
    bold = bold_words()
    missing = [e[0] for e in ENTRIES if not bold & {t.lower() for t in e[:-1]}]
    assert not missing
