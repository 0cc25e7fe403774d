"""A recording of an earlier run: the code that each test executed, and its outcome; pure."""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

from heroci_action.affected.functions import parse_module
from heroci_action.errors import HeroCIError
from heroci_action.results.records import StepResult

E = TypeVar("E")

FORMAT = 1


class RecordedId(NamedTuple):
    """A test by the step that runs it, its class and its name, as the probes record them."""

    step: str
    classname: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTest:
    """A test that ran: the file that defines it, if known, and whether it failed."""

    id: RecordedId
    file: str | None = None
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """An earlier run: all files with their hashes, the sources of the measured modules, and the tests.

    `users` maps a file and its functions to the tests that executed them, `shared` maps a file to the functions that
    ran outside of any test, for example when their module was imported.
    """

    files: Mapping[str, str]
    sources: Mapping[str, str]
    tests: tuple[RecordedTest, ...]
    users: Mapping[str, Mapping[str, frozenset[RecordedId]]]
    shared: Mapping[str, frozenset[str]]


class DamagedRecordingError(HeroCIError):
    """A recording cannot be read."""


def pack(recording: Recording) -> bytes:
    """Return the recording as bytes."""
    numbers = {test.id: number for number, test in enumerate(recording.tests)}
    document = {
        "format": FORMAT,
        "files": recording.files,
        "sources": recording.sources,
        "tests": [[*test.id, test.file, test.failed] for test in recording.tests],
        "users": {
            path: {name: sorted(numbers[test] for test in tests) for name, tests in users.items()}
            for path, users in recording.users.items()
        },
        "shared": {path: sorted(names) for path, names in recording.shared.items()},
    }
    return zlib.compress(json.dumps(document).encode("utf-8", "surrogatepass"), 1)


def unpack(data: bytes) -> Recording:
    """Return the recording. Raises DamagedRecordingError."""
    try:
        document = json.loads(zlib.decompress(data).decode("utf-8", "surrogatepass"))
        if document["format"] != FORMAT:
            raise DamagedRecordingError("the recording has another format")
        return _from_document(document)
    except (zlib.error, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise DamagedRecordingError("the recording is damaged") from error


def _from_document(document: Mapping[str, Any]) -> Recording:
    tests = tuple(
        RecordedTest(id=RecordedId(step, classname, name), file=file, failed=failed)
        for step, classname, name, file, failed in document["tests"]
    )
    return Recording(
        files=document["files"],
        sources=document["sources"],
        tests=tests,
        users={
            path: {name: frozenset(tests[n].id for n in numbers) for name, numbers in users.items()}
            for path, users in document["users"].items()
        },
        shared=_freeze(document["shared"]),
    )


def tests_of(step: StepResult) -> tuple[RecordedTest, ...]:
    """Return the tests of a step; a subtest or clean-up that failed makes its test fail."""
    found: dict[RecordedId, RecordedTest] = {}
    for test in step.tests:
        names = (
            {test.name, test.name.partition(" ")[0]} if test.status.is_unsuccessful else {test.name}
        )
        for name in names:
            id_ = RecordedId(step.name, test.classname, name)
            known = found.get(id_)
            failed = test.status.is_unsuccessful or bool(known and known.failed)
            found[id_] = RecordedTest(id=id_, file=test.file, failed=failed)
    return tuple(found.values())


def reduce_to(recording: Recording, tests: Collection[RecordedId]) -> Recording:
    """Return the recording without all other tests."""
    return replace(
        recording,
        tests=tuple(test for test in recording.tests if test.id in tests),
        users={
            path: {name: found.intersection(tests) for name, found in functions.items()}
            for path, functions in recording.users.items()
        },
    )


def record(
    contexts: Mapping[str, Any],
    tests: Iterable[RecordedTest],
    *,
    files: Mapping[str, str],
    sources: Mapping[str, str],
    kept: Recording | None = None,
) -> Recording:
    """Return the recording of a run, given the output of `heroci_coverage.py --contexts`.

    `kept` is the earlier recording of the tests that were left out: they did not execute any changed code.
    """
    ran = tuple(tests)
    kept = kept or Recording(files={}, sources={}, tests=(), users={}, shared={})
    users, shared = _copy(kept)
    owners = _tests_by_owner(ran)
    known = {test.id for test in ran}
    labels = [_users_of(label, known, owners) for label in contexts["contexts"]]
    for path, name, number in _executed(contexts["files"], sources):
        found = labels[number]
        if found is None:
            shared[path].add(name)
        else:
            users[path][name] |= found
    measured = {*contexts["files"], *kept.sources}
    return Recording(
        files=files,
        sources={path: text for path, text in sources.items() if path in measured},
        tests=(*kept.tests, *ran),
        users={path: _freeze(functions) for path, functions in users.items()},
        shared=_freeze(shared),
    )


def _freeze(sets: Mapping[str, Iterable[E]]) -> dict[str, frozenset[E]]:
    return {name: frozenset(elements) for name, elements in sets.items()}


_Users = defaultdict[str, defaultdict[str, set[RecordedId]]]


def _copy(kept: Recording) -> tuple[_Users, defaultdict[str, set[str]]]:
    """Return the users and the shared functions of a recording, to be extended."""
    users: _Users = defaultdict(lambda: defaultdict(set))
    shared: defaultdict[str, set[str]] = defaultdict(set)
    for path, functions in kept.users.items():
        for name, found in functions.items():
            users[path][name] |= found
    for path, names in kept.shared.items():
        shared[path] |= names
    return users, shared


def _tests_by_owner(tests: Iterable[RecordedTest]) -> dict[tuple[str, str], set[RecordedId]]:
    """Return the tests by every class, module and package that contains them."""
    owners: dict[tuple[str, str], set[RecordedId]] = {}
    for test in tests:
        parts = test.id.classname.split(".")
        for length in range(1, len(parts) + 1):
            owner = (test.id.step, ".".join(parts[:length]))
            owners.setdefault(owner, set()).add(test.id)
    return owners


def _users_of(
    label: str, known: set[RecordedId], owners: Mapping[tuple[str, str], set[RecordedId]]
) -> set[RecordedId] | None:
    """Return the tests that a context belongs to; None if it may be any of them."""
    if not label:
        return None
    step, kind, classname, name = json.loads(label)
    if kind == "owner":
        return owners.get((step, classname), set())
    test = RecordedId(step, classname, name)
    # A test without an outcome is not left out next time, whatever it executed.
    return {test} if test in known else set()


def _executed(
    files: Mapping[str, Any], sources: Mapping[str, str]
) -> Iterator[tuple[str, str, int]]:
    """Yield the file and name of each function that ran, with the number of a context in which it did."""
    for path, lines in files.items():
        for name, numbers in _functions_of(sources.get(path), lines):
            for number in numbers:
                yield path, name, number


def _functions_of(
    source: str | None, lines: Iterable[tuple[list[int], list[int]]]
) -> Iterator[tuple[str, list[int]]]:
    """Yield each function that ran, with the numbers of the contexts in which it did."""
    module = parse_module(source) if source is not None else None
    if module is None:
        return
    for numbers, contexts in lines:
        executed = set(numbers)
        for name, function in module.functions.items():
            if not executed.isdisjoint(range(function.first, function.last + 1)):
                yield name, contexts
