"""Decide which tests a change may affect; pure, and all of them if in doubt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from heroci_action.affected.functions import changed_functions, parse_module
from heroci_action.affected.imports import dotted_name, is_imported
from heroci_action.affected.recording import RecordedId, RecordedTest, Recording
from heroci_action.text import count, some

_TEST_FILES = ("test*.py", "*_test.py", "*_tests.py")
_NEVER_ALONE = ("conftest.py", "__init__.py")
_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The repository now: files with their hashes, the ones to ignore, and the texts of all Python files."""

    files: Mapping[str, str]
    texts: Mapping[str, str]
    is_ignored: Callable[[str], bool] = lambda _path: False


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The tests to leave out, the tests that failed last time, and a summary; nothing is left out without proof.

    `all_because` is the reason why no test is left out. `idle` means that no test at all has to run.
    """

    left_out: frozenset[RecordedId] = frozenset()
    failed: tuple[RecordedId, ...] = ()
    all_because: str | None = None
    summary: str = ""
    idle: bool = False


class AllAffectedError(Exception):
    """A change may affect any test."""


def select_affected(recording: Recording, changes: Changes) -> Selected:
    """Select the tests to run after these changes, by the recording of an earlier run."""
    failed = tuple(test.id for test in recording.tests if test.failed)
    choice = _Choice(recording, changes)
    paths = sorted(
        path
        for path in {*recording.files, *changes.files}
        if recording.files.get(path) != changes.files.get(path) and not changes.is_ignored(path)
    )
    try:
        for path in paths:
            choice.take(path)
    except AllAffectedError as error:
        return Selected(failed=failed, all_because=str(error))
    known = {test.id for test in recording.tests}
    affected = frozenset(known & {*choice.affected, *failed})
    return Selected(
        left_out=frozenset(known - affected),
        failed=failed,
        summary=_summary(len(affected), len(known), choice.why, failed),
        idle=not affected and not paths,
    )


def _summary(
    affected: int, known: int, why: Mapping[str, int], failed: tuple[RecordedId, ...]
) -> str:
    """Return the number of tests to run, and the reasons."""
    changed = [f"{path} ({count(number, 'test')})" for path, number in why.items()]
    causes = [f"changed: {some(changed, _NAMED)}"] if changed else ["no module has changed"]
    if failed:
        causes.append(f"{count(len(failed), 'test')} failed last time")
    return f"only affected tests, {affected:,} of {known:,} that are recorded; {'; '.join(causes)}"


@dataclass(slots=True)
class _Choice:
    """The tests that the changes seen so far may affect, and their number by changed file."""

    recording: Recording
    changes: Changes
    affected: set[RecordedId] = field(default_factory=set)
    why: dict[str, int] = field(default_factory=dict)

    def take(self, path: str) -> None:
        """Add the tests that a changed file may affect. Raises AllAffectedError if that may be any test."""
        if not path.endswith(".py"):
            raise AllAffectedError(f"{path} {self._verb(path)}")
        found = self._own_tests(path)
        if not self._is_alone(path, has_tests=bool(found)):
            found |= self._users(path)
        self.affected |= found
        self.why[path] = len(found)

    def _verb(self, path: str) -> str:
        if path not in self.recording.files:
            return "is new"
        return "was changed" if path in self.changes.files else "was deleted"

    def _is_alone(self, path: str, *, has_tests: bool) -> bool:
        """Return whether a file matters only to the tests in it."""
        name = PurePosixPath(path).name
        is_new = path not in self.recording.files
        # A known file without tests may be settings for the tests, such as test_settings.py.
        holds_tests = has_tests or (is_new and any(fnmatchcase(name, each) for each in _TEST_FILES))
        return (
            name not in _NEVER_ALONE
            and holds_tests
            and not is_imported(path, self.changes.texts)
            and not is_imported(path, self.recording.sources)
        )

    def _own_tests(self, path: str) -> set[RecordedId]:
        """Return the recorded tests of a module, by their file or by their dotted names."""
        dotted = f".{dotted_name(path)}"
        return {test.id for test in self.recording.tests if _is_in(test, path, dotted)}

    def _users(self, path: str) -> set[RecordedId]:
        """Return the tests that executed a changed function of a module."""
        old, new = self.recording.sources.get(path), self.changes.texts.get(path)
        verb = self._verb(path)
        if old is None or new is None:
            raise AllAffectedError(f"{path} {verb}, and it is not known which tests use it")
        changed = changed_functions(old, new)
        if changed is None:
            raise AllAffectedError(f"{path} {verb} outside of its functions")
        shared = self.recording.shared.get(path, frozenset())
        for name in sorted(changed):
            if name in shared:
                raise AllAffectedError(f"{path} {verb} in {name}, which ran outside of the tests")
            if _keeps_results(new, name) or _keeps_results(old, name):
                raise AllAffectedError(f"{path} {verb} in {name}, whose results are cached")
        users = self.recording.users.get(path, {})
        return {test for name in changed for test in users.get(name, ())}


def _keeps_results(source: str, name: str) -> bool:
    module = parse_module(source)
    return module is None or module.functions[name].keeps_results


def _is_in(test: RecordedTest, path: str, dotted: str) -> bool:
    if test.file == path:
        return True
    parts = ".".join(filter(None, (test.id.classname, test.id.name))).split(".")
    prefixes = (".".join(parts[:length]) for length in range(1, len(parts) + 1))
    return any(dotted.endswith(f".{prefix}") for prefix in prefixes)
