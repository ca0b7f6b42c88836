"""Serves MathJax from the site and cuts the icon script down to the icons in use."""

import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

# The parts that `loader` in _config.yml names, what they load themselves, and TeX extensions loaded on first use.
MATHJAX = [
    "startup.js",
    "core.js",
    "input/tex.js",
    "input/tex/extensions",
    "output/chtml.js",
    "output/chtml/fonts",
    "a11y/assistive-mml.js",
]
ICON = re.compile(
    r'"?([a-z0-9-]+)"?:\[\d+,\d+,\[[^\]]*\],"[0-9a-f]+",(?:"[^"]*"|\["[^"]*","[^"]*"\])\],?'
)


def package_path(name: str, *parts: str) -> Path:
    """A path inside an installed package."""
    package = find_spec(name)
    assert package and package.origin, f"{name} is not installed"
    return Path(package.origin).parent.joinpath(*parts)


def copy_mathjax(static: Path) -> None:
    """Copy the parts from the package, whose own extension would copy all 24 MB."""
    source = package_path("sphinx-mathjax-offline", "static", "mathjax")
    for part in MATHJAX:
        target = static / "mathjax" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if (source / part).is_dir():
            shutil.copytree(source / part, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(source / part, target)


def trim_icons(static: Path) -> None:
    """Keep the icons that pages name: of 540 kB gzipped, 20 remain."""
    pages = "".join(page.read_text("utf-8") for page in static.parent.rglob("*.html"))
    used = set(re.findall(r"\bfa-([a-z0-9-]+)", pages))
    script = static / "scripts" / "fontawesome.js"
    script.write_text(
        ICON.sub(
            lambda icon: icon[0] if icon[1] in used else "", script.read_text("utf-8")
        ),
        "utf-8",
    )


def restore_icons(app: Sphinx) -> None:
    """Put the whole script back before a build: Sphinx warns where it would overwrite a changed file."""
    script = Path(app.outdir, "_static", "scripts", "fontawesome.js")
    if script.exists():
        theme = package_path(
            "pydata_sphinx_theme", "theme", "pydata_sphinx_theme", "static"
        )
        shutil.copyfile(theme / "scripts" / script.name, script)


def outdated(app: Sphinx, env: BuildEnvironment, *changes: set[str]) -> list[str]:
    """All pages where a file of _static has changed: a page names it with its checksum, and Sphinx does not look."""
    ours, built = Path(app.srcdir, "_static"), Path(app.outdir, "_static")
    same = all(
        (built / file.name).is_file() and (built / file.name).read_bytes() == file.read_bytes()
        for file in ours.iterdir()
    )
    return [] if same else sorted(env.found_docs)


def finish(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        copy_mathjax(Path(app.outdir, "_static"))
        trim_icons(Path(app.outdir, "_static"))


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", restore_icons)
    app.connect("env-get-outdated", outdated)
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
