"""Resolve reported paths against the files of the repository."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

_DRIVE = re.compile(r"^[A-Za-z]:(?=[\\/])")


@dataclass(frozen=True, slots=True, kw_only=True)
class PathResolver:
    """The repository as far as paths are concerned.

    `directory` is where the commands ran, relative to the repository's root; `tracked` are the files that git knows,
    relative to the root; `roots` are the absolute names that the root had where the commands ran. `foreign`: reports
    may come from another machine, where the root had names that nobody knows here.
    """

    directory: str = "."
    tracked: frozenset[str] = frozenset()
    roots: tuple[str, ...] = ()
    foreign: bool = False

    def locate(self, path: str) -> str | None:
        """A path as a tool wrote it, relative to the root; None where it lies outside or names no file."""
        if not path or path == "-" or path.startswith("<") or "\0" in path:
            return None
        if "\\" in path and path not in self.tracked:
            path = _DRIVE.sub("", path).replace("\\", "/")
        if path.startswith("/"):
            return self._locate_absolute(posixpath.normpath(path))
        candidates = (self.within(posixpath.join(self.directory, path)), self.within(path))
        tracked = [candidate for candidate in candidates if candidate in self.tracked]
        return tracked[0] if tracked else candidates[0]

    def within(self, path: str) -> str | None:
        """A path that is relative to the root already, tidied; None where it leaves the root."""
        tidy = posixpath.normpath(path)
        outside = tidy.startswith(("/", "../")) or tidy in (".", "..")
        return None if outside else tidy

    def in_package(self, name: str, package: str) -> str | None:
        """The tracked file of this bare name in the directory that a package (`example.com/shop/cart`) ends in."""
        found = _by_name(self.tracked).get(name, ())
        folders = {path: posixpath.dirname(path) for path in found}
        ends = f"/{package}"
        fits = [path for path in found if not folders[path] or ends.endswith(f"/{folders[path]}")]
        return max(fits, key=lambda path: len(folders[path]), default=None)

    def _locate_absolute(self, path: str) -> str | None:
        for root in self.roots:
            prefix = root.rstrip("/") + "/"
            if path.startswith(prefix):
                return self.within(path.removeprefix(prefix))
        return None if self.roots and not self.foreign else self._by_suffix(path)

    def named(self, name: str, end: str = "") -> str | None:
        """The tracked file of this bare name whose path without its extension ends in `end`, if there is just one."""
        found = _by_name(self.tracked).get(name, ())
        if end:
            found = tuple(
                path for path in found if f"/{path.rpartition('.')[0]}".endswith(f"/{end}")
            )
        return found[0] if len(found) == 1 else None

    def _by_suffix(self, path: str) -> str | None:
        """A file of another machine's checkout: the longest end of its path that git knows here."""
        parts = path.strip("/").split("/")
        if _INSTALLED.intersection(parts):
            return None
        ends = ("/".join(parts[start:]) for start in range(len(parts) - 1))
        return next((end for end in ends if end in self.tracked), None)


_INSTALLED = frozenset({"site-packages", "dist-packages", "node_modules", "vendor"})


@lru_cache(maxsize=4)
def _by_name(tracked: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """The files by their bare names, with and without extension; made once for a repository."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(tracked):
        name = posixpath.basename(path)
        for key in {name, name.partition(".")[0]}:
            found[key] = (*found.get(key, ()), path)
    return found
