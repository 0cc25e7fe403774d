"""Find the exception that ended a command in its output."""

from __future__ import annotations

import re

from heroci_action.text import one_line

# The line after the frames of a traceback, whose first lines may be missing.
_TRACEBACK = re.compile(
    r'^ +File "[^\n]+", line \d+[^\n]*\n(?:[ \t]+[^\n]*\n)*(?=\S)([^\n]+)', re.MULTILINE
)
_OTHERS = (
    re.compile(r"^E +((?:\w+\.)*[A-Z]\w+: [^\n]+)", re.MULTILINE),
    re.compile(r"^(CommandError: [^\n]+)", re.MULTILINE),
    re.compile(r"^ERRORS:\n([^\n]+)", re.MULTILINE),
)
_MODULE = re.compile(r"^(?:\w+\.)+(?=[A-Z])")


def last_exception(output: str) -> str | None:
    """Return the last exception in the output without its module, or Django's first error; None without one."""
    found = _TRACEBACK.findall(output)
    if found:
        return one_line(_MODULE.sub("", found[-1]))
    return next((match[1] for pattern in _OTHERS if (match := pattern.search(output))), None)
