"""Serves MathJax from the site and cuts the icon script down to the icons in use."""

import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

# The parts that `loader` in _config.yml names, what they load themselves, and TeX extensions loaded on first use.
MATHJAX = ["startup.js", "core.js", "input/tex.js", "input/tex/extensions", "output/chtml.js",
           "output/chtml/fonts", "a11y/assistive-mml.js"]
ICON = re.compile(r'"?([a-z0-9-]+)"?:\[\d+,\d+,\[[^\]]*\],"[0-9a-f]+",(?:"[^"]*"|\["[^"]*","[^"]*"\])\],?')


def copy_mathjax(out: Path) -> None:
    """Copy the parts from the package, whose own extension would copy all 24 MB."""
    package = find_spec("sphinx-mathjax-offline")
    assert package and package.origin, "sphinx-mathjax-offline is not installed"
    source = Path(package.origin).parent / "static" / "mathjax"
    for part in MATHJAX:
        target = out / "mathjax" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if (source / part).is_dir():
            shutil.copytree(source / part, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(source / part, target)


def trim_icons(out: Path) -> None:
    """Keep the icons that pages name: of 540 kB gzipped, about 30 remain."""
    pages = "".join(page.read_text("utf-8") for page in out.parent.rglob("*.html"))
    used = set(re.findall(r"\bfa-([a-z0-9-]+)", pages))
    script = out / "scripts" / "fontawesome.js"
    script.write_text(ICON.sub(lambda icon: icon[0] if icon[1] in used else "", script.read_text("utf-8")), "utf-8")


def drop_trimmed_icons(app: Sphinx) -> None:
    """Let Sphinx copy the whole script again: it warns when it would overwrite a changed file."""
    Path(app.outdir, "_static", "scripts", "fontawesome.js").unlink(missing_ok=True)


def finish(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        copy_mathjax(Path(app.outdir, "_static"))
        trim_icons(Path(app.outdir, "_static"))


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", drop_trimmed_icons)
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
