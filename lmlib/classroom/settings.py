"""nbgrader's settings for the folder of a class."""

from __future__ import annotations

from pathlib import Path

from traitlets.config import Config

from lmlib.classroom.exercises import STUB
from lmlib.classroom.release import OPENING
from lmlib.classroom.words import TEXT_STUB

SETTINGS = """# Made by lmlib.classroom, so that nbgrader's own commands work in this folder as well.
from lmlib.classroom.course import Course

c.merge(Course(".").config())
"""


def nbgrader_config(path: Path, book: Path, gradebook: str, sandboxed: bool) -> Config:
    """For the class in ``path``. nbgrader's own execution of the notebook is replaced by `autograde.Sandboxed`."""
    config = Config()
    config.CourseDirectory.root = str(path)
    config.CourseDirectory.db_url = f"sqlite:///{path / gradebook}"
    config.ClearSolutions.code_stub = {"python": STUB}
    config.ClearSolutions.text_stub = TEXT_STUB
    config.Autograde.autograde_preprocessors = [
        "lmlib.classroom.autograde.Sandboxed",
        "nbgrader.preprocessors.SaveAutoGrades",
        "nbgrader.preprocessors.AssignLatePenalties",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    config.GenerateFeedback.preprocessors = [
        "nbgrader.preprocessors.GetGrades",
        "nbconvert.preprocessors.TagRemovePreprocessor",
        "lmlib.classroom.autograde.ShortChecks",
        "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
    ]
    config.TagRemovePreprocessor.remove_cell_tags = {OPENING}
    config.Sandboxed.course = str(path)
    config.Sandboxed.book = str(book)
    config.Sandboxed.sandboxed = sandboxed
    return config
