"""The directives of questions, on pages of a few lines: what they make, what they refuse, what a translator gets."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

Build = Callable[..., tuple[str, str]]
EXTENSIONS = Path(__file__).parents[1] / "_ext"
QUESTION = (
    ":::{predict} coin\n\nHeads or tails?\n\n1. Heads\n2. Tails, $p = 1$\n\n:::\n"
)
REPLIES = (
    ":::{replies} coin\n:right: 1\n\n1. Right: *heads*.\n2. It was heads.\n\n:::\n"
)


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    monkeypatch.syspath_prepend(str(EXTENSIONS))

    def run(text: str, builder: str = "html") -> tuple[str, str]:
        """The page or the messages that are made of ``text``, and all warnings."""
        (tmp_path / "index.md").write_text(f"# A page\n\n{text}", encoding="utf-8")
        warnings = io.StringIO()
        out = tmp_path / builder
        settings = {
            "extensions": ["myst_parser", "predict"],
            "myst_enable_extensions": ["colon_fence", "dollarmath"],
        }
        folders = (str(tmp_path), None, str(out), str(tmp_path / "trees"), builder)
        with docutils_namespace():
            app = Sphinx(*folders, settings, None, warnings, freshenv=True)
            app.build()
        made = out / {"html": "index.html", "gettext": "index.pot"}[builder]
        # Where another site was built in this process, Sphinx says that it knows its own nodes already.
        said = warnings.getvalue().splitlines(keepends=True)
        own = "".join(line for line in said if "already registered" not in line)
        return made.read_text(encoding="utf-8"), own

    return run


def test_each_reply_is_a_fold_under_its_choice(build: Build) -> None:
    page, warnings = build(f"{QUESTION}\nA coin is tossed.\n\n{REPLIES}")
    assert not warnings
    found = BeautifulSoup(page, "html.parser")
    assert [item.text.strip() for item in found.select(".question-choices li")] == [
        "Heads",
        "Tails, \\(p = 1\\)",
    ]
    replies = found.select_one(".replies[data-question=predict-coin][data-right='1']")
    assert replies
    folds = replies.select("details[name=predict-coin]")
    assert [fold.summary.text for fold in folds] == [
        "A. Heads",
        "B. Tails, \\(p = 1\\)",
    ]  # type: ignore[union-attr]
    assert [fold.p.text for fold in folds] == ["Right: heads.", "It was heads."]  # type: ignore[union-attr]


def test_replies_of_a_quiz_stand_under_their_question(build: Build) -> None:
    quiz = QUESTION.replace("predict", "quiz")
    page, warnings = build(f"{quiz}\nOther text.\n\n{REPLIES}")
    assert not warnings
    card = BeautifulSoup(page, "html.parser").select_one(".question.quiz")
    assert card and "replies" in card.find_next_sibling()["class"]  # type: ignore[index]


@pytest.mark.parametrize(
    "text, said",
    [
        (QUESTION, "predict-coin has no replies"),
        (REPLIES, "coin: as many replies as one question has choices"),
        (QUESTION + "\n" + REPLIES.replace("2. It was heads.\n", ""), "as many replies"),
        (QUESTION.replace("2. Tails, $p = 1$\n\n", "2. Tails\n\nand more\n\n"), "a numbered list"),
        (REPLIES.replace(":right: 1", ":right: 3"), "the number of the right choice"),
        (REPLIES.replace(":right: 1\n", ""), "the number of the right choice"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_a_warning(
    build: Build, text: str, said: str
) -> None:
    assert said in build(text)[1]


def test_a_translator_gets_question_choices_and_replies(build: Build) -> None:
    messages, _ = build(f"{QUESTION}\n{REPLIES}", "gettext")
    for text in ("Heads or tails?", "Heads", "Tails, $p = 1$", "Right: *heads*."):
        assert f'msgid "{text}"' in messages
