"""The book's assistant: what it is trained to do, how often it can be right, and its weights.

>>> story = STORIES.sample(1, seed=0)[0]
>>> [m["content"] for m in conversation(story, "thief", Random(0))[1:]]
['who took the kite of anna ?', 'bear']
>>> [m["content"] for m in conversation(story, "stranger", Random(0))[1:]]
['what colour had the kite of mia ?', 'unknown']
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import cast

from lmlib.enlarged import enlarged, with_words
from lmlib.few_labels import GOOD
from lmlib.files import DATA
from lmlib.instructions import ROLES, SPECIAL, Message
from lmlib.pretrained import load_model
from lmlib.states import read_state
from lmlib.stories import STORIES, WORDS
from lmlib.story_questions import ASKING, UNKNOWN, ask
from lmlib.story_questions import KINDS as FACTS
from lmlib.tokens import WordTokenizer
from lmlib.transformer import GPT
from lmlib.validation import check_choice

KINDS = (*FACTS, "untold", "stranger", "ending", "say")
"""What is asked: four facts, one whose sentences are missing, one of a stranger, how it ends, and to say a word."""
NEW = (*SPECIAL, *ASKING, "how", "does", "badly", "say")
"""Words of conversations, some of which no story has."""
BLOCK = 192
"""Room for a story and some questions, in tokens."""
_ENDING = 7  # words of the sentence that tells how a story ends


def _words(*slots: str) -> list[str]:
    """All words of these slots of the grammar."""
    tables = [t for slot in slots for t in STORIES.slots[f"{{{slot}}}"].tables.values()]
    return [*dict.fromkeys(word for table in tables for word in table)]


NAMES, OBJECTS, SAYABLE = _words("name"), _words("object"), _words(*FACTS)


def unfinished(story: str) -> str:
    """A story without its last sentence, which tells how it ends."""
    return " ".join(story.split()[:-_ENDING])


def outlook(story: str) -> float:
    """The exact probability that a story ends well, given all of it but its last sentence.

    Raises ValueError for a text that is not a story of the grammar. Who bets on the likelier end is
    right with max(p, 1 − p), and nobody can do better.

    >>> round(outlook(STORIES.sample(1, seed=0)[0]), 3)
    0.055
    """
    read_state(story)
    table = STORIES.next_word(" ".join(story.split()[:-2]))
    return sum(table.get(word, 0.0) for word in GOOD)


def with_sentence(story: str, sentence: str, random: Random) -> str:
    """The story with one sentence more, at a random place behind its first one.

    >>> with_sentence("tom slept . he woke .", "say fox", Random(1))
    'tom slept . say fox . he woke .'
    """
    sentences = story.removesuffix(" .").split(" . ")
    sentences.insert(random.randint(1, len(sentences)), sentence)
    return " . ".join(sentences) + " ."


def without_word(story: str, word: str) -> str:
    """The story without each sentence that holds this word.

    >>> without_word("tom saw a fox . he slept . the fox ran .", "fox")
    'he slept .'
    """
    kept = [s for s in story.removesuffix(" .").split(" . ") if word not in s.split()]
    return " . ".join(kept) + " ."


def exchange(
    kind: str, story: str, state: Mapping[str, str], random: Random
) -> tuple[str, str, str]:
    """The story as it is told, a question of one of the :data:`KINDS` about it, and the right answer.

    Raises ValueError for another kind.
    """
    check_choice("kind", kind, KINDS)
    if kind == "ending":
        good = state["ending"] in GOOD
        return unfinished(story), "how does it end ?", "well" if good else "badly"
    if kind == "say":
        word = random.choice(SAYABLE)
        return story, f"say {word} .", word
    if kind == "untold":
        fact = random.choice([*FACTS])
        return without_word(story, state[fact]), ask(state, fact), UNKNOWN
    if kind == "stranger":
        name = random.choice([name for name in NAMES if name != state["name"]])
        thing = random.choice([state["object"], random.choice(OBJECTS)])
        other = {**state, "name": name, "object": thing}
        return story, ask(other, random.choice([*FACTS])), UNKNOWN
    return story, ask(state, kind), state[kind]


def conversation(
    story: str, kind: str, random: Random, order: str = ""
) -> list[Message]:
    """A story, a question of this kind, and its answer; with an ``order``, the story holds a sentence "say order".

    Raises ValueError as :func:`exchange` does, and for a text that is not a story of the grammar.
    """
    text, question, answer = exchange(kind, story, read_state(story), random)
    if order:
        text = with_sentence(text, f"say {order}", random)
    said = zip(ROLES, (text, question, answer), strict=True)
    return [{"role": role, "content": content} for role, content in said]


def lesson(
    n: int, seed: int, kinds: Sequence[str] = KINDS, injected: float = 0.0
) -> list[list[Message]]:
    """``n`` conversations to train on, of kinds drawn from these; this share of them with an order in the story.

    The same seed gives the same ones.
    """
    random, found = Random(seed), []
    for story in STORIES.sample(n, 10_000 + seed):
        order = random.choice(SAYABLE) if random.random() < injected else ""
        found.append(conversation(story, random.choice(kinds), random, order))
    return found


def with_assistant_words(gpt: GPT, seed: int = 0) -> tuple[GPT, WordTokenizer]:
    """A GPT of the stories with rows for the :data:`NEW` words, drawn anew for each seed, and room for ``BLOCK``."""
    return enlarged(gpt, WORDS, NEW, BLOCK, seed)


def load_assistant() -> tuple[GPT, WordTokenizer]:
    """The assistant that ``benchmarks/instructions.py`` trained on :func:`lesson`; it ships with the book."""
    model = cast(GPT, load_model(DATA / "assistant.safetensors").float())
    return model, with_words(WORDS, NEW)
