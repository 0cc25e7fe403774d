"""The repository's files, with the changes of a job's earlier commands."""

from __future__ import annotations

import re
from functools import cached_property

from heroci_action.detection.ci.records import Write
from heroci_action.repository.files import RepositoryFiles, ancestors, parent


class WorkingTree:
    """The repository's files with a job's changes; every path is relative to the repository's root."""

    def __init__(self, tree: RepositoryFiles) -> None:
        self.tree = tree
        self.written: dict[str, str | None] = {}
        self.copies: dict[str, str] = {}
        self.outside: dict[str, str] = {}  # copies of directories outside the checkout

    def current(self) -> RepositoryFiles:
        """Return the files as they are now, those with an unknown text left out."""
        known = {path: text for path, text in self.written.items() if text is not None}
        return self.tree.with_files(known)

    def fork(self) -> WorkingTree:
        """Return a copy whose changes do not show here."""
        copy = WorkingTree(self.tree)
        copy.written, copy.copies = dict(self.written), dict(self.copies)
        copy.outside = dict(self.outside)
        return copy

    def has(self, path: str) -> bool:
        """Return whether the file exists."""
        return path in self.written or self.tree.has(path)

    def has_directory(self, path: str) -> bool:
        """Return whether a file exists somewhere below this directory."""
        return self.tree.has_directory(path) or any(
            path in ancestors(parent(file)) for file in self.written
        )

    def below(self, path: str) -> tuple[str, ...]:
        """Return the file, or the files of a directory."""
        if self.has(path):
            return (path,)
        files = (*self.tree.files, *self.written)
        return tuple(dict.fromkeys(file for file in files if file.startswith(f"{path}/")))

    def text(self, path: str) -> str | None:
        """Return the file's text; None if it does not exist or its text is not known."""
        if path in self.written:
            return self.written[path]
        return self.tree.text(path) if self.tree.has(path) else None

    def write(self, write: Write) -> None:
        """Apply a file that a command has written."""
        text = write.text
        if write.append and self.has(write.path):
            before = self.text(write.path)
            text = None if text is None or before is None else before + text
        self.written[write.path] = text
        self.copies.pop(write.path, None)
        if write.copy_of is not None:
            self.copies[write.path] = write.copy_of

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        """The repository's files and directories, sorted as a shell sorts them."""
        directories = {
            directory for file in self.tree.files for directory in ancestors(parent(file))
        }
        return tuple(sorted({*self.tree.files, *directories} - {"."}))

    def matching(self, regex: str, directory: str) -> tuple[str, ...]:
        """Return the paths below a directory, relative to it, that match a whole regular expression."""
        prefix = "" if directory == "." else f"{directory}/"
        form = re.compile(regex)
        inside = (path[len(prefix) :] for path in self._paths if path.startswith(prefix))
        return tuple(path for path in inside if form.fullmatch(path))
