"""What can be asked of a story, and the answers that it gives: its summary, and dialogues about it.

>>> story = STORIES.sample(1, seed=0)[0]
>>> summary(story)
'a bear stole the blue kite of anna from oakton , but she found it in a cave and was sad .'
>>> dialogues(story)[0].follow_up
Task(prompt='and anna ?', answer='in oakton')
"""

from __future__ import annotations

from typing import NamedTuple

from lmlib.states import read_state, words_of
from lmlib.stories import STORIES  # noqa: F401  for the example above
from lmlib.tasks import Task
from lmlib.tokens import WordTokenizer

_SUMMARY = (
    "a {thief} stole the {colour} {object} of {name} from {town} , "
    "but {he} found it in a {hiding} and was {ending} ."
)
FACTS = ("thief", "colour", "object", "name", "town", "hiding", "ending")
"""What a summary says that another story may have otherwise."""

# Two questions of each kind, with their answers. A follow-up alone does not say which kind was asked before.
_WHERE = {
    "the {object}": ("where was the {object} ?", "in a {hiding}"),
    "{name}": ("where was {name} ?", "in {town}"),
}
_LIKE = {
    "the {object}": ("what was the {object} like ?", "{colour}"),
    "{name}": ("what was {name} like ?", "{age}"),
}
_WHO = {
    "took": ("who took the {object} ?", "a {thief}", "{trait}"),
    "lost": ("who lost the {object} ?", "{name}", "{age}"),
}


class Dialogue(NamedTuple):
    """A question about a story, and one that asks on: each with the answer that the story gives."""

    first: Task
    follow_up: Task


def summary(story: str) -> str:
    """The sentence that a whole story makes of itself. Raises ValueError as :func:`lmlib.states.read_state` does."""
    return _SUMMARY.format(**read_state(story))


def facts_kept(text: str, story: str) -> float:
    """The share of a story's :data:`FACTS` whose words stand in ``text``, wherever and in whatever case.

    >>> story = STORIES.sample(1, seed=0)[0]
    >>> facts_kept("Anna found her kite in Oakton.", story)  # 3 of 7
    0.42857142857142855
    """
    words, state = WordTokenizer.split(text.lower()), read_state(story)
    return sum(state[fact] in words for fact in FACTS) / len(FACTS)


def dialogues(story: str) -> list[Dialogue]:
    """All six: ``"and anna ?"`` and its like behind four questions, ``"what were they like ?"`` behind two.

    Which question came first decides what is right, and each follow-up has two answers that are
    equally often right. Raises ValueError as :func:`lmlib.states.parse_story` does.
    """
    pairs = words_of(story)
    words = {item.strip("{}"): word for item, word in pairs}
    words["trait"] = words["(sly|thin|fat|strange)"]
    found = [
        Dialogue(Task(*questions[x]), Task(f"and {y} ?", questions[y][1]))
        for questions in (_WHERE, _LIKE)
        for x, y in (("the {object}", "{name}"), ("{name}", "the {object}"))
    ]
    found += [
        Dialogue(Task(question, answer), Task("what were they like ?", then))
        for question, answer, then in _WHO.values()
    ]
    return [
        Dialogue(*(Task(*(x.format(**words) for x in task)) for task in dialogue))
        for dialogue in found
    ]


def chat(story: str, *said: str) -> str:
    """The prompt of a dialogue about a story: what A and B have said in turn, A the last.

    >>> chat("tom slept .", "who slept ?", "tom", "where ?")
    'chat : tom slept . A : who slept ? B : tom A : where ? B :'
    """
    turns = [f"{'AB'[i % 2]} : {text}" for i, text in enumerate(said)]
    return " ".join([f"chat : {story}", *turns, "B :"])
