"""What a program may ask of the Python that runs it."""

import _sys
from _sys import *

byteorder, maxunicode = "little", 1114111
maxsize = 2**63 - 1
version_info = (3, 14, 0, "final", 0)
version = "3.14 (Brython, on this page)"
platform = "brython"
argv, path = [], []
_getframe = _sys._getframe


class float_info:
    max, min, epsilon = (
        1.7976931348623157e308,
        2.2250738585072014e-308,
        2.220446049250313e-16,
    )
    dig, mant_dig, radix, max_exp, min_exp = 15, 53, 2, 1024, -1021


class hash_info:
    width, modulus, inf, nan = 64, 2**61 - 1, 314159, 0


class implementation:
    name = "brython"


def exit(reason=None):
    raise SystemExit(reason)


def intern(text):
    return text
