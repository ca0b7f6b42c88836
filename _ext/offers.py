"""Files that only some builds have beside their pages: `make` puts them into a folder and names it in the environment.

Any other build has none of them, and its pages say so or say nothing, so that no link is ever dead.
"""

import os
import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


class Offer:
    """The files in the folder that the environment's ``variable`` names, which go into ``folder`` of the site."""

    def __init__(self, variable: str, folder: str) -> None:
        self.variable, self.folder = variable, folder

    @property
    def source(self) -> str | None:
        """Where the files are; None in a build that has none."""
        return os.environ.get(self.variable)

    def files(self) -> dict[str, int]:
        """Name and size of each."""
        files = sorted(Path(self.source).iterdir()) if self.source else []
        return {file.name: file.stat().st_size for file in files}

    def connect(self, app: Sphinx) -> None:
        """Keep pages and files as the offer is now."""
        app.connect("env-get-outdated", self._outdated)
        app.connect("build-finished", self._finish)

    def _outdated(
        self, app: Sphinx, env: BuildEnvironment, *changes: set[str]
    ) -> list[str]:
        """All pages where the offer has changed."""
        name, now = f"offered_{self.folder}", self.files()
        before = getattr(env, name, {})
        setattr(env, name, now)
        return [] if now == before else sorted(env.found_docs)

    def _finish(self, app: Sphinx, error: Exception | None) -> None:
        """Put the files beside the pages, and those of an earlier build away."""
        target = Path(app.outdir, self.folder)
        if error is None and app.builder.format == "html":
            shutil.rmtree(target, ignore_errors=True)
            if self.source:
                shutil.copytree(self.source, target)
