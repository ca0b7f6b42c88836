"""Where an error was: the lines of the reader's own code, which the harness keeps by the name of its file."""

import sys

SOURCES = {}


class FrameSummary:
    def __init__(self, filename, lineno, name):
        self.filename, self.lineno, self.name = filename, lineno, name
        lines = SOURCES.get(filename, "").splitlines()
        self.line = lines[lineno - 1].strip() if 0 < lineno <= len(lines) else ""


def extract_tb(trace):
    found = []
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append(FrameSummary(code.co_filename, trace.tb_lineno, code.co_name))
        trace = trace.tb_next
    return found


def format_exception_only(error):
    said = str(error)
    name = type(error).__name__
    return f"{name}: {said}" if said else name


def format_exception(error):
    """As Python shows it, without what is not the reader's."""
    if isinstance(error, SyntaxError):
        return _syntax(error)
    lines = []
    for frame in extract_tb(error.__traceback__):
        if frame.filename in SOURCES:
            lines.append(f"  line {frame.lineno}, in {frame.name}\n    {frame.line}")
    if len(lines) > 12:
        lines = [*lines[:5], f"  … {len(lines) - 10} lines more", *lines[-5:]]
    head = ["Traceback (most recent call last):", *lines] if lines else []
    return "\n".join([*head, format_exception_only(error)])


def _syntax(error):
    line = (error.text or "").rstrip()
    lost = len(line) - len(line.lstrip())
    mark = " " * (4 + max(0, (error.offset or 1) - 1 - lost)) + "^"
    where = (
        [f"  line {error.lineno}", f"    {line.strip()}", mark]
        if line.strip()
        else [f"  line {error.lineno}"]
    )
    return "\n".join([*where, f"{type(error).__name__}: {error.msg}"])
