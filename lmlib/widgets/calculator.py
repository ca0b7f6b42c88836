"""The cost calculator: what a training run takes, from two numbers and a machine."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from matplotlib.figure import Figure
from traitlets import validate

from lmlib.machines import CARDS, Machines
from lmlib.scale import (
    BYTES_A_PARAMETER,
    running_memory,
    training_flops,
    training_memory,
)
from lmlib.scaling_laws import FITTED, LAWS
from lmlib.widgets.base import Widget, script, with_defaults
from lmlib.widgets.calculator_picture import calculator_picture
from lmlib.widgets.checks import Given, between, one_of, whole
from lmlib.widgets.labels import CALCULATOR

LIMITS = {
    "parameters": (1.0, 1e15),
    "tokens": (1.0, 1e18),
    "devices": (1, 10_000_000),
    "utilisation": (1e-4, 1.0),
    "price": (0.0, 1e6),
}
BITS = (16, 8, 4)
MODELS = [
    ("the book's GPT", 125_952, 1_500 * 767, "Trained in the chapter on pre-training"),
    ("SmolLM2-135M", 134_515_008, 2e12, "Allal et al. (2025)"),
    ("GPT-2, trained again", 1.558e9, 33.6e9, "Karpathy (2024)"),
    ("LLaMA-65B", 65.2e9, 1.4e12, "Touvron et al. (2023)"),
    ("GPT-3", 174.6e9, 300e9, "Brown et al. (2020)"),
]
"""Name, parameters, tokens of training, and who says so; the chapter on scale computes with the same numbers."""
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class CostCalculator(Widget):
    """What it takes to train a model of ``parameters`` on ``tokens``: work, time, money, memory, and the loss by a law.

    ``devices`` machines named ``device`` (:data:`lmlib.machines.CARDS`) get the share ``utilisation`` of their
    peak, and one costs ``price`` an hour in any currency. All can be set and observed. Raises ValueError for
    what cannot be: see ``LIMITS``.

    >>> w = CostCalculator(174.6e9, 300e9, device="A100", devices=1024, utilisation=0.45)
    >>> round(w.days), round(w.memory["to train"] / 1e9), w.cards(w.memory["to train"])
    (25, 2794, 35)
    """

    _kind = "calculator"
    _state = ("parameters", "tokens", "device", "devices", "utilisation", "price")
    _esm = script("calculator")

    parameters = Given(174.6e9).tag(sync=True)
    tokens = Given(300e9).tag(sync=True)
    device = Given("A100").tag(sync=True)
    devices = Given(1_000).tag(sync=True)
    utilisation = Given(0.4).tag(sync=True)
    price = Given(1.5).tag(sync=True)

    def __init__(
        self,
        parameters: float = 174.6e9,
        tokens: float = 300e9,
        *,
        device: str = "A100",
        devices: int = 1_000,
        utilisation: float = 0.4,
        price: float = 1.5,
        labels: dict[str, str] | None = None,
    ) -> None:
        data = {
            "labels": with_defaults(labels, CALCULATOR),
            "cards": {name: asdict(card) for name, card in CARDS.items()},
            "laws": {name: asdict(law) for name, law in LAWS.items()},
            "fitted": FITTED,
            "bytes": BYTES_A_PARAMETER,
            "bits": BITS,
            "limits": LIMITS,
            "models": MODELS,
        }
        super().__init__(
            _data=data,
            parameters=parameters,
            tokens=tokens,
            device=device,
            devices=devices,
            utilisation=utilisation,
            price=price,
        )

    @property
    def machines(self) -> Machines:
        """The devices at work."""
        peak = CARDS[self.device].peak
        return Machines(peak, self.utilisation, self.devices, self.price)

    @property
    def flops(self) -> float:
        """6 N D."""
        return training_flops(self.parameters, self.tokens)

    @property
    def days(self) -> float:
        """From beginning to end."""
        return self.machines.days(self.flops)

    @property
    def money(self) -> float:
        """In the currency of ``price``."""
        return self.machines.money(self.flops)

    @property
    def memory(self) -> dict[str, float]:
        """Bytes without activations and cache: "to train", and "to run" in 16, 8 and 4 bits a weight."""
        train = sum(training_memory(self.parameters).values())
        run = {
            f"to run, {bits} bits": running_memory(self.parameters, bits)
            for bits in BITS
        }
        return {"to train": train, **run}

    def cards(self, size: float) -> int:
        """How many of the machines hold ``size`` bytes together."""
        return int(-(-size // CARDS[self.device].memory))

    @property
    def losses(self) -> dict[str, float]:
        """Nats per token, by each of the two laws."""
        return {
            name: float(law.loss(self.parameters, self.tokens))
            for name, law in LAWS.items()
        }

    def _rows(self) -> list[tuple[str, str]]:
        labels = self._data["labels"]
        rows = [
            (labels["flops"], power(self.flops)),
            (labels["time"], time(self.days, labels)),
            (labels["money"], plain(self.money)),
            (labels["train"], in_bytes(self.memory["to train"])),
        ]
        for bits in BITS:
            size = self.memory[f"to run, {bits} bits"]
            rows.append((labels["run"].format(bits=bits), in_bytes(size)))
        rows.append((labels["ratio"], plain(self.tokens / self.parameters)))
        for name, loss in self.losses.items():
            law = labels["law"].format(name=name)
            rows.append((law, f"{loss:.2f} {labels['nats']}"))
        return rows

    def _setting(self) -> dict[str, str]:
        labels = self._data["labels"]
        return {
            "parameters": in_words(self.parameters, labels),
            "tokens": in_words(self.tokens, labels),
            "n": plain(self.devices),
            "device": self.device,
            "share": f"{100 * self.utilisation:.3g} %",
        }

    def sentence(self) -> str:
        """The setting, and work, time, money and memory."""
        labels = self._data["labels"]
        return labels["sentence"].format(
            **self._setting(),
            flops=power(self.flops),
            time=time(self.days, labels),
            money=plain(self.money),
            train=in_bytes(self.memory["to train"]),
        )

    def picture(self) -> Figure:
        """The table of results."""
        labels, setting = self._data["labels"], self._setting()
        head = "{parameters} · {tokens} · {n} × {device} · {share}".format(
            **setting
            | {
                key: f"{labels[key]} = {setting[key]}"
                for key in ("parameters", "tokens")
            }
        )
        return calculator_picture(self._rows(), head)

    @validate("parameters", "tokens", "utilisation", "price")
    def _valid_number(self, proposal: Any) -> float:
        name = proposal["trait"].name
        return between(name, proposal["value"], *LIMITS[name])

    @validate("devices")
    def _valid_devices(self, proposal: Any) -> int:
        low, high = LIMITS["devices"]
        return whole("devices", proposal["value"], int(low), int(high))

    @validate("device")
    def _valid_device(self, proposal: Any) -> str:
        return one_of("device", proposal["value"], CARDS)


def power(x: float) -> str:
    """Powers of ten as a book prints them.

    >>> power(3.14e23)
    '3.14 × 10²³'
    """
    digits, exponent = f"{x:.2e}".split("e")
    return f"{digits} × 10{str(int(exponent)).translate(SUPERSCRIPTS)}"


def plain(x: float) -> str:
    """A number with three digits that count, or with all before the point.

    >>> plain(1051683.2), plain(1.7182), plain(50.0), plain(0), plain(2e-7)
    ('1,051,683', '1.72', '50', '0', '2.00 × 10⁻⁷')
    """
    if x == 0:
        return "0"
    if not 1e-3 <= x < 1e15:
        return power(x)
    return f"{x:,.0f}" if x >= 100 else f"{float(f'{x:.3g}'):g}"


def in_bytes(size: float) -> str:
    """Bytes in the unit that suits them.

    >>> in_bytes(2.7936e12), in_bytes(12)
    ('2.8 TB', '12 B')
    """
    for unit, name in (
        (1e15, "PB"),
        (1e12, "TB"),
        (1e9, "GB"),
        (1e6, "MB"),
        (1e3, "kB"),
    ):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{int(size + 0.5)} B"


def time(days: float, labels: dict[str, str]) -> str:
    """Days, or the unit that suits them."""
    seconds = days * 86_400
    units = [("y", 365 * 86_400), ("d", 86_400), ("h", 3_600), ("min", 60)]
    for key, unit in units:
        if seconds >= 2 * unit:
            return f"{plain(seconds / unit)} {labels[key]}"
    return f"{plain(seconds)} {labels['s']}"


def in_words(x: float, labels: dict[str, str]) -> str:
    """A count as one says it: 174.6 billion."""
    for key, unit in (("trillion", 1e12), ("billion", 1e9), ("million", 1e6)):
        if x >= unit:
            return (
                f"{x / unit:.4g} {labels[key]}"
                if x < 1e15
                else f"{x / unit:,.0f} {labels[key]}"
            )
    return f"{x:,.0f}"
