"""Reads the JSON lines that the probes write: tests, and the databases they used."""

from __future__ import annotations

import heapq
import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from heroci_action.analysis.slowest import FIXTURES
from heroci_action.readers.base import BrokenReportError, Readings, Source, joined, kept
from heroci_action.repository.paths import PathResolver
from heroci_action.results.records import Status, TestCase
from heroci_action.text import one_line, seconds

Event = Mapping[str, Any]

NOTABLE = 0.1  # seconds of fixtures in sum
LONGEST = 3  # of the classes

_VENDORS = {"postgresql": "PostgreSQL", "sqlite": "SQLite", "mysql": "MySQL", "oracle": "Oracle"}


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The tests of this shard, of all that there are."""

    shard: str
    tests: int
    all_tests: int


@dataclass(slots=True)
class _Run:
    """What the processes of one test run have written."""

    tests: list[TestCase] = field(default_factory=list)
    unfinished: list[TestCase] = field(default_factory=list)
    fixtures: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    databases: dict[str, str] | None = None
    chosen: dict[str, _Chosen] = field(default_factory=dict)  # by the fingerprint of the split
    stopped: bool = False
    warnings: list[str] = field(default_factory=list)


def read_records(sources: Sequence[Source], tree: PathResolver) -> Readings:
    """Every case that was recorded, and as errored every test that started and never ended.

    A run that was told to stop at the first failure ends its other processes on purpose: their tests are a warning.
    The fact `database` says what the tests really used, as in `PostgreSQL 18.6`, or `none`; `shard` which part of the
    tests ran, as in `2/5, 31 of 154 tests`, and `split` tells splits apart, so that shards can be checked for fitting.
    The fact FIXTURES says how long it took to set classes up and tear them down, where that is worth a word.
    """
    run = _Run()

    def single(source: Source, tree: PathResolver) -> Readings:
        open_tests: dict[object, TestCase] = {}
        try:
            for event in _events(source):
                _take(event, run, open_tests, tree)
        finally:
            run.unfinished += open_tests.values()
        return Readings()

    troubles = joined(kept(single, source, tree) for source in sources)
    return joined([_readings(run), troubles])


def _readings(run: _Run) -> Readings:
    ended = [f"{test.id} was ended by --failfast" for test in run.unfinished]
    return Readings(
        tests=tuple(run.tests) if run.stopped else (*run.tests, *run.unfinished),
        facts=_database_fact(run) | _shard_facts(run) | _fixtures_fact(run.fixtures),
        warnings=(*(ended if run.stopped else ()), *run.warnings, *_empty_shards(run)),
        elsewhere=sum(chosen.all_tests - chosen.tests for chosen in run.chosen.values()),
    )


def _database_fact(run: _Run) -> dict[str, str]:
    return {} if run.databases is None else {"database": _summary(run.databases)}


def _shard_facts(run: _Run) -> dict[str, str]:
    """A runner may build several suites, each of which is split."""
    if not run.chosen:
        return {}
    parts = [
        f"{chosen.shard}, {chosen.tests:,} of {chosen.all_tests:,} tests"
        for chosen in run.chosen.values()
    ]
    return {"shard": "; ".join(parts), "split": " ".join(sorted(run.chosen))}


def _fixtures_fact(fixtures: Mapping[str, float]) -> dict[str, str]:
    """As in `48 s, of which shop.tests.CartTests 31 s, shop.tests.ApiTests 9.2 s`; processes side by side add up."""
    whole = sum(fixtures.values())
    if whole < NOTABLE:
        return {}
    longest = heapq.nlargest(LONGEST, fixtures.items(), key=lambda item: item[1])
    shares = (f"{one_line(name, 200)} {seconds(time)}" for name, time in longest)
    return {FIXTURES: f"{seconds(whole)}, of which {', '.join(shares)}"}


def _empty_shards(run: _Run) -> Iterator[str]:
    for chosen in run.chosen.values():
        if chosen.all_tests and not chosen.tests:
            yield f"shard {chosen.shard} has no test: the other shards run all {chosen.all_tests:,}"


def _take(event: Event, run: _Run, open_tests: dict[object, TestCase], tree: PathResolver) -> None:
    match event.get("event"):
        case "start":
            open_tests[event.get("n")] = _unfinished(event, tree)
        case "stop":
            open_tests.pop(event.get("n"), None)
        case "case":
            run.tests.append(_test(event, tree))
        case "fixtures":
            run.fixtures[str(event.get("classname"))] += _fixtures(event)
        case "end":
            run.stopped = run.stopped or event.get("stopped") is True
        case "shard":
            _choose(event, run)
        case "warning" if event.get("text"):
            run.warnings.append(str(event["text"]))
        case "databases":
            run.databases = (run.databases or {}) | _databases(event)


def _choose(event: Event, run: _Run) -> None:
    """Every worker of pytest-xdist tells the same."""
    try:
        chosen = _Chosen(str(event["shard"]), int(event["tests"]), int(event["of"]))
        run.chosen[str(event["split"])] = chosen
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenReportError(f"a shard without {error}") from error


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
    file, line = _place(event, tree)
    return TestCase(
        name=name,
        classname=str(event.get("classname") or ""),
        status=status,
        duration=duration,
        file=file,
        line=line,
        message=str(event.get("message") or ""),
        details=str(event.get("details") or ""),
        output=str(event.get("output") or ""),
    )


def _unfinished(event: Event, tree: PathResolver) -> TestCase:
    message = "did not finish: its process ended, or was ended, while it ran"
    return _test({**event, "status": Status.ERRORED, "message": message}, tree)


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
