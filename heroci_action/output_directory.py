"""The directory that the reports of a run are written to."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from heroci_action.errors import UsageError

RESULT = "heroci-result.json"
REPORTS = (
    "junit.xml",
    "tests.xml",
    "coverage.xml",
    "coverage.json",
    RESULT,
    "summary.md",
    "report.html",
    "report.sarif",
)
LOGS = "logs"
MARK = "# Made by heroci, ignored by git.\n*\n"
ANOTHER = "name another directory with --output"


@contextmanager
def open_output(path: Path) -> Iterator[Path]:
    """Create the directory if necessary and lock it; yield its absolute path.

    Raises UsageError if it cannot be created, is a symbolic link, or is in use by another run.
    """
    try:
        make_directory(path)
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise UsageError(
            f"cannot write reports to {str(path)!r}: {error.strerror}", remedy=ANOTHER
        ) from error
    try:
        _lock(handle, path)
        yield path.resolve()
    finally:
        os.close(handle)


def _lock(handle: int, path: Path) -> None:
    """Lock the directory itself, so that the lock leaves no file and ends with the process. Raise UsageError."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UsageError(
            f"another run is writing its reports to {str(path)!r}",
            remedy=f"wait until it has finished, or {ANOTHER}",
        ) from error
    except OSError:
        # A file system without locks.
        return


def make_directory(path: Path) -> None:
    """Create a directory that git ignores; leave one with other contents as it is.

    Raises OSError, and UsageError for a symbolic link: a commit could contain one that leads anywhere.
    """
    refuse_links(path)
    path.mkdir(parents=True, exist_ok=True)
    if not any(path.iterdir()):
        (path / ".gitignore").write_text(MARK, encoding="utf-8")


def refuse_links(path: Path) -> None:
    """Raise UsageError if the path, its logs, or a directory between it and the current one is a symbolic link."""
    here = Path.cwd()
    absolute = Path(os.path.normpath(here / path))
    above = (parent for parent in absolute.parents if here in parent.parents)
    for place in (absolute, *above, absolute / LOGS):
        if place.is_symlink():
            shown = place.relative_to(here) if place.is_relative_to(here) else place
            raise UsageError(
                f"{str(shown)!r} is a symbolic link, and HeroCI writes only to its own directories",
                remedy="remove the link, or name another directory",
            )


def remove_reports(output: Path) -> None:
    """Remove the reports of an earlier run; logs only if HeroCI created the directory. Raises OSError."""
    for name in REPORTS:
        (output / name).unlink(missing_ok=True)
    if is_marked(output):
        for file in (*(output / LOGS).glob("*.log"), *output.glob(".*.part")):
            file.unlink()


def is_marked(directory: Path) -> bool:
    """Return whether HeroCI created the directory."""
    ignore = directory / ".gitignore"
    try:
        return ignore.read_text(encoding="utf-8", errors="replace") == MARK
    except OSError:
        return False


def write_file(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write a file completely or not at all; a symbolic link of that name is replaced. Raises OSError."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(part, flags, 0o666), "wb") as file:
            file.writelines((content,) if isinstance(content, bytes) else content)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
