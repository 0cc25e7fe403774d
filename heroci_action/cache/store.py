"""The files of the result cache: one for each entry, named after its key, safe for parallel runs."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from heroci_action.cache.atomic_file import write_atomically
from heroci_action.cache.entry import DamagedEntryError, Entry, pack, unpack
from heroci_action.text import size

_DIRECTORY = "results"
_SALT = "salt"
_SALT_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A file of the store, its size in bytes and the time of its last use."""

    path: Path
    size: int
    used: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The entries below HeroCI's cache directory; `size` is the limit in bytes."""

    cache: Path
    size: int = 0

    @property
    def directory(self) -> Path:
        """The directory of the entries."""
        return self.cache / _DIRECTORY

    def find(self, key: str, root: Path, max_age: float) -> Entry | None:
        """Return the entry of a key; None if there is none, or if it is damaged, too old or from the future."""
        path = self._path(key)
        try:
            entry = unpack(path.read_bytes(), root)
        except (OSError, DamagedEntryError):
            return None
        if not 0 <= time.time() - entry.created <= max_age:
            return None
        with contextlib.suppress(OSError):
            # The least recently used entries are removed first.
            os.utime(path)
        return entry

    def save(self, key: str, entry: Entry) -> None:
        """Write an entry. Raises OSError."""
        write_atomically(self._path(key), pack(entry))

    def prune(self) -> None:
        """Remove the least recently used entries beyond the size."""
        total = 0
        for stored in sorted(self.list(), key=lambda stored: stored.used, reverse=True):
            total += stored.size
            if total > self.size:
                with contextlib.suppress(OSError):
                    stored.path.unlink()

    def describe(self) -> str:
        """Return the number of entries and their size as one line."""
        sizes = [stored.size for stored in self.list()]
        return f"results of stages, in {self.directory}: {len(sizes):,} stored, {size(sum(sizes))}"

    def clear(self) -> int:
        """Remove every entry; return how many there were."""
        removed = 0
        for stored in self.list():
            with contextlib.suppress(OSError):
                stored.path.unlink()
                removed += 1
        return removed

    def list(self) -> Iterator[Stored]:
        """Yield the files of the store."""
        for path in self.directory.glob("??/*"):
            with contextlib.suppress(OSError):
                status = path.stat()
                yield Stored(path=path, size=status.st_size, used=status.st_mtime)

    def salt(self) -> bytes:
        """Return the random bytes with which secrets are hashed, created at the first use. Raises OSError."""
        path = self.directory / _SALT
        with contextlib.suppress(FileNotFoundError):
            return path.read_bytes()
        self.directory.mkdir(parents=True, exist_ok=True)
        salt = secrets.token_bytes(_SALT_BYTES)
        temporary = path.with_name(f".{_SALT}.{secrets.token_hex(4)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(salt)
        try:
            # Another run may have created it: the first one counts.
            os.link(temporary, path)
        except FileExistsError:
            return path.read_bytes()
        finally:
            temporary.unlink(missing_ok=True)
        return salt

    def _path(self, key: str) -> Path:
        return self.directory / key[:2] / key
