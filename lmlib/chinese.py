"""The stories in Chinese: every English word that is chosen has a Chinese one of its own, so nothing is lost.

So a Chinese story is exactly as surprising as the English one, in nats, with other words in another order.

>>> in_chinese(STORIES.sample(1, seed=0)[0])[:23]
'从前 有 一个 小小的 女孩 名叫 安娜 住在'
>>> len(CHINESE.vocab), len(STORIES.vocab)
(308, 304)
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from lmlib.files import read_text
from lmlib.grammar import Grammar
from lmlib.slots import parse_part
from lmlib.states import parse_story
from lmlib.stories import STORIES, TOML

_SPEC = tomllib.loads(read_text(Path(__file__).with_name("chinese.toml")))
_WORDS: dict[str, str] = _SPEC["words"]
# The sentences in Chinese order, each a list of Chinese words and of items of the English grammar.
_LINES = [
    parse_part([part] if isinstance(part, str) else part, dict(STORIES.slots))
    for part in _SPEC["story"]
]


def in_chinese(story: str) -> str:
    """A whole story in Chinese, its words set apart by spaces. Raises ValueError for a text that is none.

    Written Chinese has no such spaces: ``in_chinese(story).replace(" ", "")`` is how one reads it.
    """
    return " ".join(chinese for _, chinese in in_both(story))


def in_both(story: str) -> list[tuple[str, str]]:
    """The sentences of a whole story, each in English and in Chinese. Raises ValueError for a text that is none.

    >>> in_both(STORIES.sample(1, seed=0)[0])[-1]
    ('in the end she was sad .', '最后 她 很 悲伤 。')
    """
    pairs = []
    for number, sentence in enumerate(parse_story(story)):
        said = dict(sentence)
        first = sentence[0][0]
        place = [line[0] for line in STORIES.story[number]].index(first)
        line = [_WORDS.get(said.get(item, ""), item) for item in _LINES[number][place]]
        pairs.append((" ".join(word for _, word in sentence), " ".join(line)))
    return pairs


def _translated(words: str) -> str:
    return " ".join(_WORDS.get(word, word) for word in words.split())


def _chinese_grammar() -> Grammar:
    """The grammar of the Chinese stories, with the probabilities of the English ones."""
    spec = tomllib.loads(read_text(TOML))
    for slot in spec["slots"].values():
        words = slot["words"]
        slot["words"] = (
            _translated(words)
            if isinstance(words, str)
            else {_translated(k): _translated(v) for k, v in words.items()}
        )

    def line(text: str) -> str:
        choice = re.compile(r"\((\S+)\)")
        return choice.sub(
            lambda found: (
                "(" + "|".join(_WORDS[word] for word in found[1].split("|")) + ")"
            ),
            text,
        )

    story = [
        line(part) if isinstance(part, str) else [line(text) for text in part]
        for part in _SPEC["story"]
    ]
    return Grammar(story, spec["slots"], spec["hidden"])


CHINESE = _chinese_grammar()
"""The grammar of the Chinese stories, which knows the probability of every word of them."""
