"""Find the failures that no failed test and no finding explains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from heroci_action.results.records import (
    Diagnostic,
    Severity,
    StageResult,
    StepResult,
    TestCase,
)
from heroci_action.text import count


@dataclass(frozen=True, slots=True, kw_only=True)
class Unexplained:
    """A stage or one of its steps that did not pass, for its own reason."""

    stage: StageResult
    step: StepResult | None = None

    @property
    def name(self) -> str:
        """The name of the stage, and of the step if it is one."""
        return f"{self.stage.name}/{self.step.name}" if self.step else self.stage.name

    @property
    def result(self) -> StageResult | StepResult:
        """The result of the step, or of the stage."""
        return self.step or self.stage


def unexplained(stages: Iterable[StageResult]) -> Iterator[Unexplained]:
    """Yield every failure with its own reason, in order, each once."""
    for stage in stages:
        for step in stage.steps:
            if step.status.is_unsuccessful and not is_explained(step):
                yield Unexplained(stage=stage, step=step)
        if stage.status.is_unsuccessful and not is_explained_by_step(stage):
            yield Unexplained(stage=stage)


def is_explained(step: StepResult) -> bool:
    """Return whether the failed tests and findings of a step are the whole reason of its failure."""
    failed = any(test.status.is_unsuccessful for test in step.tests)
    if not failed and not step.diagnostics:
        return False
    errors = [finding for finding in step.diagnostics if finding.severity is Severity.ERROR]
    counts = (describe_failures(step.tests, found) for found in (step.diagnostics, errors))
    return step.reason is None or step.reason in counts


def is_explained_by_step(stage: StageResult) -> bool:
    """Return whether a step ended like its stage, and therefore has the reason."""
    return any(step.status is stage.status for step in stage.steps)


def describe_failures(tests: Iterable[TestCase], findings: Iterable[Diagnostic]) -> str:
    """Return the numbers of failed tests and of findings in words; empty if there are none."""
    failed = sum(test.status.is_failure for test in tests)
    found = sum(1 for _ in findings)
    parts = (
        count(failed, "failed test") if failed else "",
        count(found, "finding") if found else "",
    )
    return ", ".join(filter(None, parts))
