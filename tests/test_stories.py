"""The grammar's probabilities against an enumeration of all its stories, and the reader of files."""

import itertools
import math
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lmlib.files import read_text
from lmlib.floor import expected_length, story_entropy
from lmlib.grammar import Grammar
from lmlib.softmax import entropy, softmax
from lmlib.stories import STORIES, read_grammar
from lmlib.tokens import END

# Everything a grammar can do, in a few hundred stories: Zipf and uniform words, a word given another (exactly, with
# slips, and given a cue), cues of the mood before, in and after alternatives, words that repeat and that are forgotten.
SPEC: dict = {
    "story": [
        "a {who} {sky} (x|y) .",
        [
            "one {who} {pet} (x|y) {road} .",
            "two {pet} .",
            "three {pet} {road} {pet} {road} .",
        ],
        "{he} {sky} {pet} {coat} {mind} .",
    ],
    "hidden": {"mood": ["good", "bad"]},
    "slots": {
        "who": {"words": "tom mia ann"},
        "pet": {"words": "cat dog", "uniform": True},
        "he": {
            "given": "who",
            "words": {"tom": "he", "mia ann": "she"},
            "fidelity": 0.75,
        },
        "sky": {
            "given": "mood",
            "words": {"bad": "grey", "good": "blue red grey"},
        },  # not in the order of the moods
        "road": {
            "given": "mood",
            "words": {"good": "up", "bad": "down"},
            "fidelity": 0.8,
        },
        "coat": {"given": "sky", "words": {"blue red": "thin", "grey": "thick thin"}},
        "mind": {
            "given": "mood",
            "words": {"good": "glad", "bad": "sad"},
            "fidelity": 0.9,
        },
    },
}
TINY = Grammar(**SPEC)


def weighted(words: str, uniform: bool = False) -> dict[str, float]:
    weights = {
        word: 1.0 if uniform else 1 / (i + 1) for i, word in enumerate(words.split())
    }
    return {word: weight / sum(weights.values()) for word, weight in weights.items()}


def words_of(name: str, known: dict[str, str]) -> dict[str, float]:
    spec = SPEC["slots"][name]
    if "given" not in spec:
        return weighted(spec["words"], spec.get("uniform", False))
    tables = {
        value: weighted(line)
        for key, line in spec["words"].items()
        for value in key.split()
    }
    fidelity, cause = spec.get("fidelity", 1.0), known[spec["given"]]
    mixed: dict[str, float] = defaultdict(float)
    for value, table in tables.items():
        for word, p in table.items():
            mixed[word] += p * (
                fidelity if value == cause else (1 - fidelity) / (len(tables) - 1)
            )
    return mixed


def expansions(
    line: list[str], known: dict[str, str]
) -> Iterator[tuple[list[str], float, dict[str, str]]]:
    if not line:
        yield [], 1.0, known
        return
    item, rest = line[0], line[1:]
    if item.startswith("("):
        choices = [(word, 1 / 2, known) for word in item[1:-1].split("|")]
    elif not item.startswith("{"):
        choices = [(item, 1.0, known)]
    elif (name := item[1:-1]) in known:
        choices = [(known[name], 1.0, known)]
    else:
        choices = [
            (word, p, {**known, name: word})
            for word, p in words_of(name, known).items()
            if p > 0
        ]
    for word, p, now in choices:
        for tail, q, after in expansions(rest, now):
            yield [word, *tail], p * q, after


def enumerated(
    parts: list, known: dict[str, str]
) -> Iterator[tuple[tuple[str, ...], float]]:
    if not parts:
        yield (), 1.0
        return
    lines = [parts[0]] if isinstance(parts[0], str) else parts[0]
    for line in lines:
        for words, p, after in expansions(line.split(), known):
            for tail, q in enumerated(parts[1:], after if len(lines) == 1 else known):
                yield (*words, *tail), p / len(lines) * q


@pytest.fixture(scope="module")
def stories() -> dict[tuple[str, ...], float]:
    """Every story of the tiny grammar with its probability, the mood summed out."""
    total: dict[tuple[str, ...], float] = defaultdict(float)
    for mood in ("good", "bad"):
        for words, p in enumerated(SPEC["story"], {"mood": mood}):
            total[words] += p / 2
    return total


def test_enumeration_is_complete(stories: dict) -> None:
    assert len(stories) > 500
    assert math.fsum(stories.values()) == pytest.approx(1.0, abs=1e-13)


def test_every_next_word_distribution(stories: dict) -> None:
    after: dict[tuple[str, ...], dict[str, float]] = defaultdict(
        lambda: defaultdict(float)
    )
    for words, p in stories.items():
        for t, word in enumerate((*words, END)):
            after[words[:t]][word] += p
    for prefix, masses in after.items():
        exact = {word: mass / sum(masses.values()) for word, mass in masses.items()}
        assert TINY.next_word(" ".join(prefix)) == pytest.approx(exact, abs=1e-12)


def test_entropy_and_length_against_the_enumeration(stories: dict) -> None:
    assert story_entropy(TINY) == pytest.approx(
        -math.fsum(p * math.log(p) for p in stories.values()), abs=1e-12
    )
    length = math.fsum(p * (len(words) + 1) for words, p in stories.items())
    assert expected_length(TINY) == pytest.approx(length, abs=1e-12)


def test_samples_follow_the_probabilities(stories: dict) -> None:
    n = 4000
    drawn = [-math.log(stories[tuple(text.split())]) for text in TINY.sample(n, seed=1)]
    error = torch.tensor(drawn).std().item() / math.sqrt(n)
    assert abs(sum(drawn) / n - story_entropy(TINY)) < 4 * error
    counts: dict[str, int] = defaultdict(int)
    for text in TINY.sample(n, seed=2):
        counts[text.split()[1]] += 1
    for word, p in weighted("tom mia ann").items():
        assert abs(counts[word] / n - p) < 4 * math.sqrt(p * (1 - p) / n)


def story_ids(text: str) -> torch.Tensor:
    return torch.tensor([[STORIES.ids[word] for word in [END, *text.split(), END]]])


def test_call_is_the_logarithm_of_follow() -> None:
    text = STORIES.sample(1, seed=5)[0]
    words, ids = [END, *text.split(), END], story_ids(text)
    logits = STORIES(ids[:, :-1])
    assert (logits.shape, logits.dtype) == (
        (1, len(words) - 1, STORIES.vocab_size),
        torch.float64,
    )
    chain = math.prod(
        table[word]
        for table, word in zip(STORIES.follow(words), words[1:], strict=False)
    )
    log_p = logits.gather(-1, ids[:, 1:, None]).sum().item()
    assert log_p == pytest.approx(math.log(chain), abs=1e-10)
    for row, table in zip(logits[0].exp(), STORIES.follow(words), strict=False):
        assert {
            STORIES.vocab[i]: p.item() for i, p in enumerate(row) if p > 0
        } == pytest.approx(table, abs=1e-14)


def test_a_batch_is_its_rows() -> None:
    first, second = (story_ids(text)[:, :20] for text in STORIES.sample(2, seed=6))
    assert torch.equal(
        STORIES(torch.cat([first, second])),
        torch.cat([STORIES(first), STORIES(second)]),
    )


@given(st.integers(0, 10_000))
def test_distributions_sum_to_one_and_allow_what_is_drawn(seed: int) -> None:
    words = [*STORIES.sample(1, seed)[0].split(), END]
    for table, word in zip(STORIES.follow([END, *words]), words, strict=False):
        assert sum(table.values()) == pytest.approx(1.0, abs=1e-12)
        assert 0 < table[word] <= 1


def test_exact_entropy_of_the_book_against_its_stories() -> None:
    losses = []
    for text in STORIES.sample(400, seed=7):
        words = [END, *text.split(), END]
        steps = zip(STORIES.follow(words), words[1:], strict=False)
        losses.append(-sum(math.log(table[word]) for table, word in steps))
    error = torch.tensor(losses).std().item() / math.sqrt(len(losses))
    assert error < 0.2
    assert abs(sum(losses) / len(losses) - story_entropy(STORIES)) < 4 * error


def test_expected_entropy_of_the_steps_is_the_entropy() -> None:
    """Chain rule: the entropies of the exact predictions along stories add up to the entropy of a story."""
    sums = [
        entropy(softmax(STORIES(story_ids(text)[:, :-1]))).sum().item()
        for text in STORIES.sample(60, seed=8)
    ]
    error = torch.tensor(sums).std().item() / math.sqrt(len(sums))
    assert error < 0.3
    assert abs(sum(sums) / len(sums) - story_entropy(STORIES)) < 4 * error


def test_same_seed_same_stories() -> None:
    random.seed(0)
    first = STORIES.sample(5, seed=3)
    random.seed(1)
    assert STORIES.sample(5, seed=3) == first
    assert STORIES.sample(3, seed=3) == first[:3]
    assert STORIES.sample(5, seed=4) != first


def test_two_stories_follow_each_other(stories: dict) -> None:
    one, two = TINY.sample(2, seed=0)
    tables = list(TINY.follow([END, *one.split(), END, *two.split()]))
    assert tables[len(one.split()) + 1] == TINY.next_word("")
    assert tables[-1] == {END: 1.0}


def test_words_that_the_embedding_chapter_needs() -> None:
    text = " ".join(STORIES.sample(300, seed=0)).split()
    assert {
        "king",
        "queen",
        "man",
        "woman",
        "prince",
        "princess",
        "boy",
        "girl",
    } <= set(text)
    assert STORIES.vocab[0] == END
    assert len(set(STORIES.vocab)) == STORIES.vocab_size
    assert set(text) <= set(STORIES.vocab)


def test_what_is_named_at_the_start_returns_at_the_end() -> None:
    for text in STORIES.sample(100, seed=9):
        words = text.split()
        town = words[words.index("lived") + 2]
        assert words[words.index("to", words.index("led")) + 1] == town
        colour, thing = words[words.index(town, words.index("led")) + 3 :][:2]
        assert " ".join([colour, thing]) in text.split("wore")[1].split(".")[0]
        pronoun = {"his": "he", "her": "she"}[words[words.index("wore") + 1]]
        assert words[words.index("end") + 1] == pronoun


def test_the_mood_is_felt_at_the_end() -> None:
    """Four cues of one mood: the ending agrees with them, as Bayes' rule says."""

    def glad(sky: str, people: str, way: str) -> float:
        text = next(
            t
            for t in STORIES.sample(3000, seed=10)
            if f"was {sky} ." in t and f"{people} people" in t and f"a {way} way" in t
        )
        table = STORIES.next_word(text.rsplit(" ", 2)[0])
        return sum(table[word] for word in ("happy", "glad", "cheerful", "proud"))

    odds = (0.85 / 0.15) ** 3
    assert glad("clear", "kind", "short") == pytest.approx(
        (odds * 0.95 + 0.05) / (odds + 1), abs=1e-12
    )
    assert glad("grey", "rude", "long") == pytest.approx(
        (odds * 0.05 + 0.95) / (odds + 1), abs=1e-12
    )


def test_impossible_word() -> None:
    with pytest.raises(
        ValueError, match=r"words: 'wolf' at position 3 cannot stand there; possible: a"
    ):
        STORIES.next_word("once upon wolf")
    with pytest.raises(
        ValueError,
        match=r"words: 'wolf' at position 1 cannot stand there; possible: once",
    ):
        STORIES(torch.tensor([[0, STORIES.ids["wolf"]]]))


@pytest.mark.parametrize("token", [-1, 10_000])
def test_id_outside_the_vocabulary(token: int) -> None:
    with pytest.raises(
        ValueError,
        match=rf"tokens: {token} is no token's id; ids run from 0 to {len(STORIES.vocab) - 1}",
    ):
        STORIES(torch.tensor([[0, token]]))


def test_story_that_names_no_slot() -> None:
    with pytest.raises(
        ValueError, match=r"story: \{pett\} in 'a \{pett\} \.' names no slot; .*\{pet\}"
    ):
        Grammar(["a {pett} ."], {"pet": {"words": "cat"}})


@pytest.mark.parametrize("part", [["a b", "a c"], ["{pet} b", "a c"]])
def test_alternatives_that_look_alike(part: list[str]) -> None:
    with pytest.raises(
        ValueError,
        match=rf"story: the alternatives \[.*{part[0]}.* must each begin with a word of their",
    ):
        Grammar([part], {"pet": {"words": "cat"}})


def test_a_certain_cue_decides_the_mood() -> None:
    slots = {
        "sky": {"given": "mood", "words": {"good": "blue", "bad": "grey"}},
        "mind": {"given": "mood", "words": {"good": "glad calm", "bad": "sad"}},
    }
    grammar = Grammar(["{sky} {mind}"], slots, {"mood": ["good", "bad"]})
    assert grammar.next_word("grey") == {"sad": 1.0}
    with pytest.raises(ValueError, match="'glad' at position 2"):
        grammar.next_word("grey glad")
    exact = {"blue glad": 1 / 3, "blue calm": 1 / 6, "grey sad": 1 / 2}
    assert story_entropy(grammar) == pytest.approx(
        -sum(p * math.log(p) for p in exact.values()), abs=1e-12
    )


def test_a_grammar_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "grammar.toml"
    path.write_text(
        'story = ["a {pet} ran (far|off) ."]\n[slots]\npet = { words = "cat dog", uniform = true }\n'
    )
    grammar = read_grammar(path)
    assert set(grammar.sample(100, seed=0)) == {
        f"a {pet} ran {where} ."
        for pet, where in itertools.product(("cat", "dog"), ("far", "off"))
    }
    assert story_entropy(grammar) == pytest.approx(math.log(4), abs=1e-14)


def test_read_text(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("Füchse lügen.\n人工智能", encoding="utf-8")
    assert read_text(path) == read_text(str(path)) == "Füchse lügen.\n人工智能"


@pytest.mark.parametrize("content", [b"", b" \n\t\n"])
def test_read_empty_text(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "empty.txt"
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"path: '.*empty\.txt' is empty; give a file with some text"
    ):
        read_text(path)


def test_read_what_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError,
        match=r"path: cannot read '.*missing\.txt' \(No such file.*give the path",
    ):
        read_text(tmp_path / "missing.txt")
    with pytest.raises(
        ValueError, match=rf"path: cannot read '{tmp_path}' \(Is a directory\)"
    ):
        read_text(tmp_path)
    path = tmp_path / "latin.txt"
    path.write_bytes("Füchse".encode("latin-1"))
    with pytest.raises(
        ValueError,
        match=r"path: '.*latin\.txt' is not UTF-8 \(byte 1 is 0xfc\); save it",
    ):
        read_text(path)
