"""Beam search against all texts there are, greedy search, and Transformers."""

import itertools

import pytest
import torch
from support.models import after, shaken, small_gpt

from lmlib.beam import beam_search
from lmlib.generation import generate
from lmlib.language_models import LanguageModel
from lmlib.llama import Llama
from lmlib.modern import ModernConfig
from lmlib.ngrams import NGram
from lmlib.softmax import log_softmax
from lmlib.stories import STORIES
from lmlib.tokens import END

LLAMA = ModernConfig(7, 24, n_head=4, n_kv_head=2, d_model=16, d_head=4, d_ff=24)


def every_text(
    model: LanguageModel, prompt: list[int], n: int, size: int
) -> list[tuple]:
    """All ``size`` ** ``n`` texts and their log-probabilities, the likeliest first."""
    rows = []
    for words in itertools.product(range(size), repeat=n):
        text = torch.tensor([[*prompt, *words]])
        log_probs = log_softmax(model(text[:, :-1])[0].double())
        score = sum(
            float(log_probs[len(prompt) - 1 + i, w]) for i, w in enumerate(words)
        )
        rows.append((score, [*prompt, *words]))
    return sorted(rows, key=lambda row: -row[0])


@torch.no_grad()
@pytest.mark.parametrize("kind", ["gpt", "ngram"])
def test_wide_enough_a_beam_is_exhaustive_search(kind: str) -> None:
    model: LanguageModel = small_gpt(vocab_size=4)
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
    model, prompt = small_gpt(), torch.tensor([[0, 3]])
    texts, scores = beam_search(model, prompt, 10, beams=1)
    assert torch.equal(texts, generate(model, prompt, 10, temperature=0))
    wide, better = beam_search(model, prompt, 10, beams=50)
    assert better[0] >= scores[0] - 1e-9 and wide.shape == (50, 12)
    assert (better.diff() <= 0).all() and len(set(map(tuple, wide.tolist()))) == 50


def test_beam_search_ends() -> None:
    tree = torch.tensor([[0.1, 0.5, 0.4], [0.7, 0.1, 0.2], [0.0, 0.5, 0.5]]).log()
    texts, scores = beam_search(
        lambda tokens: tree[tokens], torch.tensor([[1]]), 2, 9, end=0
    )
    assert texts.tolist()[:3] == [[1, 0, 0], [1, 2, 1], [1, 2, 2]]
    assert scores[:3].exp().tolist() == pytest.approx([0.7, 0.1, 0.1])
    assert (
        len(texts) == 1 + 3 + 2
    )  # nothing goes on after 0, and 2 is never followed by it
    texts, _ = beam_search(
        lambda tokens: tree[tokens], torch.tensor([[1]]), 9, 1, end=0
    )
    assert texts.tolist() == [[1, 0]]  # all have ended, so the search has too


def test_beam_search_of_the_grammar_keeps_to_what_is_possible() -> None:
    """Some steps have one choice alone, and the grammar refuses to read any other."""
    texts, scores = beam_search(
        STORIES, torch.tensor([[STORIES.ids[END]]]), 7, beams=20
    )
    assert len(texts) == 20 and scores.isfinite().all()
    written = [STORIES.vocab[i] for i in texts[0]]
    assert written[:5] == [END, "once", "upon", "a", "time"]


@pytest.mark.parametrize("kind", ["learned", "sinusoidal", "rotary", "llama"])
@pytest.mark.parametrize("end", [None, 3])
def test_with_a_cache_and_without_the_same_texts(kind: str, end: int | None) -> None:
    model = shaken(Llama(LLAMA, seed=1)) if kind == "llama" else small_gpt(kind)
    model.lengths, prompt = [], torch.tensor([[0, 3, 1]])
    model.register_forward_pre_hook(
        lambda _, args: model.lengths.append(args[0].shape[1])
    )
    texts, scores = beam_search(model, prompt, 12, 6, end)
    assert model.lengths[:2] == [3, 1] and {*model.lengths[1:]} == {1}
    again, others = beam_search(model, prompt, 12, 6, end, use_cache=False)
    assert torch.equal(texts, again) and max(model.lengths) > 3
    torch.testing.assert_close(scores, others, rtol=0, atol=1e-12)


def test_a_length_penalty_prefers_longer_texts() -> None:
    """A text that ends at once, of probability 0.5, against one that does not, 0.4 · 0.8 · 0.8."""
    tree = torch.tensor([[1.0, 0.0, 0.0], [0.2, 0.8, 0.0], [0.5, 0.4, 0.1]]).log()

    def search(penalty: float) -> tuple[list[list[int]], list[float]]:
        texts, scores = beam_search(
            lambda tokens: tree[tokens],
            torch.tensor([[2]]),
            3,
            2,
            end=0,
            length_penalty=penalty,
        )
        return texts.tolist(), scores.exp().tolist()

    plain, scores = search(0.0)
    assert plain == [[2, 0, 0, 0], [2, 1, 1, 1]]
    assert scores == pytest.approx([0.5, 0.256])
    # log 0.5 / 1 = −0.69, and log 0.256 / 3 = −0.45
    longer, scores = search(1.0)
    assert longer == plain[::-1] and scores == pytest.approx([0.256, 0.5])


@pytest.mark.parametrize("penalty", [-0.5, float("nan"), float("inf")])
def test_bad_length_penalties(penalty: float) -> None:
    with pytest.raises(ValueError, match=f"length_penalty: {penalty} is no power"):
        beam_search(after, torch.tensor([[0]]), 1, 2, length_penalty=penalty)


def test_bad_beams() -> None:
    with pytest.raises(ValueError, match="beams: 0 for 1 prompts; use 1 or more"):
        beam_search(after, torch.tensor([[0]]), 1, 0)
    with pytest.raises(
        ValueError, match=r"beams: 2 for 3 prompts; .* one prompt \(1, T\)"
    ):
        beam_search(after, torch.zeros(3, 1, dtype=torch.int64), 1, 2)


@pytest.mark.parametrize("n", [0, -3])
def test_nothing_to_write(n: int) -> None:
    with pytest.raises(ValueError, match=rf"max_new_tokens: {n} asks for nothing"):
        beam_search(after, torch.tensor([[0]]), n, 2)


def test_too_long_for_the_model() -> None:
    match = "max_new_tokens: a prompt of 4 tokens and 21 new ones make 25"
    with pytest.raises(ValueError, match=match):
        beam_search(small_gpt(), torch.zeros(1, 4, dtype=torch.int64), 21, 2)


class TestAgainstTransformers:
    """The same texts as its beam search."""

    @pytest.fixture
    def peer(self):
        return pytest.importorskip("transformers")

    @pytest.mark.parametrize("beams", [2, 4, 9])
    def test_beam_search(self, peer, beams: int) -> None:
        from lmlib.interop.gpt2 import to_gpt2

        peer.logging.set_verbosity_error()
        model, prompt = small_gpt(vocab_size=30), torch.tensor([[0, 3, 5]])
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
        torch.testing.assert_close(
            scores, out.sequences_scores.double(), rtol=0, atol=1e-4
        )
