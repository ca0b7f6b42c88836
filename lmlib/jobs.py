"""One run from beginning to end, as the terminal's arguments ask for it."""

from __future__ import annotations

import argparse

import torch
from torch import Tensor, nn

from lmlib import processes
from lmlib.bpe import BPETokenizer
from lmlib.checkpoints import save_model
from lmlib.corpora import Corpus, run_tokenizer, stories, text_file
from lmlib.devices import memory_of, out_of_memory
from lmlib.generation import check_prompt, generate
from lmlib.presets import PRESETS, parameters, what_fits
from lmlib.pretraining import Record, Training, fit
from lmlib.runlog import Meter, RunLog, held_out_loss
from lmlib.speed import can_compile
from lmlib.transformer import GPT


def corpus(args: argparse.Namespace) -> Corpus:
    """What the run reads. The first process makes its files, and the others find them."""
    if args.text is None:
        if args.tokenizer:
            raise ValueError(
                "tokenizer: the stories have words of their own; give a text, or leave it out"
            )
        return stories(args.batch_size, args.seed)
    first = processes.rank() == 0
    if not first:
        processes.wait()
    tokenizer = run_tokenizer(args.text, args.folder, args.tokenizer, args.vocab_size)
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
    tokens = start + found.tokenizer.encode(args.prompt)
    if not tokens:
        raise ValueError("prompt: is empty; give some text, or leave --prompt out")
    return torch.tensor(tokens, dtype=torch.long)


def plan_of(args: argparse.Namespace) -> Training:
    """How the model is trained. Raises ValueError for what makes no sense, or cannot be done here."""
    if args.compile and not can_compile():
        raise ValueError(
            "compile: this machine has no C++ compiler, or no headers of Python; leave --compile out"
        )
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
    plan, found = plan_of(args), corpus(args)  # to cut a large text takes hours
    config = PRESETS[args.size].config(len(found.tokenizer.vocab), args.dropout)
    prompt = first_tokens(args, found)
    length = min(args.new_tokens, max(1, config.block_size - len(prompt)))
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
    share = -(-args.batch_size // processes.size())  # as many texts as training holds

    def measure(model: nn.Module) -> float:
        meter.stop()
        return held_out_loss(model, found.held_out, share, args.precision)

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
