"""What publishes the book: the workflows, the last check of the site, the downloads that it offers."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup

from tools.address import renewed, stated, version
from tools.check_address import problem
from tools.check_release import unfit, unpublished
from tools.check_site import problems
from tools.site import ROOT, SITE, pages, source

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))
BIN = Path(sys.executable).parent


@pytest.mark.skipif(
    sys.platform != "linux", reason="actionlint comes as a program for Linux"
)
def test_actionlint_finds_nothing() -> None:
    command = [BIN / "actionlint", "-shellcheck", BIN / "shellcheck", *WORKFLOWS]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_may_do_little_and_end(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text("utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    assert "concurrency" in workflow
    assert all(0 < job["timeout-minutes"] <= 90 for job in workflow["jobs"].values())


@pytest.mark.parametrize("path", WORKFLOWS + ACTIONS, ids=lambda path: path.stem)
def test_actions_of_others_are_pinned_to_a_commit(path: Path) -> None:
    used = re.findall(r"uses: (\S+)", path.read_text("utf-8"))
    assert used
    assert not [
        name for name in used if not re.fullmatch(r"\./.+|[\w/-]+@[0-9a-f]{40}", name)
    ]


@pytest.mark.parametrize(
    "urls, says",
    [
        ('Repository = "https://github.com/ann/book"', None),
        (
            'Repository = "https://github.com/Ann/Book.git"\nSite = "https://ann.org"',
            None,
        ),
        ('Repository = "https://github.com/bob/book"', "names bob/book"),
        (
            'Repository = "https://github.com/ann/book"\nIssues = "https://github.com/bob/book/issues"',
            "names ann/book, bob/book",
        ),
        ("", "names no repository"),
    ],
)
def test_a_fork_with_a_wrong_address_is_told_the_command(
    urls: str, says: str | None
) -> None:
    told = problem(f"[project]\n[project.urls]\n{urls}", "ann/book")
    assert told is None if says is None else says in (told or "")
    assert told is None or "`make address REPOSITORY=ann/book`" in told


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """The files that show the version, as the release of 24 December."""
    for path, text in renewed(ROOT, stated()).items():
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, "utf-8")
    (tmp_path / "CHANGELOG.md").write_text(
        f"# Changes\n\n## {version()} (2026-12-24)\n"
    )
    return tmp_path


def spoil(root: Path, file: str, old: str, new: str) -> None:
    path = root / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_a_tag_that_fits_is_a_release(release: Path) -> None:
    assert unfit(f"v{version()}", release) is None


@pytest.mark.parametrize(
    "file, old, new, says",
    [
        ("pyproject.toml", f'"{version()}"', '"7.8.9"', "states the version 7.8.9"),
        ("CHANGELOG.md", "2026-12-24", "unreleased", r"\(unreleased\): its first"),
        ("CHANGELOG.md", f"## {version()}", "## 7.8.9", "begins with 7.8.9"),
        ("CHANGELOG.md", "## ", "# ", "begins with no version"),
        ("CITATION.cff", version(), "7.8.9", "CITATION.cff names another"),
        ("_config.yml", f"v{version()}", "v7.8.9", "_config.yml names another"),
        (
            "chapters/tokens.ipynb",
            f"@v{version()}",
            "@v7.8.9",
            "tokens.ipynb names another",
        ),
    ],
)
def test_a_tag_that_does_not_fit_is_told_so(
    file: str, old: str, new: str, says: str, release: Path
) -> None:
    spoil(release, file, old, new)
    assert re.search(says, unfit(f"v{version()}", release) or "")


def git(folder: Path, *words: str) -> None:
    own = ("user.name=x", "user.email=x@localhost", "tag.gpgsign=false")
    settings = [word for setting in own for word in ("-c", setting)]
    subprocess.run(["git", "-C", folder, *settings, *words], check=True)


def test_pages_wait_for_the_tag_that_colab_installs(release: Path) -> None:
    git(release, "init", "-q")
    git(release, "remote", "add", "origin", str(release))
    assert f"There is no tag v{version()}" in (unpublished(release) or "")
    git(release, "add", ".")
    git(release, "-c", "commit.gpgsign=false", "commit", "-qm", "x")
    git(release, "tag", f"v{version()}")
    assert unpublished(release) is None
    spoil(
        release, "pyproject.toml", stated(), "Some-one/book"
    )  # a fork, not tagged yet
    assert "with another repository's address" in (unpublished(release) or "")


NAMES = ["intro", "chapters/tokens", "chapters/embeddings", "references"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The sources and built pages of four pages of the book, to be spoilt."""
    if not (SITE / "index.html").exists():
        pytest.fail("there is no built site; run `make book` first")
    (tmp_path / "site" / "chapters").mkdir(parents=True)
    (tmp_path / "chapters").mkdir()
    for name in NAMES:
        shutil.copy(SITE / f"{name}.html", tmp_path / "site" / f"{name}.html")
        shutil.copy(source(name), tmp_path / source(name).relative_to(ROOT))
    shutil.copy(ROOT / "references.bib", tmp_path)
    toc = {
        "format": "jb-book",
        "root": NAMES[0],
        "chapters": [{"file": n} for n in NAMES[1:]],
    }
    (tmp_path / "_toc.yml").write_text(yaml.safe_dump(toc))
    return tmp_path


def test_the_built_site_is_complete() -> None:
    assert problems(ROOT, SITE) == []


def without_text(page: Path) -> None:
    soup = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    soup.article.clear()  # type: ignore[union-attr]
    page.write_text(str(soup), "utf-8")


TOKENS, EMBEDDINGS = "chapters/tokens.html", "chapters/embeddings.html"


@pytest.mark.parametrize(
    "spoil, found",
    [
        (lambda site: site, []),
        (lambda site: (site / TOKENS).unlink(), [f"{TOKENS} is missing"]),
        (lambda site: (site / TOKENS).write_text(""), [f"{TOKENS} does not say"] * 2),
        (lambda site: without_text(site / TOKENS), [f"{TOKENS} does not say"] * 2),
        (
            lambda site: shutil.copy(site / EMBEDDINGS, site / TOKENS),
            [f"{TOKENS} does not say"] * 2,
        ),
        (
            lambda site: without_text(site / "references.html"),
            ["references.html does not"] * 2,
        ),
        (
            lambda site: shutil.copy(site / TOKENS, site / "chapters/old.html"),
            ["chapters/old.html is no page of the book"],
        ),
    ],
    ids=[
        "whole",
        "missing",
        "empty file",
        "no text",
        "other chapter",
        "no works",
        "too many",
    ],
)
def test_a_spoilt_site_is_not_published(
    spoil: Callable[[Path], object], found: list[str], root: Path
) -> None:
    spoil(root / "site")
    said = problems(root, root / "site")
    assert len(said) == len(found)
    assert all(
        sentence.startswith(start) for sentence, start in zip(said, found, strict=True)
    )


def test_an_empty_site_is_not_published(tmp_path: Path) -> None:
    assert problems(ROOT, tmp_path) == [f"{name}.html is missing" for name in pages()]


@pytest.fixture
def small_book(tmp_path: Path) -> Path:
    """A book of two pages, with this book's theme and extension."""
    (tmp_path / "conf.py").write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(ROOT / '_ext')!r})\n"
        "extensions = ['myst_parser', 'sphinx_book_theme', 'downloads']\n"
        "html_theme = 'sphinx_book_theme'\n"
        "myst_enable_extensions = ['colon_fence']\n",
        "utf-8",
    )
    (tmp_path / "index.md").write_text(
        "# Book\n\n:::{downloads} *.zip\n**All** of it.\n:::\n\n```{toctree}\nparts/one\n```\n"
    )
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "one.md").write_text(
        "# One\n\n:::{downloads} *.zip\nHere too.\n:::\n"
    )
    return tmp_path


def test_downloads_are_offered_where_there_are_any_and_nowhere_else(
    small_book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = small_book / "made"
    made.mkdir()
    for name in ("all.zip", "one.pdf"):
        (made / name).write_bytes(b"x" * 2_000_000)

    def links() -> dict[str, list[str]]:
        command = [
            sys.executable,
            "-m",
            "sphinx",
            "-q",
            "-W",
            small_book,
            small_book / "out",
        ]
        subprocess.run(command, check=True)
        soups = {
            page: BeautifulSoup(
                (small_book / "out" / page).read_text("utf-8"), "html.parser"
            )
            for page in ("index.html", "parts/one.html")
        }
        return {
            page: sorted(str(a["href"]) for a in soup.select("a[href*='downloads/']"))
            for page, soup in soups.items()
        }

    nothing = {"index.html": [], "parts/one.html": []}
    assert links() == nothing
    monkeypatch.setenv("DOWNLOADS", str(made))
    assert links() == {
        "index.html": ["downloads/all.zip"],
        "parts/one.html": ["../downloads/all.zip", "../downloads/one.pdf"],
    }
    assert (small_book / "out" / "downloads" / "one.pdf").stat().st_size == 2_000_000
    assert "(2.0\u00a0MB)" in (small_book / "out" / "index.html").read_text("utf-8")
    monkeypatch.delenv("DOWNLOADS")
    assert links() == nothing
    assert not (small_book / "out" / "downloads").exists()
