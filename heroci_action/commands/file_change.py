"""A file that a command wants to write, with the difference to show first."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from heroci_action.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """The text of a file before (None if it does not exist) and after; `path` is relative to the repository's root.

    `replaces`: the existing text was written by a person and would be lost.
    """

    path: str
    before: str | None
    after: str
    replaces: bool = False

    @classmethod
    def of(cls, root: Path, path: str, after: str) -> FileChange:
        """Compare with the existing file. Raises UsageError if it cannot be read."""
        before = _read(root / path)
        return cls(path=path, before=before, after=after, replaces=before is not None)

    @property
    def is_needed(self) -> bool:
        """Return whether the texts differ."""
        return self.before != self.after

    @property
    def difference(self) -> str:
        """Return the change as a unified diff."""
        return "".join(
            difflib.unified_diff(
                (self.before or "").splitlines(keepends=True),
                self.after.splitlines(keepends=True),
                fromfile=f"a/{self.path}" if self.before is not None else "/dev/null",
                tofile=f"b/{self.path}",
            )
        )

    def write(self, root: Path) -> None:
        """Write the file. Raises UsageError if it leads out of the repository or cannot be written."""
        path = root / self.path
        if not path.resolve().is_relative_to(root.resolve()):
            raise UsageError(f"{self.path} leads out of the repository; nothing was written")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.after, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{self.path} cannot be written: {error.strerror}") from error


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} cannot be read: {error}") from error
