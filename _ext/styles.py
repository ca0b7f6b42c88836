"""One style sheet made of many, without what no page uses.

A selector is left out if it asks for a class or an id that no page has, a variable if nothing asks for it, and a font
if no rule names its family. What stands in ``:not(…)``, ``:is(…)`` and the like is not looked at: it stays.
"""

import os
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tinycss2

GROUPS = {"media", "supports", "layer", "container"}
ASKED = re.compile(r"--[\w-]+")
VARIABLE = re.compile(r"var\(\s*(--[\w-]+)")
URL = re.compile(r"""url\(\s*["']?(?!data:|#)([^"')?#]+)[^)]*\)""")
FORMAT = re.compile(r",\s*url\(([^)]+)\) ?format\([^)]*\)")


def plain(tokens: list[Any]) -> str:
    """CSS on one line, without comments and idle spaces."""
    text = tinycss2.serialize([token for token in tokens if token.type != "comment"])
    return re.sub(r"\s+", " ", text).strip().removesuffix(";")


def selectors(prelude: list[Any]) -> Iterator[list[Any]]:
    """The parts between commas."""
    one: list[Any] = []
    for token in prelude:
        if token == ",":
            yield one
            one = []
        else:
            one.append(token)
    yield one


def names(selector: list[Any]) -> Iterator[str]:
    """Classes and ids that a selector asks for."""
    for before, token in zip([None, *selector], selector, strict=False):
        if token.type == "hash" or (token.type == "ident" and before == "."):
            yield token.value


@dataclass
class Rule:
    """What stands before the brace, and behind it: declarations, or the rules of a group."""

    prelude: str
    body: list["str | Rule"]

    def text(self, wanted: Collection[str] | None = None) -> str:
        """As CSS; of variables only those that are wanted."""
        parts = [
            part.text(wanted) if isinstance(part, Rule) else part for part in self.body
        ]
        kept = [
            part
            for part in parts
            if part
            and (wanted is None or part.split(":")[0] in wanted or part[:2] != "--")
        ]
        between = "" if any(isinstance(part, Rule) for part in self.body) else ";"
        return f"{self.prelude}{{{between.join(kept)}}}" if kept else ""


@dataclass
class Bundle:
    """Sheets are added in their order; ``text`` is the result."""

    folder: Path  # where the result will lie: addresses in it start from there
    words: Collection[str]  # classes and ids of all pages
    unwanted: Callable[
        [str], bool
    ]  # selectors and fonts that something else stands for
    rules: list[Rule] = field(default_factory=list)

    def add(self, sheet: Path, whole: bool = False) -> None:
        """Add a file; of one that is ``whole`` all rules are kept."""
        for rule in tinycss2.parse_stylesheet(sheet.read_text("utf-8"), True, True):
            if rule.type == "at-rule" and rule.lower_at_keyword == "import":
                name = next(
                    t.value for t in rule.prelude if t.type in ("string", "url")
                )
                self.add(sheet.parent / name, whole)
            else:
                self.rules += self.kept(rule, sheet.parent, whole)

    def kept(self, rule: Any, home: Path, whole: bool) -> Iterator[Rule]:
        if rule.type == "error":
            raise ValueError(f"{home}: {rule.message}")
        if rule.type == "qualified-rule":
            asked = [one for one in selectors(rule.prelude) if whole or self.used(one)]
            if asked:
                yield Rule(",".join(map(plain, asked)), [*self.declared(rule, home)])
        elif rule.content and rule.lower_at_keyword in GROUPS:
            inside = tinycss2.parse_rule_list(rule.content, True, True)
            body = [part for one in inside for part in self.kept(one, home, whole)]
            yield Rule(f"@{rule.at_keyword} {plain(rule.prelude)}", body)
        elif rule.content:
            prelude = f"@{rule.at_keyword} {plain(rule.prelude)}".strip()
            there = FORMAT.sub(
                lambda form: form[0] if (home / form[1]).exists() else "",
                plain(rule.content),
            )
            if not self.unwanted(there):
                yield Rule(prelude, [self.moved(there, home)])

    def used(self, selector: list[Any]) -> bool:
        return {*names(selector)} <= {*self.words} and not self.unwanted(
            plain(selector)
        )

    def declared(self, rule: Any, home: Path) -> Iterator[str]:
        """Each declaration of a rule, or all at once where rules stand in it."""
        parts = tinycss2.parse_blocks_contents(rule.content, True, True)
        if all(part.type == "declaration" for part in parts):
            for part in parts:
                mark = "!important" if part.important else ""
                yield self.moved(f"{part.name}:{plain(part.value)}{mark}", home)
        elif inside := plain(rule.content):
            yield self.moved(inside, home)

    def moved(self, css: str, home: Path) -> str:
        """With addresses that start from the folder of the result."""

        def there(found: re.Match[str]) -> str:
            return f"url({os.path.relpath(home / found[1], self.folder)})".replace(
                os.sep, "/"
            )

        return URL.sub(there, css)

    def text(self, also: str = "") -> str:
        """The sheet. ``also`` is what else asks for variables."""
        css, before = "".join(rule.text() for rule in self.rules), ""
        while css != before:
            asked = {*ASKED.findall(also), *VARIABLE.findall(css)}
            before, css = css, "".join(rule.text(asked) for rule in self.rules)
        fonts = {rule.text() for rule in self.rules if rule.prelude == "@font-face"}
        for font in fonts:
            css = css.replace(font, "")
        return "".join(sorted(font for font in fonts if family(font) in css)) + css


def family(font: str) -> str:
    """The name that rules call a font by."""
    return re.search(r"font-family:\s*[\"']?([^;\"'}]+)", font)[1]  # type: ignore[index]
