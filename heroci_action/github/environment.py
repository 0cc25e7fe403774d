"""The files through which a step hands values back to GitHub's runner."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from actions_toolkit.file_command import prepare_key_value_message

from heroci_action.text import printable

MAX_SUMMARY = 1_048_576
"""Bytes of a step's summary, above which all of it is dropped: actions/runner, CreateStepSummaryCommand."""
MAX_OUTPUTS = 1_048_576
"""Bytes of all outputs of a job: https://docs.github.com/en/actions/reference/limits"""


def write_outputs(path: Path, outputs: Mapping[str, str]) -> None:
    """Append outputs in the form with a delimiter, which is random and not part of the value. Raises OSError.

    Any value may hold newlines and `=`; its control characters are replaced.
    """
    entries = (prepare_key_value_message(name, printable(value)) for name, value in outputs.items())
    _append(path, "".join(f"{entry}\n" for entry in entries))


def summary_room(path: Path) -> int:
    """How many bytes the step's summary still takes, beside what is in the file already. Raises OSError."""
    return MAX_SUMMARY - (path.stat().st_size if path.exists() else 0)


def append_summary(path: Path, page: str) -> None:
    """Append a page to the step's summary, on a line of its own. Raises OSError."""
    _append(path, page)


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8", errors="replace", newline="") as file:
        file.write(text)
