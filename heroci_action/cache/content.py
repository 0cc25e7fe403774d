"""The content of a repository: a hash for each file, taken from git's index wherever the file is unchanged."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Protocol

from heroci_action.errors import HeroCIError
from heroci_action.repository.files import MAX_WALK, walk
from heroci_action.repository.git import GitError, git
from heroci_action.repository.targets import CACHES

CHUNK = 1 << 20
_SHA1_DIGITS = 40
# A local configuration must not hide a changed mode or time stamp from the comparison with the index.
_STRICT_OPTIONS = (
    *("-c", "core.fileMode=true"),
    *("-c", "core.trustctime=true"),
    *("-c", "core.checkStat=default"),
    *("-c", "core.fsmonitor=false"),
)
# Ignored files that change what programs do: settings such as `.env` and local_settings.py, keys, compiled code and
# messages.
_SETTINGS = frozenset(
    {
        *(".py", ".so", ".mo", ".env", ".toml", ".ini", ".cfg", ".conf", ".yaml", ".yml", ".json"),
        *(".pem", ".key", ".crt"),
    }
)
_PACKAGES = frozenset({*CACHES, "node_modules", ".nox", "site-packages"})
"""Directories that package managers and tools fill; they contain no settings."""
_MAX_IGNORED = 20_000
"""Entries of ignored directories to look at."""
_CONVERSIONS = ("core.autocrlf", "core.eol", "core.attributesFile")


class Hash(Protocol):
    """A hash in progress, as hashlib creates it."""

    def update(self, data: bytes, /) -> None:
        """Add bytes."""

    def hexdigest(self) -> str:
        """Return the hash of all bytes so far."""


Hasher = Callable[[bytes], Hash]


class UnknownContentError(HeroCIError):
    """The content of the repository cannot be determined."""


@dataclass(frozen=True)
class Content:
    """The files of a repository: path to mode and hash, and the time stamps of files that git had not verified.

    `ignored` are the files among them that git ignores.
    """

    files: Mapping[str, str]
    stamps: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()

    @cached_property
    def whole(self) -> str:
        """The hash of all files."""
        digest = hashlib.sha256()
        for path in sorted(self.files):
            line = f"{path}\0{self.files[path]}\n"
            digest.update(line.encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def without(self, patterns: Collection[str]) -> Content:
        """Return the content without the files that match one of the patterns."""
        if not patterns:
            return self
        files = {path: value for path, value in self.files.items() if not matches(path, patterns)}
        stamps = {path: value for path, value in self.stamps.items() if not matches(path, patterns)}
        return replace(self, files=files, stamps=stamps)

    def find_change(self, before: Content) -> str | None:
        """Return a file that was touched since `before` was read, even if it is the same again; None without one.

        Ignored files that did not exist before do not count: the run itself has created them.
        """
        created = self.ignored - before.files.keys()
        for path in sorted({*self.files, *before.files} - created):
            if self.files.get(path) != before.files.get(path):
                return path
        for path in sorted({*self.stamps, *before.stamps} - self.ignored - before.ignored):
            if self.stamps.get(path) != before.stamps.get(path):
                return path
        return None


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Return whether a path matches a pattern, as in .gitignore: without a slash at any depth, else from the root."""
    return any(_matches(path, pattern) for pattern in patterns)


def _matches(path: str, pattern: str) -> bool:
    bare = pattern.strip("/")
    if "/" in bare or pattern.startswith("/"):
        return fnmatchcase(path, bare) or fnmatchcase(path, f"{bare}/*")
    names = PurePosixPath(path).parts
    return any(fnmatchcase(name, bare) for name in (names[:-1] if pattern.endswith("/") else names))


def read_content(root: Path, *, exclude: Collection[str] = (), settings: bool = True) -> Content:
    """Return the content of every file that git does not ignore.

    Below the `exclude` directories, only tracked files count. With `settings`, also ignored files that change what
    programs do. Without git, every file counts. Raises UnknownContentError if a file cannot be read, or too many would
    have to be.
    """
    try:
        try:
            return _Reader(root, settings=settings, exclude=exclude).read()
        except GitError:
            return _walk(root, exclude)
    except OSError as error:
        raise UnknownContentError(f"cannot read {error.filename}: {error.strerror}") from error


class _Reader:
    """Reads one repository; submodules and other repositories in it are read in the same way."""

    def __init__(self, root: Path, *, settings: bool, exclude: Collection[str] = ()) -> None:
        self._root = root
        self._settings = settings
        self._excluded = tuple(f"{directory}/" for directory in exclude)
        self._ignored: set[str] = set()
        self._files: dict[str, str] = {}
        self._stamps: dict[str, tuple[int, ...]] = {}
        self._hasher: Hasher = _sha1

    def read(self) -> Content:
        """Read the index, and the files that differ from it. Raises GitError and OSError."""
        with ThreadPoolExecutor(3) as pool:
            listed = pool.submit(self._git, "ls-files", "-s", "-v", "-z")
            changed = pool.submit(
                self._git, "diff-files", "-z", "--name-only", "--ignore-submodules=all"
            )
            others = pool.submit(self._git, "ls-files", "--others", "--directory", "-z")
            unsure = self._read_index(listed.result())
            unsure |= dict.fromkeys(_paths(changed.result()))
            unsure |= dict.fromkeys(self._others(_paths(others.result())))
            unsure |= dict.fromkeys(self._converted())
        self._stamps[".git/logs/HEAD"] = self._moves()
        return self.read_files(unsure)

    def read_files(self, paths: Iterable[str]) -> Content:
        """Read these files in the working tree; return them with the files of the index."""
        for path in paths:
            self._read_file(path)
        return Content(files=self._files, stamps=self._stamps, ignored=frozenset(self._ignored))

    def _git(self, *arguments: str) -> str:
        return git(self._root, *_STRICT_OPTIONS, *arguments)

    def _read_index(self, listed: str) -> dict[str, None]:
        """Take the hashes of the index; return the paths that git does not compare with the working tree."""
        unsure: dict[str, None] = {}
        for line in listed.split("\0"):
            if not line:
                continue
            head, _, path = line.partition("\t")
            tag, mode, name, _stage = head.split(" ")
            self._files[path] = f"{mode} {name}"
            # Lower case: assume-unchanged; S: skip-worktree; a submodule has its own files.
            if tag != "H" or mode in ("160000", "120000"):
                unsure[path] = None
        if self._files and len(next(iter(self._files.values())).split(" ")[1]) > _SHA1_DIGITS:
            self._hasher = hashlib.sha256
        return unsure

    def _others(self, others: tuple[str, ...]) -> Iterator[str]:
        """Yield new files, and ignored ones that may be settings."""
        found = self._included(others)
        if not found:
            return
        listed = self._included(
            _paths(self._git("ls-files", "--others", "--exclude-standard", "-z"))
        )
        yield from (path for path in listed if not CACHES.intersection(PurePosixPath(path).parts))
        if self._settings:
            settings = _list_settings(self._root, sorted(found.keys() - listed))
            self._ignored.update(self._included(settings).keys() - listed)
            yield from sorted(self._ignored)

    def _included(self, paths: Iterable[str]) -> dict[str, None]:
        """Return the paths in their order, without those below the excluded directories."""
        return dict.fromkeys(path for path in paths if not path.startswith(self._excluded))

    def _converted(self) -> Iterator[str]:
        """Yield the files whose content in the working tree differs from the index, although git calls them clean."""
        attributes = any(path.endswith(".gitattributes") for path in self._files)
        if not attributes and not self._is_set(*_CONVERSIONS) and not self._own_attributes():
            return
        selected = ["ident", "working-tree-encoding"]
        selected += [f"filter={driver}" for driver in self._drivers()]
        for attribute in selected:
            yield from _paths(self._git("ls-files", "-z", "--", f":(attr:{attribute})"))
        for line in _paths(self._git("ls-files", "--eol", "-z")):
            endings, _, path = line.partition("\t")
            index, tree, *_ = endings.split()
            if index.removeprefix("i/") != tree.removeprefix("w/"):
                yield path

    def _is_set(self, *names: str) -> bool:
        pattern = "|".join(f"^{re.escape(name.lower())}$" for name in names)
        try:
            return bool(self._git("config", "--name-only", "--get-regexp", pattern))
        except GitError:
            return False

    def _own_attributes(self) -> bool:
        return self._git_path("info/attributes").is_file()

    def _git_path(self, name: str) -> Path:
        return self._root / self._git("rev-parse", "--git-path", name).strip()

    def _drivers(self) -> tuple[str, ...]:
        try:
            found = self._git(
                "config", "--name-only", "--get-regexp", r"^filter\..*\.(smudge|process)$"
            )
        except GitError:
            return ()
        return tuple(
            dict.fromkeys(line.split(".", 1)[1].rpartition(".")[0] for line in found.splitlines())
        )

    def _read_file(self, path: str) -> None:
        file = self._root / path
        try:
            status = file.lstat()
        except (FileNotFoundError, NotADirectoryError):
            self._files.pop(path, None)
            self._stamps[path] = ()
            return
        if stat.S_ISDIR(status.st_mode):
            self._read_repository(path)
            return
        self._stamps[path] = (status.st_mtime_ns, status.st_ctime_ns, status.st_size)
        if stat.S_ISLNK(status.st_mode):
            self._files[path] = _link(self._root, file, self._hasher)
        elif stat.S_ISREG(status.st_mode):
            mode = "100755" if status.st_mode & stat.S_IXUSR else "100644"
            self._files[path] = f"{mode} {_blob(file, status.st_size, self._hasher)}"

    def _read_repository(self, path: str) -> None:
        """Read a submodule or another repository; it has no files if it is not checked out."""
        prefix = path.rstrip("/")
        directory = self._root / prefix
        if not (directory / ".git").exists():
            if any(directory.iterdir()):
                raise UnknownContentError(f"{prefix!r} is neither a repository nor a file")
            self._files[prefix] = "empty"
            return
        inner = _Reader(directory, settings=self._settings).read()
        self._files.pop(path, None)
        self._files[prefix] = "repository"
        self._ignored |= {f"{prefix}/{name}" for name in inner.ignored}
        self._files |= {f"{prefix}/{name}": value for name, value in inner.files.items()}
        self._stamps |= {f"{prefix}/{name}": value for name, value in inner.stamps.items()}

    def _moves(self) -> tuple[int, ...]:
        """Return the time stamp of the last commit, checkout or reset."""
        try:
            return (self._git_path("logs/HEAD").stat().st_mtime_ns,)
        except OSError:
            return ()


def _list_settings(root: Path, ignored: Iterable[str]) -> list[str]:
    """Return the files that may be settings, among ignored files and in ignored directories."""
    found: list[str] = []
    budget = _MAX_IGNORED
    for path in ignored:
        files = [path]
        if path.endswith("/"):
            files = list(islice(_list_directory(root, path), budget))
            budget -= len(files)
        found += filter(_may_be_settings, files)
    return found


def _list_directory(root: Path, path: str) -> Iterator[str]:
    """Yield the files in a directory and below, without installed packages and other repositories."""
    names = {entry.name: entry for entry in os.scandir(root / path)}
    directory = PurePosixPath(path).name
    if directory in _PACKAGES or not {"pyvenv.cfg", ".git"}.isdisjoint(names):
        return
    for name in sorted(names):
        if names[name].is_dir(follow_symlinks=False):
            yield from _list_directory(root, f"{path}{name}/")
        else:
            yield f"{path}{name}"


def _may_be_settings(path: str) -> bool:
    place = PurePosixPath(path)
    return place.suffix in _SETTINGS or any(part.startswith(".env") for part in place.parts)


def _paths(listed: str) -> tuple[str, ...]:
    return tuple(path for path in listed.split("\0") if path)


def _sha1(data: bytes = b"") -> Hash:
    # Git's own hash, so that committing a file does not change its value.
    return hashlib.sha1(data, usedforsecurity=False)


def _blob(file: Path, size: int, hasher: Hasher) -> str:
    """Return the hash that git gives to this content."""
    digest = hasher(f"blob {size}\0".encode())
    with file.open("rb") as stream:
        while piece := stream.read(CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def _link(root: Path, file: Path, hasher: Hasher) -> str:
    """Return the hash of a link, and of the file that it leads to. Raises UnknownContentError for another directory."""
    target = os.fsencode(file.readlink())
    text = f"120000 {hasher(b'blob %d' % len(target) + bytes(1) + target).hexdigest()}"
    place = Path(os.path.realpath(file))
    if place.is_dir():
        if place.is_relative_to(os.path.realpath(root)):
            return text
        name = file.relative_to(root)
        raise UnknownContentError(f"{str(name)!r} is a link to a directory outside the repository")
    if place.is_file():
        return f"{text} {_blob(place, place.stat().st_size, hasher)}"
    return text


def _walk(root: Path, exclude: Collection[str]) -> Content:
    paths = [path for path in walk(root) if not CACHES.intersection(PurePosixPath(path).parts)]
    if len(paths) >= MAX_WALK:
        raise UnknownContentError(f"there are more than {MAX_WALK:,} files, and no git repository")
    prefixes = tuple(f"{directory}/" for directory in exclude)
    kept = (path for path in paths if not path.startswith(prefixes))
    return _Reader(root, settings=True).read_files(kept)
