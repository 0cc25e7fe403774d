"""Find the files that `report` and `merge` read, and the limits for reading them."""

from __future__ import annotations

import glob
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from heroci_action.config.location import read_file, repository_root
from heroci_action.options import LARGEST_FILE, LIST_PASSED, ReportOptions
from heroci_action.output_directory import REPORTS, is_marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Files in order, each once, and the patterns that match none."""

    files: tuple[Path, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The number of passed tests above which they are packed, and the size of the largest file that is read."""

    listed: int = LIST_PASSED
    largest_file: int = LARGEST_FILE


def find_files(patterns: Iterable[str], *, output: Path, own: Container[str] = REPORTS) -> Found:
    """Find the files of names and globs, without the reports of earlier calls.

    Nothing in the output directory is found. In other directories that HeroCI created, globs do not find the reports
    with the names in `own`.
    """
    files: dict[Path, None] = {}
    missing = []
    for pattern in patterns:
        found = [path for path in _expand(pattern, own) if not _is_in(path, output)]
        files |= dict.fromkeys(found)
        if not found:
            missing.append(pattern)
    return Found(files=tuple(files), missing=tuple(missing))


def _expand(pattern: str, own: Container[str]) -> Iterator[Path]:
    """Yield the files of a name or glob, sorted; the name of an existing file may contain brackets."""
    if Path(pattern).is_file():
        yield Path(pattern)
        return
    found = glob.iglob(pattern, recursive=True)  # noqa: PTH207  Path.glob takes no absolute pattern
    for path in map(Path, sorted(found)):
        if path.is_file() and not (path.name in own and is_marked(path.parent)):
            yield path


def _is_in(path: Path, output: Path) -> bool:
    return output.resolve() in path.resolve().parents


def read_limits(options: ReportOptions) -> Limits:
    """Return the limits of the call, else of the configuration, else the defaults. Raises ConfigurationError."""
    configured = _configured_limits(options.path.resolve())
    return Limits(
        listed=configured.listed if options.listed is None else options.listed,
        largest_file=(
            configured.largest_file if options.largest_file is None else options.largest_file
        ),
    )


def _configured_limits(place: Path) -> Limits:
    written, origin = read_file(repository_root(place), place)
    if not written:
        return Limits()
    # The model takes a fifth of a second to import.
    from heroci_action.config.location import report_config  # noqa: PLC0415

    found = report_config(written, origin)
    return Limits(listed=found.list_passed, largest_file=found.largest_file)
