"""Widgets on the site: files of script that a browser loads once; and the directive ``story-box``.

Classic scripts, since a browser reads no modules from a page that was opened by double click. What two kinds share
stands in ``core.js``; the model's code in ``gpt.js``, and its numbers in ``live.js``, which is asked for when a
widget that needs them is about to be seen; so are those of the assistant, ``assistant.js``, GPT-2's merges,
``merges.js``, and what trains a model, ``train.js``. The picture that stands in for a widget where scripts do not run
is a file too: a reader who has the widget never loads it.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive, directives
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from lmlib.assistant import load_assistant
from lmlib.pretrained import load_book_gpt
from lmlib.widgets import RewardFrontier, StoryBox
from lmlib.widgets.base import LIVE, SHARED, source
from lmlib.widgets.chats import pack_assistant
from lmlib.widgets.live import pack_live
from lmlib.widgets.merges import pack_gpt2
from lmlib.widgets.training import packed_wasm

FIGURE = re.compile(r'<figure class="lm-widget" data-widget="(\w+)"')
MODULE = re.compile(
    r'(<figure class="lm-widget"(?:(?!</figure>).)*?)<script type="module">(?:(?!</script>).)*</script>\n?',
    re.DOTALL,
)
PICTURE = re.compile(
    r'(<figure class="lm-widget"[^>]*>\s*<img [^>]*)src="data:image/png;base64,([^"]*)"'
)
NAMED = re.compile(
    r"^(?:export )?(?:async )?(?:function\*?|const|let) (\w+)", re.MULTILINE
)
KINDS = {
    "attention": True,
    "beam": True,
    "calculator": False,
    "chat": True,
    "duel": False,
    "embedding": False,
    "frontier": False,
    "labels": False,
    "lens": False,
    "story": True,
    "stream": True,
    "temperature": False,
    "training": True,
    "workbench": False,
}
"""The kinds of widgets, and whether they run the model."""
PARTS = {widget._kind: widget._parts for widget in (RewardFrontier,)}
"""What only scripts of these kinds have as well."""


def classic(parts: Iterable[str]) -> str:
    """Parts as one script without modules."""
    text = "\n".join(map(source, parts))
    text = re.sub(r"^export default .*\n?", "", text, flags=re.MULTILINE)
    return re.sub(r"^export ", "", text, flags=re.MULTILINE)


def shared_names(parts: Iterable[str]) -> str:
    """What one script gives to the next."""
    return ", ".join(dict.fromkeys(NAMED.findall(classic(parts))))


def scripts() -> dict[str, str]:
    """The files that pages load, by name."""
    core, live = shared_names(SHARED), shared_names(LIVE)
    found = {
        "core.js": f"""globalThis.lmBase = new URL(".", document.currentScript.src).href;
globalThis.lmCore = (() => {{ {classic(SHARED)}
return {{ {core} }}; }})();""",
        "gpt.js": f"""globalThis.lmLive = (() => {{ const {{ {core} }} = lmCore;
{classic(LIVE)}
return {{ {live} }}; }})();""",
        "train.js": f'lmProvide["train.js"]({json.dumps(packed_wasm())});',
        "merges.js": f'lmProvide["merges.js"]({json.dumps(pack_gpt2())});',
    }
    models = {
        "live.js": pack_live(load_book_gpt()),
        "assistant.js": pack_assistant(*load_assistant()),
    }
    for name, packed in models.items():
        found[name] = f'lmProvide["{name}"]({json.dumps(packed, ensure_ascii=False)});'
    for kind, is_live in KINDS.items():
        names = f"const {{ {core} }} = lmCore;" + (
            f" const {{ {live} }} = lmLive;" if is_live else ""
        )
        found[f"{kind}.js"] = (
            f'{{ {names}\n{classic([*PARTS.get(kind, ()), kind])}\nmountAll("{kind}", render); }}'
        )
    return found


def write_scripts(app: Sphinx) -> None:
    """Put the scripts beside the pages; a name changes with what it names."""
    app.lm_scripts = {}  # type: ignore[attr-defined]
    if app.builder.format != "html":
        return
    folder = Path(app.outdir, "_static", "widgets")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in scripts().items():
        (folder / name).write_text(text, "utf-8")
        version = hashlib.sha256(text.encode()).hexdigest()[:8]
        app.lm_scripts[name] = f"{name}?v={version}"  # type: ignore[attr-defined]


def load_once(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any
) -> None:
    """A page whose widgets share their scripts."""
    body = context.get("body", "")
    kinds = sorted({*FIGURE.findall(body)})
    if not kinds or not app.lm_scripts:  # type: ignore[attr-defined]
        return
    base = context["pathto"]("_static/widgets/", resource=True)

    def stored(picture: re.Match[str]) -> str:
        data = base64.b64decode(picture[2])
        name = f"{hashlib.sha256(data).hexdigest()[:16]}.png"
        Path(app.outdir, "_static", "widgets", name).write_bytes(data)
        return f'{picture[1]}loading="lazy" src="{base}{name}"'

    body = PICTURE.sub(stored, MODULE.sub(r"\1", body))
    needed = ["core.js"]
    if any(KINDS[kind] for kind in kinds):
        needed.append("gpt.js")
    tags = "".join(
        f'<script defer src="{base}{app.lm_scripts[name]}"></script>\n'  # type: ignore[attr-defined]
        for name in [*needed, *(f"{kind}.js" for kind in kinds)]
    )
    context["body"] = body + tags


def outdated(app: Sphinx, env: BuildEnvironment, *changes: set[str]) -> list[str]:
    """Pages with widgets, where a script has changed since they were made."""
    now = json.dumps(getattr(app, "lm_scripts", {}))
    before = getattr(env, "lm_scripts", now)
    env.lm_scripts = now  # type: ignore[attr-defined]
    return [] if before == now else sorted(env.found_docs)


class StoryBoxHere(Directive):
    """A story box in a page of text; its argument is the beginning of the story."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = {"seed": directives.nonnegative_int}

    def run(self) -> list[nodes.Node]:
        box = StoryBox(f"{self.arguments[0]} ", seed=self.options.get("seed", 0))
        html = box._repr_mimebundle_()[0]["text/html"]
        return [nodes.raw("", html, format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("story-box", StoryBoxHere)
    app.connect("builder-inited", write_scripts)
    app.connect("env-get-outdated", outdated)
    app.connect("html-page-context", load_once)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
