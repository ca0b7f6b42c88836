"""The theme's icons, each a picture in the style sheet that takes the colour of the text.

The theme brings Font Awesome: a script, three fonts, and a class for each of 2,000 icons. Pages use about fifteen.
Their outlines are read from that script while the site is built, and nothing else of it is published.
"""

import re
from urllib.parse import quote

# name:[width,height,[codes and other names],"code","outline"]
OUTLINE = re.compile(
    r'[{,]"?([a-z0-9-]+)"?:\[(\d+),(\d+),\[([^\]]*)\],"[0-9a-f]+","([^"]+)"\]'
)
FONT = "Font Awesome"
USED = re.compile(r"\bfa-([a-z0-9-]+)")
# Signs that the theme sets before or behind words, and the icon of each.
BOXES = {
    "": "bell",
    ".note": "circle-info",
    ".tip": "lightbulb",
    ".hint": "lightbulb",
    ".warning": "triangle-exclamation",
    ".caution": "triangle-exclamation",
    ".danger": "triangle-exclamation",
    ".error": "circle-xmark",
    ".important": "circle-exclamation",
    ".attention": "circle-exclamation",
    ".seealso": "share",
}
SIGNS = {
    f".admonition{box}>.admonition-title::after": name for box, name in BOXES.items()
}
SIGNS |= {
    "a.reference.download::before": "download",
    "div#searchbox p.highlight-link a::before": "magnifying-glass-minus",
}
KINDS = ".fa-solid, .fas, .fa-regular, .far, .fa-brands, .fab"
SHAPE = """{kinds}, {signs} {{
  content: "" !important; display: inline-block; flex: none; height: 1em; width: 1em; vertical-align: -0.125em;
  background: currentColor;
  -webkit-mask: var(--icon) center / contain no-repeat; mask: var(--icon) center / contain no-repeat;
}}
.bd-header-article .btn i {{ width: 1.3rem; }}
.bd-search > i.fa-solid.fa-magnifying-glass {{ position: static; }}
.admonition > .admonition-title::after {{ height: 1lh; }}
.search-button-field > i {{ display: inline-block !important; }}
@media (forced-colors: active) {{ {kinds}, {signs} {{ background: CanvasText; }} }}
"""


def is_replaced(selector: str) -> bool:
    """Whether a selector asks for Font Awesome and nothing else, or a font is one of its own."""
    classes = re.findall(r"\.([\w-]+)", selector)
    alone = classes and all(re.match(r"fa(-|[srbl]?$)", name) for name in classes)
    return FONT in selector or bool(alone)


def outlines(script: str) -> dict[str, str]:
    """The picture of each icon, as an address. Solid icons come last in the script, and so before their namesakes."""
    found = {}
    for name, width, height, others, path in OUTLINE.findall(script):
        picture = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"><path d="{path}"/></svg>'
        address = f'url("data:image/svg+xml,{quote(picture, safe=" =:/")}")'.replace(
            "%22", "'"
        )
        for one in [name, *re.findall(r'"([a-z0-9-]+)"', others)]:
            found[one] = address
    return found


def style(script: str, pages: str) -> str:
    """The sheet for the icons that pages name, and for the theme's signs."""
    known = outlines(script)
    rules = [SHAPE.format(kinds=KINDS, signs=", ".join(SIGNS))]
    rules += [
        f".fa-{name} {{ --icon: {known[name]}; }}"
        for name in sorted({*USED.findall(pages)} & {*known})
    ]
    rules += [
        f"{sign} {{ --icon: {known[name]}; }}"
        for sign, name in SIGNS.items()
        if all(word in pages for word in re.findall(r"\.([\w-]+)", sign.split(">")[0]))
    ]
    return "\n".join(rules)
