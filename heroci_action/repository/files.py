"""The files of a repository: what git tracks or would track, and their texts."""

from __future__ import annotations

import ast
import configparser
import os
import posixpath
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from heroci_action.repository.git import GitError, find_words, list_files
from heroci_action.repository.newer_syntax import parse_python
from heroci_action.repository.targets import CACHES, is_python, lint_targets

MAX_TEXT = 1_000_000  # bytes; larger files are data, not configuration
MAX_LOCK = 16_000_000  # bytes; lock files of large projects
MAX_WALK = 50_000  # files listed in a directory without git
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
    """The files below `root`, as sorted POSIX paths relative to it.

    These are the files that git tracks, and new files that it does not ignore. Every verb uses this one list.
    """

    root: Path
    files: tuple[str, ...]
    created: frozenset[str] = frozenset()
    _texts: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    _tables: dict[str, Mapping[str, Any]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def read(cls, root: Path) -> RepositoryFiles:
        """List the files with git; without git or any file that it knows, walk the directory up to a limit."""
        return cls(root=root, files=tuple(sorted(_listed_by_git(root) or walk(root))))

    def with_files(self, texts: Mapping[str, str]) -> RepositoryFiles:
        """Return these files together with others that do not exist yet."""
        new = {path: text for path, text in texts.items() if not self.has(path)}
        if not new:
            return self
        return replace(
            self,
            # Sorting a list that is sorted but for its end is much faster than sorting a set.
            files=tuple(sorted([*self.files, *new])),
            created=frozenset(new),
            _texts={**self._texts, **new},
        )

    @cached_property
    def _resolved_root(self) -> Path:
        return self.root.resolve()

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.files)

    @cached_property
    def strays(self) -> tuple[str, ...]:
        """What linters leave out: ignored Python files, and ignored or new directories (with a trailing `/`)."""
        try:
            return (*_strays(self.root), *_cache(self.root))
        except GitError:
            return ()

    def has(self, path: str) -> bool:
        """Return whether the file exists."""
        return path in self._known

    @cached_property
    def _directories(self) -> frozenset[str]:
        found = {"."}
        for file in self.files:
            place = parent(file)
            # The directories around a known one are known, too.
            while place not in found:
                found.add(place)
                place = parent(place)
        return frozenset(found)

    def has_directory(self, path: str) -> bool:
        """Return whether the directory contains a file, at any depth."""
        return (path or ".") in self._directories

    def first(self, *paths: str) -> str | None:
        """Return the first of these files that exists."""
        return next((path for path in paths if self.has(path)), None)

    def matching(self, pattern: str, *, under: str = ".") -> tuple[str, ...]:
        """Return the files whose path relative to `under` matches the regular expression, shallowest first."""
        prefix = "" if under == "." else f"{under}/"
        regex = re.compile(pattern)
        hits = (
            file
            for file in self.files
            if file.startswith(prefix) and regex.fullmatch(file[len(prefix) :])
        )
        return tuple(sorted(hits, key=lambda file: (file.count("/"), file)))

    def text(self, path: str) -> str:
        """Return the text of a file; empty if it is missing, too large, unreadable or outside the repository."""
        if path not in self._texts:
            self._texts[path] = self._read(path)
        return self._texts[path]

    def _read(self, path: str) -> str:
        # Detection asks for hundreds of files that do not exist; the file system answers much more slowly.
        if not self.has(path):
            return ""
        file = self.root / path
        limit = MAX_LOCK if path.endswith((".lock", "pylock.toml")) else MAX_TEXT
        try:
            inside = file.resolve().is_relative_to(self._resolved_root)
            if not (inside and file.is_file() and file.stat().st_size <= limit):
                return ""
            return file.read_bytes().decode("utf-8-sig", errors="replace")
        except (OSError, RuntimeError):
            return ""

    def target(self, path: str) -> str:
        """Return the file that a symbolic link of the repository leads to; any other path as it is."""
        try:
            found = (self.root / path).resolve().relative_to(self._resolved_root).as_posix()
        except (OSError, RuntimeError, ValueError):
            return path
        return found if self.has(found) else path

    def python_with(self, *words: str) -> tuple[str, ...]:
        """Return the Python files with one of the words; none without git, as reading every file takes too long."""
        try:
            return tuple(filter(self.has, find_words(self.root, "*.py", *words)))
        except GitError:
            return ()

    def toml(self, path: str) -> Mapping[str, Any]:
        """Return the parsed TOML file; empty if it is invalid."""
        if path not in self._tables:
            self._tables[path] = parse_toml(self.text(path))
        return self._tables[path]

    def ini(self, path: str) -> Mapping[str, Mapping[str, str]]:
        """Return the parsed INI file; empty if it is invalid."""
        return parse_ini(self.text(path))

    def python(self, path: str) -> ast.Module:
        """Return the syntax tree of a Python file; empty if it is invalid."""
        return parse_python(self.text(path))


def parse_toml(text: str) -> Mapping[str, Any]:
    """Return the tables of a TOML file; empty if it is invalid."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}


def parse_ini(text: str) -> Mapping[str, Mapping[str, str]]:
    """Return the sections of an INI file; empty if it is invalid."""
    if not text:
        return {}
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return {}
    return {section: dict(parser.items(section)) for section in parser.sections()}


@lru_cache(maxsize=1 << 14)
def join(*parts: str) -> str:
    """Join the parts of a path and resolve `.` and `..`: `join(".", "a/../b")` is `b`."""
    return posixpath.normpath(posixpath.join(*parts))


def relative_path(path: str, directory: str) -> str:
    """Return a path as a command in a directory names it: `relative_path("a/b", "c")` is `../a/b`."""
    return os.path.relpath(path, directory).replace(os.sep, "/")


def parent(path: str) -> str:
    """Return the directory of a path; `.` is the root."""
    # Called for every file of a repository, for which pathlib is too slow.
    head, separator, _ = path.rstrip("/").rpartition("/")
    return (head or separator) or "."


def ancestors(path: str) -> tuple[str, ...]:
    """Return a directory and its parents up to the root: `a/b`, `a`, `.` for `a/b`."""
    if path == ".":
        return (".",)
    return (path, *ancestors(parent(path)))


def python_targets(directory: Path) -> tuple[str, ...]:
    """Return the paths to give to a linter that visits every directory it is given.

    New files are included, new directories are not: one may be an environment that git does not ignore. In a
    repository without any tracked file, all files are new, and only environments are left out.
    """
    try:
        strays = (*_strays(directory), *_cache(directory))
        files = list_files(directory, "--cached") or _new_files(directory, strays)
        return lint_targets(files, strays)
    except GitError:
        return (".",)


def _new_files(directory: Path, strays: Iterable[str]) -> list[str]:
    outside = tuple(stray for stray in strays if stray.endswith("/"))
    files = list_files(directory, "--others", "--exclude-standard")
    return [file for file in files if not file.startswith(outside)]


def _cache(directory: Path) -> tuple[str, ...]:
    """Return the cache directory of the action, into which the run itself installs environments."""
    return (".cache/",) if (directory / ".cache").is_dir() else ()


def _strays(directory: Path) -> tuple[str, ...]:
    """List ignored Python files, and ignored or new directories with Python files. Raises GitError.

    Directories without any, such as the reports of an earlier run, must not change what is checked.
    """
    ignored = list_files(directory, "--others", "--directory", "--ignored", "--exclude-standard")
    others = list_files(directory, "--others", "--directory")
    new = [path for path in others if path.endswith("/")]
    if not list_files(directory, "--cached"):
        new = [path for path in new if _is_environment(directory / path)]
    found = dict.fromkeys((*ignored, *new))
    return tuple(path for path in found if _has_python(directory, path))


def _is_environment(directory: Path) -> bool:
    return directory.name in _NEVER or (directory / "pyvenv.cfg").is_file()


def _has_python(directory: Path, path: str) -> bool:
    """Return whether a file is Python, or a directory contains such a file outside of the caches of tools."""
    if not path.endswith("/"):
        return is_python(path)
    names = 0
    for place, directories, files in os.walk(directory / path):
        directories[:] = [] if Path(place).name in CACHES else sorted(directories)
        if Path(place).name not in CACHES and any(map(is_python, files)):
            return True
        names += len(files)
        if names > MAX_WALK:
            return True
    return False


def _listed_by_git(root: Path) -> set[str]:
    try:
        known = list_files(root, "--cached", "--others", "--exclude-standard")
        return set(known) - set(list_files(root, "--deleted"))
    except GitError:
        return set()


def walk(root: Path) -> list[str]:
    """Return the files below a directory without git, except environments and caches, up to MAX_WALK."""
    found: list[str] = []
    for directory, directories, names in os.walk(root):
        directories[:] = sorted(name for name in directories if name not in _NEVER)
        below = Path(directory).relative_to(root)
        found.extend((below / name).as_posix() for name in names)
        if len(found) > MAX_WALK:
            break
    return found[:MAX_WALK]
