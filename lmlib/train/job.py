"""One run from beginning to end, as its settings ask for it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lmlib import distributed
from lmlib.bpe import BPETokenizer
from lmlib.evaluation import mean_loss
from lmlib.files import write_whole
from lmlib.generation import check_prompt, generate
from lmlib.interop.timing import can_compile
from lmlib.optimisation import autocast
from lmlib.pretrained import save_model
from lmlib.pretraining import Record, fit
from lmlib.train.corpus import Corpus, run_tokenizer, stories, text_file
from lmlib.train.presets import out_of_memory_advice
from lmlib.train.runlog import Meter, RunLog
from lmlib.train.settings import Settings
from lmlib.transformer import GPT, count_parameters


def train(settings: Settings, device: torch.device) -> None:
    """Read, train or go on, save, and write a sample.

    Raises ValueError for what cannot be done, and MemoryError that says what would fit.
    """
    check(settings)
    found = corpus(settings)  # to encode a large text takes hours
    vocab_size = len(found.tokenizer.vocab)
    config = settings.preset.config(vocab_size, settings.dropout)
    prompt = first_tokens(settings, found)
    length = min(settings.new_tokens, max(1, config.block_size - len(prompt)))
    model, first = GPT(config, settings.seed), distributed.rank() == 0
    check_prompt(model, prompt[None], length, None)
    if first:
        print(f"{count_parameters(model):,} parameters, {found.batches}, on {device}")
    advice = (settings.precision, distributed.size(), ("--batch-size {}", "--size {}"))
    with out_of_memory_advice(config, settings.batch_size, device, *advice):
        log = run(settings, model.to(device), found)
    if first:
        save(settings, model, found)
        loss = log[-1].eval_loss
        print(f"held-out loss {loss:.4f} nats per token after {settings.steps} steps")
        print(f"in {settings.folder}: model.safetensors, log.jsonl, and the tokeniser")
        print(write_sample(model, found, prompt, length))


def check(settings: Settings) -> None:
    """Raise ValueError for a plan that makes no sense, or cannot be carried out here."""
    if settings.compile and not can_compile():
        raise ValueError(
            "compile: this machine has no C++ compiler, or no headers of Python; "
            "leave --compile out"
        )
    _ = settings.training
    if settings.text is None and settings.tokenizer:
        raise ValueError(
            "tokenizer: the stories have words of their own; give a text, or leave it out"
        )


def corpus(settings: Settings) -> Corpus:
    """What the run reads. The first process makes its files, and the others find them."""
    s = settings
    if s.text is None:
        return stories(s.batch_size, s.seed)
    first = distributed.rank() == 0
    if not first:
        distributed.wait()
    tokenizer = run_tokenizer(s.text, s.folder, s.tokenizer, s.vocab_size)
    block = s.preset.block_size
    found = text_file(s.text, s.folder, tokenizer, block, s.batch_size, s.seed, first)
    if first:
        distributed.wait()
    return found


def first_tokens(settings: Settings, found: Corpus) -> Tensor:
    """How the sample begins, (T,): with the prompt, which in a story stands behind END."""
    if settings.prompt is None:
        return found.prompt
    start = [] if isinstance(found.tokenizer, BPETokenizer) else found.prompt.tolist()
    tokens = start + found.tokenizer.encode(settings.prompt)
    if not tokens:
        raise ValueError("prompt: is empty; give some text, or leave --prompt out")
    return torch.tensor(tokens, dtype=torch.long)


def run(settings: Settings, model: GPT, found: Corpus) -> list[Record]:
    """Train, with a checkpoint and a log in the run's folder."""
    meter, lines = Meter(found.batches), RunLog(settings.folder / "log.jsonl")
    # As many sequences at once as training holds.
    share = -(-settings.batch_size // distributed.size())

    def evaluate(model: nn.Module) -> float:
        meter.stop()
        with autocast(next(model.parameters()).device, settings.precision):
            return mean_loss(model, found.held_out, share)

    def note(record: Record) -> None:
        if distributed.rank() == 0:
            lines(record, meter.rate)

    checkpoint = settings.folder / "checkpoint.safetensors"
    return fit(model, meter, settings.training, evaluate, checkpoint, on_record=note)


def save(settings: Settings, model: GPT, found: Corpus) -> None:
    """The finished model, and beside it its vocabulary; a BPE tokeniser is there already."""
    save_model(model, settings.folder / "model.safetensors")
    if not isinstance(found.tokenizer, BPETokenizer):
        words = "\n".join(found.tokenizer.vocab)
        write_whole(settings.folder / "vocab.txt", words + "\n")


def write_sample(model: GPT, found: Corpus, prompt: Tensor, length: int) -> str:
    """The prompt, a bar, and what the model writes behind it."""
    end = None if isinstance(found.tokenizer, BPETokenizer) else 0
    generator = torch.Generator().manual_seed(0)
    written = generate(model, prompt[None], length, generator=generator, end=end)[0]
    new = found.tokenizer.decode(written[len(prompt) :])
    return f"{found.tokenizer.decode(prompt)} | {new}"
