"""The content of a repository: a hash for each file, taken from git's index wherever the file is unchanged."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
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
# Ignored files that programs read their settings from, such as `.env` and local_settings.py.
_SETTINGS = frozenset({".py", ".env", ".toml", ".ini", ".cfg", ".yaml", ".yml", ".json"})


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
    """The files of a repository: path to mode and hash, and the time stamps of those that git had not verified."""

    files: Mapping[str, str]
    stamps: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

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
        kept = {path: value for path, value in self.files.items() if not matches(path, patterns)}
        return Content(files=kept, stamps=self.stamps)


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
    """Return the content of every file that git does not ignore, except below the `exclude` directories.

    With `settings`, also ignored files that programs read settings from. Without git, every file counts.
    Raises UnknownContentError if a file cannot be read, or too many would have to be.
    """
    try:
        try:
            found = _Reader(root, settings=settings).read()
        except GitError:
            found = _walk(root, exclude)
    except OSError as error:
        raise UnknownContentError(f"cannot read {error.filename}: {error.strerror}") from error
    prefixes = tuple(f"{directory}/" for directory in exclude)
    if not prefixes:
        return found
    kept = {path: value for path, value in found.files.items() if not path.startswith(prefixes)}
    stamps = {path: value for path, value in found.stamps.items() if not path.startswith(prefixes)}
    return Content(files=kept, stamps=stamps)


class _Reader:
    """Reads one repository; submodules and other repositories in it are read in the same way."""

    def __init__(self, root: Path, *, settings: bool) -> None:
        self._root = root
        self._settings = settings
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
            unsure |= dict.fromkeys(self._filtered())
        self._stamps[".git/logs/HEAD"] = self._moves()
        return self.read_files(unsure)

    def read_files(self, paths: Iterable[str]) -> Content:
        """Read these files in the working tree; return them with those of the index."""
        for path in paths:
            self._read_file(path)
        return Content(files=self._files, stamps=self._stamps)

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
            # Lower case: assume-unchanged; S: skip-worktree; a submodule has files of its own.
            if tag != "H" or mode in ("160000", "120000"):
                unsure[path] = None
        if self._files and len(next(iter(self._files.values())).split(" ")[1]) > _SHA1_DIGITS:
            self._hasher = hashlib.sha256
        return unsure

    def _others(self, others: tuple[str, ...]) -> Iterator[str]:
        """Yield new files, and ignored ones that may be settings."""
        if not others:
            return
        listed = _paths(self._git("ls-files", "--others", "--exclude-standard", "-z"))
        new = [path for path in listed if not CACHES.intersection(PurePosixPath(path).parts)]
        yield from new
        if self._settings:
            ignored = set(others) - set(listed)
            yield from sorted(path for path in ignored if _may_be_settings(path))

    def _filtered(self) -> Iterator[str]:
        """Yield the files whose content in the working tree may differ from the index, such as those of Git LFS."""
        attributes = any(path.endswith(".gitattributes") for path in self._files)
        if not attributes:
            return
        for driver in self._drivers():
            yield from _paths(self._git("ls-files", "-z", "--", f":(attr:filter={driver})"))

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
        """Read a submodule or another repository; one that is not checked out has no files."""
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
        self._files |= {f"{prefix}/{name}": value for name, value in inner.files.items()}
        self._stamps |= {f"{prefix}/{name}": value for name, value in inner.stamps.items()}

    def _moves(self) -> tuple[int, ...]:
        """Return the time stamp of the last commit, checkout or reset."""
        log = self._root / self._git("rev-parse", "--git-path", "logs/HEAD").strip()
        try:
            return (log.stat().st_mtime_ns,)
        except OSError:
            return ()


def _may_be_settings(path: str) -> bool:
    name = PurePosixPath(path).name
    return not path.endswith("/") and (
        name.startswith(".env") or PurePosixPath(path).suffix in _SETTINGS
    )


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
