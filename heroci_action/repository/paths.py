"""Resolve the paths in reports against the files of the repository."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import filterfalse

from heroci_action.repository.path_mapping import Rule, Search, inside
from heroci_action.repository.path_prefixes import PathPrefix

# `res://` is the root of a Godot project.
_SCHEME = re.compile(r"^(?:file|res|webpack)://")
_DRIVE = re.compile(r"^[A-Za-z]:(?=[\\/])")
# Libraries: their files may have the same names as the project's.
_LIBRARY = re.compile(
    r"(?:^|/)(?:site-packages|dist-packages|node_modules|vendor)/"
    r"|^/usr/(?:local/)?(?:include|lib\w*)/|/lib/python3\.\d+/"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPaths:
    """The files of one report in the repository, by their names in the report.

    `unmatched` are names that fit no tracked file, except names in libraries. `ambiguity` is the reason if several
    prefixes fit equally well.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()
    ambiguity: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PathResolver:
    """The files of the repository, and known facts about paths in reports.

    `directory` is the working directory of the commands, relative to the repository's root. `tracked` are the files
    that git tracks or would track, relative to the root. `roots` are the known absolute paths of the root, in
    containers or on other machines. If `foreign`, a report may also come from a machine with another root. `prefixes`
    are configured replacements; the longest prefix that belongs to the report wins.
    """

    directory: str = "."
    tracked: frozenset[str] = frozenset()
    roots: tuple[str, ...] = ()
    foreign: bool = False
    prefixes: tuple[PathPrefix, ...] = ()

    def for_report(self, report: str) -> PathResolver:
        """Return the resolver for one report, without the prefixes that belong to others."""
        place = inside(posixpath.join(self.directory, report)) or self._below_root(report) or report
        chosen = tuple(one for one in self.prefixes if one.belongs_to(place))
        return self if chosen == self.prefixes else replace(self, prefixes=chosen)

    # The paths of a whole report

    def locate_all(
        self,
        names: Iterable[str],
        *,
        report: str,
        bases: Sequence[str] = (),
        near: str = "",
        scattered: bool = False,
    ) -> ReportPaths:
        """Map all names of a report to tracked files.

        `report` is the path of the report itself, `bases` are directories that a relative name may be relative to. If
        several prefixes fit equally well, the one closest to the directory `near` is chosen, by default the report's.
        Names are `scattered` if they have several prefixes, such as the source folders of Java packages. If the
        repository's files are unknown, every name is taken as it is.
        """
        if not self.tracked:
            return ReportPaths(files=_where_known(names, self.locate))
        names = tuple(names)
        spellings = {name: tuple(self._spellings(name, bases)) for name in names}
        files = _where_known(names, lambda name: self._known_file(spellings[name]))
        ambiguity = None
        for search, libraries in self._searches(self._open(spellings, known=bool(files))):
            fit = search.run(self._directories(report), near=near or self._place(report))
            files |= fit.files
            if len(fit.rules) == 1:
                files |= replace(search, spellings=libraries).files(fit.rules[0])
                files |= search.rest(fit) if scattered else {}
            ambiguity = ambiguity or _ambiguity(fit.rules)
        lost = [name for name in names if name not in files]
        unmatched = tuple(filterfalse(self._is_outside, lost))
        return ReportPaths(files=files, unmatched=unmatched, ambiguity=ambiguity)

    def _open(
        self, spellings: Mapping[str, tuple[str, ...]], *, known: bool
    ) -> dict[str, tuple[str, ...]]:
        """Return the names to search for.

        If a known root fits at least one name, it is the root of all names below it. Else another checkout of the
        repository may have been there, such as one in a separate directory.
        """
        settled = self._certain if known or not self._is_foreign else self._by_hand
        return {
            name: paths
            for name, paths in spellings.items()
            if paths and not any(map(settled, paths))
        }

    def _known_file(self, spellings: Iterable[str]) -> str | None:
        certain = map(self._certain, spellings)
        return next((path for path in certain if path in self.tracked), None)

    def _spellings(self, name: str, bases: Sequence[str]) -> Iterator[str]:
        path = self._posix(name)
        if path is None:
            return
        if not path.startswith("/"):
            for base in filter(None, map(self._posix, bases)):
                yield posixpath.normpath(f"{base}/{path}")
        yield path

    def _posix(self, name: str) -> str | None:
        """Return a path with slashes and without a drive letter; None if it is not a path, such as `<string>`."""
        if not name or name == "-" or name.startswith("<") or "\0" in name:
            return None
        if name in self.tracked:
            return name
        path = _DRIVE.sub("", _SCHEME.sub("", name))
        if "\\" in path:
            path = path.replace("\\", "/")
        return posixpath.normpath(path)

    def _certain(self, path: str) -> str | None:
        """Return where a path is in the repository, if it is mapped by hand or below a known root."""
        return self._by_hand(path) or self._below_root(path)

    def _by_hand(self, path: str) -> str | None:
        longest = sorted(self.prefixes, key=lambda one: len(one.old))
        # Of equal prefixes, the last one wins: options come after the configuration.
        replaced = (one.replace_in(path) for one in reversed(longest))
        return next((inside(new) for new in replaced if new is not None), None)

    def _below_root(self, path: str) -> str | None:
        for root in self.roots:
            prefix = f"{root.rstrip('/')}/"
            if path.startswith(prefix):
                return inside(path.removeprefix(prefix))
        return None

    def _searches(
        self, spellings: Mapping[str, tuple[str, ...]]
    ) -> Iterator[tuple[Search, Mapping[str, tuple[str, ...]]]]:
        """Yield a search for relative names, and one for absolute names of another machine, each with its libraries.

        A report that was merged from the reports of several tools has both.
        """
        for absolute in (False, True) if self._is_foreign else (False,):
            group = {
                name: paths
                for name, paths in spellings.items()
                if (paths[-1][0] == "/") == absolute
            }
            own = {name: paths for name, paths in group.items() if not _LIBRARY.search(paths[-1])}
            if own:
                libraries = {name: paths for name, paths in group.items() if name not in own}
                yield Search(own, self.tracked, _by_name(self.tracked)), libraries

    @property
    def _is_foreign(self) -> bool:
        return self.foreign or not self.roots

    def _is_outside(self, name: str) -> bool:
        """Return whether a name that fits no file belongs to a library, or to this machine outside the repository."""
        path = self._posix(name)
        if path is None:
            return True
        local = path.startswith("/") and not self._is_foreign and not self._certain(path)
        return local or bool(_LIBRARY.search(path))

    def _place(self, report: str) -> str:
        """Return the directory of the report, relative to the root; empty if it is outside."""
        path = self._posix(report) or ""
        certain = self._certain(path)
        absolute = path.startswith("/")
        return posixpath.dirname(
            certain or ("" if absolute else inside(posixpath.join(self.directory, path)) or "")
        )

    def _directories(self, report: str) -> Iterator[str]:
        """Yield the directories that relative paths are most likely relative to."""
        yield "" if self.directory == "." else f"{self.directory}/"
        yield ""
        place = self._place(report)
        while place:
            yield f"{place}/"
            place = posixpath.dirname(place)

    # A single path

    def locate(self, path: str) -> str | None:
        """Return a path as a tool wrote it, relative to the root; None if it is outside or no file."""
        posix = self._posix(path)
        if posix is None:
            return None
        certain = self._certain(posix)
        if certain or posix.startswith("/"):
            return certain or self._by_suffix(posix)
        if self.directory == "." and posix in self.tracked:
            return posix
        candidates = (inside(posixpath.join(self.directory, posix)), inside(posix))
        tracked = [candidate for candidate in candidates if candidate in self.tracked]
        return tracked[0] if tracked else candidates[0]

    def within(self, path: str) -> str | None:
        """Return a path that is relative to the root already, tidied; None if it leaves the root."""
        return inside(path)

    def has_name(self, name: str) -> bool:
        """Return whether a tracked file has this bare name; if the repository's files are unknown, any name may."""
        return not self.tracked or name in _by_name(self.tracked)

    def in_package(self, name: str, package: str) -> str | None:
        """Return the tracked file of this name in the directory in which a package (`example.com/shop/cart`) ends."""
        found = _by_name(self.tracked).get(name, ())
        folders = {path: posixpath.dirname(path) for path in found}
        ends = f"/{package}"
        fits = [path for path in found if not folders[path] or ends.endswith(f"/{folders[path]}")]
        return max(fits, key=lambda path: len(folders[path]), default=None)

    def named(self, name: str, end: str = "") -> str | None:
        """Return the only tracked file of this name whose path without its extension ends in `end`."""
        found = _by_name(self.tracked).get(name, ())
        if end:
            found = tuple(
                path for path in found if f"/{path.rpartition('.')[0]}".endswith(f"/{end}")
            )
        return found[0] if len(found) == 1 else None

    def _by_suffix(self, path: str) -> str | None:
        """Return the only tracked file that a path of another machine ends in, with at least one directory.

        A library may only be one that is tracked itself.
        """
        if not self._is_foreign:
            return None
        parts = path.strip("/").split("/")
        ends = ("/".join(parts[start:]) for start in range(len(parts) - 1))
        found = [end for end in ends if end in self.tracked]
        if _LIBRARY.search(path):
            found = [end for end in found if _LIBRARY.search(end)]
        return found[0] if len(found) == 1 else None


def _where_known(names: Iterable[str], locate: Callable[[str], str | None]) -> dict[str, str]:
    """Return the paths of the names that have one."""
    return {name: path for name in names if (path := locate(name))}


def _ambiguity(rules: Sequence[Rule]) -> str | None:
    if len(rules) <= 1:
        return None
    one, two = (rule.new or "the root" for rule in rules[:2])
    return f"its paths fit {one} and {two} equally well"


@lru_cache(maxsize=4)
def _by_name(tracked: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the files by their bare names, with and without extension; computed once for a repository."""
    found: dict[str, list[str]] = {}
    for path in sorted(tracked):
        name = posixpath.basename(path)
        for key in {name, name.partition(".")[0]}:
            found.setdefault(key, []).append(path)
    return {name: tuple(paths) for name, paths in found.items()}
