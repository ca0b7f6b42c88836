"""What a training run takes, by its settings: work, time, money, memory, and the loss by a law."""

from __future__ import annotations

from typing import Any

from traitlets import HasTraits, validate

from lmlib.machines import CARDS, Machines
from lmlib.scale import running_memory, training_flops, training_memory
from lmlib.scaling_laws import LAWS
from lmlib.widgets.checks import Given, between, one_of, whole

LIMITS = {
    "parameters": (1.0, 1e15),
    "tokens": (1.0, 1e18),
    "devices": (1, 10_000_000),
    "utilisation": (1e-4, 1.0),
    "price": (0.0, 1e6),
}
BITS = (16, 8, 4)


class TrainingCosts(HasTraits):
    """The settings of a training run, each of which can be set and observed, and what they come to.

    Raises ValueError for what cannot be: see ``LIMITS``.

    >>> TrainingCosts(parameters=1.5e9, tokens=33.6e9).memory["to train"] / 1e9  # GB
    24.0
    """

    parameters = Given(174.6e9).tag(sync=True)
    tokens = Given(300e9).tag(sync=True)
    device = Given("A100").tag(sync=True)
    devices = Given(1_000).tag(sync=True)
    utilisation = Given(0.4).tag(sync=True)
    price = Given(1.5).tag(sync=True)

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
