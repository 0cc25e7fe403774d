"""The directory that the reports of a run go into."""

from __future__ import annotations

import os
from collections.abc import Iterable
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


def make(directory: Path) -> None:
    """Make a directory that git ignores, unless somebody else has put something into it. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    if not any(directory.iterdir()):
        (directory / ".gitignore").write_text(MARK, encoding="utf-8")


def prepare(output: Path) -> None:
    """Make the directory, and take away what a former run has left in it. Raises OSError.

    A directory that HeroCI made, or found empty, is marked and ignored by git; logs are removed only there, since
    elsewhere a `logs/` may be somebody else's.
    """
    make(output)
    ignore = output / ".gitignore"
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


def write(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write a file, which may come in pieces, whole or not at all: a reader never sees half of it. Raises OSError.

    A symbolic link of that name is replaced, not followed.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.writelines((content,) if isinstance(content, bytes) else content)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
