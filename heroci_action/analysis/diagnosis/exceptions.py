"""Find the exception that ended a command in its output."""

from __future__ import annotations

import re

from heroci_action.text import one_line

# The line after the frames of a traceback, whose first lines may be missing. A line of a frame has only one way to
# match: otherwise, an indented traceback, which has no such line, would take for ever.
_TRACEBACK = re.compile(
    r'^ +File "[^\n]+", line \d+[^\n]*\n(?:[ \t][^\n]*\n)*(?=\S)([^\n]+)', re.MULTILINE
)
_OTHERS = (
    re.compile(r"^E +((?:\w+\.)*[A-Z]\w+: [^\n]+)", re.MULTILINE),
    re.compile(r"^(CommandError: [^\n]+)", re.MULTILINE),
    re.compile(r"^ERRORS:\n([^\n]+)", re.MULTILINE),
    # Programs: `error: File not found`, `ERROR: No matching distribution`, `npm error code E404`, `x: error: y`.
    re.compile(
        r"^(?:[\w./ -]{1,60}: )?(?:error|fatal): (?!usage)([^\n]+)"
        r"|^(?:ERROR|Error|E): (?!usage)([^\n]+)|^npm (?:ERR!|error) (?!code)([^\n]+)",
        re.MULTILINE,
    ),
)
_MODULE = re.compile(r"^(?:\w+\.)+(?=[A-Z])")


def last_exception(output: str) -> str | None:
    """Return the last exception in the output without its module, or a program's first error; None without one."""
    found = _TRACEBACK.findall(output)
    if found:
        return one_line(_MODULE.sub("", found[-1]))
    others = (match for pattern in _OTHERS if (match := pattern.search(output)))
    return next((one_line(match[match.lastindex or 0]) for match in others), None)
