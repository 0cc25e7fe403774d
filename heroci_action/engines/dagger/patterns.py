"""Patterns that exclude files from the upload; pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import PurePosixPath

# Fewer files of one kind in a directory are listed one by one.
MANY = 20
_SPECIAL = re.compile(r"([\\*?\[\]!^])")


def escape(path: str) -> str:
    """Return the path as a pattern that matches nothing else (Go's filepath.Match)."""
    return _SPECIAL.sub(r"\\\1", path)


def exclude_patterns(excluded: Iterable[str], kept: Collection[str]) -> Iterator[str]:
    """Yield patterns that match the excluded paths and none of the kept ones.

    The engine receives all patterns in the header of a request, so many files with one suffix, such as thousands of
    databases in one directory, become a single pattern.
    """
    groups: dict[tuple[PurePosixPath, str], list[str]] = defaultdict(list)
    for path in excluded:
        pure = PurePosixPath(path.rstrip("/"))
        groups[pure.parent, pure.suffix].append(str(pure))
    needed = _entries(kept) if any(len(paths) >= MANY for paths in groups.values()) else set()
    for (parent, suffix), paths in groups.items():
        if suffix and len(paths) >= MANY and (parent, suffix) not in needed:
            yield str(PurePosixPath(escape(str(parent)), f"*{escape(suffix)}"))
        else:
            yield from map(escape, paths)


def _entries(paths: Iterable[str]) -> set[tuple[PurePosixPath, str]]:
    """Return the directory and suffix of every path and of the directories that it is in."""
    found: set[tuple[PurePosixPath, str]] = set()
    for path in map(PurePosixPath, paths):
        for each in (path, *path.parents):
            if (each.parent, each.suffix) in found and each is not path:
                break
            found.add((each.parent, each.suffix))
    return found
