"""Conversations as text, the mask of the loss, and replies."""

from __future__ import annotations

from random import Random

import pytest
import torch
from torch import Tensor

from lmlib.batches import IGNORE, Batches
from lmlib.instructions import (
    ROLES,
    SPECIAL,
    STOP,
    assistant_only,
    conversation_sequences,
    encode,
    render,
    replies,
)
from lmlib.tasks import write_behind
from lmlib.tokens import END, WordTokenizer

WORDS = WordTokenizer([END, "a", "b", "c", "say", "fox", "owl", *SPECIAL])


def message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


ASKED = [message("story", "a b"), message("user", "say fox")]
TOLD = [*ASKED, message("assistant", "fox")]


def any_conversation(random: Random) -> list[dict[str, str]]:
    roles = [random.choice(ROLES) for _ in range(random.randint(0, 5))]
    words = ["a", "b", "c", "fox"]
    return [
        message(role, " ".join(random.choices(words, k=random.randint(1, 4))))
        for role in [*roles, "assistant"]
    ]


def test_the_text_and_its_ids_are_one() -> None:
    text = "<story> a b <stop> <user> say fox <stop> <assistant>"
    assert render(ASKED, asking=True) == text
    assert WORDS.decode(encode(ASKED, WORDS, asking=True)) == f"{END} {text}"
    assert render(TOLD) == f"{text} fox <stop>"
    for seed in range(20):
        messages = any_conversation(Random(seed))
        assert WORDS.decode(encode(messages, WORDS)) == f"{END} {render(messages)}"


def by_a_loop(tokens: list[str], stop: bool) -> list[str]:
    """What has to be written: all behind <assistant> up to its <stop>, found one token after the other."""
    found, answering = [], False
    for token in tokens:
        if answering and (stop or token != STOP):
            found.append(token)
        answering = token == "<assistant>" or (answering and token != STOP)
    return found


@pytest.mark.parametrize("stop", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_only_the_assistant_is_a_target(seed: int, stop: bool) -> None:
    random = Random(seed)
    texts = [encode(any_conversation(random), WORDS) for _ in range(6)]
    inputs, targets = Batches(texts, 6, objective=assistant_only(WORDS, stop))(0)
    assert isinstance(inputs, Tensor) and (inputs >= 0).all()
    rows = sorted(WORDS.decode(row[row != IGNORE]).split() for row in targets)
    assert rows == sorted(by_a_loop(WORDS.decode(ids).split(), stop) for ids in texts)
    for row, target in zip(inputs, targets, strict=True):  # a target is the next input
        at = (target[:-1] != IGNORE).nonzero().flatten()
        assert (row[at + 1] == target[at])[row[at + 1] != 0].all()


def test_padding_is_no_target() -> None:
    texts = [encode(TOLD, WORDS), encode([message("assistant", "a b c")], WORDS)]
    inputs, targets = Batches(texts, 2, objective=assistant_only(WORDS))(0)
    assert isinstance(inputs, Tensor) and inputs.shape == (2, len(texts[0]) - 1)
    assert sorted((targets != IGNORE).sum(1).tolist()) == [2, 4]


def copying(tokens: Tensor) -> Tensor:
    """A model that says the last word before the <stop> of the question, and then <stop>."""
    said = tokens[:, -1] == WORDS.ids["<assistant>"]
    following = torch.where(said, tokens[:, -3], WORDS.ids[STOP])
    return 9.0 * torch.eye(len(WORDS.vocab))[following][:, None].expand(
        -1, tokens.shape[1], -1
    )


def test_replies_end_at_the_stop_and_keep_their_order() -> None:
    asked = [
        [message("user", "say fox")],
        [message("story", "a b c"), message("user", "say owl")],
        [message("user", "a b")],
        ASKED,
    ]
    assert replies(copying, asked, WORDS) == ["fox", "owl", "b", "fox"]


def test_a_model_that_never_stops_is_cut_off() -> None:
    always = lambda t: 9.0 * torch.eye(len(WORDS.vocab))[1].expand(*t.shape, -1)  # noqa: E731
    said = write_behind(
        always, [encode(ASKED, WORDS, asking=True)], WORDS, 3, STOP, temperature=0
    )
    assert said == ["a a a"]


WRONG = {
    "no list of messages": [],
    "its 'role' is None": [{"content": "a"}],
    "its 'content' is None": [{"role": "user"}],
    r"messages\[1\]: its 'content' is '  '": [*ASKED[:1], message("user", "  ")],
    "its 'role' is None;": ["fox"],
    "'system' is not known; use 'story', 'user' or 'assistant'": [
        message("system", "a")
    ],
    "ends with 'assistant'": TOLD,
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_conversation_with_a_missing_part(fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        render(WRONG[fault], asking=True)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=fault):
        encode(WRONG[fault], WORDS, asking=True)  # type: ignore[arg-type]


def test_a_conversation_to_train_on_ends_with_the_assistant() -> None:
    for make in (render, lambda messages: encode(messages, WORDS)):
        with pytest.raises(ValueError, match="the last is of 'user'"):
            make(ASKED)


@pytest.mark.parametrize("token", SPECIAL)
def test_a_special_token_inside_of_a_message(token: str) -> None:
    for text in (f"a {token} b", f"fox{token}", token):
        with pytest.raises(ValueError, match=rf"messages\[0\]: '{token}' in its content"):  # fmt: skip
            encode([message("story", text), ASKED[1]], WORDS, asking=True)


def test_a_word_that_is_unknown() -> None:
    with pytest.raises(ValueError, match="'foxes' is not in the vocabulary"):
        encode([message("user", "say foxes")], WORDS, asking=True)


def test_an_answer_that_is_longer_than_the_block() -> None:
    length = len(encode(TOLD, WORDS))
    assert len(conversation_sequences([TOLD], WORDS, length - 1)) == 1
    with pytest.raises(
        ValueError, match=rf"conversations\[1\]: {length + 1} tokens, .* block_size"
    ):
        long = [*ASKED, message("assistant", "fox owl")]
        conversation_sequences([TOLD, long], WORDS, length - 1)
