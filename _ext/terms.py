"""A word in bold type that the glossary has leads to its line there: the source of a chapter stays plain.

Only the first such place of a page, which is where the word is introduced.
"""

from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform


class BoldTerms(SphinxPostTransform):
    """Puts a reference to the glossary around the words of bold text."""

    default_priority = 5  # before references are resolved

    def run(self, **kwargs: Any) -> None:
        docname = self.env.docname
        domain: Any = self.env.get_domain("std")
        # Lines of the glossary, by their lower-case words; those of this very page lead nowhere.
        known = {word for word, (page, _) in domain._terms.items() if page != docname}
        links = nodes.reference | addnodes.pending_xref
        for strong in [*self.document.findall(nodes.strong)]:
            word = strong.astext().strip(" .,:").lower()
            linked = isinstance(strong.parent, links) or any(
                isinstance(part, links) for part in strong.findall()
            )
            if word not in known or linked:
                continue
            known.remove(word)
            link = addnodes.pending_xref(
                "",
                *strong.children,
                refdomain="std",
                reftype="term",
                reftarget=word,
                refdoc=docname,
                refexplicit=True,
                refwarn=False,
            )
            strong.children = []
            strong += link


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_post_transform(BoldTerms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
