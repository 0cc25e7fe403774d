"""Turn report files into stages: a stage for each category of reports, a step for each file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from heroci_action.analysis.coverage import merge_coverage
from heroci_action.analysis.gates import failures
from heroci_action.analysis.skipped import all_skipped, describe_skipped
from heroci_action.process_pool import LostError, spread
from heroci_action.readers import PathResolver, Readings, Source
from heroci_action.readers.base import tolerate
from heroci_action.readers.format import Category
from heroci_action.readers.recognized import read_recognized
from heroci_action.readers.registry import BY_KIND
from heroci_action.results.records import Result, StageResult, Status, StepResult
from heroci_action.text import count

EMOJI: Mapping[str, str] = {Category.TESTS: "🧪", Category.LINT: "🖤", Category.COVERAGE: "📊"}

Read = tuple[Category, Readings]


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What to report: sources with their sizes in bytes, and the patterns that match no file.

    The kind of a source is only a default, for files whose content does not show their format. If `tolerant`, a broken
    file is a warning.
    """

    sources: Sequence[Source] = ()
    sizes: Sequence[int] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    tolerant: bool = False


def gather(given: Input, tree: PathResolver, result: Result) -> Result:
    """Read all sources, and add their stages, coverage and warnings to the result."""
    done = spread(partial(read_recognized, tree=tree), given.sources, given.sizes)
    read = [
        _lost(source, one) if isinstance(one, LostError) else one
        for source, one in zip(given.sources, done, strict=True)
    ]
    if given.tolerant:
        read = [(category, tolerate(readings)) for category, readings in read]
    stages = tuple(_stages(given, read))
    return replace(
        result,
        stages=stages,
        coverage=merge_coverage([part for _, one in read for part in one.coverage]),
        duration=sum(stage.duration for stage in stages),
        warnings=(*result.warnings, *(text for _, one in read for text in one.warnings)),
    )


def _lost(source: Source, error: LostError) -> Read:
    problem = f"{source.path}: could not be read: {error}"
    return BY_KIND[source.kind].category, Readings(problems=(problem,))


def _stages(given: Input, read: Sequence[Read]) -> Iterator[StageResult]:
    for category in Category:
        files = [
            (source, readings)
            for source, (found, readings) in zip(given.sources, read, strict=True)
            if found is category
        ]
        steps = [_step(source, readings) for source, readings in files if not _is_useless(readings)]
        missing = [name for name, kind in given.missing.items() if _category(kind) is category]
        if files or missing:
            yield build_stage(category, (*steps, *map(_missing, missing)))


def _category(kind: str) -> Category:
    return BY_KIND[kind].category


def _is_useless(readings: Readings) -> bool:
    """Return whether a file contains nothing but is not broken either."""
    return bool(readings.warnings) and not _has_content(readings) and not readings.problems


def _has_content(readings: Readings) -> bool:
    return bool(readings.tests or readings.passed or readings.diagnostics or readings.coverage)


def _missing(pattern: str) -> StepResult:
    return StepResult(
        name=pattern,
        status=Status.ERRORED,
        reason=f"no file matches {pattern!r}",
        remedy="check that the step that writes it ran; quote globs in a shell, where `**` matches any depth",
    )


def build_stage(name: str, steps: tuple[StepResult, ...]) -> StageResult:
    """Build a stage; it is errored if it has no step, because none of its files contains anything."""
    steps = _checked(steps)
    ends = {step.status for step in steps}
    worst = (Status.ERRORED, Status.FAILED)
    status = next((status for status in worst if status in ends), Status.PASSED)
    return StageResult(
        name=name,
        emoji=EMOJI.get(name, ""),
        status=status if steps else Status.ERRORED,
        duration=sum(step.duration for step in steps),
        reason=_reason(steps),
        steps=steps,
    )


def _checked(steps: tuple[StepResult, ...]) -> tuple[StepResult, ...]:
    """Return the steps, the first of which fails if every test of all files was skipped."""
    tests = [test for step in steps for test in step.tests]
    if any(step.passed for step in steps) or not all_skipped(tests):
        return steps
    failed = next(step for step in steps if step.tests)
    if failed.status.is_failure:
        return steps
    reason = f"no test ran: {describe_skipped(tests)}"
    worse = replace(failed, status=Status.FAILED, reason=reason)
    return tuple(worse if step is failed else step for step in steps)


def _reason(steps: Sequence[StepResult]) -> str | None:
    """Return the problem with the files; failed tests, findings and missing files are listed elsewhere."""
    if not steps:
        return "no readable results in any of its files"
    problems = [problem for step in steps for problem in step.problems]
    more = f" (and {count(len(problems) - 1, 'more problem')})" if len(problems) > 1 else ""
    return problems[0] + more if problems else None


def _step(source: Source, readings: Readings) -> StepResult:
    packed = next(iter(readings.passed), None)
    step = StepResult(
        name=source.path,
        status=Status.PASSED,
        duration=sum(test.duration for test in readings.tests) + (packed.duration if packed else 0),
        tests=readings.tests,
        passed=packed,
        diagnostics=readings.diagnostics,
        facts=readings.facts,
        problems=readings.problems,
    )
    reason = "; ".join(filter(None, (*readings.problems, failures(step))))
    if not reason:
        return step
    status = Status.FAILED if _has_content(readings) else Status.ERRORED
    return replace(step, status=status, reason=reason)
