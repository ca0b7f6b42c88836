"""Hidden inputs of the chapter on instructions: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random

ROLES = ("story", "user", "assistant")
TOKENS = ("<story>", "<user>", "<assistant>", "<stop>")
WORDS = ("fox", "owl", "tom", "mia", "kite", "who", "?", ".")


def _content(random: Random, smuggled: bool = False) -> str:
    words = [random.choice(WORDS) for _ in range(random.randint(1, 5))]
    for _ in range(random.randint(0, 2) if smuggled else 0):
        place = random.randrange(len(words))
        token = random.choice([*TOKENS, "<end>", "stop", "<Stop>"])
        words[place] += random.choice(["", " "]) + token
    return " ".join(words)


def _messages(random: Random, last: str, smuggled: bool = False) -> list[dict]:
    roles = [random.choice(ROLES) for _ in range(random.randint(0, 4))]
    return [
        {"role": role, "content": _content(random, smuggled)} for role in [*roles, last]
    ]


def chat_text(random: Random) -> Iterator[tuple]:
    for last in ROLES * 4:
        yield (_messages(random, last),)


def answer_mask(random: Random) -> Iterator[tuple]:
    for last in ROLES * 4:
        tokens = ["<end>"] * random.randint(0, 1)
        for message in _messages(random, last):
            tokens += [f"<{message['role']}>", *message["content"].split(), "<stop>"]
        yield (tokens,)
        yield ([*tokens, "<assistant>"],)


def best_bet(random: Random) -> Iterator[tuple]:
    for n in (0, 1, 2, 3, 4, 6):
        cues = [random.randint(0, 1) for _ in range(n)]
        yield (cues,)
        yield cues, random.uniform(0.6, 0.9), random.uniform(0.7, 1.0)
    yield ([1, 1, 1],)
    yield ([0, 0, 0, 0],)


def padded(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 3, 5):
        rows = [
            [random.randint(0, 9) for _ in range(random.randint(2, 7))]
            for _ in range(n)
        ]
        yield (rows,)
        yield ([*rows, [0, 0], [7, 0, 3, 0, 1, 2, 5, 8]],)


def control_tokens(random: Random) -> Iterator[tuple]:
    for _ in range(8):
        yield (_messages(random, random.choice(ROLES), smuggled=True),)
    yield ([{"role": "user", "content": "".join(random.sample(TOKENS, 4))}],)
    yield ([{"role": "story", "content": "tom <stop> mia <stop> <user>"}] * 2,)
