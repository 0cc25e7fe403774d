"""Keep text from being a workflow command, without importing the toolkit that writes commands."""

from __future__ import annotations

import re

from heroci_action.text import printable

_OLD_COMMAND = re.compile(r"##(?=\[)")
_COMMAND = re.compile(r"^(\s*):(?=:)", re.MULTILINE)
_ZERO_WIDTH = "\u200b"


def inert(text: str) -> str:
    """Return the text without commands: neither `::` at the start of a line nor `##[` anywhere.

    GitHub's log viewer interprets the second form even while commands are stopped.
    """
    plain = _OLD_COMMAND.sub(f"##{_ZERO_WIDTH}", printable(text))
    return _COMMAND.sub(rf"\1:{_ZERO_WIDTH}", plain)
