"""One run from beginning to end, as the terminal's arguments ask for it."""

from __future__ import annotations

import argparse

import torch
from torch import Tensor, nn

from lmlib import processes
from lmlib.bpe import BPETokenizer
from lmlib.checkpoints import save_model
from lmlib.corpora import Corpus, load_tokenizer, stories, text_file
from lmlib.devices import memory_of
from lmlib.generation import check_prompt, generate
from lmlib.presets import PRESETS, parameters, what_fits
from lmlib.pretraining import Record, Training, fit
from lmlib.runlog import Meter, RunLog, held_out_loss
from lmlib.transformer import GPT


def corpus(args: argparse.Namespace) -> Corpus:
    """What the run reads. The first process makes its files, and the others find them."""
    if args.text is None:
        return stories(args.batch_size, args.seed)
    first = processes.rank() == 0
    if not first:
        processes.wait()
    tokenizer = load_tokenizer(args.text, args.folder, args.tokenizer, args.vocab_size)
    block = PRESETS[args.size].block_size
    found = text_file(
        args.text, args.folder, tokenizer, block, args.batch_size, args.seed, first
    )
    if first:
        processes.wait()
    return found


def first_tokens(args: argparse.Namespace, found: Corpus) -> Tensor:
    """How the sample begins, (T,): with the prompt, which in a story stands behind END."""
    if args.prompt is None:
        return found.prompt
    start = [] if isinstance(found.tokenizer, BPETokenizer) else found.prompt.tolist()
    return torch.tensor(start + found.tokenizer.encode(args.prompt), dtype=torch.long)


def plan_of(args: argparse.Namespace) -> Training:
    """How the model is trained."""
    return Training(
        args.steps,
        args.learning_rate,
        args.warmup,
        args.weight_decay,
        seed=args.seed,
        every=args.every,
        precision=args.precision,
        compile=args.compile,
    )


def out_of_memory(error: Exception) -> bool:
    """Whether a device had no room for a tensor."""
    on_gpu = isinstance(error, torch.cuda.OutOfMemoryError)
    return on_gpu or "can't allocate memory" in str(error)  # how the processor says it


def write_sample(model: GPT, found: Corpus, prompt: Tensor, length: int) -> str:
    """The prompt, a bar, and what the model writes behind it."""
    end = None if isinstance(found.tokenizer, BPETokenizer) else 0
    generator = torch.Generator().manual_seed(0)
    written = generate(model, prompt[None], length, generator=generator, end=end)[0]
    new = found.tokenizer.decode(written[len(prompt) :])
    return f"{found.tokenizer.decode(prompt)} | {new}"


def train(args: argparse.Namespace, device: torch.device) -> None:
    """Read, train or go on, save, and write a sample.

    Raises ValueError for what cannot be done, and MemoryError that says what would fit.
    """
    found, plan = corpus(args), plan_of(args)
    config = PRESETS[args.size].config(len(found.tokenizer.vocab), args.dropout)
    prompt = first_tokens(args, found)
    length = min(args.new_tokens, config.block_size - len(prompt))
    model, first = GPT(config, args.seed), processes.rank() == 0
    check_prompt(model, prompt[None], length, None)
    if first:
        print(f"{parameters(config):,} parameters, {found.batches}, on {device}")
    try:
        log = run(args, model.to(device), found, plan)
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        memory, hints = memory_of(device), ("--batch-size {}", "--size {}")
        n = processes.size()
        raise MemoryError(
            what_fits(config, args.batch_size, memory, args.precision, n, hints)
        ) from error
    if first:
        save(args, model, found)
        print(f"held-out loss {log[-1].measured:.4f} nats a token after {plan.steps} steps")
        print(f"in {args.folder}: model.safetensors, log.jsonl, and the tokeniser")
        print(write_sample(model, found, prompt, length))


def run(
    args: argparse.Namespace, model: GPT, found: Corpus, plan: Training
) -> list[Record]:
    """Train, with a checkpoint and a log in the run's folder."""
    meter, lines = Meter(found.batches), RunLog(args.folder / "log.jsonl")

    def measure(model: nn.Module) -> float:
        meter.stop()
        return held_out_loss(model, found.held_out, args.batch_size, args.precision)

    def note(record: Record) -> None:
        if processes.rank() == 0:
            lines(record, meter.rate)

    checkpoint = args.folder / "checkpoint.safetensors"
    return fit(model, meter, plan, measure, checkpoint, on_record=note)


def save(args: argparse.Namespace, model: GPT, found: Corpus) -> None:
    """The finished model, and beside it its vocabulary; a BPE tokeniser is there already."""
    save_model(model, args.folder / "model.safetensors")
    if not isinstance(found.tokenizer, BPETokenizer):
        words = "\n".join(found.tokenizer.vocab)
        (args.folder / "vocab.txt").write_text(words + "\n", encoding="utf-8")
