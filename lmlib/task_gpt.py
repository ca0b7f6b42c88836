"""A GPT for several tasks at once: what it is trained on, its words, and the one that ships with the book.

>>> tasks = kinds_of_tasks(STORIES.sample(1, seed=0), seed=0)
>>> tasks["translate"][1].answer
'一条 陡峭的 路 带着 蓝色的 风筝 回到 橡树镇 。'
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import cast

import torch
from torch import Tensor

from lmlib.chinese import CHINESE, in_both
from lmlib.enlarged import enlarged, with_words
from lmlib.files import DATA
from lmlib.language_models import LanguageModel
from lmlib.pretrained import load_model
from lmlib.stories import STORIES, WORDS  # noqa: F401  for the example above
from lmlib.tasks import MARK, Task
from lmlib.tokens import Tokenizer, WordTokenizer, prompt
from lmlib.told import chat, dialogues, summary
from lmlib.transformer import GPT

_NEW = f"{MARK} : A B ? , of from but who what where were like they story summary translate chat"


def kinds_of_tasks(stories: Sequence[str], seed: int) -> dict[str, list[Task]]:
    """Tasks about stories: sentences in Chinese, dialogues, and summaries with every fourth story itself.

    Of the dialogues, a third are first questions, a third follow-ups, and a third follow-ups of
    which the first question is missing. The same seed gives the same tasks.
    """
    random = Random(seed)
    pairs = [pair for story in stories for pair in in_both(story)]
    random.shuffle(pairs)
    writing = [Task(f"summary : {story}", summary(story)) for story in stories]
    writing += [Task("story :", story) for story in stories[::4]]
    return {
        "translate": [Task(f"translate : {english}", said) for english, said in pairs],
        "chat": [_asked(story, random) for story in stories for _ in range(2)],
        "write": writing,
    }


def _asked(story: str, random: Random) -> Task:
    first, follow_up = random.choice(dialogues(story))
    kinds = [
        ((first.prompt,), first.answer),
        ((*first, follow_up.prompt), follow_up.answer),
        ((follow_up.prompt,), follow_up.answer),
    ]
    said, answer = random.choice(kinds)
    return Task(chat(story, *said), answer)


def with_task_words(gpt: GPT, seed: int = 0) -> tuple[GPT, WordTokenizer]:
    """A GPT of the stories with the words of all tasks, in both languages, and room for 160 tokens."""
    return enlarged(gpt, WORDS, _task_words(), 160, seed)


def _task_words() -> list[str]:
    return [*_NEW.split(), *CHINESE.vocab]


def load_tasks_gpt() -> tuple[GPT, WordTokenizer]:
    """The GPT that ``benchmarks/tasks.py`` trained on :func:`kinds_of_tasks`, and its words; it ships with the book."""
    model = cast(GPT, load_model(DATA / "tasks.safetensors").float())
    return model, with_words(WORDS, _task_words())


def as_writer(model: LanguageModel, words: Tokenizer) -> LanguageModel:
    """A model that is given a story so far, as the book's others are, and puts "story :" and the mark before it.

    Its logits are (B, T, V) for all V words of the tasks, of which those of the stories come first.
    """

    def write(tokens: Tensor) -> Tensor:
        start = prompt(f"story : {MARK}", words).expand(len(tokens), -1)
        logits = model(torch.cat([start, tokens[:, 1:]], dim=1))  # END begins both
        return logits[:, start.shape[1] - 1 :]

    return write
