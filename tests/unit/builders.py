"""Small results for tests: only what a test is about is spelled out."""

from __future__ import annotations

from collections.abc import Iterable

from heroci_action.results.coverage import Coverage
from heroci_action.results.records import (
    Diagnostic,
    Result,
    StageResult,
    Status,
    StepResult,
    TestCase,
)


def case(name: str, status: Status = Status.PASSED, **options: object) -> TestCase:
    return TestCase(name=name, status=status, **{"classname": "pkg.Tests", **options})  # type: ignore[arg-type]


def finding(message: str = "too long", tool: str = "flake8", **options: object) -> Diagnostic:
    return Diagnostic(message=message, tool=tool, **options)  # type: ignore[arg-type]


def step(name: str = "only", status: Status = Status.PASSED, **options: object) -> StepResult:
    return StepResult(name=name, status=status, **options)  # type: ignore[arg-type]


def stage(
    name: str, *steps: StepResult, status: Status | None = None, **options: object
) -> StageResult:
    """A stage is as bad as its worst step, unless the test says otherwise."""
    order = (Status.PASSED, Status.SKIPPED, Status.CANCELLED, Status.FAILED, Status.ERRORED)
    worst = max((step.status for step in steps), key=order.index, default=Status.PASSED)
    return StageResult(name=name, status=status or worst, steps=steps, **options)  # type: ignore[arg-type]


def run(*stages: StageResult, coverage: Coverage | None = None, **options: object) -> Result:
    bad = any(each.status in (Status.FAILED, Status.ERRORED) for each in stages)
    defaults: dict[str, object] = {
        "status": Status.FAILED if bad else Status.PASSED,
        "exit_code": int(bad),
        "project": "project",
        "engine": "host",
        "duration": 10.0,
    }
    return Result(stages=stages, coverage=coverage, **(defaults | options))  # type: ignore[arg-type]


def run_of(*cases: TestCase) -> Result:
    """A run whose only step ran these tests."""
    bad = any(test.status in (Status.FAILED, Status.ERRORED) for test in cases)
    return run(stage("tests", step("tests", Status.FAILED if bad else Status.PASSED, tests=cases)))


def failures(number: int, *, causes: int, classes: int = 100) -> Iterable[TestCase]:
    """Yield failed tests with as many different causes, each of which has a place and a message."""
    words = "abcdefghijklmnopqrstuvwxyz"

    def spelled(cause: int) -> str:
        """Return the number in letters: messages that differ only in digits are similar."""
        return "".join(words[int(digit)] for digit in str(cause))

    for index in range(number):
        cause = index % causes
        yield case(
            f"test_{index:05}",
            Status.FAILED,
            classname=f"tests.test_{index % classes}.ManyTests",
            file=f"tests/test_{cause % classes}.py",
            line=cause + 1,
            message=f"AssertionError: cause {spelled(cause)}",
            details='Traceback\n  File "x.py", line 1, in x\n    boom()\nAssertionError',
        )
