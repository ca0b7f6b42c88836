"""Makes pages light: one style sheet with what pages use, scripts that wait, and no file that no page names.

All of it happens on the finished pages, so that theme and extensions stay as their makers publish them.
"""

import hashlib
import re
from pathlib import Path
from typing import Any

import icons
import pydata_sphinx_theme
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from styles import Bundle

SHEET = re.compile(
    r'[ \t]*<link(?=[^>]* rel="stylesheet")[^>]*? href="((?:\.\./)*)_static/([^"?]+)[^>]*>\n?'
)
SCRIPT = re.compile(
    r'[ \t]*<script([^>]*) src="((?:\.\./)*)([^"?]+)([^"]*)"></script>\n?'
)
PRELOAD = re.compile(r'[ \t]*<link rel="preload" as="script"[^>]*>\n?')
INLINE = re.compile(r"<script(?![^>]* src=)[^>]*>(.*?)</script>", re.DOTALL)
NAMES = re.compile(r"""\b(?:class|id)=(?:"([^"]*)"|'([^']*)')""")
SITE_SHEET, ICON_SHEET = "site.css", "icons.css"
THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme"
ICONS = THEME / "static" / "scripts" / "fontawesome.js"
# Bootstrap's script knows many parts that no page has; these are the names that it gives to those it has.
GIVEN = {"active", "collapse", "collapsed", "collapsing", "dropdown", "fade", "show"}
GIVEN |= {f"tooltip{part}" for part in ("", "-inner", "-arrow")}
GIVEN |= {f"bs-tooltip-{side}" for side in ("auto", "top", "bottom", "start", "end")}
# A script, and what a page has that needs it. Search is a page of its own here, which nobody sees who does not search.
NEEDED = {
    "fontawesome.js": r"(?!)",
    "searchtools.js": r'<div id="search-results">',
    "language_data.js": r'<div id="search-results">',
    "searchindex.js": r'<div id="search-results">',
    "search_passages.js": r'<div id="search-results">',
    "design-tabs.js": r"sd-tab-set",
    "strip.js": r'class="lm-strip',
    "togglebutton.js": r'class="(?:[^"]* )?toggle[ "]|class="[^"]*admonition[^"]* dropdown[ "]',
}


def scripts_wait(page: str, out: Path) -> str:
    """A page whose scripts do not keep it from being shown, and of these only the ones that it needs."""

    def waiting(script: re.Match[str]) -> str:
        name = script[3].rpartition("/")[2]
        if not re.search(NEEDED.get(name, ""), page):
            return ""
        if name == "documentation_options.js":  # the theme's next line asks for it
            return f"<script>{(out / script[3]).read_text('utf-8')}</script>\n"
        return (
            script[0]
            if "defer" in script[1]
            else script[0].replace("<script", "<script defer", 1)
        )

    return SCRIPT.sub(waiting, PRELOAD.sub("", page))


def words(pages: list[str], out: Path) -> set[str]:
    """All that may be a class or an id on a page, now or when its scripts have run."""
    found = {
        word
        for page in pages
        for pair in NAMES.findall(page)
        for word in " ".join(pair).split()
    }
    scripts = {script[2] for page in pages for script in SCRIPT.findall(page)}
    texts = [
        (out / name).read_text("utf-8")
        for name in scripts
        if not name.endswith("bootstrap.js")
    ]
    texts += [text for page in pages for text in INLINE.findall(page)]
    return found.union(GIVEN, *(re.findall(r"[\w-]+", text) for text in texts))


def one_sheet(app: Sphinx, pages: list[str], sheets: list[str]) -> str:
    """The style of all pages. The book's own sheets come last, and whole: they also serve what is made of the pages."""
    static, own = Path(app.outdir, "_static"), Path(app.srcdir, "_static")
    bundle = Bundle(static, words(pages, Path(app.outdir)), icons.is_replaced)
    (static / ICON_SHEET).write_text(
        icons.style(ICONS.read_text("utf-8"), "".join(pages)), "utf-8"
    )
    for name in sorted([*sheets, ICON_SHEET], key=lambda name: (own / name).exists()):
        bundle.add(static / name, whole=(own / name).exists() or name == ICON_SHEET)
    # A widget has a style of its own, which may ask for a variable of the page.
    widgets = (file.read_text("utf-8") for file in (static / "widgets").glob("*.js"))
    return bundle.text("".join([*pages, *widgets]))


def with_sheet(page: str, css: str) -> str:
    """A page that asks for the one sheet, and for nothing beside it: fonts that came first would keep it waiting."""
    first = SHEET.search(page)
    if not first:
        return page
    base, version = first[1], hashlib.sha256(css.encode()).hexdigest()[:8]
    link = f'<link rel="stylesheet" href="{base}_static/{SITE_SHEET}?v={version}" />\n'
    return page[: first.start()] + link + SHEET.sub("", page[first.end() :])


def remove_rest(app: Sphinx, texts: str) -> None:
    """Files of theme and extensions that no page, script or sheet names."""
    static = Path(app.outdir, "_static")
    for file in [path for path in static.rglob("*") if path.is_file()]:
        own = Path(app.srcdir, "_static", file.relative_to(static)).exists()
        named = (
            file.name.removesuffix(".LICENSE.txt") in texts and file.suffix != ".map"
        )
        if not own and not named:
            file.unlink()
    for folder in sorted(
        (path for path in static.rglob("*") if path.is_dir()), reverse=True
    ):
        if not any(folder.iterdir()):
            folder.rmdir()


def finish(app: Sphinx, error: Exception | None) -> None:
    """Go through all pages, also those of an earlier build: the sheet is for all of them."""
    if error is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    files = [path for path in out.rglob("*.html") if "_static" not in path.parts]
    pages = {path: scripts_wait(path.read_text("utf-8"), out) for path in files}
    sheets = list(
        dict.fromkeys(
            name for page in pages.values() for _, name in SHEET.findall(page)
        )
    )
    if sheets in ([], [SITE_SHEET]):
        return  # nothing was written
    css = one_sheet(
        app, [*pages.values()], [name for name in sheets if name != SITE_SHEET]
    )
    (out / "_static" / SITE_SHEET).write_text(css, "utf-8")
    for path, page in pages.items():
        pages[path] = with_sheet(page, css)
        path.write_text(pages[path], "utf-8")
    scripts = {
        out / script[2] for page in pages.values() for script in SCRIPT.findall(page)
    }
    texts = [*pages.values(), css, *(script.read_text("utf-8") for script in scripts)]
    remove_rest(app, "".join(texts))


def outdated(app: Sphinx, env: BuildEnvironment, *changes: set[str]) -> list[str]:
    """All pages where a file of _static has changed: a page names it with its checksum, and Sphinx does not look."""
    ours, built = Path(app.srcdir, "_static"), Path(app.outdir, "_static")
    same = all(
        (built / file.name).is_file()
        and (built / file.name).read_bytes() == file.read_bytes()
        for file in ours.iterdir()
    )
    return [] if same else sorted(env.found_docs)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("env-get-outdated", outdated)
    app.connect("build-finished", finish, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
