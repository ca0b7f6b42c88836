"""Shows only notebooks that ran, and their outputs as they are.

A stored error or an unexecuted cell is a warning, which fails the build.
"""

import json
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)


def problems(notebook: dict[str, Any]) -> Iterator[str]:
    """What a reader should not see, a sentence each."""
    code = [
        cell
        for cell in notebook["cells"]
        if cell["cell_type"] == "code" and "".join(cell["source"]).strip()
    ]
    for number, cell in enumerate(code, 1):
        if cell["execution_count"] is None:
            yield f"code cell {number} was never executed; run `make chapters`"
        for output in cell["outputs"]:
            if output["output_type"] == "error":
                yield f"code cell {number} stored an error: {output['ename']}: {output['evalue']}"


def check_notebook(app: Sphinx, docname: str, source: list[str]) -> None:
    """Warn about problems, and drop the widget state, which only a kernel's front end can use."""
    if app.env.doc2path(docname).endswith(".ipynb"):
        notebook = json.loads(source[0])
        for problem in problems(notebook):
            logger.warning(problem, location=docname)
        notebook["metadata"].pop("widgets", None)
        source[0] = json.dumps(notebook)


class OutputsAsWritten(SphinxTransform):
    """In outputs quotes stay straight and dots apart: Sphinx mends them in prose, but these may be tokens."""

    default_priority = 700  # before Sphinx's own, which has 750

    def apply(self, **kwargs: Any) -> None:
        for node in self.document.findall(nodes.container):
            if "cell_output" in node["classes"]:
                node["support_smartquotes"] = False


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_transform(OutputsAsWritten)
    app.connect("source-read", check_notebook)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
