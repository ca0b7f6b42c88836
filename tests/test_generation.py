"""The loop that writes: with any model, with a cache and without, and where it ends."""

import math

import pytest
import torch
from support.models import after, shaken, small_gpt
from torch import Tensor

from lmlib.generation import generate
from lmlib.language_models import LanguageModel
from lmlib.llama import Llama
from lmlib.modern import ModernConfig
from lmlib.ngrams import NGram
from lmlib.stories import STORIES
from lmlib.tokens import END, WordTokenizer, sequences
from lmlib.transformer import GPT

LLAMA = ModernConfig(7, 24, n_head=4, n_kv_head=2, d_model=16, d_head=4, d_ff=24)


def test_greedy_generation_sees_all_tokens() -> None:
    out = generate(
        after, torch.tensor([[1, 2], [0, 1]]), max_new_tokens=4, temperature=0
    )
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
            after,
            torch.tensor([[0]]),
            30,
            generator=torch.Generator().manual_seed(seed),
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


@pytest.mark.parametrize("temperature", [-1.0, math.nan, math.inf])
def test_bad_temperature(temperature: float) -> None:
    with pytest.raises(ValueError, match=rf"temperature: {temperature} is not above 0"):
        generate(after, torch.tensor([[0]]), 1, temperature)


@pytest.mark.parametrize(
    "settings", [{}, {"top_k": 1}, {"top_p": 0.5}, {"temperature": 0}]
)
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


class Counting(GPT):
    """A GPT that notes how many tokens it reads."""

    def forward(
        self, tokens: Tensor, cache: list | None = None, last: bool = False
    ) -> Tensor:
        self.read = [*getattr(self, "read", []), tokens.shape[1]]
        return super().forward(tokens, cache, last)


@pytest.mark.parametrize("positions", ["learned", "sinusoidal", "rotary"])
@pytest.mark.parametrize(
    "settings",
    [{"temperature": 0, "repetition_penalty": 2.0}, {}, {"top_p": 0.8, "top_k": 5}],
)
def test_with_cache_and_without_the_same_text(positions: str, settings: dict) -> None:
    model, prompt = small_gpt(positions), torch.tensor([[0, 3, 1], [5, 5, 2]])

    def run(use_cache: bool) -> Tensor:
        generator = torch.Generator().manual_seed(4)
        return generate(
            model, prompt, 21, generator=generator, use_cache=use_cache, **settings
        )

    assert torch.equal(run(True), run(False))
    assert len(set(run(True)[:, 3:].flatten().tolist())) > 2


def test_each_token_is_read_once() -> None:
    model = Counting(small_gpt().config).eval()
    generate(model, torch.zeros(1, 3, dtype=torch.int64), 5)
    assert model.read == [3, 1, 1, 1, 1]
    model.read = []
    generate(model, torch.zeros(1, 3, dtype=torch.int64), 5, use_cache=False)
    assert model.read == [3, 4, 5, 6, 7]


@pytest.mark.parametrize("use_cache", [True, False])
def test_a_model_of_today_writes_too(use_cache: bool) -> None:
    model = shaken(Llama(LLAMA, seed=1))
    written = generate(
        model, prompt := torch.tensor([[0, 3, 1]]), 9, 0, use_cache=use_cache
    )
    for t in range(3, 12):
        assert written[0, t] == model(written[:, :t])[0, -1].argmax()
    match = (
        "max_new_tokens: a prompt of 3 tokens and 22 new ones make 25, .* is 24; ask"
    )
    with pytest.raises(ValueError, match=match):
        generate(model, prompt, 22, use_cache=use_cache)


def test_what_was_written_can_be_trained_on() -> None:
    model = small_gpt()
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


@pytest.mark.parametrize("penalty", [0.0, -1.0, math.nan, math.inf])
def test_bad_repetition_penalty(penalty: float) -> None:
    match = rf"repetition_penalty: {penalty} is not above 0 and finite; use 1 to change nothing"
    with pytest.raises(ValueError, match=match):
        generate(after, torch.tensor([[0]]), 1, repetition_penalty=penalty)


@pytest.mark.parametrize(
    "model", [small_gpt(), STORIES, NGram(2, 7).fit([torch.arange(7)])]
)
def test_unknown_ids(model: LanguageModel) -> None:
    with pytest.raises(ValueError, match="tokens: -1 is no token's id; ids begin at 0"):
        generate(model, torch.tensor([[0, -1]]), 1)
    with pytest.raises(ValueError, match=r"tokens: .*ids"):
        generate(model, torch.tensor([[0, 999]]), 1)
    with pytest.raises(ValueError, match="end: -2 is no token's id; ids begin at 0"):
        generate(model, torch.tensor([[0]]), 1, end=-2)


@pytest.mark.parametrize("n", [0, -3])
def test_nothing_to_write(n: int) -> None:
    match = rf"max_new_tokens: {n} asks for nothing; use 1 or more"
    with pytest.raises(ValueError, match=match):
        generate(after, torch.tensor([[0]]), n)


def test_too_long_for_the_model() -> None:
    prompt = torch.zeros(1, 4, dtype=torch.int64)
    match = "max_new_tokens: a prompt of 4 tokens and 21 new ones make 25, .* block_size is 24; ask"
    for use_cache in (True, False):
        with pytest.raises(ValueError, match=match):
            generate(small_gpt(), prompt, 21, use_cache=use_cache)
    assert generate(small_gpt(), prompt, 20).shape == (1, 24)


class TestAgainstTransformers:
    """The same texts as its greedy search."""

    @pytest.fixture
    def peer(self):
        return pytest.importorskip("transformers")

    def test_greedy(self, peer) -> None:
        from lmlib.interop.gpt2 import to_gpt2

        model, prompt = small_gpt(vocab_size=30), torch.tensor([[1, 3, 5], [4, 4, 4]])
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
