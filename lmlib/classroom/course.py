"""A folder that holds one class: its secret seed, its notebooks, its gradebook. nbgrader's own layout.

``source/`` has the answer keys, ``release/`` what students get, ``otter/`` the same for Otter,
``submitted/`` what was collected, ``autograded/`` what was graded, ``feedback/`` pages for students.
"""

from __future__ import annotations

import logging
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from lmlib.classroom.assignments import BOOK, Assignment
from lmlib.classroom.release import otter_notebook, source_notebook
from lmlib.classroom.settings import SETTINGS, nbgrader_config
from lmlib.files import unfinished, write_whole


@dataclass(frozen=True)
class Course:
    """The folder ``root`` of a class, for the assignments of the clone ``book``."""

    root: str | Path
    book: Path = BOOK

    @property
    def path(self) -> Path:
        """The folder, from /."""
        return Path(self.root).resolve()

    @property
    def seed(self) -> str:
        """The secret that decides the hidden inputs. It is made once, and must never be published.

        Raises ValueError where the file is empty: then everybody would know the secret.
        """
        file = self.path / "seed"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            unfinished(file).touch(0o600)  # its owner's alone, from the first byte on
            write_whole(file, secrets.token_hex(16))
        seed = file.read_text("ascii").strip()
        if not seed:
            raise ValueError(
                f"seed: {file} is empty; put it back from a copy, or delete it: the next command makes a new one"
            )
        return seed

    def require(self) -> None:
        """Raise ValueError where there is no such folder, as after a slip of the pen."""
        if not self.path.is_dir():
            raise ValueError(
                f"course: {self.path} is no folder of a class; name one with --course, or release an "
                "assignment, which makes it"
            )

    def assignment(self, topic: str) -> Assignment:
        """The assignment of a chapter."""
        return Assignment(topic, self.book)

    def notebook(self, stage: str, topic: str, student: str = ".") -> Path:
        """Where nbgrader keeps a notebook at a stage: source, release, submitted, autograded."""
        return self.path / stage / student / topic / f"{topic}.ipynb"

    def students(self, topic: str, stage: str = "submitted") -> list[str]:
        """Who has a notebook at a stage, sorted."""
        found = (self.path / stage).glob(f"*/{topic}/{topic}.ipynb")
        return sorted(path.parent.parent.name for path in found)

    def config(self, gradebook: str = "gradebook.db", sandboxed: bool = True) -> Config:
        """nbgrader's settings for this class."""
        return nbgrader_config(self.path, self.book, gradebook, sandboxed)

    def nbgrader(self, config: Config) -> NbGraderAPI:
        """nbgrader for this class."""
        logging.getLogger("traitlets").addHandler(logging.NullHandler())
        return NbGraderAPI(CourseDirectory(config=config), config=config)

    @contextmanager
    def gradebook(self) -> Iterator[Gradebook]:
        """The gradebook of the class. Raises ValueError where nothing was released."""
        if not (self.path / "gradebook.db").exists():
            raise ValueError(
                f"course: {self.path} has no gradebook yet; release an assignment first"
            )
        with Gradebook(f"sqlite:///{self.path / 'gradebook.db'}") as gradebook:
            yield gradebook

    def release(self, topic: str) -> Path:
        """Make the notebook for students, the answer key and Otter's notebook. Returns the first."""
        assignment = self.assignment(topic)
        assignment.inputs_module  # noqa: B018  # an assignment without inputs fails now, not when grading
        assert self.seed
        for stage, make in (("source", source_notebook), ("otter", otter_notebook)):
            text = nbformat.writes(make(assignment)) + "\n"
            write_whole(self.notebook(stage, topic), text)
        write_whole(self.path / "nbgrader_config.py", SETTINGS)
        # A new gradebook calls the program `alembic`, which stands beside Python and perhaps not on the PATH.
        os.environ["PATH"] = (
            f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        )
        succeed(self.nbgrader(self.config()).generate_assignment(topic))
        return self.notebook("release", topic)


def succeed(outcome: dict[str, Any]) -> None:
    """Raise RuntimeError with nbgrader's own words where it failed."""
    if not outcome["success"]:
        raise RuntimeError(f"nbgrader: {outcome.get('log') or outcome.get('error')}")
