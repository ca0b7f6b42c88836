"""Asking a server: one JSON object there, one back, and a sentence for whatever goes wrong on the way.

Address and key come from the environment, under the names of OpenAI's own client: ``OPENAI_BASE_URL`` (it mostly
ends in ``/v1``), and ``OPENAI_API_KEY`` where the server wants a key. No function returns, stores or shows the key.

>>> from unittest.mock import patch
>>> with patch.dict(os.environ, {"OPENAI_BASE_URL": "localhost:8080"}):
...     ask("/models")
Traceback (most recent call last):
ValueError: OPENAI_BASE_URL: is no plain address; give one such as http://localhost:8080/v1, and ...
"""

from __future__ import annotations

import json
import math
import os
import re
import urllib.request
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError

# Bytes of an answer.
LARGEST = 2**24
_HINTS = {
    401: "set OPENAI_API_KEY to a key that this server knows",
    403: "set OPENAI_API_KEY to a key that may do this",
    404: "check OPENAI_BASE_URL, which mostly ends in /v1, and OPENAI_MODEL; a model for chats needs chat=True",
    429: "wait, or look whether the account has credit",
}


class ServerError(RuntimeError):
    """What a server did not do, in a sentence that says what to try."""


def _key() -> str:
    return os.environ.get("OPENAI_API_KEY", "").strip()


def _without_key(text: str) -> str:
    return text.replace(_key(), "…") if _key() else text


def _headers() -> dict[str, str]:
    # No frame that raises an error keeps the key in a variable, since some tracebacks show variables.
    if not _key().isascii() or not _key().isprintable():
        raise ValueError(
            "OPENAI_API_KEY: holds a character that no key has; copy it again, in one line"
        )
    headers = {"Content-Type": "application/json", "User-Agent": "lmlib"}
    return headers | ({"Authorization": f"Bearer {_key()}"} if _key() else {})


def _address() -> str:
    address = os.environ.get("OPENAI_BASE_URL", "").strip().rstrip("/")
    if not address:
        raise ValueError(
            "OPENAI_BASE_URL: is not set, so there is no server to ask; "
            "give an address such as http://localhost:8080/v1"
        )
    # The message does not show it: someone may have written a key into it.
    # A name, or IPv6 in brackets.
    host = r"(\w[\w-]*(\.\w[\w-]*)*\.?|\[[0-9a-fA-F:.]+\])(:\d+)?"
    if not re.fullmatch(rf"https?://{host}(/[\w.\-~/]*)?", address, re.ASCII):
        raise ValueError(
            "OPENAI_BASE_URL: is no plain address; give one such as http://localhost:8080/v1, "
            "and the key in OPENAI_API_KEY"
        )
    return address


def quoted(raw: str) -> str:
    """What a server says in place of a completion, in one short line without the key."""
    try:
        said = json.loads(raw)
        error = said.get("error") or said.get("detail") or said
        raw = str(error.get("message") or error if isinstance(error, dict) else error)
    except (ValueError, AttributeError):
        # No JSON, or no object: then as it stands.
        pass
    line = " ".join(_without_key(raw).split())
    return f"says {line[:200]!r}" if line else "says nothing"


def _refusal(error: HTTPError) -> str:
    """The sentence for an answer that is no success."""
    hint = _HINTS.get(error.code, "change the request as it says")
    if error.code >= 500:
        hint = "the fault lies there: ask again, or read its log"
    elif error.code < 400:
        hint = "it has moved: put its new address into OPENAI_BASE_URL"
    # Here some servers repeat parts of the key.
    if error.code in (401, 403):
        return f"answers {error.code}; {hint}"
    try:
        said = quoted(error.read(LARGEST).decode("utf-8", "replace"))
    except (OSError, HTTPException):
        said = "breaks off"
    return f"answers {error.code} and {said}; {hint}"


def _silence(error: Any, timeout: float) -> str:
    """The sentence for no answer at all."""
    if isinstance(error, TimeoutError):
        return f"has not answered for {timeout:g} s; look at the server, or allow more with timeout="
    if isinstance(error, ConnectionRefusedError):
        return "is not there; start the server, or correct OPENAI_BASE_URL"
    return f"cannot be reached ({_without_key(str(error))}); correct OPENAI_BASE_URL, or look at the network"


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: the key was meant for this server only."""

    def redirect_request(self, *args: Any) -> None:
        return None


def _send(url: str, data: bytes | None, timeout: float) -> str:
    request = urllib.request.Request(url, data, _headers())
    opener = urllib.request.build_opener(_StayHere)
    try:
        with opener.open(request, timeout=timeout) as reply:
            return reply.read(LARGEST).decode("utf-8", "replace")
    except HTTPError as error:
        raise ServerError(f"{url} {_refusal(error)}") from None
    except (OSError, HTTPException) as error:
        why = _silence(getattr(error, "reason", error), timeout)
        raise ServerError(f"{url} {why}") from None


def ask(path: str, body: dict[str, Any] | None = None, timeout: float = 60.0) -> Any:
    """Send ``body`` as JSON to a path of the server (or without one, read there); returns its answer, parsed.

    ``timeout`` is in seconds. Raises ValueError where the environment names no server, and
    ServerError where that refuses, fails, is silent, or sends something else than JSON.
    """
    if not 0 < timeout < math.inf:
        raise ValueError(f"timeout: {timeout} is not above 0 and finite; give seconds")
    url = _address() + path
    raw = _send(url, None if body is None else json.dumps(body).encode(), timeout)
    try:
        return json.loads(raw)
    except ValueError:
        raise ServerError(
            f"{url} sends no JSON, but {quoted(raw)}; is it the address of an interface? Most end in /v1"
        ) from None
