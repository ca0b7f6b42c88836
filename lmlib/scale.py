"""What training and running a model takes: parameters, FLOPs and memory.

>>> GPT3 = 174.6e9  # parameters, as its paper counts them
>>> f"{training_flops(GPT3, tokens=300e9):.3g}"  # Brown et al. (2020), appendix D: 3.14e23
'3.14e+23'
"""

from __future__ import annotations

from lmlib.blocks import Config
from lmlib.modern import ModernConfig
from lmlib.validation import check_positive

PETAFLOPS_DAY = 1e15 * 86_400
"""FLOPs of a machine that does 10¹⁵ per second for a day."""
BYTES_A_PARAMETER = {
    "weights": 2,
    "gradients": 2,
    "weights, exact": 4,
    "AdamW, mean": 4,
    "AdamW, mean square": 4,
}
"""In mixed precision: Rajbhandari et al. (2020)."""


def gpt_parameters(config: Config) -> int:
    """The number of trainable parameters of the book's GPT, without making one; with learned positions.

    >>> gpt_parameters(Config(vocab_size=304))
    125952
    """
    L, C = config.n_layer, config.d_model
    # Matrices of 3, 1, 4 and 4 times C × C, their biases, and two layer norms; one more norm at the end.
    return (
        L * (12 * C * C + 13 * C) + (config.vocab_size + config.block_size) * C + 2 * C
    )


def modern_parameters(config: ModernConfig) -> int:
    """The same of a model of today, :class:`lmlib.llama.Llama`: formula `eq:count-llama`, and biases.

    >>> modern_parameters(ModernConfig(49152, 8192, 30, 9, 3, 576, 64, 1536))  # SmolLM2-135M
    134515008
    """
    c, C = config, config.d_model
    queries, keys = c.n_head * c.d_head, c.n_kv_head * c.d_head
    block = 2 * C * (queries + keys) + 3 * C * c.d_ff + 2 * C
    block += c.qkv_bias * (queries + 2 * keys) + c.output_bias * C
    block += c.ff_bias * (2 * c.d_ff + C)
    return c.n_layer * block + C + (2 - c.tied) * c.vocab_size * C


def cache_bytes(config: Config | ModernConfig, size: int = 2) -> int:
    """Bytes that each token leaves in the caches, `eq:grouped-cache`, ``size`` for a number.

    >>> cache_bytes(ModernConfig(49152, 8192, 30, 9, 3, 576, 64, 1536))  # SmolLM2-135M
    23040
    """
    c = config
    keys = c.n_kv_head * c.d_head if isinstance(c, ModernConfig) else c.d_model
    return 2 * size * c.n_layer * keys


def training_flops(parameters: float, tokens: float) -> float:
    """6 N D, `eq:training-flops`: 2 per parameter and token forwards, 4 backwards.

    Kaplan et al. (2020). Raises ValueError for numbers that are not above 0.
    """
    check_positive(parameters=parameters, tokens=tokens)
    return 6 * parameters * tokens


def attention_flops(n_layer: int, d_model: int, length: int, tokens: float) -> float:
    """12 L C T D, formula `eq:attention-flops`: what 6 N D leaves out.

    Every token is compared with all T of its text, as a full matrix product does; a
    kernel that leaves out what the causal mask hides needs half. Chowdhery et al. (2023),
    appendix B.
    """
    check_positive(n_layer=n_layer, d_model=d_model, length=length, tokens=tokens)
    return 12 * n_layer * d_model * length * tokens


def training_memory(parameters: float) -> dict[str, float]:
    """Bytes kept with AdamW in mixed precision, by what they hold: `eq:training-memory`.

    16 for each parameter. Activations come on top: :func:`activation_memory`.

    >>> sum(training_memory(1.5e9).values()) / 1e9  # GB for GPT-2: Rajbhandari et al. (2020)
    24.0
    """
    check_positive(parameters=parameters)
    return {part: size * parameters for part, size in BYTES_A_PARAMETER.items()}


def running_memory(parameters: float, bits: int = 16) -> float:
    """Bytes of the weights alone, which is what a model needs to run, but for its cache.

    >>> running_memory(174.6e9) / 1e9  # GB for GPT-3
    349.2
    """
    check_positive(parameters=parameters, bits=bits)
    return parameters * bits / 8


def activation_memory(
    n_layer: int,
    n_head: int,
    d_model: int,
    length: int,
    batch: int,
    kept: tuple[int, int] = (2, 5),
) -> float:
    """Bytes kept for the backward pass by all blocks: formula `eq:activations`.

    For each token and layer 17 vectors, and H rows of attention weights. ``kept`` are the bytes of a
    number and of a weight: 2 and 5 in 16 bits with dropout (Korthikanti et al. 2023).
    """
    check_positive(
        n_layer=n_layer, n_head=n_head, d_model=d_model, length=length, batch=batch
    )
    number, weight = kept
    return n_layer * length * batch * (17 * number * d_model + weight * n_head * length)
