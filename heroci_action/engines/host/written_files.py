"""The untracked files that steps write: the developer's are kept, and the run's own are removed after it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from heroci_action.repository.git import GitError, list_files


class WrittenFiles:
    """Protects what git cannot restore; paths are relative to the repository's root."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._created: dict[str, bytes] = {}

    def of_developer(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Return the files that existed before this run and that git does not track."""
        existing = [path for path in paths if path not in self._created and self._exists(path)]
        tracked = self._tracked(existing) if existing else frozenset()
        return tuple(path for path in existing if path not in tracked)

    @contextmanager
    def recording(self, paths: Iterable[str]) -> Iterator[None]:
        """Remember which of these files the commands inside create."""
        new = [path for path in paths if path in self._created or not self._exists(path)]
        try:
            yield
        finally:
            self._created |= {path: self._digest(path) for path in new if self._exists(path)}

    def remove(self) -> None:
        """Remove the files that the run has created, unless they have changed since."""
        for path, digest in self._created.items():
            with suppress(OSError):
                if self._digest(path) == digest:
                    (self._root / path).unlink()

    def _exists(self, path: str) -> bool:
        file = self._root / path
        return file.is_symlink() or file.is_file()

    def _tracked(self, paths: list[str]) -> frozenset[str]:
        try:
            return frozenset(list_files(self._root, "--", *(f":(literal){path}" for path in paths)))
        except GitError:
            return frozenset()

    def _digest(self, path: str) -> bytes:
        file = self._root / path
        if file.is_symlink():
            return bytes(file.readlink())
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
