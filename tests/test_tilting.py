"""The best policy of a grammar: against enumeration of all its texts, and against the grammar's own machinery."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import pytest
import torch

from lmlib.evaluation import token_losses
from lmlib.floor import expected_length, floor, story_entropy
from lmlib.grammar import Grammar
from lmlib.points import ENDS_WELL, GOOD, Judge
from lmlib.states import read_state
from lmlib.stories import STORIES, WORDS
from lmlib.tilting import frontier, log_partition, reward_distribution, tilted
from lmlib.tokens import END, sequences
from lmlib.verdicts import JUDGE, WORDY_JUDGE, agreement, best_of_n

# A slot that others depend on, alternatives of several lengths with a slot of their own, a slot that comes again,
# and cues of a hidden mood.
SMALL = Grammar(
    [
        "a {who} named {name} .",
        ["it was {sky} {time} .", "now {name} saw a {bird} here .", "then rain ."],
        "{name} is {end} , {who} .",
    ],
    {
        "who": {"words": "cat dog"},
        "name": {"given": "who", "words": {"cat": "tom kit", "dog": "rex max"}},
        "sky": {"words": "clear dull", "uniform": True},
        "time": {"words": "noon dawn"},
        "bird": {"words": "crow owl wren"},
        "end": {
            "given": "mood",
            "fidelity": 0.9,
            "words": {"good": "glad", "bad": "sad"},
        },
    },
    {"mood": ["good", "bad"]},
)
JUDGES = {
    "a cue": Judge({"end": {"glad": 1.5}}),
    "a child": Judge({"name": {"kit": 1.0, "rex": -2.0}}),
    "parent and child": Judge({"who": {"dog": 0.5}, "name": {"kit": 1.0}}),
    "in a sentence": Judge({"bird": {"owl": 2.0}, "sky": {"clear": -1.0}}),
    "words": Judge({}, per_word=0.3),
    "all": Judge(
        {"end": {"sad": -1.0}, "bird": {"wren": 1.0}, "name": {"tom": 0.5}}, 0.25
    ),
}
every_judge = pytest.mark.parametrize("judge", JUDGES.values(), ids=[*JUDGES])


def texts(grammar: Grammar) -> Iterator[tuple[str, float]]:
    """Every text with its probability, one word after the other."""
    open_texts = [("", 1.0)]
    while open_texts:
        text, p = open_texts.pop()
        for word, q in grammar.next_word(text).items():
            if word == END:
                yield text.strip(), p * q
            else:
                open_texts.append((f"{text} {word}", p * q))


@every_judge
def test_the_reward_is_distributed_as_by_enumeration(judge: Judge) -> None:
    found: dict[float, float] = {}
    for text, p in texts(SMALL):
        reward = round(judge(text), 9)
        found[reward] = found.get(reward, 0.0) + p
    exact = reward_distribution(SMALL, judge)
    assert [*exact] == sorted(found)
    assert exact == pytest.approx(found)


@every_judge
@pytest.mark.parametrize("beta", [0.2, 1.0, 5.0])
def test_the_best_policy_is_the_reference_weighted(judge: Judge, beta: float) -> None:
    weights = {text: p * math.exp(judge(text) / beta) for text, p in texts(SMALL)}
    z = sum(weights.values())
    best = {text: weight / z for text, weight in weights.items()}
    assert dict(texts(tilted(SMALL, judge, beta))) == pytest.approx(best)
    rewards = reward_distribution(SMALL, judge)
    assert log_partition(rewards, beta) == pytest.approx(math.log(z))
    reward, nats = frontier(rewards, beta)
    before = dict(texts(SMALL))
    assert reward == pytest.approx(sum(p * judge(text) for text, p in best.items()))
    kl = sum(p * math.log(p / before[text]) for text, p in best.items())
    assert nats == pytest.approx(kl)


@every_judge
def test_nothing_is_worth_more_than_the_best_policy(judge: Judge) -> None:
    rewards = reward_distribution(SMALL, judge)
    start = dict(texts(SMALL))

    def worth(grammar: Grammar) -> float:
        own = dict(texts(grammar))
        kl = sum(p * math.log(p / start[text]) for text, p in own.items())
        return sum(p * judge(text) for text, p in own.items()) - kl

    for beta in (0.7, 0.99, 1.01, 1.5):
        assert worth(tilted(SMALL, judge, beta)) < log_partition(rewards, 1.0)
    assert worth(tilted(SMALL, judge, 1.0)) == pytest.approx(
        log_partition(rewards, 1.0)
    )


def test_ending_well_costs_ln_2() -> None:
    rewards = reward_distribution(STORIES, ENDS_WELL)
    assert rewards == pytest.approx({0.0: 0.5, 1.0: 0.5})
    reward, nats = frontier(rewards, 0.02)
    assert (reward, nats) == pytest.approx((1.0, math.log(2)))
    best = tilted(STORIES, ENDS_WELL, 0.02)
    assert all(ENDS_WELL(story) for story in best.sample(200, 0))
    # The conditional grammar: the mood that good endings come from, and the weather with it.
    assert best.prior["good"] == pytest.approx(0.95)
    states = [read_state(story) for story in STORIES.sample(4_000, 1)]
    good = [state for state in states if state["ending"] in GOOD]
    sunny = sum(state["sky"] in "clear bright sunny warm" for state in good) / len(good)
    table = best.slots["{sky}"].tables
    exact = sum(
        share * table[mood][word]
        for mood, share in best.prior.items()
        for word in ("clear", "bright", "sunny", "warm")
    )
    assert (
        exact == pytest.approx(0.95 * 0.85 + 0.05 * 0.15) and abs(sunny - exact) < 0.03
    )


def test_a_best_policy_is_a_model_of_its_own_stories() -> None:
    best = tilted(STORIES, WORDY_JUDGE, 1.0)
    assert best.vocab == STORIES.vocab and best.prior != STORIES.prior
    stories = sequences(best.sample(300, 0), WORDS)
    losses = torch.stack([row.sum() for row in token_losses(best, stories)])
    assert losses.mean().item() == pytest.approx(story_entropy(best), abs=0.6)
    lengths = torch.tensor([len(tokens) - 1.0 for tokens in stories])
    assert lengths.mean().item() == pytest.approx(expected_length(best), abs=0.3)
    assert floor(best) == story_entropy(best) / expected_length(best)
    # From its own samples, the nats that formula and frontier promise.
    before = torch.stack([row.sum() for row in token_losses(STORIES, stories)])
    nats = frontier(reward_distribution(STORIES, WORDY_JUDGE), 1.0)[1]
    assert (before - losses).mean().item() == pytest.approx(nats, abs=0.25)


def test_the_reference_is_left_as_it_was() -> None:
    before = (dict(STORIES.prior), [*map(list, STORIES.odds)], dict(STORIES.slots))
    tilted(STORIES, JUDGE, 0.1)
    assert (STORIES.prior, STORIES.odds, STORIES.slots) == before


def test_ends_of_the_frontier() -> None:
    rewards = {-1.0: 0.25, 0.0: 0.5, 2.0: 0.25}
    reward, nats = frontier(
        rewards, 1e-3
    )  # so cheap that e^(r/β) is no number any more
    assert (reward, nats) == pytest.approx((2.0, math.log(4)))
    reward, nats = frontier(rewards, 1e6)
    assert reward == pytest.approx(0.25, abs=1e-4) and 0 <= nats < 1e-9
    points = [frontier(rewards, beta) for beta in (9, 3, 1, 0.5, 0.2)]
    for (low, few), (high, many) in itertools.pairwise(points):
        assert low < high and few < many


@pytest.mark.parametrize("beta", [1e-3, 1e-9, 1e-15, 1e-300])
def test_a_price_near_0_leaves_the_best_alone(beta: float) -> None:
    found = frontier({0.0: 0.5, 1.0: 0.5}, beta)
    assert found == pytest.approx((1.0, math.log(2)))
    found = frontier({1e9: 0.5, 1e9 + 1: 0.5}, min(beta, 1e-2))
    assert found == pytest.approx((1e9 + 1, math.log(2)))
    best = tilted(SMALL, JUDGES["parent and child"], beta)
    assert best.next_word("a") == pytest.approx({"cat": 1.0, "dog": 0.0})
    assert best.next_word("a cat named") == pytest.approx({"tom": 0.0, "kit": 1.0})


@pytest.mark.parametrize("rewards", [{}, {0.0: 0.3}, {0.0: 1.5, 1.0: -0.5}])
def test_rewards_are_a_distribution(rewards: dict[float, float]) -> None:
    for ask in (
        lambda: log_partition(rewards, 1.0),
        lambda: frontier(rewards, 1.0),
        lambda: agreement(rewards),
        lambda: best_of_n(rewards, 2),
    ):
        with pytest.raises(ValueError, match="rewards: probabilities with the sum"):
            ask()


@pytest.mark.parametrize("beta", [0.0, -1.0, math.nan, math.inf])
def test_a_price_is_above_0(beta: float) -> None:
    for ask in (
        lambda: log_partition({0.0: 1.0}, beta),
        lambda: frontier({0.0: 1.0}, beta),
        lambda: tilted(STORIES, JUDGE, beta),
    ):
        with pytest.raises(ValueError, match=r"beta: .* must be above 0"):
            ask()


@pytest.mark.parametrize("points", [math.nan, math.inf, -math.inf])
def test_points_are_finite(points: float) -> None:
    with pytest.raises(ValueError, match="ending happy is worth"):
        Judge({"ending": {"happy": points}})
    with pytest.raises(ValueError, match="per_word"):
        Judge({}, per_word=points)


@pytest.mark.parametrize(
    ("judge", "said"),
    [
        (Judge({"weather": {"sunny": 1.0}}), "'weather' is no slot"),
        (Judge({"ending": {"sunny": 1.0}}), "'sunny' must be a word of 'ending'"),
        (Judge({"age": {"little": 1.0}}), "'little' .* nothing else"),
        (Judge({"he": {"she": 1.0}}), "'he' is drawn in several sentences"),
    ],
)
def test_points_that_cannot_be_counted(judge: Judge, said: str) -> None:
    with pytest.raises(ValueError, match=f"points: {said}"):
        reward_distribution(STORIES, judge)


def test_a_judge_reads_what_a_story_says() -> None:
    for story in STORIES.sample(300, 3):
        state = read_state(story)
        by_hand = (
            2.0 * (state["ending"] in GOOD)
            + (state["colour"] == "red")
            - (state["thief"] == "fox")
        )
        assert JUDGE(story) == by_hand
        assert WORDY_JUDGE(story) == by_hand + 0.5 * len(story.split())
    assert JUDGE("no story , but happy and red") == 3.0
    assert JUDGE("") == 0.0
