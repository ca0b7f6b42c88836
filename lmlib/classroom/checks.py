"""What a student's notebook needs: checks that help, and never stop the notebook.

Python's standard library alone, since it runs on every student's machine.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def checking(exercise: str) -> Iterator[None]:
    """Says what is wrong as a sentence, so that "Run all" reaches the end of the notebook.

    >>> with checking("reheat"):
    ...     raise NotImplementedError
    reheat: not answered yet.
    >>> with checking("reheat"):
    ...     assert 1 + 1 == 3, "Did you count twice?"
    reheat: not yet. Did you count twice?
    """
    try:
        yield
    except NotImplementedError:
        print(f"{exercise}: not answered yet.")
    except AssertionError as hint:
        print(f"{exercise}: not yet. {str(hint) or 'An assertion of your own fails.'}")
    except Exception as error:
        line = traceback.extract_tb(error.__traceback__)[-1]
        print(
            f"{exercise}: not yet. It stops with {type(error).__name__}: {error} "
            f"(line {line.lineno} of {line.name}: {line.line})"
        )
