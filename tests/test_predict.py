"""The directives of questions, on pages of a few lines: what they make, what they refuse, what a translator gets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

Build = Callable[..., tuple[str, str]]
EXTENSIONS = Path(__file__).parents[1] / "_ext"
QUESTION = (
    ":::{predict} coin\n\nHeads or tails?\n\n1. Heads\n2. Tails, $p = 1$\n\n:::\n"
)
REPLIES = (
    ":::{replies} coin\n:right: 1\n\n1. Right: *heads*.\n2. It was heads.\n\n:::\n"
)


@pytest.fixture
def build(tmp_path: Path) -> Build:
    settings = """extensions = ["myst_parser", "predict"]
myst_enable_extensions = ["colon_fence", "dollarmath"]"""
    (tmp_path / "conf.py").write_text(settings, encoding="utf-8")

    def run(text: str, builder: str = "html") -> tuple[str, str]:
        """The page or the messages that are made of ``text``, and all warnings.

        In a process of its own: Sphinx keeps what other builds of the same process have registered.
        """
        (tmp_path / "index.md").write_text(f"# A page\n\n{text}", encoding="utf-8")
        out = tmp_path / builder
        sphinx = [sys.executable, "-m", "sphinx", "-q", "-E", "-b", builder]
        path = os.pathsep.join(map(str, [EXTENSIONS, *sys.path]))
        done = subprocess.run(
            [*sphinx, str(tmp_path), str(out)],
            env=os.environ | {"PYTHONPATH": path, "NO_COLOR": "1"},
            check=True,
            capture_output=True,
            text=True,
        )
        made = out / {"html": "index.html", "gettext": "index.pot"}[builder]
        return made.read_text(encoding="utf-8"), done.stderr

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
