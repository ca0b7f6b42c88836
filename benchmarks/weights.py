"""Train the four models whose weights ship with lmlib: `make weights`. Some minutes on one core.

On another CPU the last digits differ, so the stored outputs of the chapters that load them change too.
"""

from pathlib import Path

import torch

import lmlib
from lmlib.batches import Batches, masked_token
from lmlib.blocks import Config
from lmlib.bpe import BPETokenizer
from lmlib.evaluation import token_losses
from lmlib.optimisation import Training
from lmlib.pretrained import save_model
from lmlib.pretraining import fit
from lmlib.prose import prose
from lmlib.stories import STORIES
from lmlib.tokens import WordTokenizer, sequences
from lmlib.transformer import BERT, GPT

DATA = Path(lmlib.__file__).parent / "data"


def shuffled(texts: list[torch.Tensor]) -> list[torch.Tensor]:
    """The same words in each text, between its ends, in random order."""
    generator = torch.Generator().manual_seed(0)
    orders = [torch.randperm(len(ids) - 2, generator=generator) for ids in texts]
    return [
        torch.cat([ids[:1], ids[1:-1][order], ids[-1:]])
        for ids, order in zip(texts, orders, strict=True)
    ]


def prose_gpt() -> GPT:
    """A GPT trained on the book's prose, in windows of 97 tokens that begin 5 apart."""
    tokenizer = BPETokenizer.train(prose(), vocab_size=512)
    text = [i for line in prose().splitlines() for i in (0, *tokenizer.encode(line))]
    ids = torch.tensor([*text, 0])
    windows = [ids[i : i + 97] for i in range(0, len(ids) - 97, 5)]
    model = GPT(Config(vocab_size=512, block_size=96, dropout=0.1), seed=0)
    fit(model, Batches(windows), Training(steps=1_200, learning_rate=4e-3))
    return model


def main() -> None:
    words = WordTokenizer(STORIES.vocab)
    train = sequences(STORIES.sample(20_000, seed=0), words)
    held_out = sequences(STORIES.sample(200, seed=1), words)

    gpt = GPT(Config(vocab_size=STORIES.vocab_size))
    fit(gpt, Batches(train), Training(steps=2_000, learning_rate=4e-3))
    floor = torch.cat(token_losses(STORIES, held_out)).mean()
    print(
        f"GPT: {torch.cat(token_losses(gpt, held_out)).mean() / floor:.4f} × the floor"
    )
    save_model(gpt, DATA / "gpt.safetensors")

    control = GPT(Config(vocab_size=STORIES.vocab_size))
    plan = Training(steps=2_000, learning_rate=4e-3)
    log = fit(control, Batches(shuffled(train)), plan)
    print(f"GPT, shuffled words: {log[-1].loss:.4f} nats per token")
    save_model(control, DATA / "gpt_shuffled.safetensors")

    mask = STORIES.vocab_size  # one token more than the stories have
    bert = BERT(Config(vocab_size=mask + 1))
    batches = Batches(train, batch_size=16, objective=masked_token(mask))
    log = fit(bert, batches, Training(steps=4_000, learning_rate=3e-3))
    print(f"BERT: {log[-1].loss:.4f} nats a masked token")
    save_model(bert, DATA / "bert.safetensors")

    save_model(prose_gpt(), DATA / "prose_gpt.safetensors")


if __name__ == "__main__":
    main()
