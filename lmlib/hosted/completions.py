"""A language model behind an address: one completion, with log-probabilities of the likeliest tokens.

The interface is OpenAI's, and llama.cpp, vLLM and many hosts speak it as well. Besides what :mod:`lmlib.hosted.server`
needs, the environment names the model where a server has several: ``OPENAI_MODEL``.

>>> listed = [{"token": " is", "logprob": -0.5}, {"token": " was", "logprob": -1.5}]
>>> place = {"token": " is", "top_logprobs": listed}
>>> read_completion({"choices": [{"text": " is", "logprobs": {"content": [place]}}]}).top
[[(' is', -0.5), (' was', -1.5)]]
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lmlib.hosted.server import ServerError, ask, quoted

IMPOSSIBLE = -9999.0  # what OpenAI's interface writes for a token that cannot come


@dataclass(frozen=True)
class Completion:
    """What a server wrote, and the likeliest tokens at the place of each token of it, likeliest first.

    ``tokens`` and ``top`` are empty where the server gives no log-probabilities. These are natural
    logarithms of probabilities among *all* tokens of the model, not only among the ones listed.
    """

    model: str
    text: str
    tokens: list[str]
    top: list[list[tuple[str, float]]]

    def log_probs(self, place: int = 0) -> Tensor:
        """(n,) log-probabilities of the likeliest tokens at a place, in the order of ``top``.

        Raises ServerError where there are none at all, and ValueError for a place that was not written.
        """
        if not self.top:
            raise ServerError(
                f"{self.model} wrote {self.text!r}, but its server gives no log-probabilities; "
                "try chat=True, or ask one that does, such as llama.cpp or vLLM"
            )
        if not 0 <= place < len(self.top):
            raise ValueError(
                f"place: {place} is none of the {len(self.top)} tokens written; count from 0"
            )
        return torch.tensor([x for _, x in self.top[place]], dtype=torch.float64)


def _model(timeout: float) -> str:
    """The name from the environment, or that of the server's only model."""
    if name := os.environ.get("OPENAI_MODEL", "").strip():
        return name
    try:
        names = [str(model["id"]) for model in ask("/models", timeout=timeout)["data"]]
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
    if not prompt:
        raise ValueError("prompt: is empty; give at least one word to go on from")
    for name, value in (("max_tokens", max_tokens), ("top", top)):
        if value < 1:
            raise ValueError(f"{name}: {value} asks for nothing; use 1 or more")
    body = {"model": _model(timeout), "max_tokens": max_tokens, "temperature": 1}
    if chat:
        message = {"role": "user", "content": prompt}
        body |= {"messages": [message], "logprobs": True, "top_logprobs": top}
        try:
            return read_completion(ask("/chat/completions", body, timeout), top)
        except ServerError as error:
            if "max_completion_tokens" not in str(error):
                raise
        body["max_completion_tokens"] = body.pop("max_tokens")  # OpenAI's newer models
        return read_completion(ask("/chat/completions", body, timeout), top)
    body |= {"prompt": prompt, "logprobs": top}
    return read_completion(ask("/completions", body, timeout), top)


def _places(logprobs: dict[str, Any]) -> list[tuple[str, list[tuple[str, float]]]]:
    """Each token written, with the tokens listed at its place, in either of the interface's two forms."""
    if content := logprobs.get("content"):  # for chats; llama.cpp has it for both
        return [
            (
                place["token"],
                [
                    (t["token"], float(t["logprob"]))
                    for t in place.get("top_logprobs") or []
                ],
            )
            for place in content
        ]
    tokens, tops = (logprobs.get(name) or [] for name in ("tokens", "top_logprobs"))
    return [
        (token, [(t, float(x)) for t, x in listed.items()])
        for token, listed in zip(tokens, tops, strict=False)
    ]


def read_completion(answer: Any, top: int | None = None) -> Completion:
    """What a server's answer says, as :class:`Completion`, with at most ``top`` tokens a place.

    The list of a place may hold one more, the token drawn; among the likeliest it would be a gap.
    What follows a place without a list is left out. Where a list is keyed by text, tokens of equal
    text count once, so that a less likely one may move up into it. Raises
    ServerError where the answer has not the form of OpenAI's interface.
    """
    try:
        choice = answer["choices"][0]
        text = choice["text"] if "text" in choice else choice["message"]["content"]
        places = _places(choice.get("logprobs") or {})
        model = str(answer.get("model", "the model"))
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        raise ServerError(
            f"the answer holds no completion, but {quoted(json.dumps(answer))}; "
            "does the server speak OpenAI's interface?"
        ) from None
    tops = [
        sorted((t for t in listed if t[1] > IMPOSSIBLE), key=lambda t: -t[1])[:top]
        for _, listed in places
    ]
    told = next((i for i, listed in enumerate(tops) if not listed), len(tops))
    return Completion(model, text or "", [token for token, _ in places[:told]], tops[:told])
