"""Hidden inputs of the chapter on rewards: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random


def reward_gradient(random: Random) -> Iterator[tuple]:
    for n in (2, 3, 4, 6):
        weights = [random.randint(1, 9) for _ in range(n)]
        probs = [w / sum(weights) for w in weights]
        yield probs, [random.randint(-3, 5) for _ in range(n)]
        yield probs, [random.random() for _ in range(n)]
    yield [0.0, 1.0], [random.randint(1, 5), 2]
    yield [0.25, 0.75], [3, 3]


def wasted_nats(random: Random) -> Iterator[tuple]:
    for _ in range(6):
        reward = random.uniform(0.5, 1)
        yield reward, random.uniform(0.7, 1.5)
    yield 1.0, random.uniform(0.7, 2)
    yield 0.5, random.uniform(0, 1)


def first_slip(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 3, 5, 8, 8, 12):
        cues = [random.choice(["press", "wait"]) for _ in range(n)]
        now, steps = "off", []
        for cue in cues:
            if (cue == "press") != (random.random() < 0.15):
                now = "on" if now == "off" else "off"
            steps.append(now)
        yield cues, steps
        yield cues, [random.choice(["on", "off"]) for _ in range(n)]
    yield ["wait", "press", "press"], ["off", "on", "off"]
    yield ["press", "wait"], ["off", "off"]


def majority_vote(random: Random) -> Iterator[tuple]:
    for k in (1, 3, 5, 9, 15):
        yield random.uniform(0.05, 0.95), k
    yield 0.0, 3
    yield 1.0, 7
    yield 0.5, 11


def group_advantage(random: Random) -> Iterator[tuple]:
    for n in (2, 3, 5, 8):
        rewards = [random.randint(0, 3) for _ in range(n - 1)]
        yield ([*rewards, rewards[0] + 1],)
        yield ([random.uniform(-2, 2) for _ in range(n)],)
    yield ([random.randint(1, 4)] * 4,)
    yield ([0.0, 0.0, 0.0],)
