"""Biased tales, texts turned round, facts that are checked, and how well a probability tells right from wrong."""

import itertools
import math
import random

import pytest
from sklearn.metrics import roc_auc_score

from lmlib.floor import floor, story_entropy
from lmlib.limits import PAIRS, SHARES, auc, check_claims, skewed_grammar, swapped
from lmlib.states import parse_story
from lmlib.stories import STORIES, WORDS
from lmlib.tokens import END

TALES = skewed_grammar().sample(200, seed=3)


def test_a_helper_is_she_in_the_share_that_was_asked_for() -> None:
    tales = skewed_grammar().sample(6_000, seed=1)
    for helper, share in SHARES.items():
        found = [tale.split()[18] for tale in tales if tale.split()[15] == helper]
        assert {*found} == {"he", "she"}
        allowed = 4 * math.sqrt(share * (1 - share) / len(found))
        assert found.count("she") / len(found) == pytest.approx(share, abs=allowed)


def test_every_word_of_a_tale_is_a_word_of_the_stories() -> None:
    assert {*skewed_grammar().vocab} <= {*WORDS.vocab}
    assert all(len(tale.split()) == 30 for tale in TALES)


def test_the_entropy_of_a_skew_is_that_of_its_pronouns() -> None:
    fair = skewed_grammar(dict.fromkeys(SHARES, 0.5))
    shares = STORIES.slots["{helper}"].tables[""]
    lost = sum(
        f
        * (
            math.log(2)
            + SHARES[h] * math.log(SHARES[h])
            + (1 - SHARES[h]) * math.log(1 - SHARES[h])
        )
        for h, f in shares.items()
    )
    assert story_entropy(fair) - story_entropy(skewed_grammar()) == pytest.approx(lost)
    assert floor(skewed_grammar()) < floor(fair)


def test_a_pronoun_that_never_comes_is_impossible() -> None:
    always = skewed_grammar({**SHARES, "farmer": 1.0})
    begun = "once upon a time a wise king named tom lived in ashby . luckily a farmer came and"
    assert always.next_word(begun) == {"she": 1.0}
    assert check_claims(f"{begun} he", always)[0][-1].right == "she"


@pytest.mark.parametrize(
    "shares",
    [
        {**SHARES, "farmer": 1.2},
        {**SHARES, "farmer": -0.1},
        {**SHARES, "king": 0.5},
        {"farmer": 0.5},
    ],
)
def test_shares_that_make_no_sense_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="shares: "):
        skewed_grammar(shares)


def test_what_is_turned_round_is_a_tale_again_and_twice_it_is_the_same() -> None:
    fair = skewed_grammar(dict.fromkeys(SHARES, 0.5))
    for tale in TALES:
        other = swapped(tale)
        assert other != tale and swapped(other) == tale
        words = [END, *tale.split()], [END, *other.split()]
        ours, theirs = (
            [t[w] for w, t in zip(text[1:], fair.follow(text), strict=False)]
            for text in words
        )
        assert math.prod(ours) == pytest.approx(math.prod(theirs))


def test_stories_are_turned_round_as_well() -> None:
    for story in STORIES.sample(50, seed=2):
        assert check_claims(swapped(story))[1] is None


def test_without_names_a_text_is_turned_into_nonsense() -> None:
    names_stay = {a: b for a, b in PAIRS.items() if len(a) < 3 or a in "king prince"}
    broken = [check_claims(swapped(t, names_stay), skewed_grammar()) for t in TALES]
    assert any(place == 8 for _, place in broken)


def test_a_true_story_states_nothing_false() -> None:
    for story in STORIES.sample(100, seed=5):
        claims, broken = check_claims(story)
        assert broken is None and len(claims) >= 8
        assert all(claim.said == claim.right for claim in claims)
        words = story.split()
        assert all(words[claim.place] == claim.said for claim in claims)


def test_facts_are_drawn_words_that_have_been_told() -> None:
    """Against another way: by the slots of a parsed story, and what stood there before."""
    for story in STORIES.sample(50, seed=6):
        items = [pair for line in parse_story(story) for pair in line]
        seen: set[str] = set()
        again = []
        for place, (item, _) in enumerate(items):
            if item in seen or item in {"{he}", "{his}"}:
                again.append(place)
            seen.add(item if item.startswith("{") else "")
        assert [claim.place for claim in check_claims(story)[0]] == again


def test_every_changed_fact_is_found_and_the_story_read_on() -> None:
    draw = random.Random(0)
    for story in STORIES.sample(40, seed=7):
        words = story.split()
        claims = check_claims(story)[0]
        for claim in draw.sample(claims, 2):
            words[claim.place] = "oakton" if claim.right != "oakton" else "milford"
        found, broken = check_claims(" ".join(words))
        wrong = [claim for claim in found if claim.said != claim.right]
        assert broken is None and len(wrong) == 2 and len(found) == len(claims)


@pytest.mark.parametrize(
    "text, place",
    [
        ("banana", 0),
        ("once upon a time a wise wise", 6),
        ("once upon a time a wise king named mia lived", 8),
        ("once upon a time a wise king named tom lived in ashby . the the", 14),
        ("", None),
        ("once upon", None),
    ],
)
def test_where_nothing_can_be_judged_any_more(text: str, place: int | None) -> None:
    assert check_claims(text) == ([], place)


def test_words_behind_the_end_of_a_story_are_a_fault() -> None:
    story = STORIES.sample(1, seed=0)[0]
    assert check_claims(f"{story} once")[1] == len(story.split())


@pytest.mark.parametrize("seed", range(5))
def test_auc_is_that_of_scikit_learn(seed: int) -> None:
    draw = random.Random(seed)
    right = [round(draw.random(), 1) for _ in range(draw.randint(1, 30))]
    wrong = [round(draw.random() ** 2, 1) for _ in range(draw.randint(1, 30))]
    labels = [1] * len(right) + [0] * len(wrong)
    assert auc(right, wrong) == pytest.approx(roc_auc_score(labels, right + wrong))
    assert auc(wrong, right) == pytest.approx(1 - auc(right, wrong))


@pytest.mark.parametrize("right, wrong", [([], [0.5]), ([0.5], []), ([], [])])
def test_auc_asks_for_one_of_each(right: list[float], wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="right, wrong"):
        auc(right, wrong)


def test_pairs_are_pairs() -> None:
    both = [*PAIRS, *PAIRS.values()]
    assert len({*both}) == len(both) and {*both} <= {*WORDS.vocab}
    for a, b in itertools.islice(PAIRS.items(), 6, None):
        tables = STORIES.slots["{name}"].tables
        assert tables["king"][a] == tables["queen"][b]
