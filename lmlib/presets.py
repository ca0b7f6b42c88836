"""Sizes that fit together, by name, from a model of a minute to GPT-2; and the memory that training them takes.

>>> PRESETS["book"].config(vocab_size=304) == Config(vocab_size=304)
True
>>> round(training_bytes(PRESETS["gpt2"].config(50257), batch_size=1) / 1e9, 1)  # GB
3.9
"""

from __future__ import annotations

from dataclasses import dataclass

from lmlib.transformer import Config


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
            vocab_size, self.block_size, self.n_layer, self.n_head, self.d_model, dropout
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


def parameters(config: Config) -> int:
    """How many numbers the book's GPT learns, without making one; with learned positions.

    >>> parameters(Config(vocab_size=304))
    125952
    """
    L, C = config.n_layer, config.d_model
    # Matrices of 3, 1, 4 and 4 times C × C, their biases, and two layer norms; one more norm at the end.
    return L * (12 * C * C + 13 * C) + (config.vocab_size + config.block_size) * C + 2 * C


def training_bytes(config: Config, batch_size: int, precision: str = "float32") -> int:
    """About how much memory a training step needs, for a batch of whole windows on one device.

    Sixteen bytes a parameter (the number, its gradient, and the two that AdamW remembers), and for
    each token what the way back needs: 17 vectors and H rows of weights a layer, and three times
    all logits. An estimate: the working memory of single operations comes on top.
    """
    L, C, H, T = config.n_layer, config.d_model, config.n_head, config.block_size
    vector, weight = (4, 4) if precision == "float32" else (2, 6)  # bytes a number
    token = L * (17 * vector * C + weight * H * T) + 3 * 4 * config.vocab_size
    return 16 * parameters(config) + batch_size * T * token


def largest_batch(config: Config, memory: float, precision: str = "float32") -> int:
    """The most windows to a step that fit into ``memory`` bytes, by :func:`training_bytes`; 0 if not even one does."""
    empty = training_bytes(config, 0, precision)
    return max(0, int(memory - empty) // (training_bytes(config, 1, precision) - empty))


def what_fits(
    config: Config,
    batch_size: int,
    memory: float,
    precision: str = "float32",
    processes: int = 1,
    hints: tuple[str, str] = ("a batch of {}", "PRESETS[{!r}]"),
) -> str:
    """What to say when ``memory`` bytes a device were not enough for training: what it takes, and what would do.

    ``hints`` are the words for a smaller batch, of all ``processes`` together, and for a smaller size.
    """
    own = -(-batch_size // processes)  # texts of a process, rounded up
    need = training_bytes(config, own, precision)
    # An estimate said that it would fit, or a part is taken: then half of it.
    fits = min(largest_batch(config, memory, precision), own // 2) * processes
    sizes = {name: parameters(p.config(config.vocab_size)) for name, p in PRESETS.items()}
    smaller = [name for name in sizes if sizes[name] < parameters(config)]
    options = [hints[0].format(fits)] * (fits > 0)
    options += [hints[1].format(name) for name in smaller[-1:]]
    return (
        f"batch_size: {own} texts of {config.block_size} tokens and a model of {parameters(config):,} numbers "
        f"take about {need / 1e9:.3g} GB of memory, and the device has {memory / 1e9:.3g} GB in all; "
        f"use {' or '.join(options) or 'a larger device'}"
    )
