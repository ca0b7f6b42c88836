"""Conversations as one text: a template of special tokens, a mask for the loss, and replies.

>>> messages = [{"role": "user", "content": "say fox ."}, {"role": "assistant", "content": "fox"}]
>>> render(messages)
'<user> say fox . <stop> <assistant> fox <stop>'
>>> render(messages[:1], asking=True)
'<user> say fox . <stop> <assistant>'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from lmlib.batches import IGNORE, Batch, Objective, next_token
from lmlib.language_models import LanguageModel
from lmlib.tasks import write_behind
from lmlib.tokens import END, Tokenizer
from lmlib.validation import check_choice

ROLES = ("story", "user", "assistant")
"""Who speaks: the story that is talked about, who asks, and who answers."""
STOP = "<stop>"
"""The token behind each message."""
SPECIAL = (*(f"<{role}>" for role in ROLES), STOP)
"""The tokens of the template, which no message may hold."""

Message = Mapping[str, str]
"""Who speaks, ``role``, and what they say, ``content``."""
Conversation = Sequence[Message]


def render(messages: Conversation, asking: bool = False) -> str:
    """The text that a conversation becomes; when ``asking``, it ends where the assistant is to begin.

    Raises ValueError for a message without role or content, an unknown role, a special token inside of a content,
    and a last message that is not the assistant's; when ``asking``, that is not the user's.
    """
    check_conversation(messages, "user" if asking else "assistant")
    parts = [f"<{m['role']}> {m['content']} {STOP}" for m in messages]
    return " ".join([*parts, "<assistant>"] if asking else parts)


def encode(
    messages: Conversation, tokenizer: Tokenizer, asking: bool = False
) -> Tensor:
    """(T,) ids of :func:`render`'s text behind an ``END``. Raises ValueError as it does, and for an unknown word."""
    check_conversation(messages, "user" if asking else "assistant")
    ids, stop = [tokenizer.ids[END]], tokenizer.ids[STOP]
    for message in messages:
        # The check has refused special tokens in a content, so that no words of it can become one.
        words = tokenizer.encode(message["content"])
        ids += [tokenizer.ids[f"<{message['role']}>"], *words, stop]
    return torch.tensor([*ids, tokenizer.ids["<assistant>"]] if asking else ids)


def conversation_sequences(
    conversations: Sequence[Conversation], tokenizer: Tokenizer, block_size: int
) -> list[Tensor]:
    """Each conversation as (T,) ids to train on.

    Raises ValueError as :func:`render` does, and where one is too long for a model of this ``block_size``.
    """
    found = [encode(messages, tokenizer) for messages in conversations]
    for i, ids in enumerate(found):
        if len(ids) - 1 > block_size:  # the last token is a target alone
            raise ValueError(
                f"conversations[{i}]: {len(ids)} tokens, so its last answer does not fit into block_size {block_size}; "
                "use shorter ones"
            )
    return found


def assistant_only(tokenizer: Tokenizer, stop: bool = True) -> Objective:
    """What the assistant writes is a target, its ``<stop>`` too: `eq:assistant-only`.

    With ``stop=False`` its ``<stop>`` does not count. Ouyang et al. (2022) call such a training SFT.
    """
    roles = torch.tensor([tokenizer.ids[f"<{role}>"] for role in ROLES])

    def objective(batch: Tensor, generator: torch.Generator) -> Batch:
        inputs, targets = next_token(batch, generator)
        # Each token belongs to the last role before it, whose place is the greatest so far.
        said = batch[:, :-1]
        places = torch.arange(said.shape[1]) * torch.isin(said, roles)
        speaker = said.gather(1, places.cummax(1).values)
        counts = (speaker == roles[-1]) & ~torch.isin(targets, roles)
        if not stop:
            counts &= targets != tokenizer.ids[STOP]
        return inputs, targets.masked_fill(~counts, IGNORE)

    return objective


def replies(
    model: LanguageModel,
    conversations: Sequence[Conversation],
    tokenizer: Tokenizer,
    max_new_tokens: int = 4,
    **how: Any,
) -> list[str]:
    """What the assistant says to each conversation, up to its ``<stop>``; greedily, if ``how`` asks for nothing else.

    ``how`` is given to :func:`lmlib.generation.generate`. Raises ValueError as that and :func:`render` do.
    """
    prompts = [encode(messages, tokenizer, asking=True) for messages in conversations]
    how = {"temperature": 0, **how}
    return write_behind(model, prompts, tokenizer, max_new_tokens, STOP, **how)


def check_conversation(messages: Conversation, last: str) -> None:
    """Raise ValueError where ``messages`` is no conversation whose last message is of the role ``last``."""
    form = 'write [{"role": "user", "content": "…"}]'
    if not isinstance(messages, list | tuple) or not messages:
        raise ValueError(f"messages: {messages!r} is no list of messages; {form}")
    for i, message in enumerate(messages):
        for key in ("role", "content"):
            value = message.get(key) if isinstance(message, Mapping) else None
            if not isinstance(value, str) or not value.strip():
                raise ValueError(f"messages[{i}]: its {key!r} is {value!r}; {form}")
        check_choice(f"messages[{i}]['role']", message["role"], ROLES)
        for token in (*SPECIAL, END):
            if token in message["content"]:
                raise ValueError(
                    f"messages[{i}]: {token!r} in its content would pretend that another speaks; leave it out"
                )
    if (role := messages[-1]["role"]) != last:
        end = "to train on ends with 'assistant', and one to be answered with 'user'"
        raise ValueError(f"messages: the last is of {role!r}; a conversation {end}")
