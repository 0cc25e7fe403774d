"""Prefixes of paths in reports that the user replaces by directories of the repository."""

from __future__ import annotations

import posixpath
import re
from functools import cache
from typing import NamedTuple


class PathPrefix(NamedTuple):
    """Replace the prefix `old` of paths by the directory `new`; an empty `old` is the prefix of relative paths.

    `reports` is a glob, relative to the repository's root, of the reports that it belongs to; if empty, of all.
    """

    old: str
    new: str
    reports: str = ""

    @classmethod
    def parse(cls, text: str) -> PathPrefix:
        """Read `[GLOB::][OLD=]NEW`. Raises ValueError."""
        reports, _, prefixes = text.rpartition("::")
        old, _, new = prefixes.rpartition("=")
        if posixpath.normpath(new).startswith(("/", "..")):
            raise ValueError("does not end in a directory of the repository")
        return cls(old, new, reports)

    def belongs_to(self, report: str) -> bool:
        """Return whether paths of a report have the prefix."""
        return not self.reports or bool(_glob_pattern(self.reports).fullmatch(report))

    def replace_in(self, path: str) -> str | None:
        """Return the path with the new prefix; None if it has another one."""
        prefix = f"{self.old.rstrip('/')}/" if self.old else ""
        if not path.startswith(prefix) or (path.startswith("/") and not self.old):
            return None
        return posixpath.join(self.new, path[len(prefix) :])


@cache
def _glob_pattern(glob: str) -> re.Pattern[str]:
    """Translate a glob, in which `**` is any number of directories."""
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    tokens = re.split(r"(\*\*/|\*\*|\*|\?)", posixpath.normpath(glob))
    return re.compile("".join(parts.get(token, re.escape(token)) for token in tokens))
