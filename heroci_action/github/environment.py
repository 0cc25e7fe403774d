"""Write the files through which a step returns values to GitHub's runner."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from actions_toolkit.file_command import prepare_key_value_message

from heroci_action.text import printable

MAX_SUMMARY = 1_048_576
"""Bytes of a step's summary; a larger one is dropped as a whole (actions/runner, CreateStepSummaryCommand)."""


def write_outputs(path: Path, outputs: Mapping[str, str]) -> None:
    """Append outputs in the heredoc form with a random delimiter. Raise OSError.

    A value may contain newlines and `=`; its control characters are replaced.
    """
    entries = (prepare_key_value_message(name, printable(value)) for name, value in outputs.items())
    _append(path, "".join(f"{entry}\n" for entry in entries))


def summary_room(path: Path) -> int:
    """Return the remaining bytes of the step's summary. Raise OSError."""
    return MAX_SUMMARY - (path.stat().st_size if path.exists() else 0)


def append_summary(path: Path, page: str) -> None:
    """Append a page to the step's summary. Raise OSError."""
    _append(path, page)


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8", errors="replace", newline="") as file:
        file.write(text)
