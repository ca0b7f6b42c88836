"""Devices that work together: the days, the money and the energy that so many FLOPs take.

>>> V100s = Machines(peak=125e12, utilisation=24.6 / 125, devices=10_000)
>>> round(V100s.days(3.14e23), 1)  # Patterson et al. (2021), table 4: 14.8
14.8
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lmlib.validation import check_positive


@dataclass(frozen=True)
class Machines:
    """Devices that work together, and what they cost; ValueError for impossible numbers."""

    peak: float  # FLOP/s of one device, as its maker states it
    utilisation: float = 1.0  # the share of it that a training run gets
    devices: int = 1
    price: float = 0.0  # of a device for an hour, in any currency
    watts: float = 0.0  # of a device, its share of the computer around it included
    overhead: float = 1.0  # of the building: cooling and losses, "PUE"

    def __post_init__(self) -> None:
        check_positive(peak=self.peak, devices=self.devices)
        if not 0 < self.utilisation <= 1:
            raise ValueError(
                f"utilisation: {self.utilisation} is outside (0, 1]; 0.4 is a usual share"
            )
        for name in ("price", "watts"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(
                    f"{name}: {getattr(self, name)} must be 0 or more and finite; use 0 to leave it out"
                )
        if not 1 <= self.overhead < math.inf:
            raise ValueError(
                f"overhead: {self.overhead} is below 1; no building uses less than its machines"
            )

    def hours(self, flops: float) -> float:
        """Device-hours, `eq:device-hours`: the same however many devices share the work."""
        check_positive(flops=flops)
        return flops / (self.peak * self.utilisation) / 3600

    def days(self, flops: float) -> float:
        """From beginning to end, if all devices work at once: formula `eq:device-hours`."""
        return self.hours(flops) / self.devices / 24

    def money(self, flops: float) -> float:
        """Device-hours × price, formula `eq:money`."""
        return self.hours(flops) * self.price

    def megawatt_hours(self, flops: float) -> float:
        """Device-hours × watts × overhead, formula `eq:money`."""
        return self.hours(flops) * self.watts * self.overhead / 1e6


@dataclass(frozen=True)
class Card:
    """What a maker promises of a device."""

    peak: float  # FLOP/s in 16 bits, dense
    memory: float  # bytes, of the largest version


CARDS = {
    "V100": Card(peak=125e12, memory=32e9),
    "A100": Card(peak=312e12, memory=80e9),
    "H100": Card(peak=989e12, memory=80e9),
}
"""The devices that the chapter on scale names, by NVIDIA's data sheets."""


def utilisation(flops: float, device_hours: float, peak: float) -> float:
    """The share of the peak that a run got, formula `eq:device-hours` the other way round.

    >>> llama = 6 * 65.2e9 * 1.4e12
    >>> round(utilisation(llama, 1_022_362, peak=312e12), 2)  # on A100s
    0.48
    """
    check_positive(flops=flops, device_hours=device_hours, peak=peak)
    return flops / (device_hours * 3600 * peak)
