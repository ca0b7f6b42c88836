"""Rounding to float32, as JavaScript does it."""

from javascript import Math


def single(x):
    """The nearest number of float32."""
    return float(Math.fround(x))
