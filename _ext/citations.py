"""One style of references: a work is listed under the words by which the text cites it, as "Vaswani et al., 2017".

A screen reader can follow the roles of the list: docutils nests some that do not go together.
"""

from collections import defaultdict
from collections.abc import Iterator
from string import ascii_lowercase
from typing import Any

from pybtex.database import Entry, Person
from pybtex.plugin import register_plugin
from pybtex.style.formatting.plain import Style as PlainStyle
from pybtex.style.labels import BaseLabelStyle
from sphinx.application import Sphinx


def surname(person: Person) -> str:
    return " ".join(
        str(name) for name in person.rich_prelast_names + person.rich_last_names
    )


def author_year(entry: Entry) -> str:
    """Who and when, as `bibtex_reference_style: author_year` writes it in the text."""
    people = entry.persons.get("author") or entry.persons.get("editor", [])
    names = [surname(person) for person in people]
    who = " and ".join(names) if len(names) < 3 else f"{names[0]} et al."
    return f"{who}, {entry.fields['year']}"


class AuthorYearLabels(BaseLabelStyle):  # type: ignore[misc]
    def format_labels(self, entries: list[Entry]) -> Iterator[str]:
        return map(author_year, entries)


class Listed(PlainStyle):  # type: ignore[misc]
    """The plain style of BibTeX, with author and year in place of a number."""

    default_label_style = AuthorYearLabels


def tell_apart(app: Sphinx) -> None:
    """Works of the same authors and year get the years 2013a, 2013b, in the order of their titles."""
    alike = defaultdict(list)
    for entry in app.env.get_domain("cite").bibdata.data.entries.values():  # type: ignore[attr-defined]
        alike[author_year(entry)].append(entry)
    for entries in alike.values():
        if len(entries) > 1:
            entries.sort(key=lambda entry: entry.fields["title"].lower())
            for letter, entry in zip(ascii_lowercase, entries, strict=False):
                entry.fields["year"] += letter


def plain_list(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    if "body" in context:
        context["body"] = context["body"].replace(
            '<div role="list" class="citation-list">', '<div class="citation-list">'
        )


def setup(app: Sphinx) -> dict[str, Any]:
    register_plugin("pybtex.style.formatting", "listed", Listed)
    app.connect("builder-inited", tell_apart)
    app.connect("html-page-context", plain_list)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
