"""Messages of a command that has no observer, or none yet."""

from __future__ import annotations

import sys

from heroci_action.text import one_line


def print_note(text: str) -> None:
    """Print a message on one line of standard error."""
    sys.stderr.write(f"{one_line(text, 1_000)}\n")
    sys.stderr.flush()
