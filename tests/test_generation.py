"""Filters against brute force, and the loop that writes."""

import itertools
import math

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor

from lmlib.beam import beam_search
from lmlib.blocks import Config
from lmlib.generation import generate
from lmlib.language_models import LanguageModel
from lmlib.ngrams import NGram
from lmlib.sampling import next_probs, penalise_repetition, top_k_filter, top_p_filter
from lmlib.softmax import log_softmax, softmax
from lmlib.stories import STORIES
from lmlib.tokens import END, WordTokenizer, sequences
from lmlib.transformer import GPT

# Few different values, so that ties are common; −inf is an impossible token.
LOGITS = st.lists(
    st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 3.0, -math.inf]), min_size=1, max_size=9
).filter(lambda logits: max(logits) > -math.inf)


def tensor(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def by_rank(logits: list[float]) -> list[int]:
    return sorted(range(len(logits)), key=lambda i: (-logits[i], i))


def kept(filtered: Tensor, logits: list[float]) -> set[int]:
    """Ids left possible; those keep their logits, bit for bit."""
    assert all(x == logits[i] or x == -math.inf for i, x in enumerate(filtered.tolist()))
    return {i for i, x in enumerate(filtered.tolist()) if x > -math.inf}


def possible(logits: list[float]) -> set[int]:
    return {i for i, x in enumerate(logits) if x > -math.inf}


@given(LOGITS, st.integers(1, 12))
def test_top_k_by_brute_force(logits: list[float], k: int) -> None:
    filtered = top_k_filter(tensor(logits), k)
    assert kept(filtered, logits) == set(by_rank(logits)[:k]) & possible(logits)


@given(LOGITS, st.floats(0.001, 0.999))
def test_top_p_by_brute_force(logits: list[float], p: float) -> None:
    """Of all sets that reach p the smallest, then the likeliest, then the one with the lower ids."""
    powers = [math.exp(x) for x in logits]
    probs = [power / sum(powers) for power in powers]
    ids = sorted(possible(logits), key=lambda i: (-probs[i], i))
    sums = list(itertools.accumulate(probs[i] for i in ids))
    assume(all(abs(s - p) > 1e-9 for s in sums))  # on the edge rounding decides
    size = min(
        n
        for n in range(1, len(ids) + 1)
        if max(map(sum, itertools.combinations(probs, n))) >= p
    )
    assert kept(top_p_filter(tensor(logits), p), logits) == set(ids[:size])


@given(LOGITS, st.floats(0.0, 1.0, exclude_min=True))
def test_top_p_keeps_at_least_one_and_reaches_p(logits: list[float], p: float) -> None:
    left = kept(top_p_filter(tensor(logits), p), logits)
    assert by_rank(logits)[0] in left
    assert softmax(tensor(logits))[sorted(left)].sum() >= p - 1e-12


def test_top_p_of_one_keeps_all() -> None:
    logits = torch.tensor([50.0, 0.0, -50.0])
    assert torch.equal(top_p_filter(logits, 1.0), logits)
    assert top_p_filter(logits, 1 - 1e-9).isneginf().any()


def test_filters_work_on_each_row() -> None:
    logits = torch.randn(
        3, 4, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    for function, value in ((top_k_filter, 3), (top_p_filter, 0.7)):
        rows = [function(row, value) for row in logits.reshape(-1, 9)]
        assert torch.equal(function(logits, value), torch.stack(rows).reshape(3, 4, 9))


@given(LOGITS, st.floats(0.1, 10), st.integers(1, 9), st.floats(0.05, 0.95))
def test_next_probs_in_steps(
    logits: list[float], temperature: float, k: int, p: float
) -> None:
    """Temperature, top-k, top-p of what is left, one after the other in plain Python."""
    left = [i for i in by_rank(logits)[:k] if logits[i] > -math.inf]
    powers = {i: math.exp(logits[i] / temperature) for i in left}
    shares = {i: powers[i] / sum(powers.values()) for i in left}
    sums = list(itertools.accumulate(shares.values()))
    assume(all(abs(s - p) > 1e-9 for s in sums))
    nucleus = left[: 1 + sum(s < p for s in sums)]
    expected = [
        shares[i] / sum(shares[j] for j in nucleus) if i in nucleus else 0.0
        for i in range(len(logits))
    ]
    assert next_probs(tensor(logits), temperature, k, p).tolist() == pytest.approx(
        expected, abs=1e-12
    )


@given(LOGITS)
def test_temperature_zero_is_greedy(logits: list[float]) -> None:
    probs = next_probs(tensor(logits), temperature=0)
    assert probs.tolist() == [float(i == by_rank(logits)[0]) for i in range(len(logits))]
    assert torch.equal(probs, next_probs(tensor(logits), temperature=0, top_k=3, top_p=0.5))


def test_greedy_tells_close_logits_apart() -> None:
    assert next_probs(torch.tensor([1e-8, 2e-8]), temperature=0).tolist() == [0.0, 1.0]


def test_tiny_temperature_does_not_overflow() -> None:
    assert next_probs(torch.tensor([1000.0, 999.0]), temperature=1e-40).tolist() == [
        1.0,
        0.0,
    ]


def after(tokens: Tensor) -> Tensor:
    """A model of 5 tokens whose next token is the sum of all so far, or, less likely, one more."""
    total = tokens.cumsum(1)
    hot = torch.nn.functional.one_hot
    return (0.75 * hot(total % 5, 5) + 0.25 * hot((total + 1) % 5, 5)).log()


def test_greedy_generation_sees_all_tokens() -> None:
    out = generate(after, torch.tensor([[1, 2], [0, 1]]), max_new_tokens=4, temperature=0)
    assert out.tolist() == [[1, 2, 3, 1, 2, 4], [0, 1, 1, 2, 4, 3]]


def test_draws_follow_the_probabilities() -> None:
    n = 4000
    out = generate(
        after,
        torch.zeros(n, 1, dtype=torch.int64),
        1,
        generator=torch.Generator().manual_seed(0),
    )
    assert set(out[:, 1].tolist()) == {0, 1}
    assert out[:, 1].double().mean() == pytest.approx(
        0.25, abs=4 * math.sqrt(0.25 * 0.75 / n)
    )


def test_same_generator_same_text() -> None:
    def run(seed: int) -> Tensor:
        return generate(
            after, torch.tensor([[0]]), 30, generator=torch.Generator().manual_seed(seed)
        )

    assert torch.equal(run(1), run(1))
    assert not torch.equal(run(1), run(2))


def test_settings_reach_the_model() -> None:
    prompt, generator = (
        torch.zeros(500, 1, dtype=torch.int64),
        torch.Generator().manual_seed(0),
    )
    for settings in ({"top_k": 1}, {"top_p": 0.5}, {"temperature": 0.05}):
        assert (
            generate(after, prompt, 1, generator=generator, **settings)[:, 1] == 0
        ).all()
    hot = (
        generate(after, prompt, 1, temperature=100.0, generator=generator)[:, 1]
        .double()
        .mean()
    )
    assert hot == pytest.approx(0.5, abs=0.1)


def test_the_grammar_writes_its_own_stories() -> None:
    start = torch.tensor([[STORIES.ids[END]]])
    out = generate(STORIES, start, 150, generator=torch.Generator().manual_seed(0))[0]
    assert STORIES(out[None]).shape == (
        1,
        151,
        STORIES.vocab_size,
    )  # every word can stand where it stands
    assert [STORIES.vocab[i] for i in out[:4]] == [END, "once", "upon", "a"]


def test_an_n_gram_writes_with_the_same_loop() -> None:
    tokenizer = WordTokenizer(STORIES.vocab)
    model = NGram(3, len(tokenizer.vocab)).fit(
        sequences(STORIES.sample(50, seed=0), tokenizer)
    )
    out = generate(model, torch.tensor([[0]]), 5, temperature=0)
    assert tokenizer.decode(out[0]) == f"{END} once upon a time a"


@pytest.mark.parametrize("k", [0, -1])
def test_bad_top_k(k: int) -> None:
    with pytest.raises(ValueError, match=rf"top_k: {k} keeps nothing; use 1 or more"):
        top_k_filter(torch.zeros(3), k)
    with pytest.raises(ValueError, match=rf"top_k: {k} "):
        next_probs(torch.zeros(3), temperature=0, top_k=k)


@pytest.mark.parametrize("p", [0.0, -0.1, 1.1, math.nan])
def test_bad_top_p(p: float) -> None:
    with pytest.raises(
        ValueError, match=rf"top_p: {p} is outside \(0, 1\]; use 1 to keep all"
    ):
        top_p_filter(torch.zeros(3), p)


@pytest.mark.parametrize("temperature", [-1.0, math.nan, math.inf])
def test_bad_temperature(temperature: float) -> None:
    with pytest.raises(ValueError, match=rf"temperature: {temperature} is not above 0"):
        generate(after, torch.tensor([[0]]), 1, temperature)


@pytest.mark.parametrize("settings", [{}, {"top_k": 1}, {"top_p": 0.5}, {"temperature": 0}])
def test_logits_that_hold_nan(settings: dict) -> None:
    with pytest.raises(ValueError, match="logits: hold NaN"):
        generate(
            lambda tokens: torch.full((*tokens.shape, 3), math.nan),
            torch.tensor([[0]]),
            1,
            **settings,
        )


@pytest.mark.parametrize("shape", [(1, 0), (3,)])
def test_empty_prompt(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        ValueError,
        match=r"tokens: shape \(.*\); give \(B, T\) ids with at least one token, such as END",
    ):
        generate(after, torch.zeros(shape, dtype=torch.int64), 1)


def gpt(positions: str = "learned", vocab_size: int = 7) -> GPT:
    """Small, in float64, with logits far enough apart that no rounding decides."""
    sizes = {"block_size": 24, "n_layer": 2, "n_head": 2, "d_model": 16}
    model = GPT(Config(vocab_size, positions=positions, **sizes), seed=1).double().eval()
    generator = torch.Generator().manual_seed(0)
    for p in model.parameters():
        p.data += 0.3 * torch.randn(p.shape, generator=generator, dtype=torch.float64)
    return model


class Counting(GPT):
    """A GPT that notes how many tokens it reads."""

    def forward(self, tokens: Tensor, cache: list | None = None) -> Tensor:
        self.read = [*getattr(self, "read", []), tokens.shape[1]]
        return super().forward(tokens, cache)


@pytest.mark.parametrize("positions", ["learned", "sinusoidal", "rotary"])
@pytest.mark.parametrize(
    "settings",
    [{"temperature": 0, "repetition_penalty": 2.0}, {}, {"top_p": 0.8, "top_k": 5}],
)
def test_with_cache_and_without_the_same_text(positions: str, settings: dict) -> None:
    model, prompt = gpt(positions), torch.tensor([[0, 3, 1], [5, 5, 2]])

    def run(use_cache: bool) -> Tensor:
        generator = torch.Generator().manual_seed(4)
        return generate(
            model, prompt, 21, generator=generator, use_cache=use_cache, **settings
        )

    assert torch.equal(run(True), run(False))
    assert len(set(run(True)[:, 3:].flatten().tolist())) > 2


def test_each_token_is_read_once() -> None:
    model = Counting(gpt().config).eval()
    generate(model, torch.zeros(1, 3, dtype=torch.int64), 5)
    assert model.read == [3, 1, 1, 1, 1]
    model.read = []
    generate(model, torch.zeros(1, 3, dtype=torch.int64), 5, use_cache=False)
    assert model.read == [3, 4, 5, 6, 7]


def test_what_was_written_can_be_trained_on() -> None:
    model = gpt()
    written = generate(model, torch.tensor([[0]]), 4)
    model(written).sum().backward()
    assert not written.is_inference()


def test_a_text_that_ended_stays_ended() -> None:
    prompt = torch.tensor(
        [[1, 4], [2, 2], [0, 0]]
    )  # 0 is END; in the prompt it ends nothing

    def count_down(tokens: Tensor) -> Tensor:
        return 99.0 * torch.nn.functional.one_hot((tokens - 1) % 5, 5)

    out = generate(count_down, prompt, 9, temperature=0, end=0)
    assert out.tolist() == [
        [1, 4, 3, 2, 1, 0, 0],
        [2, 2, 1, 0, 0, 0, 0],
        [0, 0, 4, 3, 2, 1, 0],
    ]
    assert generate(count_down, prompt[:1], 2, temperature=0, end=0).tolist() == [
        [1, 4, 3, 2]
    ]


@given(LOGITS, st.lists(st.integers(0, 8), min_size=1), st.floats(0.2, 5))
def test_repetition_penalty_by_hand(
    logits: list[float], text: list[int], penalty: float
) -> None:
    text = [i % len(logits) for i in text]
    out = penalise_repetition(tensor(logits), torch.tensor(text), penalty).tolist()
    for i, x in enumerate(logits):
        expected = (x / penalty if x > 0 else x * penalty) if i in text else x
        assert out[i] == pytest.approx(expected)


def test_repetition_penalty_reaches_the_loop() -> None:
    def stubborn(tokens: Tensor) -> Tensor:
        return torch.tensor([3.0, 2.0, 1.0]).expand(*tokens.shape, 3)

    def run(penalty: float) -> list[int]:
        prompt = torch.tensor([[2]])
        return generate(
            stubborn, prompt, 4, temperature=0, repetition_penalty=penalty
        ).tolist()[0]

    assert run(1.0) == [2, 0, 0, 0, 0]
    assert run(2.0) == [2, 0, 1, 0, 0]  # 3, 2, ½; then 1.5, 2, ½; then 1.5, 1, ½


def every_text(model: LanguageModel, prompt: list[int], n: int, size: int) -> list[tuple]:
    """All ``size`` ** ``n`` texts and their log-probabilities, the likeliest first."""
    rows = []
    for words in itertools.product(range(size), repeat=n):
        text = torch.tensor([[*prompt, *words]])
        log_probs = log_softmax(model(text[:, :-1])[0].double())
        score = sum(float(log_probs[len(prompt) - 1 + i, w]) for i, w in enumerate(words))
        rows.append((score, [*prompt, *words]))
    return sorted(rows, key=lambda row: -row[0])


@torch.no_grad()
@pytest.mark.parametrize("kind", ["gpt", "ngram"])
def test_wide_enough_a_beam_is_exhaustive_search(kind: str) -> None:
    model: LanguageModel = gpt(vocab_size=4)
    if kind == "ngram":
        texts = torch.randint(4, (20, 9), generator=torch.Generator().manual_seed(0))
        model = NGram(3, 4).fit([*texts])
    best = every_text(model, [0, 2], 4, 4)
    texts, scores = beam_search(model, torch.tensor([[0, 2]]), 4, beams=4**4)
    assert scores.tolist() == pytest.approx([score for score, _ in best], abs=1e-9)
    assert texts[:20].tolist() == [text for _, text in best[:20]]
    texts, _ = beam_search(model, torch.tensor([[0, 2]]), 4, beams=4**3)
    assert texts[0].tolist() == best[0][1]  # so many are enough for the best one


@torch.no_grad()
def test_one_beam_is_greedy_and_more_find_more() -> None:
    model, prompt = gpt(), torch.tensor([[0, 3]])
    texts, scores = beam_search(model, prompt, 10, beams=1)
    assert torch.equal(texts, generate(model, prompt, 10, temperature=0))
    wide, better = beam_search(model, prompt, 10, beams=50)
    assert better[0] >= scores[0] and wide.shape == (50, 12)
    assert (better.diff() <= 0).all() and len(set(map(tuple, wide.tolist()))) == 50


def test_beam_search_ends() -> None:
    tree = torch.tensor([[0.1, 0.5, 0.4], [0.7, 0.1, 0.2], [0.0, 0.5, 0.5]]).log()
    texts, scores = beam_search(
        lambda tokens: tree[tokens], torch.tensor([[1]]), 2, 9, end=0
    )
    assert texts.tolist()[:3] == [[1, 0, 0], [1, 2, 1], [1, 2, 2]]
    assert scores[:3].exp().tolist() == pytest.approx([0.7, 0.1, 0.1])
    assert len(texts) == 1 + 3 + 2  # nothing goes on after 0, and 2 is never followed by it
    texts, _ = beam_search(lambda tokens: tree[tokens], torch.tensor([[1]]), 9, 1, end=0)
    assert texts.tolist() == [[1, 0]]  # all have ended, so the search has too


def test_beam_search_of_the_grammar_keeps_to_what_is_possible() -> None:
    """Some steps have one choice alone, and the grammar refuses to read any other."""
    texts, scores = beam_search(STORIES, torch.tensor([[STORIES.ids[END]]]), 7, beams=20)
    assert len(texts) == 20 and scores.isfinite().all()
    written = [STORIES.vocab[i] for i in texts[0]]
    assert written[:5] == [END, "once", "upon", "a", "time"]


class TestAgainstTransformers:
    """The same numbers as its logits processors, and the same texts as its beam search."""

    @pytest.fixture
    def peer(self):
        return pytest.importorskip("transformers")

    @pytest.fixture
    def scores(self) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        return 3 * torch.randn(200, 50, generator=generator, dtype=torch.float64)

    @pytest.mark.parametrize("k", [1, 5, 50])
    def test_top_k(self, peer, scores: Tensor, k: int) -> None:
        assert torch.equal(
            top_k_filter(scores, k), peer.TopKLogitsWarper(k)(None, scores.clone())
        )

    def test_top_k_of_equals(self, peer) -> None:
        """The one difference: the other side keeps all that equal the k-th, ours k."""
        equal = torch.tensor([[1.0, 2.0, 2.0, 2.0]])
        assert top_k_filter(equal, 2).isfinite().sum() == 2
        assert peer.TopKLogitsWarper(2)(None, equal).isfinite().sum() == 3

    @pytest.mark.parametrize("p", [0.01, 0.5, 0.9, 0.99])
    def test_top_p(self, peer, scores: Tensor, p: float) -> None:
        theirs = peer.TopPLogitsWarper(p)(None, scores.clone())
        assert torch.equal(top_p_filter(scores, p), theirs)

    @pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
    def test_temperature(self, peer, scores: Tensor, temperature: float) -> None:
        theirs = peer.TemperatureLogitsWarper(temperature)(None, scores.clone())
        torch.testing.assert_close(next_probs(scores, temperature), theirs.softmax(-1))

    @pytest.mark.parametrize("penalty", [0.5, 1.0, 1.3])
    def test_repetition(self, peer, scores: Tensor, penalty: float) -> None:
        text = torch.randint(50, (200, 30), generator=torch.Generator().manual_seed(1))
        theirs = peer.RepetitionPenaltyLogitsProcessor(penalty)(text, scores.clone())
        torch.testing.assert_close(penalise_repetition(scores, text, penalty), theirs)

    def test_all_in_the_same_order(self, peer, scores: Tensor) -> None:
        theirs = scores.clone()
        for warper in (
            peer.TemperatureLogitsWarper(0.7),
            peer.TopKLogitsWarper(20),
            peer.TopPLogitsWarper(0.8),
        ):
            theirs = warper(None, theirs)
        torch.testing.assert_close(next_probs(scores, 0.7, 20, 0.8), theirs.softmax(-1))

    @pytest.mark.parametrize("beams", [2, 4, 9])
    def test_beam_search(self, peer, beams: int) -> None:
        from lmlib.interop.gpt2 import to_gpt2

        peer.logging.set_verbosity_error()
        model, prompt = gpt(vocab_size=30), torch.tensor([[0, 3, 5]])
        theirs = to_gpt2(model)
        theirs.generation_config.eos_token_id = None
        out = theirs.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=12,
            num_beams=beams,
            num_return_sequences=beams,
            do_sample=False,
            length_penalty=0.0,
            return_dict_in_generate=True,
            output_scores=True,
        )
        texts, scores = beam_search(model, prompt, 12, beams)
        assert torch.equal(texts, out.sequences)
        torch.testing.assert_close(scores, out.sequences_scores.double(), rtol=0, atol=1e-4)

    def test_greedy(self, peer) -> None:
        from lmlib.interop.gpt2 import to_gpt2

        model, prompt = gpt(vocab_size=30), torch.tensor([[1, 3, 5], [4, 4, 4]])
        theirs = to_gpt2(model)
        theirs.generation_config.eos_token_id = None
        out = theirs.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=20,
            do_sample=False,
            repetition_penalty=1.5,
        )
        ours = generate(model, prompt, 20, temperature=0, repetition_penalty=1.5)
        assert torch.equal(ours, out)


@pytest.mark.parametrize("penalty", [0.0, -1.0, math.nan, math.inf])
def test_bad_repetition_penalty(penalty: float) -> None:
    match = (
        rf"repetition_penalty: {penalty} is not above 0 and finite; use 1 to change nothing"
    )
    with pytest.raises(ValueError, match=match):
        generate(after, torch.tensor([[0]]), 1, repetition_penalty=penalty)


@pytest.mark.parametrize("n", [0, -3])
def test_nothing_to_write(n: int) -> None:
    match = rf"max_new_tokens: {n} asks for nothing; use 1 or more"
    with pytest.raises(ValueError, match=match):
        generate(after, torch.tensor([[0]]), n)
    with pytest.raises(ValueError, match=match):
        beam_search(after, torch.tensor([[0]]), n, 2)


def test_too_long_for_the_model() -> None:
    prompt = torch.zeros(1, 4, dtype=torch.int64)
    match = "max_new_tokens: a prompt of 4 tokens and 21 new ones make 25, .* block_size is 24; ask"
    for use_cache in (True, False):
        with pytest.raises(ValueError, match=match):
            generate(gpt(), prompt, 21, use_cache=use_cache)
    with pytest.raises(ValueError, match=match):
        beam_search(gpt(), prompt, 21, 2)
    assert generate(gpt(), prompt, 20).shape == (1, 24)


@pytest.mark.parametrize("model", [gpt(), STORIES, NGram(2, 7).fit([torch.arange(7)])])
def test_unknown_ids(model: LanguageModel) -> None:
    with pytest.raises(ValueError, match="tokens: -1 is no token's id; ids begin at 0"):
        generate(model, torch.tensor([[0, -1]]), 1)
    with pytest.raises(ValueError, match=r"tokens: .*ids"):
        generate(model, torch.tensor([[0, 999]]), 1)
    with pytest.raises(ValueError, match="end: -2 is no token's id; ids begin at 0"):
        generate(model, torch.tensor([[0]]), 1, end=-2)


def test_bad_beams() -> None:
    with pytest.raises(ValueError, match="beams: 0 for 1 prompts; use 1 or more"):
        beam_search(after, torch.tensor([[0]]), 1, 0)
    with pytest.raises(ValueError, match=r"beams: 2 for 3 prompts; .* one prompt \(1, T\)"):
        beam_search(after, torch.zeros(3, 1, dtype=torch.int64), 1, 2)
