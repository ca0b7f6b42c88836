"""The built site and the sources it was made of."""

from pathlib import Path

import yaml
from sphinx_external_toc.parsing import parse_toc_yaml

ROOT = Path(__file__).parents[1]
SITE = ROOT / "_build" / "html"


def pages(root: Path = ROOT) -> list[str]:
    """The pages that ``_toc.yml`` names, in order and without an ending: intro, chapters/softmax, …"""
    return list(parse_toc_yaml(root / "_toc.yml"))


def source(name: str, root: Path = ROOT) -> Path:
    """The file that a page was made of: Markdown or a notebook."""
    markdown = root / f"{name}.md"
    return markdown if markdown.exists() else root / f"{name}.ipynb"


def book_title(root: Path = ROOT) -> str:
    """The title of the book, from ``_config.yml``."""
    return yaml.safe_load((root / "_config.yml").read_text("utf-8"))["title"]
