"""Quantities as one reads them: powers of ten, bytes, spans of time, counts in words."""

from __future__ import annotations

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


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
