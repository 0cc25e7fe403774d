"""Find the files that `report` and `merge` read, and how they read them."""

from __future__ import annotations

import glob
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from heroci_action.config.location import read_file, report_config, repository_root
from heroci_action.errors import UsageError
from heroci_action.options import LARGEST_FILE, ReportOptions, Reruns, Unreadable
from heroci_action.output_directory import REPORTS, is_marked
from heroci_action.repository.path_prefixes import PathPrefix


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Files in order, each once, and the patterns that match none."""

    files: tuple[Path, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How files are read.

    `largest_file` is a number of bytes; `prefixes` replace prefixes of paths in reports.
    """

    largest_file: int = LARGEST_FILE
    unreadable: Unreadable = Unreadable.FAIL
    reruns: Reruns = Reruns.STATED
    prefixes: tuple[PathPrefix, ...] = ()


def find_files(patterns: Iterable[str], *, output: Path, own: Container[str] = REPORTS) -> Found:
    """Find the files of names and globs, except files that a pattern with a leading `!` matches.

    Nothing in the output directory is found. In other directories that HeroCI created, globs do not find the reports
    with the names in `own`. Raises UsageError if every pattern excludes files.
    """
    wanted, unwanted = _split(patterns)
    excluded = _exclude(unwanted)
    files: dict[Path, None] = {}
    missing = []
    for pattern in wanted:
        found = [
            path
            for path in _expand(pattern, own)
            if not _is_in(path, output) and excluded.isdisjoint(_with_parents(path))
        ]
        files |= dict.fromkeys(found)
        if not found:
            missing.append(pattern)
    return Found(files=tuple(files), missing=tuple(missing))


def _split(patterns: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the patterns of files to read, and the patterns of excluded files without their `!`."""
    wanted: list[str] = []
    unwanted: list[str] = []
    for pattern in patterns:
        if pattern.startswith("!"):
            unwanted.append(pattern[1:])
        else:
            wanted.append(pattern)
    if unwanted and not wanted:
        raise UsageError(
            f"{', '.join(repr(f'!{name}') for name in unwanted)} only excludes files",
            remedy="name files or globs to read as well",
        )
    return wanted, unwanted


def _expand(pattern: str, own: Container[str]) -> Iterator[Path]:
    """Yield the files of a name or glob, sorted; the name of an existing file may contain brackets."""
    if Path(pattern).is_file():
        yield Path(pattern)
        return
    for path in map(Path, sorted(_matches(pattern))):
        # A symbolic link without a target cannot be read, which must not go unnoticed.
        is_lost = path.is_symlink() and not path.exists()
        if is_lost or (path.is_file() and not (path.name in own and is_marked(path.parent))):
            yield path


def _exclude(patterns: Iterable[str]) -> set[Path]:
    """Return the absolute paths of files and directories that must not be read."""
    found = (path for pattern in patterns for path in (pattern, *_matches(pattern)))
    return {Path(path).absolute() for path in found}


def _matches(pattern: str) -> Iterator[str]:
    return glob.iglob(pattern, recursive=True)  # noqa: PTH207  Path.glob takes no absolute pattern


def _with_parents(path: Path) -> Iterator[Path]:
    whole = path.absolute()
    yield whole
    yield from whole.parents


def _is_in(path: Path, output: Path) -> bool:
    return output.resolve() in path.resolve().parents


def read_settings(options: ReportOptions) -> Settings:
    """Return the settings of the call, else of the configuration, else the defaults. Raises ConfigurationError."""
    configured = _configured(options.path.resolve())
    return Settings(
        largest_file=(
            configured.largest_file if options.largest_file is None else options.largest_file
        ),
        unreadable=options.unreadable or configured.unreadable,
        reruns=options.reruns or configured.reruns,
        prefixes=(*configured.prefixes, *options.path_prefixes),
    )


def _configured(place: Path) -> Settings:
    written, origin = read_file(repository_root(place), place)
    if not written:
        return Settings()
    found = report_config(written, origin)
    return Settings(
        largest_file=found.largest_file,
        unreadable=found.unreadable,
        reruns=found.reruns,
        prefixes=tuple(found.prefixes()),
    )
