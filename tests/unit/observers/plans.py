"""A small run for tests of observers."""

from __future__ import annotations

from heroci_action.engines.base import Stream
from heroci_action.observers.base import Observer
from heroci_action.plan.actions import Command
from heroci_action.plan.stages import Plan, Stage, Step
from heroci_action.results.records import Result, Status
from tests.unit.builders import case, finding, run, stage, step


def planned(name: str, *steps: str, emoji: str = "🧪") -> Stage:
    return Stage(
        name=name,
        emoji=emoji,
        steps=tuple(Step(name=each, action=Command(line=("run", each))) for each in steps),
    )


TESTS = planned("tests", "migrate", "tests")
IMAGE = planned("image", "build", emoji="🐳")
PLAN = Plan(project="heroes", stages=(TESTS, IMAGE))

MIGRATE = step("migrate", duration=1.5)
BROKEN = step(
    "tests",
    Status.FAILED,
    duration=3.0,
    reason="1 failed test",
    remedy="mend it",
    output="\n".join(f"line {number}" for number in range(60)),
    tests=(
        case("test_ok"),
        case("test_bad", Status.FAILED, file="tests/t.py", line=4, message="1 != 2"),
    ),
)
RESULT: Result = run(
    stage(
        "tests", MIGRATE, BROKEN, emoji="🧪", duration=4.5, reason="tests: 1 failed test",
        warnings=("PostgreSQL 18 stands in",),
    ),
    stage("image", status=Status.SKIPPED, emoji="🐳", reason="no Docker"),
    stage(
        "lint", step("flake8", Status.FAILED, diagnostics=(finding(file="a.py", line=2),)),
    ),
    project="heroes",
    duration=5.0,
)  # fmt: skip


def watch(observer: Observer, *lines: str) -> None:
    """Send all events of a run to an observer; `lines` are the output of the step `tests`."""
    observer.run_started(PLAN, "host", "no Docker")
    observer.stage_finished(RESULT.stages[1])
    observer.stage_started(TESTS)
    observer.step_started(TESTS, TESTS.steps[0])
    observer.output("tests", "migrate", Stream.STDOUT, "migrating")
    observer.step_finished(TESTS, MIGRATE)
    observer.step_started(TESTS, TESTS.steps[1])
    for line in lines:
        observer.output("tests", "tests", Stream.STDERR, line)
    observer.step_finished(TESTS, BROKEN)
    observer.stage_finished(RESULT.stages[0])
    observer.run_finished(RESULT)
    observer.close()
