"""A language model behind an address: one completion, with log-probabilities of the likeliest tokens.

The interface is OpenAI's, and llama.cpp, vLLM and many hosts speak it as well. Besides what :mod:`lmlib.hosted.server`
needs, the environment names the model where a server has several: ``OPENAI_MODEL``.
"""

from __future__ import annotations

import os
from typing import Any

from lmlib.hosted.completions import Completion, read_completion
from lmlib.hosted.server import ServerError, ask


def _model(timeout: float) -> str:
    """The name from the environment, or that of the server's only model."""
    if name := os.environ.get("OPENAI_MODEL", "").strip():
        return name
    try:
        models = ask("/models", timeout=timeout)["data"]
        names = [str(model["id"]) for model in models if model["id"] is not None]
    except (ServerError, KeyError, TypeError) as error:
        why = str(error) if isinstance(error, ServerError) else "it lists none"
        raise ServerError(
            f"OPENAI_MODEL is not set, so the server was asked for its models: {why}"
        ) from None
    if len(names) != 1:
        raise ValueError(
            f"OPENAI_MODEL: is not set, and the server has {len(names)} models; "
            f"choose one, such as {', '.join(names[:5]) or 'the one you started it with'}"
        )
    return names[0]


def _check_request(prompt: str, max_tokens: int, top: int) -> None:
    if not prompt:
        raise ValueError("prompt: is empty; give at least one word to go on from")
    for name, value in (("max_tokens", max_tokens), ("top", top)):
        if value < 1:
            raise ValueError(f"{name}: {value} asks for nothing; use 1 or more")


def complete(
    prompt: str,
    max_tokens: int = 1,
    top: int = 5,
    chat: bool = False,
    timeout: float = 60.0,
) -> Completion:
    """Ask the server to go on from ``prompt``, with the ``top`` likeliest tokens at each place.

    ``chat`` sends the prompt as a user's message, which the server puts into the form its model was
    fine-tuned on; otherwise the model goes on from the bare text. The tokens are drawn at temperature
    1, since some servers apply the temperature to the log-probabilities that they report. Many
    servers allow no more than 5 or 20 for ``top``. Raises ValueError and ServerError as :func:`ask`
    does, and ValueError for an empty prompt or numbers below 1.
    """
    _check_request(prompt, max_tokens, top)
    body = {"model": _model(timeout), "max_tokens": max_tokens, "temperature": 1}
    if chat:
        message = {"role": "user", "content": prompt}
        body |= {"messages": [message], "logprobs": True, "top_logprobs": top}
        return read_completion(_ask_chat(body, timeout), top)
    body |= {"prompt": prompt, "logprobs": top}
    return read_completion(ask("/completions", body, timeout), top)


def _ask_chat(body: dict[str, Any], timeout: float) -> Any:
    try:
        return ask("/chat/completions", body, timeout)
    except ServerError as error:
        if "max_completion_tokens" not in str(error):
            raise
    # So OpenAI's newer models call it.
    renamed = {**body, "max_completion_tokens": body["max_tokens"]}
    del renamed["max_tokens"]
    return ask("/chat/completions", renamed, timeout)
