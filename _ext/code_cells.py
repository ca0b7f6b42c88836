"""The switch above a chapter's first cell: all code, what matters, or none. Tags say what matters; see the README."""

import json
from typing import Any

from sphinx.application import Sphinx

# What the switch says. Another language has another table.
WORDS = {"legend": "Code", "all": "all", "matters": "what matters", "none": "none"}


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_js_file(None, body=f"window.codeWords = {json.dumps(WORDS)};")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
