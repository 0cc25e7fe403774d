"""What the probes wrote becomes test cases and facts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from heroci_action.engines.base import ReportFile
from heroci_action.readers import PathResolver, Readings, read
from heroci_action.results.records import FixtureTimes, Status


def record(*events: dict[str, Any], name: str = "django-1-1.jsonl", end: str = "\n") -> ReportFile:
    text = "\n".join(json.dumps(event) for event in events) + end
    return ReportFile(kind="django-record", path=name, content=text.encode())


def start(name: str, n: int = 1) -> dict[str, Any]:
    return {"event": "start", "n": n, "classname": "a.B", "name": name, "file": "a.py", "line": 3}


def case(name: str, status: str = "passed", **more: Any) -> dict[str, Any]:
    return {
        "event": "case",
        "classname": "a.B",
        "name": name,
        "status": status,
        "duration": 0.5,
        **more,
    }


def stop(n: int = 1) -> dict[str, Any]:
    return {"event": "stop", "n": n}


def readings(*files: ReportFile) -> Readings:
    return read(files, tree=PathResolver())


def test_a_case_keeps_everything_that_was_recorded() -> None:
    told = case(
        "test_x",
        "failed",
        file="a.py",
        line=7,
        message="1 != 2",
        details="Traceback",
        output="hello",
    )
    (test,) = readings(record(start("test_x"), told, stop())).tests
    assert (test.id, test.status, test.duration) == ("a.B.test_x", Status.FAILED, 0.5)
    assert (test.file, test.line) == ("a.py", 7)
    assert (test.message, test.details, test.output) == ("1 != 2", "Traceback", "hello")


def test_a_truncated_line_costs_only_itself() -> None:
    broken = record(start("test_a"), case("test_a"), stop(), end='\n{"event": "sta')
    found = readings(broken, record(case("test_b"), name="other.jsonl"))
    assert [test.name for test in found.tests] == ["test_a", "test_b"]
    (problem,) = found.problems
    assert "django-1-1.jsonl" in problem
    assert "line 4" in problem


@pytest.mark.parametrize(
    "content",
    [
        b"[]\n",
        b"null\n",
        b"\xff\xfe\n",
        b'{"event": "case", "name": "x"}\n',
        b'{"event": "case", "name": "x", "status": "wonderful"}\n',
        b'{"event": "case", "name": "x", "status": "passed", "duration": "long"}\n',
        b'{"event": "databases", "databases": {"a": 1}}\n',
        b"[" * 100_000,
    ],
)
def test_hostile_lines_are_problems(content: bytes) -> None:
    found = readings(ReportFile(kind="django-record", path="bad.jsonl", content=content))
    assert found.tests == ()
    assert found.problems[0].startswith("bad.jsonl: ")


def test_what_a_probe_warns_of_is_a_warning() -> None:
    told = readings(record({"event": "warning", "text": "the app 'x'"}, {"event": "warning"}))
    assert told == Readings(warnings=("the app 'x'",))


def test_events_of_a_later_version_are_passed_over() -> None:
    assert readings(record({"event": "weather", "rain": True})) == Readings()


@pytest.mark.parametrize("file", ["../../etc/passwd", "/etc/passwd", 7, None])
def test_a_place_outside_of_the_repository_is_none(file: object) -> None:
    (test,) = readings(record(case("test_x", "failed", file=file, line=3))).tests
    assert (test.file, test.line) == (None, None)


def databases(*rows: tuple[str, str, str | None]) -> dict[str, Any]:
    tables = [
        {"alias": alias, "vendor": vendor, "version": version} for alias, vendor, version in rows
    ]
    return {"event": "databases", "databases": tables}


@pytest.mark.parametrize(
    ("rows", "fact"),
    [
        ([("default", "postgresql", "18.6")], "PostgreSQL 18.6"),
        ([("default", "sqlite", "3.40.1"), ("other", "sqlite", "3.40.1")], "SQLite 3.40.1"),
        (
            [("other", "postgresql", "18.6"), ("default", "sqlite", None)],
            "SQLite (default), PostgreSQL 18.6 (other)",
        ),
        ([], "none"),
    ],
)
def test_the_database_is_a_fact(rows: list[tuple[str, str, str | None]], fact: str) -> None:
    assert readings(record(databases(*rows))).facts == {"database": fact}


def test_the_workers_of_one_run_name_its_database_once() -> None:
    files = [
        record(databases(("default", "sqlite", "3")), name=f"database-{n}.jsonl") for n in (1, 2)
    ]
    assert readings(*files).facts == {"database": "SQLite 3"}


def test_a_run_without_databases_event_says_nothing_of_them() -> None:
    assert readings(record(start("test_x"), case("test_x"), stop())).facts == {}


def shard(tests: int, of: int, split: str = "ab") -> dict[str, Any]:
    return {"event": "shard", "shard": "2/3", "split": split, "tests": tests, "of": of}


def test_a_shard_is_a_fact_that_every_worker_may_tell() -> None:
    read = readings(record(shard(31, 1540)), record(shard(31, 1540), name="shard-2-2.jsonl"))
    assert read.facts == {"shard": "2/3, 31 of 1,540 tests"}
    assert [split.fingerprint for split in read.splits] == ["ab"]
    assert (read.elsewhere, read.warnings) == (1509, ())


def test_an_empty_shard_says_so() -> None:
    read = readings(record(shard(0, 7)))
    assert read.warnings == ("shard 2/3 has no test: the other shards run all 7",)
    assert read.elsewhere == 7


def test_suites_that_are_split_one_by_one_add_up() -> None:
    read = readings(record(shard(1, 4, "b"), shard(2, 5, "a")))
    assert [split.fingerprint for split in read.splits] == ["a", "b"]
    assert read.elsewhere == 6


def test_a_shard_without_its_numbers_is_a_broken_record() -> None:
    read = readings(record({"event": "shard", "shard": "1/2", "tests": "x", "of": 2, "split": ""}))
    assert not read.splits
    assert "a shard without" in read.problems[0]


def fixtures(classname: str, duration: object) -> dict[str, Any]:
    return {"event": "fixtures", "classname": classname, "duration": duration}


def test_the_time_of_fixtures_adds_up_by_class_the_longest_first() -> None:
    events = (fixtures(name, time) for name, time in (("A", 2), ("B", 40), ("C", 1), ("D", 0.5)))
    other = record(fixtures("A", 10.25), name="django-2-2.jsonl")
    times = readings(record(*events), other).fixtures
    assert times == FixtureTimes(total=53.75, longest=(("B", 40), ("A", 12.25), ("C", 1)))


@pytest.mark.parametrize("duration", [0.01, 0, -5, float("nan"), float("inf"), "1e999", "0.09"])
def test_fixtures_that_took_hardly_any_time_are_not_recorded(duration: object) -> None:
    assert readings(record(fixtures("A", duration))).fixtures is None


@pytest.mark.parametrize("duration", [None, "long", [], {}])
def test_fixtures_without_a_time_are_a_broken_record(duration: object) -> None:
    read = readings(record(fixtures("A", duration)))
    assert "fixtures without" in read.problems[0]
