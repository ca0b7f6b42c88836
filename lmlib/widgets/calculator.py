"""The cost calculator: what a training run takes, from two numbers and a machine."""

from __future__ import annotations

from dataclasses import asdict

from matplotlib.figure import Figure

from lmlib.machines import CARDS
from lmlib.scale import BYTES_A_PARAMETER
from lmlib.scaling_laws import FITTED, LAWS
from lmlib.widgets.base import Widget, script, with_defaults
from lmlib.widgets.calculator_picture import calculator_picture
from lmlib.widgets.costs import BITS, LIMITS, TrainingCosts
from lmlib.widgets.labels import CALCULATOR
from lmlib.widgets.quantities import in_bytes, in_words, plain, power, time

MODELS = [
    ("the book's GPT", 125_952, 1_500 * 767, "Trained in the chapter on pre-training"),
    ("SmolLM2-135M", 134_515_008, 2e12, "Allal et al. (2025)"),
    ("GPT-2, trained again", 1.558e9, 33.6e9, "Karpathy (2024)"),
    ("LLaMA-65B", 65.2e9, 1.4e12, "Touvron et al. (2023)"),
    ("GPT-3", 174.6e9, 300e9, "Brown et al. (2020)"),
]
"""Name, parameters, tokens of training, and who says so; the chapter on scale computes with the same numbers."""


class CostCalculator(TrainingCosts, Widget):
    """What it takes to train a model of ``parameters`` on ``tokens``: work, time, money, memory, and the loss by a law.

    ``devices`` machines named ``device`` (:data:`lmlib.machines.CARDS`) get the share ``utilisation`` of their
    peak, and one costs ``price`` an hour in any currency. All can be set and observed. Raises ValueError for
    what cannot be: see :data:`lmlib.widgets.costs.LIMITS`.

    >>> w = CostCalculator(174.6e9, 300e9, device="A100", devices=1024, utilisation=0.45)
    >>> round(w.days), round(w.memory["to train"] / 1e9), w.cards(w.memory["to train"])
    (25, 2794, 35)
    """

    _kind = "calculator"
    _state = ("parameters", "tokens", "device", "devices", "utilisation", "price")
    _esm = script("calculator")

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
