"""Choose the paths that lint tools check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

# Cache directories of tools, which linters skip.
CACHES = frozenset(
    {"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".git", ".tox", ".eggs"}
)
_SUFFIXES = (".py", ".pyi")


def is_python(path: str) -> bool:
    """Return whether a file contains Python, by its name."""
    return path.endswith(_SUFFIXES) and not path.rpartition("/")[2].startswith(_SUFFIXES)


def lint_targets(tracked: Iterable[str], strays: Iterable[str]) -> tuple[str, ...]:
    """Return the fewest directories and files with all Python that git tracks, and no other Python.

    `strays` are the other files, and directories (with a trailing `/`) that contain some. All paths are relative to
    the directory where the tools run.
    """
    mixed = {parent for stray in strays for parent in _parents(stray)}
    targets = dict.fromkeys(_outermost(path, mixed) for path in tracked if is_python(path))
    return tuple(targets) or (".",)


def _parents(path: str) -> Iterator[str]:
    """Yield the directories around a path, from `.` inwards."""
    yield "."
    inside = path.rstrip("/")
    for end, char in enumerate(inside):
        if char == "/":
            yield inside[:end]


def _outermost(path: str, mixed: set[str]) -> str:
    return next((parent for parent in _parents(path) if parent not in mixed), path)
