"""Link places to the code on GitHub, at the commit of the run."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLinks:
    """The address of the code at a commit, such as `https://github.com/o/r/blob/SHA`; without one nothing is linked.

    Only tracked files are linked: a report may name any path.
    """

    address: str = ""
    tracked: Container[str] = frozenset()

    def url(self, file: str | None, line: int | None) -> str:
        """Return the address of a line, or of the file if the line is unknown; empty if there is none."""
        if not (self.address and file and file in self.tracked):
            return ""
        return f"{self.address}/{quote(file)}" + (f"#L{line}" if line else "")


NO_LINKS = CodeLinks()
