"""Choose the prefix that turns the paths of a report into paths of the repository.

A report was written in another directory, container or machine, so all its paths have another prefix than the paths of
tracked files. The prefix that turns most of them into tracked files is chosen, once per report. If two prefixes fit
equally well, none is.
"""

from __future__ import annotations

import posixpath
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

# Bounds for the search: a monorepo has thousands of files with one name, such as index.ts.
MAX_SAMPLE = 400  # paths that are compared with tracked files of the same name
MAX_NAMESAKES = 100  # tracked files of one name that a path is compared with


class Rule(NamedTuple):
    """Replace the prefix `old` of a path by `new`; both are empty or end in a slash."""

    old: str
    new: str

    def apply(self, path: str) -> str | None:
        """Return the path with its prefix replaced; None if it has another one, or leaves the repository."""
        if not path.startswith(self.old) or (path.startswith("/") and not self.old):
            return None
        return inside(self.new + path[len(self.old) :])


def inside(path: str) -> str | None:
    """Return a path relative to the root, without `.` and `..`; None if it is outside."""
    tidy = posixpath.normpath(path)
    outside = tidy.startswith(("/", "../")) or tidy in (".", "..")
    return None if outside else tidy


@dataclass(frozen=True, slots=True)
class Fit:
    """The rules that map most names of a report to tracked files, with the file of each name.

    Each of several rules maps as many files as the others, but different ones: then `files` is empty.
    """

    rules: tuple[Rule, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    count: int = 0


@dataclass(frozen=True, slots=True)
class Search:
    """The search for the best rule.

    `spellings` are the possible paths of each name in the report, in order of preference; `tracked` are the
    repository's files, `named` the same by their bare names.
    """

    spellings: Mapping[str, Sequence[str]]
    tracked: frozenset[str]
    named: Mapping[str, Sequence[str]]

    def run(self, directories: Iterable[str], *, near: str) -> Fit:
        """Return the best rule.

        Relative paths may be relative to one of the `directories` (empty for the root, else with a trailing slash).
        Such a rule wins over a prefix that is only derived from equal names. Of equally good derived prefixes, the
        closest to the directory `near` wins.
        """
        given = self.best(Rule("", directory) for directory in dict.fromkeys(directories))
        if given.count == len(self.spellings):
            return given
        derived = self.best(self.derived(), near=near)
        return derived if derived.count > given.count else given

    def rest(self, fit: Fit) -> dict[str, str]:
        """Return the files of the names that the rule does not map: each by the next best new prefix."""
        files: dict[str, str] = {}
        while left := {
            name: paths
            for name, paths in self.spellings.items()
            if name not in fit.files and name not in files
        }:
            search = replace(self, spellings=left)
            rules = (rule for rule in search.derived() if rule.old == fit.rules[0].old)
            found = search.best(rules).files
            if not found:
                break
            files.update(found)
        return files

    def best(self, rules: Iterable[Rule], *, near: str | None = None) -> Fit:
        """Return the rules that map most names; rules with the same result count as one."""
        fits = {rule: self.files(rule) for rule in rules}
        most = max(map(len, fits.values()), default=0)
        best = {rule: files for rule, files in fits.items() if files and len(files) == most}
        if near is not None:
            best = _closest(best, near)
        different = {tuple(files.items()): rule for rule, files in reversed(best.items())}
        first = next(iter(best.values()), {}) if len(different) == 1 else {}
        return Fit(tuple(reversed(different.values())), first, most)

    def derived(self) -> Iterator[Rule]:
        """Yield the plausible rules that follow from files of equal names."""
        votes: Counter[Rule] = Counter()
        depths: dict[Rule, int] = {}
        for path, file in self._namesakes():
            rule, depth = _common_end(path, file)
            votes[rule] += 1
            depths[rule] = max(depth, depths.get(rule, 0))
        most = max(votes.values(), default=0)
        likely = (rule for rule, number in votes.items() if 2 * number >= most)
        return (rule for rule in likely if self._is_plausible(rule, depths[rule]))

    def files(self, rule: Rule) -> dict[str, str]:
        """Return the tracked files of the names that the rule maps."""
        found = ((name, self._file(rule, paths)) for name, paths in self.spellings.items())
        return {name: file for name, file in found if file}

    def _file(self, rule: Rule, paths: Sequence[str]) -> str | None:
        candidates = (rule.apply(path) for path in paths)
        return next((path for path in candidates if path in self.tracked), None)

    def _named(self, path: str) -> Sequence[str]:
        return self.named.get(posixpath.basename(path), ())

    def _namesakes(self) -> Iterator[tuple[str, str]]:
        """Yield paths of the report with tracked files of the same name, rare names first."""
        paths = {path for paths in self.spellings.values() for path in paths}
        known = [path for path in paths if self._named(path)]
        rare = sorted(known, key=lambda path: (len(self._named(path)), path))
        backwards: dict[str, list[str]] = {}
        for path in rare[:MAX_SAMPLE]:
            files = self._named(path)
            if len(files) > MAX_NAMESAKES:
                name = posixpath.basename(path)
                if name not in backwards:
                    backwards[name] = sorted(file[::-1] for file in files)
                files = _neighbours(backwards[name], path)
            for file in files:
                yield path, file

    def _is_plausible(self, rule: Rule, depth: int) -> bool:
        """Return whether a rule is more than a coincidence: some other project has files of the same names, too.

        A file has to be in a directory of the same name, and at least half of the files below the old prefix have to
        be tracked. Or the old prefix is the root of the repository, all of whose measured files are tracked.
        """
        below = [
            paths
            for paths in self.spellings.values()
            if any(path.startswith(rule.old) for path in paths)
        ]
        fitting = sum(self._file(rule, paths) is not None for paths in below)
        if depth > 1:
            return 2 * fitting >= len(below)
        return not rule.new and fitting == len(below) and (rule.old.startswith("/") or fitting > 1)


def _neighbours(backwards: Sequence[str], path: str) -> Sequence[str]:
    """Return the files with the ends most similar to the path's; `backwards` are sorted, reversed paths."""
    place = bisect(backwards, path[::-1])
    near = backwards[max(place - MAX_NAMESAKES // 2, 0) : place + MAX_NAMESAKES // 2]
    return [file[::-1] for file in near]


def _common_end(path: str, file: str) -> tuple[Rule, int]:
    """Return the rule that turns the path into the file, and the number of parts that they have in common."""
    one, two = path.split("/"), file.split("/")
    depth = 0
    while depth < min(len(one), len(two)) and one[-1 - depth] == two[-1 - depth]:
        depth += 1
    old, new = "/".join(one[: len(one) - depth]), "/".join(two[: len(two) - depth])
    absolute = path.startswith("/") and not old
    return Rule(f"{old}/" if old or absolute else "", f"{new}/" if new else ""), depth


def _closest(fits: Mapping[Rule, dict[str, str]], near: str) -> dict[Rule, dict[str, str]]:
    """Return the rules whose new prefix shares most directories with `near`."""
    shared = {
        rule: len(posixpath.commonprefix([rule.new.split("/"), near.split("/")])) for rule in fits
    }
    most = max(shared.values(), default=0)
    return {rule: files for rule, files in fits.items() if shared[rule] == most}
