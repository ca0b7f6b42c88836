"""Reviews with labels, and a model whose answers are words."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from lmlib.few_labels import fine_tune
from lmlib.finetuning import read_out
from lmlib.llama import Llama
from lmlib.lora import add_lora
from lmlib.modern import ModernConfig
from lmlib.reviews import KINDS, Verbalizer, reviews

CONFIG = ModernConfig(vocab_size=50, block_size=12)


def test_both_parts_have_as_many_of_each_kind_and_label() -> None:
    pool, exam = reviews()
    counts = [Counter((r.kind, r.label) for r in part) for part in (pool, exam)]
    assert counts[0] == counts[1] and sum(counts[0].values()) == 100
    assert all(counts[0][kind, 0] == counts[0][kind, 1] > 0 for kind in KINDS)
    texts = [r.text for part in (pool, exam) for r in part]
    assert len(set(texts)) == 200 and all(text == text.strip() for text in texts)


def test_answers_are_logits_of_their_words_behind_each_text() -> None:
    model = Llama(CONFIG)
    texts = [torch.tensor([1, 2, 3]), torch.tensor([4, 5, 6, 7, 8])]
    found = read_out(Verbalizer(model, [9, 30, 2]), texts)
    with torch.no_grad():
        for row, text in zip(found, texts, strict=True):
            assert torch.allclose(row, model(text[None])[0, -1, [9, 30, 2]], atol=1e-5)
        alone = Verbalizer(model, [9, 30, 2])(texts[1][None])
    assert torch.allclose(alone[0], found[1], atol=1e-5)


@pytest.mark.parametrize("answers", [[], [3], [3, 50], [-1, 3]])
def test_answers_that_are_none(answers: list[int]) -> None:
    with pytest.raises(ValueError, match=r"answers: .* each in 0 … 49"):
        Verbalizer(Llama(CONFIG), answers)


def test_a_correction_learns_the_answers_and_the_rest_stays() -> None:
    base = Llama(CONFIG)
    before = {name: p.clone() for name, p in base.state_dict().items()}
    model = Verbalizer(add_lora(base, 2, names=("query", "value")), [9, 30])
    labels = torch.arange(40) % 2
    texts = [torch.tensor([5, 7 + int(y), 3]) for y in labels]
    assert fine_tune(model, texts, labels, rate=0.03, steps=40)[-1].loss < 0.3
    assert (read_out(model, texts).argmax(1) == labels).all()
    after = {name.replace("base.", ""): p for name, p in base.state_dict().items()}
    assert all(torch.equal(before[name], after[name]) for name in before)
