"""What stands in for a notebook's own functions where no notebook is: they show nothing and do nothing.

So an answer that shows a table or asks IPython for a magic is graded as if it did not.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any


class Nothing(float):
    """Gives itself back whatever is asked of it. As a number it is 0, as a list it is empty.

    >>> nothing = Nothing()
    >>> nothing.run_line_magic("timeit", "f()").best, list(nothing), bool(nothing)
    (0.0, [], False)
    """

    def __getattr__(self, name: str) -> Nothing:
        """Whatever does not begin with two underscores: by these, programs tell what something is."""
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Nothing:
        """What a magic or a command of the system gives back."""
        return self

    def __getitem__(self, key: Any) -> Nothing:
        """A line of what a command printed."""
        return self

    def __iter__(self) -> Iterator[Any]:
        """No lines."""
        return iter(())

    def __len__(self) -> int:
        """No lines."""
        return 0


def display(*objects: Any, **settings: Any) -> Nothing:
    """Show nothing."""
    return Nothing()


NAMES = {"display": display, "get_ipython": Nothing()}
"""What a notebook defines beside Python's own names."""


def stand_in() -> None:
    """Let imports from IPython give the same, as in Colab's IPython 7. The rest of it works without a notebook."""
    module = ModuleType("IPython.core.getipython")
    module.__dict__.update(NAMES)
    sys.modules[module.__name__] = module
    with contextlib.suppress(ImportError):
        old = importlib.import_module("IPython.core.display")
        old.__dict__.setdefault("display", display)
