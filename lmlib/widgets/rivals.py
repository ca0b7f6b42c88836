"""The models that a reader plays against: a bigram, a 5-gram and the book's GPT."""

from __future__ import annotations

from functools import cache

from lmlib.language_models import LanguageModel
from lmlib.ngrams import NGram
from lmlib.pretrained import load_book_gpt
from lmlib.stories import WORDS, story_sequences
from lmlib.widgets.checks import BadValue


@cache
def counted() -> tuple[NGram, NGram]:
    """The bigram and the 5-gram of the chapter: Kneser–Ney on 20,000 stories. It takes a quarter of a minute."""
    stories, V = story_sequences(20_000, seed=0), len(WORDS.vocab)
    return NGram(2, V).fit(stories), NGram(5, V).fit(stories)


def rivals(
    bigram: LanguageModel | None, five_gram: LanguageModel | None
) -> dict[str, LanguageModel]:
    """All three, by the names of the arguments; those not given are counted. Raises ValueError for what is no model."""
    for name, model in {"bigram": bigram, "five_gram": five_gram}.items():
        if model is not None and (isinstance(model, type) or not callable(model)):
            raise BadValue(
                f"{name}: {model!r} is no model; give one of the stories, as NGram(2, 304).fit(…) makes it"
            )
    if bigram is None or five_gram is None:
        two, five = counted()
        bigram, five_gram = bigram or two, five_gram or five
    return {"bigram": bigram, "five_gram": five_gram, "gpt": load_book_gpt()}
