"""Training from a terminal: ``python -m lmlib.train``, and the same under ``torchrun``.

Whatever cannot be done gets a sentence, and an exit code that is not 0.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from lmlib import distributed
from lmlib.devices import pick_device
from lmlib.train.folder import check_folder
from lmlib.train.job import train
from lmlib.train.settings import parse, parser
from lmlib.train.textfiles import check_text

AGAIN = "call again with the same arguments to go on from the last checkpoint"


class Stopped(BaseException):
    """The operating system asked the run to end."""


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)


def say(sentence: object) -> None:
    """One line on the error output."""
    print(f"{parser().prog}: {sentence}", file=sys.stderr, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code.

    0 where all went well, 1 where one of several processes could not go on, 2 for what cannot be
    done, 128 with the signal's number where one stopped it, and 141 where nobody reads the output.
    """
    settings = parse(argv)
    # A sample may hold what this terminal cannot show.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    before = signal.getsignal(signal.SIGTERM)
    try:
        device = pick_device(settings.device)
        distributed.join("nccl" if device.type == "cuda" else "gloo")
        if distributed.size() == 1:  # torchrun ends its processes itself
            signal.signal(signal.SIGTERM, _stop)
        if settings.text:
            check_text(settings.text)
        check_folder(settings)
        train(settings, device)
        distributed.leave()
        return 0
    except ValueError as error:
        # The others on this machine found the same.
        if os.environ.get("LOCAL_RANK", "0") == "0":
            say(error)
        return 2
    except MemoryError as error:  # perhaps this process alone
        say(str(error) or "there is not enough memory; use a smaller --size")
        return 2
    except BrokenPipeError:  # nobody reads the output any more
        # Or Python complains once more at its end. The code is that of a program which SIGPIPE ends.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        return 141
    except OSError as error:
        say(f"folder: {error}; make room there, or give another --folder")
        return 2
    except (Stopped, KeyboardInterrupt) as stop:
        say(f"stopped; {AGAIN}")
        return 128 + (stop.args[0] if stop.args else signal.SIGINT)
    except RuntimeError as error:
        if distributed.size() == 1:
            raise
        lines = str(error).splitlines() or [type(error).__name__]
        reason = lines[0].rpartition("] ")[2]  # without names of files
        say(
            f"process {distributed.rank()} cannot go on ({reason}); if another one was lost, {AGAIN}"
        )
        return 1
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    raise SystemExit(main())
