"""Read the JSON lines that the probes write: tests, and the databases they used."""

from __future__ import annotations

import heapq
import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from heroci_action.plan.report_kinds import DATABASE_RECORD, DJANGO_RECORD
from heroci_action.readers.base import BrokenReportError, Readings, Source, merge_readings, read_one
from heroci_action.readers.format import Category, Format
from heroci_action.readers.recorded_run import ProcessRecord, recorded_run
from heroci_action.repository.paths import PathResolver
from heroci_action.results.bounds import bounded
from heroci_action.results.records import Attempt, FixtureTimes, Split, Status, TestCase
from heroci_action.text import count

Event = Mapping[str, Any]

NOTABLE = 0.1  # seconds of fixtures in sum
LONGEST = 3  # of the classes

_VENDORS = {"postgresql": "PostgreSQL", "sqlite": "SQLite", "mysql": "MySQL", "oracle": "Oracle"}


@dataclass(slots=True)
class _Run:
    """The events of all processes of one test run."""

    tests: list[TestCase] = field(default_factory=list)
    processes: list[ProcessRecord] = field(default_factory=list)
    fixtures: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    databases: dict[str, str] | None = None
    schema: set[str] = field(default_factory=set)  # how the test databases got their tables
    splits: dict[str, Split] = field(default_factory=dict)  # by fingerprint
    affected: tuple[int, int] | None = None  # the tests that were selected, and all
    warnings: dict[str, None] = field(default_factory=dict)  # several processes can give the same

    def add_databases(self, event: Event) -> None:
        """Add the databases of a process, which may be none."""
        self.databases = (self.databases or {}) | _databases(event)


def read_records(sources: Sequence[Source], tree: PathResolver) -> Readings:
    """Return all recorded cases and the course of the run: the planned tests, and those without an end.

    The fact `database` names the database that the tests really used, such as `PostgreSQL 18.6`, or `none`; `schema`
    how it got its tables; `shard` the part of the tests that ran, such as `2/5, 31 of 154 tests`.
    """
    run = _Run()

    def single(source: Source, tree: PathResolver) -> Readings:
        process = ProcessRecord()
        run.processes.append(process)
        for event in _events(source):
            _take(event, run, process, tree)
        return Readings()

    troubles = merge_readings(read_one(single, source, tree) for source in sources)
    return merge_readings([_readings(run), troubles])


def _readings(run: _Run) -> Readings:
    return Readings(
        tests=tuple(run.tests),
        run=recorded_run(run.processes),
        facts=_database_fact(run) | _schema_fact(run) | _shard_fact(run) | _affected_fact(run),
        splits=tuple(run.splits[fingerprint] for fingerprint in sorted(run.splits)),
        fixtures=_fixture_times(run.fixtures),
        warnings=(*run.warnings, *_empty_shards(run)),
        elsewhere=sum(split.total - split.tests for split in run.splits.values())
        + (run.affected[1] - run.affected[0] if run.affected else 0),
    )


def _database_fact(run: _Run) -> dict[str, str]:
    return {} if run.databases is None else {"database": _summary(run.databases)}


def _schema_fact(run: _Run) -> dict[str, str]:
    """Describe how the test databases got their tables; the workers of pytest-xdist may differ."""
    return {"schema": "; ".join(sorted(run.schema))} if run.schema else {}


def _shard_fact(run: _Run) -> dict[str, str]:
    """Describe the part that ran of each suite; a runner may build several."""
    if not run.splits:
        return {}
    parts = (
        f"{split.shard}, {split.tests:,} of {split.total:,} tests" for split in run.splits.values()
    )
    return {"shard": "; ".join(parts)}


def _affected_fact(run: _Run) -> dict[str, str]:
    if run.affected is None:
        return {}
    tests, total = run.affected
    return {"affected": f"{tests:,} of {count(total, 'test')}"}


def _fixture_times(fixtures: Mapping[str, float]) -> FixtureTimes | None:
    """Return the total and the slowest classes; the times of parallel processes add up."""
    total = sum(fixtures.values())
    if total < NOTABLE:
        return None
    longest = heapq.nlargest(LONGEST, fixtures.items(), key=lambda item: item[1])
    return FixtureTimes(total=total, longest=tuple(longest))


def _empty_shards(run: _Run) -> Iterator[str]:
    for split in run.splits.values():
        if split.total and not split.tests:
            yield f"shard {split.shard} has no test: the other shards run all {split.total:,}"


def _take(event: Event, run: _Run, process: ProcessRecord, tree: PathResolver) -> None:
    match event.get("event"):
        case "start":
            process.start(event, _test({**event, "status": Status.ERRORED}, tree))
        case "case":
            run.tests.append(_test(event, tree))
            process.expected_failures += event.get("expected") is True
        case "fixtures":
            run.fixtures[str(event.get("classname"))] += _fixtures(event)
        case "shard":
            _choose(event, run)
        case "affected":
            run.affected = _affected(event)
        case "warning" if event.get("text"):
            run.warnings[str(event["text"])] = None
        case "schema":
            run.schema.add(str(event.get("text")))
        case "databases":
            run.add_databases(event)
        case _:
            process.take(event)


def _choose(event: Event, run: _Run) -> None:
    """Add a split, which every worker of pytest-xdist records."""
    try:
        split = Split(
            shard=str(event["shard"]),
            tests=int(event["tests"]),
            total=int(event["of"]),
            fingerprint=str(event["split"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenReportError(f"a shard without {error}") from error
    run.splits[split.fingerprint] = split


def _affected(event: Event) -> tuple[int, int]:
    try:
        return int(event["tests"]), int(event["of"])
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenReportError(f"affected tests without {error}") from error


def _fixtures(event: Event) -> float:
    try:
        duration = float(event["duration"])
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenReportError(f"fixtures without {error}") from error
    return duration if 0 < duration < math.inf else 0.0


def _test(event: Event, tree: PathResolver) -> TestCase:
    try:
        status = Status(event["status"])
        name = str(event["name"])
        duration = max(float(event.get("duration") or 0), 0.0)
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenReportError(f"a case without {error}") from error
    attempts = _attempts(event)
    flaky = bool(attempts) and status is Status.PASSED
    # A flaky test has the place and the words of its first failure.
    failure = event["attempts"][0] if flaky else event
    file, line = _place(failure, tree)
    test = TestCase(
        name=name,
        classname=str(event.get("classname") or ""),
        status=Status.FLAKY if flaky else status,
        duration=duration,
        file=file,
        line=line,
        message=str(failure.get("message") or ""),
        details=str(failure.get("details") or ""),
        output=str(event.get("output") or ""),
        attempts=attempts,
    )
    return bounded(test)


def _attempts(event: Event) -> tuple[Attempt, ...]:
    """Return the attempts that the test runner has followed by a rerun."""
    try:
        return tuple(
            Attempt(
                status=Status(attempt["status"]),
                message=str(attempt.get("message") or ""),
                details=str(attempt.get("details") or ""),
            )
            for attempt in event.get("attempts") or ()
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BrokenReportError(f"an attempt without {error}") from error


def _place(event: Event, tree: PathResolver) -> tuple[str | None, int | None]:
    file, line = event.get("file"), event.get("line")
    place = tree.within(file) if isinstance(file, str) else None
    return place, line if place and isinstance(line, int) and line > 0 else None


def _databases(event: Event) -> dict[str, str]:
    databases = event.get("databases")
    if not isinstance(databases, list) or not all(isinstance(item, dict) for item in databases):
        raise BrokenReportError("databases that are no list of tables")
    return {str(database.get("alias")): _product(database) for database in databases}


def _product(database: Event) -> str:
    vendor = str(database.get("vendor"))
    version = database.get("version")
    return f"{_VENDORS.get(vendor, vendor)} {version}" if version else _VENDORS.get(vendor, vendor)


def _summary(used: Mapping[str, str]) -> str:
    products = sorted(set(used.values()))
    if len(products) <= 1:
        return products[0] if products else "none"
    return ", ".join(f"{product} ({alias})" for alias, product in sorted(used.items()))


def _events(source: Source) -> Iterator[Event]:
    for number, line in enumerate(source.content.splitlines(), 1):
        try:
            event = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BrokenReportError(f"line {number} is not JSON") from error
        if not isinstance(event, dict):
            raise BrokenReportError(f"line {number} is not an event")
        yield event


DJANGO = Format(
    kind=DJANGO_RECORD,
    title="tests recorded by HeroCI's probes",
    category=Category.TESTS,
    read=read_records,
)
DATABASE = Format(
    kind=DATABASE_RECORD,
    title="databases recorded by HeroCI's probes, in addition to a JUnit report",
    category=Category.TESTS,
    read=read_records,
)
