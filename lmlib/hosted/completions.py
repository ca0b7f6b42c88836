"""What a server's answer says: a text, its tokens, and the likeliest tokens at the place of each.

The interface is OpenAI's, in both of its forms. Any null in it may stand for what a server does not know, and then
leaves a gap.

>>> listed = [{"token": " is", "logprob": -0.5}, {"token": " was", "logprob": -1.5}]
>>> place = {"token": " is", "top_logprobs": listed}
>>> read_completion({"choices": [{"text": " is", "logprobs": {"content": [place]}}]}).top
[[(' is', -0.5), (' was', -1.5)]]
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor

from lmlib.hosted.server import ServerError, quoted

# What OpenAI's interface writes for a token that cannot come.
IMPOSSIBLE = -9999.0
Listed = list[tuple[str, float]]


@dataclass(frozen=True)
class Completion:
    """What a server wrote, and the likeliest tokens at the place of each token of it, likeliest first.

    ``top`` has an empty list where the server lists nothing; where it lists nothing at any place,
    ``tokens`` and ``top`` are empty themselves. The numbers are natural logarithms of
    probabilities among *all* tokens of the model, not only among the ones listed.
    """

    model: str
    text: str
    tokens: list[str]
    top: list[Listed]

    def log_probs(self, place: int = 0) -> Tensor:
        """(n,) log-probabilities of the likeliest tokens at a place, in the order of ``top``.

        Raises ServerError where the server lists none, and ValueError for a place that was not written.
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
        if not self.top[place]:
            others = [i for i, listed in enumerate(self.top) if listed]
            raise ServerError(
                f"place: {place}, {self.tokens[place]!r}, is one for which the server lists no "
                f"log-probabilities; take another place, such as {others[0]}"
            )
        return torch.tensor([x for _, x in self.top[place]], dtype=torch.float64)


def _likeliest(listed: list[tuple[Any, Any]], top: int | None) -> Listed:
    """The tokens that can come, by their log-probability; null is how JSON writes that of one that cannot."""
    numbers = [(token or "", float(x)) for token, x in listed if x is not None]
    possible = [t for t in numbers if IMPOSSIBLE < t[1] < math.inf]
    return sorted(possible, key=lambda t: -t[1])[:top]


def _pairs(listed: list[dict[str, Any] | None]) -> list[tuple[Any, Any]]:
    return [(token["token"], token["logprob"]) for token in listed if token is not None]


def _places(logprobs: dict[str, Any], top: int | None) -> list[tuple[str, Listed]]:
    """Each token written, with the likeliest at its place, in either of the interface's two forms."""
    # The form for chats; llama.cpp has it for both.
    if content := logprobs.get("content"):
        known = [{"token": None} if place is None else place for place in content]
        tokens = [place["token"] for place in known]
        pairs = [_pairs(place.get("top_logprobs") or []) for place in known]
    else:
        tokens = logprobs.get("tokens") or []
        pairs = [list((x or {}).items()) for x in logprobs.get("top_logprobs") or []]
    return [
        (token or "", _likeliest(listed or [], top))
        for token, listed in zip_longest(tokens, pairs)
    ]


def read_completion(answer: Any, top: int | None = None) -> Completion:
    """What a server's answer says, as :class:`Completion`, with at most ``top`` tokens a place.

    The list of a place may hold one more, the token drawn; among the likeliest it would be a gap.
    A place without a list keeps an empty one. Where a list is keyed by text, tokens of equal text
    count once, so that a less likely one may move up into it. Raises ServerError where the answer
    has not the form of OpenAI's interface.
    """
    try:
        choice = answer["choices"][0]
        said = choice.get("message") or choice
        text = said["content"] if "content" in said else said["text"]
        places = _places(choice.get("logprobs") or {}, top)
        model = str(answer.get("model") or "the model")
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        raise ServerError(
            f"the answer holds no completion, but {quoted(json.dumps(answer))}; "
            "does the server speak OpenAI's interface?"
        ) from None
    if not any(listed for _, listed in places):
        places = []
    tokens, tops = [token for token, _ in places], [listed for _, listed in places]
    return Completion(model, text or "", tokens, tops)
