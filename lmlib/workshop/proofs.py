"""What a GPT made of parts does beside the book's own modules: it writes, learns, reads and is adapted.

>>> from lmlib.workshop.assembly import Parts
>>> [proof(Parts()).same for proof in PROOFS.values()]
[True, True, True, True, True]
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import nn

from lmlib.bpe import BPETokenizer
from lmlib.finetuning import Classifier
from lmlib.generation import generate
from lmlib.lora import LoRALinear
from lmlib.pretokenizer import BYTES, split_words
from lmlib.pretrained import load_book_gpt
from lmlib.prose import prose
from lmlib.stories import story_sequences
from lmlib.workshop.assembly import Parts
from lmlib.workshop.comparing import Proof
from lmlib.workshop.learning import trained
from lmlib.workshop.models import PartsGPT
from lmlib.workshop.today import small


def written(parts: Parts) -> Proof:
    """Two texts of 100 tokens, drawn from the book's GPT: the second with keys and values kept."""
    book = load_book_gpt()
    model = PartsGPT(parts, book)
    start, n, k = torch.zeros(1, 1, dtype=torch.long), book.config.block_size - 1, 20
    with torch.no_grad():
        yours = [
            parts.write(read, start, n, 0.9, k, seed)
            for seed, read in enumerate([model.last_logits, model.reader()])
        ]
        books = [
            generate(book, start, n, 0.9, k, generator=torch.Generator().manual_seed(s))
            for s in range(2)
        ]
    return Proof(torch.cat(yours), torch.cat(books))


def cut(parts: Parts) -> Proof:
    """The words of some of the book's own English, as tokens."""
    text = prose()[:1000]
    tokenizer = BPETokenizer.train(prose(), vocab_size=512)
    letters = ["".join(BYTES[byte] for byte in w.encode()) for w in split_words(text)]
    yours = [t for word in letters for t in parts.encode_word(word, tokenizer.merges)]
    return Proof(yours, [tokenizer.vocab[i] for i in tokenizer.encode(text)])


def adapted(parts: Parts) -> Proof:
    """A head for labels on the book's GPT, and a correction of low rank beside one of its matrices."""
    book = load_book_gpt()
    texts = torch.stack([s[:12] for s in story_sequences(4, seed=1)])
    last, generator = torch.tensor([11, 5, 8, 11]), torch.Generator().manual_seed(0)
    classifier = Classifier(copy.deepcopy(book), n_classes=2)
    nn.init.normal_(classifier.head.weight, generator=generator)
    base = nn.Linear(64, 192)
    base.load_state_dict(
        book.decoder.get_submodule("blocks.0.attention.qkv").state_dict()
    )
    layer = LoRALinear(base, rank=2)
    nn.init.normal_(layer.up, generator=generator)
    with torch.no_grad():
        x = classifier.body(texts)[0]
        head = classifier.head
        labels = parts.classify(x, last, head.weight, head.bias)
        tensors = base.weight, base.bias, layer.down, layer.up
        corrected = parts.lora_linear(x, *tensors, layer.scale)
        books = classifier(texts, last), layer(x)
    yours = torch.cat([labels.flatten(), corrected.flatten()])
    return Proof(yours, torch.cat([one.flatten() for one in books]))


PROOFS: dict[str, Callable[[Parts], Proof]] = {
    "writes": written,
    "learns": trained,
    "cuts words": cut,
    "is adapted": adapted,
    "is one of today": small,
}
"""What a model of parts is asked to do, by name."""
