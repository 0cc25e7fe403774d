"""The files of a repository as detection sees them: read-only, and only what git does not ignore."""

from __future__ import annotations

import ast
import configparser
import os
import re
import subprocess
import tomllib
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from heroci_action.repository.targets import lint_targets

MAX_TEXT = 1_000_000  # bytes; larger files are data, not configuration
MAX_LOCK = 16_000_000  # bytes; lock files of large projects
MAX_WALK = 50_000  # files, where git cannot list them
_GIT_SECONDS = 30
_NEVER = frozenset(
    {
        ".git",
        ".hg",
        ".tox",
        ".nox",
        ".venv",
        "venv",
        "env",
        "node_modules",
        "__pycache__",
        ".mypy_cache",
        "site-packages",
    }
)


@dataclass(frozen=True)
class RepositoryFiles:
    """The files below `root`, as sorted POSIX paths relative to it."""

    root: Path
    files: tuple[str, ...]
    _texts: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def read(cls, root: Path) -> RepositoryFiles:
        """List what git tracks or would track; without git a bounded walk."""
        listed = _listed_by_git(root)
        return cls(root=root, files=tuple(sorted(_walked(root) if listed is None else listed)))

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.files)

    @cached_property
    def strays(self) -> tuple[str, ...]:
        """What no linter should look into: what git ignores, and whole directories (`/` behind them) new to it."""
        return _strays(self.root) or ()

    def has(self, path: str) -> bool:
        """Whether the file is there."""
        return path in self._known

    def has_directory(self, path: str) -> bool:
        """Whether a file lies somewhere below this directory."""
        prefix = "" if path in {"", "."} else f"{path}/"
        return any(file.startswith(prefix) for file in self.files)

    def first(self, *paths: str) -> str | None:
        """The first of these files that is there."""
        return next((path for path in paths if self.has(path)), None)

    def matching(self, pattern: str, *, under: str = ".") -> tuple[str, ...]:
        """The files whose path below `under` matches the whole regular expression, the shallowest first."""
        prefix = "" if under == "." else f"{under}/"
        regex = re.compile(pattern)
        hits = (
            file
            for file in self.files
            if file.startswith(prefix) and regex.fullmatch(file[len(prefix) :])
        )
        return tuple(sorted(hits, key=lambda file: (file.count("/"), file)))

    def text(self, path: str) -> str:
        """The file's text; empty where it is missing, huge, unreadable or leads out of the repository."""
        if path not in self._texts:
            self._texts[path] = self._read(path)
        return self._texts[path]

    def _read(self, path: str) -> str:
        file = self.root / path
        limit = MAX_LOCK if path.endswith((".lock", "pylock.toml")) else MAX_TEXT
        try:
            inside = file.resolve().is_relative_to(self.root.resolve())
            if not (self.has(path) and inside and file.is_file() and file.stat().st_size <= limit):
                return ""
            return file.read_bytes().decode("utf-8-sig", errors="replace")
        except (OSError, RuntimeError):
            return ""

    def toml(self, path: str) -> Mapping[str, Any]:
        """The parsed TOML file; empty where it does not parse."""
        try:
            return tomllib.loads(self.text(path))
        except tomllib.TOMLDecodeError:
            return {}

    def ini(self, path: str) -> Mapping[str, Mapping[str, str]]:
        """The parsed INI file; empty where it does not parse."""
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read_string(self.text(path))
        except configparser.Error:
            return {}
        return {section: dict(parser.items(section)) for section in parser.sections()}

    def python(self, path: str) -> ast.Module:
        """The syntax tree of a Python file; empty where it does not parse."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return ast.parse(self.text(path))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return ast.Module(body=[], type_ignores=[])


def join(*parts: str) -> str:
    """Parts of a path put together, `.` and `..` resolved: `join(".", "a/../b")` is `b`."""
    return os.path.normpath(PurePosixPath(*parts)).replace(os.sep, "/")


def parent(path: str) -> str:
    """The directory of a path; `.` for the root."""
    return str(PurePosixPath(path).parent)


def ancestors(path: str) -> tuple[str, ...]:
    """A directory and those above it up to the root: `a/b` gives `a/b`, `a`, `.`."""
    if path == ".":
        return (".",)
    return (path, *ancestors(parent(path)))


def python_targets(directory: Path) -> tuple[str, ...]:
    """What a linter that walks everywhere is given in this directory: not what git ignores, and no strange directories.

    A single new file is somebody's work, a new directory may be an environment that nobody has told git to ignore.
    """
    tracked, strays = _git(directory, "--cached"), _strays(directory)
    return (".",) if tracked is None or strays is None else lint_targets(tracked, strays)


def _strays(directory: Path) -> tuple[str, ...] | None:
    ignored = _git(directory, "--others", "--directory", "--ignored", "--exclude-standard")
    others = _git(directory, "--others", "--directory")
    if ignored is None or others is None:
        return None
    return (*ignored, *(path for path in others if path.endswith("/")))


def _listed_by_git(root: Path) -> Iterable[str] | None:
    wanted = _git(root, "--cached", "--others", "--exclude-standard")
    gone = _git(root, "--deleted")
    if not wanted:
        return None
    return set(wanted) - set(gone or ())


def _git(root: Path, *options: str) -> list[str] | None:
    command = ["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-z", *options]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_GIT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return None
    return [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]


def _walked(root: Path) -> Iterable[str]:
    found: list[str] = []
    for directory, directories, names in os.walk(root):
        directories[:] = sorted(name for name in directories if name not in _NEVER)
        below = Path(directory).relative_to(root)
        found.extend((below / name).as_posix() for name in names)
        if len(found) > MAX_WALK:
            break
    return found[:MAX_WALK]
