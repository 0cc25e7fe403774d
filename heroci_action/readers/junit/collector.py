"""Collect the tests of a JUnit document: most are packed, the others become records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby, repeat

from heroci_action.readers.base import Readings, Source
from heroci_action.readers.junit.cases import (
    Case,
    Child,
    Draft,
    build,
    class_key,
    class_of,
    definition_of,
    origin_of,
)
from heroci_action.readers.junit.durations import seconds
from heroci_action.readers.junit.outcomes import Row, says_nothing, status_of
from heroci_action.readers.junit.places import Definition, Origin, Places
from heroci_action.readers.junit.plain_cases import Attributes
from heroci_action.readers.junit.reruns import (
    Span,
    add_teardown,
    combine_runs,
    is_teardown,
    may_run_again,
    run_again,
)
from heroci_action.readers.junit.suites import ClassKey, Suite
from heroci_action.repository.paths import PathResolver
from heroci_action.results.bounds import bounded
from heroci_action.results.packed import Columns, Packer, to_micros
from heroci_action.results.records import Status, TestCase
from heroci_action.text import clip

MAX_KNOWN_TIMES = 10_000

# Attributes with which a case can be packed as it is: the required ones, then all.
_NEEDED = frozenset({"classname", "name", "time"})
_SIMPLE = _NEEDED | {"file", "timestamp", "assertions"}


class Collector:
    """The tests of one document, in order.

    Tests that are not packed are drafts, whose places are determined at the end; `_rows_before` are the numbers of
    packed tests before each of them.
    """

    def __init__(self, source: Source, tree: PathResolver) -> None:
        self._source = source
        self._tree = tree
        self._places = Places(tree=tree, report=source.path)
        self._problems: list[str] = []
        self._unknown = ""
        self._drafts: list[Draft] = []
        self._rows_before: list[int] = []
        self._spans: list[Span] = []
        self._packer: Packer[Definition] = Packer()
        self._micros = _Micros()

    def start_suite(self, suite: Suite) -> None:
        """Start a suite; the tests that follow belong to it or to suites in it."""
        suite.first_row, suite.first_test = self._packer.count, len(self._drafts)

    def end_suite(self, suite: Suite, parent: Suite | None) -> None:
        """End a suite: note how it contradicts itself, and whether tests of it ran again."""
        problem = suite.close(parent)
        if problem:
            self._problems.append(f"{self._source.path}: {problem}")
        if suite.shown and any(suite.outputs):
            self._add_output(suite)
        if suite.has_reruns or (suite.by_pytest and self._source.assume_reruns):
            rows = range(suite.first_row, self._packer.count)
            self._spans.append(Span(rows, range(suite.first_test, len(self._drafts))))

    def meet_unknown(self, name: str) -> None:
        """Note an element of a suite that may be a test; the first one is enough."""
        if not self._unknown:
            self._unknown = f"<{clip(name, 100)}>"
            self._problems.append(
                f"{self._source.path}: contains {self._unknown}, which is not JUnit"
            )

    def _add_output(self, suite: Suite) -> None:
        """Add the output of a suite's tests to the first test that failed: it may be the reason."""
        for position in range(suite.first_test, len(self._drafts)):
            draft = self._drafts[position]
            if draft.test.status.is_failure:
                printed = (draft.test.output, f"output of suite {suite.name!r}:", *suite.outputs)
                test = replace(draft.test, output="\n".join(filter(None, printed)))
                self._drafts[position] = draft._replace(test=bounded(test))
                return

    def add(self, case: Case) -> None:
        """Add a case that did not simply pass, or that is another run of an earlier one."""
        draft = build(case, self._tree)
        suite = case.suite
        suite.shown += case.failures or draft.test.status.is_failure
        position = suite.failed.get(case.key)
        if position is not None and is_teardown(case):
            suite.twice += 1
            self._drafts[position] = add_teardown(self._drafts[position], draft)
        elif position is not None and _is_rerun(draft, suite):
            self._drafts[position] = run_again(self._drafts[position], draft)
            if not draft.test.status.is_failure:
                del suite.failed[case.key]
        else:
            self._append(case, draft)

    def _append(self, case: Case, draft: Draft) -> None:
        if draft.test.status.is_failure and self._may_follow(case):
            case.suite.failed[case.key] = len(self._drafts)
        self._rows_before.append(self._packer.count)
        self._drafts.append(draft)

    def _may_follow(self, case: Case) -> bool:
        """Return whether another case of this name may belong to the same test."""
        return case.suite.by_pytest or self._source.assume_reruns or may_run_again(case)

    def add_plain(self, attributes: Attributes, suite: Suite) -> None:
        """Add cases without elements, which all have the same attributes; see `add_rows`."""
        may_be_reruns = suite.failed and not suite.by_pytest
        if may_be_reruns or not _NEEDED.issubset(attributes) or not _SIMPLE.issuperset(attributes):
            rows = zip(*attributes.values(), strict=True)
            self.add_rows([dict(zip(attributes, row, strict=True)) for row in rows], suite)
            return
        names = attributes["name"]
        suite.cases += len(names)
        keys = zip(attributes["classname"], attributes.get("file") or repeat(""), strict=False)
        times = [self._micros[time] for time in attributes["time"]]
        self._packer.add(Columns(self._class_numbers(keys, suite), times, None, names))

    def add_rows(self, rows: Sequence[Row], suite: Suite) -> None:
        """Add cases without elements: they passed, unless an attribute contradicts that."""
        suite.cases += len(rows)
        if suite.by_pytest:
            rows = [row for row in rows if not self._add_unfinished(row, suite)]
        if not all(map(says_nothing, rows)) or (suite.failed and not suite.by_pytest):
            rows = [row for row in rows if not self._add_special(row, suite)]
        if rows:
            self._pack(rows, suite)

    def _add_unfinished(self, row: Row, suite: Suite) -> bool:
        """Add the case that pytest was running when it ended, if it is one; pytest writes no name for it."""
        if "name" in row:
            return False
        children = [
            Child("error", {"message": "did not finish: pytest ended while it was running"})
        ]
        self.add(Case({**row, "name": "(unknown)"}, suite, children=children))
        return True

    def _add_special(self, row: Row, suite: Suite) -> bool:
        """Add a case if it did not pass, or if it is a rerun; return whether it was added."""
        case = Case(row, suite)
        status = status_of(row)
        if status is Status.PASSED and (suite.by_pytest or case.key not in suite.failed):
            return False
        self.add(case)
        return True

    def _pack(self, rows: Sequence[Row], suite: Suite) -> None:
        keys = map(class_key, rows)
        lines = any("line" in row or "lineno" in row for row in rows)
        self._packer.add(
            Columns(
                self._class_numbers(keys, suite),
                [self._micros[row.get("time") or row.get("duration") or ""] for row in rows],
                [origin_of(row, suite).line for row in rows] if lines else None,
                [row.get("name", "") for row in rows],
            )
        )

    def _class_numbers(self, keys: Iterable[ClassKey], suite: Suite) -> list[int]:
        """Return the number of the class of each case; the cases of a class usually follow each other."""
        numbers: list[int] = []
        for key, run in groupby(keys):
            number = suite.classes.get(key)
            if number is None:
                number = suite.classes[key] = self._class_number(key, suite)
            numbers += repeat(number, len(list(run)))
        return numbers

    def _class_number(self, key: ClassKey, suite: Suite) -> int:
        definition = definition_of(key, suite)
        self._places.note(Origin(definition))
        return self._packer.index(class_of(key[0], suite), definition)

    def readings(self) -> Readings:
        """Return the tests so far, in their places."""
        for draft in self._drafts:
            self._places.note(draft.origin)
        self._places.map_paths()
        tests = [self._placed(draft) for draft in self._drafts]
        packed = self._packer.packed(self._places.file)
        if self._spans:
            tests, packed = combine_runs(tests, self._rows_before, packed, self._spans)
        return Readings(
            tests=tuple(tests),
            passed=(packed,) if packed else (),
            problems=tuple(self._problems),
            warnings=tuple(self._places.warnings),
        )

    def _placed(self, draft: Draft) -> TestCase:
        file, line = self._places.place(draft.origin)
        return replace(draft.test, file=file, line=line)


def _is_rerun(draft: Draft, suite: Suite) -> bool:
    return not suite.by_pytest and draft.test.status is not Status.SKIPPED


class _Micros(dict[str, int]):
    """Durations in microseconds by their texts, most of which repeat."""

    def __missing__(self, text: str) -> int:
        if len(self) > MAX_KNOWN_TIMES:
            self.clear()
        micros = self[text] = to_micros(seconds(text))
        return micros
