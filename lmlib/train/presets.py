"""Sizes that fit together, by name, from a model of a minute to GPT-2; and what to do where memory runs out.

>>> PRESETS["book"].config(vocab_size=304) == Config(vocab_size=304)
True
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from lmlib.blocks import Config
from lmlib.devices import memory_of, out_of_memory
from lmlib.scale import gpt_parameters
from lmlib.step_costs import step_memory


@dataclass(frozen=True)
class Preset:
    """A size, and settings to begin with; the larger the model, the smaller the customary learning rate."""

    n_layer: int
    n_head: int
    d_model: int
    block_size: int  # tokens in a window of text
    vocab_size: int  # of a tokeniser trained for it
    batch_size: int  # texts or windows to a step
    learning_rate: float

    def config(self, vocab_size: int, dropout: float = 0.0) -> Config:
        """The configuration of a model of this size, for a tokeniser of ``vocab_size`` tokens."""
        return Config(
            vocab_size,
            self.block_size,
            self.n_layer,
            self.n_head,
            self.d_model,
            dropout,
        )


PRESETS = {
    "tiny": Preset(1, 2, 32, 64, 512, 8, 6e-3),
    "book": Preset(2, 4, 64, 100, 1024, 8, 4e-3),
    "1m": Preset(4, 4, 128, 128, 1024, 16, 2e-3),
    "10m": Preset(6, 5, 320, 256, 8192, 32, 1e-3),
    "gpt2": Preset(12, 12, 768, 1024, 50257, 16, 6e-4),
}
"""``book`` is the GPT of the chapters; ``10m`` and ``gpt2`` want a GPU. Two have the size in their name: 1 and 10
million parameters. ``gpt2`` has 124 million, as the smallest of Radford et al. (2019)."""


HINTS = ("a batch of {}", "PRESETS[{!r}]")
"""Words for a smaller batch, and for a smaller size."""


def largest_batch(config: Config, memory: float, precision: str = "float32") -> int:
    """The most windows to a step that fit into ``memory`` bytes, by :func:`step_memory`; 0 if not even one does."""
    empty = step_memory(config, 0, precision)
    return max(0, int(memory - empty) // (step_memory(config, 1, precision) - empty))


@contextmanager
def out_of_memory_advice(
    config: Config,
    batch_size: int,
    device: torch.device,
    precision: str = "float32",
    processes: int = 1,
    hints: tuple[str, str] = HINTS,
) -> Iterator[None]:
    """Where memory runs out inside, raise MemoryError that says what training takes, and what would do.

    ``hints`` are the words for a smaller batch, of all ``processes`` together, and for a smaller size.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        own = -(-batch_size // processes)  # sequences of a process, rounded up
        memory = memory_of(device)
        said = what_fits(config, own, memory, precision, processes, hints)
        raise MemoryError(said) from error


def what_fits(
    config: Config,
    own: int,
    memory: float,
    precision: str,
    processes: int = 1,
    hints: tuple[str, str] = HINTS,
) -> str:
    """What to say when ``memory`` bytes a device were not enough for ``own`` sequences to a step of each process."""
    need = step_memory(config, own, precision)
    # An estimate said that it would fit, or a part is taken: then half of it.
    fits = min(largest_batch(config, memory, precision), own // 2) * processes
    sizes = {n: gpt_parameters(p.config(config.vocab_size)) for n, p in PRESETS.items()}
    size = gpt_parameters(config)
    smaller = [name for name in sizes if sizes[name] < size]
    options = [hints[0].format(fits)] * (fits > 0)
    options += [hints[1].format(name) for name in smaller[-1:]]
    return (
        f"batch_size: {own} texts of {config.block_size} tokens and a model of {size:,} "
        f"numbers take about {need / 1e9:.3g} GB of memory, and the device has "
        f"{memory / 1e9:.3g} GB in all; use {' or '.join(options) or 'a larger device'}"
    )
