"""Conversations as one text: messages become a prompt by the template that came with the model.

>>> template = "{% for m in messages %}[{{ m.role }}] {{ m.content }}\\n{% endfor %}"
>>> render_chat(template, [{"role": "user", "content": "Hi"}])
'[user] Hi\\n'
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from lmlib.interop.packages import needed
from lmlib.validation import check_choice

Message = Mapping[str, Any]
"""Who speaks, ``role``, and what they say, ``content``."""
ROLES = ("system", "user", "assistant", "tool")
BEGIN, END_OF_TURN = "<|im_start|>", "<|im_end|>"
# The two, and what a hurried writer makes of them.
_MARK = re.compile(r"<\s*\|?\s*/?\s*im[_ -]?(start|end)\s*\|?\s*>", re.IGNORECASE)
_HELP = "or give the messages to chat(), which writes all of it"


def render_chat(
    template: str,
    messages: Sequence[Message],
    add_generation_prompt: bool = True,
    **variables: Any,
) -> str:
    """The prompt that ``messages`` become, as Transformers' ``apply_chat_template`` writes it.

    It ends with the beginning of the model's answer, unless ``add_generation_prompt=False``.
    ``variables`` are what else the template asks for, such as ``bos_token``. Raises ValueError for
    messages that are none, and where the template is wrong or refuses them; ImportError without jinja2.
    """
    check_messages(messages)
    if not template:
        raise ValueError(
            "template: the model came without one, so it has seen no conversations; give it a text to go on with, "
            "or take a model that is called 'Instruct' or 'Chat'"
        )
    jinja2 = needed("jinja2")
    # Only now, so that what can do without templates can do without jinja2.
    from lmlib.interop.chat_sandbox import compiled

    try:
        return compiled(template).render(
            messages=[*map(dict, messages)],
            add_generation_prompt=add_generation_prompt,
            **{"tools": None, "documents": None, **variables},
        )
    except jinja2.TemplateSyntaxError as error:
        raise ValueError(
            f"template: line {error.lineno} is not Jinja ({error.message}); take it from the model's own file"
        ) from error
    except jinja2.TemplateError as error:
        raise ValueError(
            f"messages: the model's template refuses them ({error}); change what it names"
        ) from error


def check_messages(messages: Sequence[Message]) -> None:
    """Raise ValueError where ``messages`` is not a list of dicts with a role and a text each.

    >>> check_messages("Hi")
    Traceback (most recent call last):
    ValueError: messages: 'Hi' is no list; write [{"role": "user", "content": "…"}]
    """
    if not isinstance(messages, list | tuple) or not messages:
        kind = "empty" if isinstance(messages, list | tuple) else "no list"
        raise ValueError(
            f'messages: {messages!r} is {kind}; write [{{"role": "user", "content": "…"}}]'
        )
    for i, message in enumerate(messages):
        if not isinstance(message, Mapping):
            raise ValueError(
                f'messages[{i}]: {message!r} is no dict; write {{"role": "user", "content": "…"}}'
            )
        for key in ("role", "content"):
            if not isinstance(message.get(key), str):
                raise ValueError(
                    f"messages[{i}]: its {key!r} is {message.get(key)!r}; give a text"
                )
        check_choice(f"messages[{i}]['role']", message["role"], ROLES)


def check_chat(text: str) -> None:
    """Raise ValueError where the turns of a conversation in ``text`` are not whole.

    They are ``<|im_start|>role`` up to ``<|im_end|>``; only the last one may be open, which is the
    model's own. A text with no turn in it is as good as any.

    >>> check_chat("<|im_start|>user\\nHi<|im_end|>\\n<|im_start|>assistant\\n")
    >>> check_chat("<|im_start|>user\\nHi")
    Traceback (most recent call last):
    ValueError: text: the turn of 'user' at character 0 has no '<|im_end|>', ...
    """
    begun: re.Match[str] | None = None
    for mark in _MARK.finditer(text):
        _check_spelling(mark)
        if (mark[0] == BEGIN) == (begun is not None):
            _refuse(text, begun or mark)
        begun = mark if mark[0] == BEGIN else None
        if begun:
            _check_role(text, begun)
    if begun and _role(text, begun) != "assistant":
        _refuse(text, begun)


def _role(text: str, begin: re.Match[str]) -> str:
    return text[begin.end() :].partition("\n")[0]


def _check_spelling(mark: re.Match[str]) -> None:
    right = BEGIN if mark[1].lower() == "start" else END_OF_TURN
    if mark[0] != right:
        raise ValueError(
            f"text: {mark[0]!r} at character {mark.start()} is no token of the model; write {right!r}, {_HELP}"
        )


def _check_role(text: str, begin: re.Match[str]) -> None:
    role = _role(text, begin)
    if role not in ROLES or "\n" not in text[begin.end() :]:
        raise ValueError(
            f"text: behind {BEGIN!r} at character {begin.start()} stands {role[:20]!r}; write the role and a "
            f"new line, as in {BEGIN + 'user' + chr(10)!r}, {_HELP}"
        )


def _refuse(text: str, mark: re.Match[str]) -> NoReturn:
    if mark[0] == END_OF_TURN:
        raise ValueError(
            f"text: {END_OF_TURN!r} at character {mark.start()} ends no turn; put {BEGIN!r} and a role "
            f"before its text, {_HELP}"
        )
    raise ValueError(
        f"text: the turn of {_role(text, mark)!r} at character {mark.start()} has no {END_OF_TURN!r}, so the "
        f"model takes all behind it for a part of that turn; write it, {_HELP}"
    )
