"""The directory that the reports of a run go into."""

from __future__ import annotations

import os
from pathlib import Path

from heroci_action.errors import UsageError

REPORTS = (
    "junit.xml",
    "coverage.xml",
    "coverage.json",
    "heroci-result.json",
    "summary.md",
    "report.html",
    "report.sarif",
)
LOGS = "logs"
MARK = "# Made by heroci, ignored by git.\n*\n"


def prepare(output: Path) -> None:
    """Make the directory, and take away what a former run has left in it. Raises OSError.

    A directory that HeroCI made, or found empty, is marked and ignored by git; logs are removed only there, since
    elsewhere a `logs/` may be somebody else's.
    """
    output.mkdir(parents=True, exist_ok=True)
    ignore = output / ".gitignore"
    if not any(output.iterdir()):
        ignore.write_text(MARK, encoding="utf-8")
    for name in REPORTS:
        (output / name).unlink(missing_ok=True)
    if ignore.is_file() and ignore.read_text(encoding="utf-8", errors="replace") == MARK:
        for log in (output / LOGS).glob("*.log"):
            log.unlink()


def prepared(path: Path) -> Path:
    """`prepare` for a directory that a user named; its absolute path. Raises UsageError where it cannot be written."""
    try:
        prepare(path)
    except OSError as error:
        raise UsageError(
            f"the reports cannot be written to {str(path)!r}: {error.strerror}",
            remedy="name another directory with --output",
        ) from error
    return path.resolve()


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: a reader never sees half of it. Raises OSError.

    A symbolic link of that name is replaced, not followed.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
