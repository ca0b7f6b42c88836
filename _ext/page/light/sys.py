"""What a program may ask of the Python that runs it."""

import _sys
from _sys import *

byteorder, maxunicode = "little", 1114111
maxsize = 2**63 - 1
version_info = (3, 14, 0, "final", 0)
version = "3.14 (Brython, on this page)"
platform = "brython"
argv, path = [], []


class float_info:
    max, min, epsilon = 1.7976931348623157e308, 2.2250738585072014e-308, 2.220446049250313e-16


def exit(reason=None):
    raise SystemExit(reason)


def intern(text):
    return text
