"""Run the tests in one process and in several, and record whether every test has the same outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from heroci_action.analysis.parallel import Difference, all_tests, find_differences
from heroci_action.commands.cache_directory import cache_directory
from heroci_action.commands.confirm_failures import TESTS
from heroci_action.commands.effective_values import insert_value
from heroci_action.commands.engine import engine_for
from heroci_action.commands.event_loop import run_in_loop
from heroci_action.commands.file_change import FileChange
from heroci_action.commands.parallel_proofs import Proofs, describe_proof, in_processes, suite_key
from heroci_action.commands.plan import Project, change_plan, plan_project
from heroci_action.commands.projects import file_to_write
from heroci_action.commands.run import run_project
from heroci_action.errors import ExitCode, UsageError
from heroci_action.observers.choice import choose_observer
from heroci_action.options import RunOptions
from heroci_action.project import ProjectConfig
from heroci_action.results.provenance import ParallelProof
from heroci_action.results.records import Result, Status
from heroci_action.text import count, seconds

SHOWN = 20
"""Differences that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The lines to show, and the proof if there is one."""

    lines: tuple[str, ...]
    exit_code: ExitCode
    proof: ParallelProof | None = None


def prove_parallel(options: RunOptions, machine: Mapping[str, str], *, write: bool) -> Attempt:
    """Run the tests both ways; store a proof in the cache, or `parallel = true` in the configuration if `write`."""
    return run_in_loop(_prove, options, machine, write)


async def _prove(options: RunOptions, machine: Mapping[str, str], write: bool) -> Attempt:
    # Earlier results would have the times of other runs.
    options = replace(options, use_cache=False)
    project = await plan_project(options, machine)
    _require_workers(project.loaded)
    one_process = await _run(project, options, machine, parallel=False)
    if one_process.exit_code:
        return _refuse(one_process, "the tests must pass in one process first")
    parallel = await _run(project, options, machine, parallel=True)
    attempt = _compare(project.loaded, one_process, parallel)
    if attempt.proof is None:
        return attempt
    if write:
        line = _write(project.loaded, attempt.proof)
    else:
        Proofs(cache=cache_directory(machine)).store(attempt.proof)
        line = 'Recorded: with `parallel = "auto"`, the tests of this project now run in parallel.'
    return replace(attempt, lines=(*attempt.lines, line))


def _require_workers(project: ProjectConfig) -> None:
    """Raise UsageError if the tests cannot run in several processes."""
    tests, known = project.config.tests, project.facts.distributions
    if tests.script:
        raise UsageError(
            f"the script {tests.script!r} runs the tests, and HeroCI cannot make it use several processes",
            remedy="use the script's own options in tests.args",
        )
    if tests.runner == "pytest" and "pytest-xdist" not in known | set(project.config.packages):
        raise UsageError(
            "pytest needs pytest-xdist to run tests in several processes",
            remedy="add pytest-xdist to the test requirements, or to `packages` in the configuration",
        )


async def _run(
    project: Project, options: RunOptions, machine: Mapping[str, str], *, parallel: bool
) -> Result:
    loaded = in_processes(project.loaded, parallel=parallel)
    changed = change_plan(project, loaded, (TESTS,))
    with choose_observer(
        verbosity=options.verbosity, output=options.destination.output, environ=machine
    ) as observer:
        observer.note("The tests run in parallel:" if parallel else "The tests run in one process:")
        engine = engine_for(changed, options, machine, notify=observer.note)
        return await run_project(changed, engine, observer)


def _refuse(result: Result, why: str) -> Attempt:
    code = ExitCode(result.exit_code)
    stage = next((stage for stage in result.stages if stage.status.is_failure), None)
    reason = f" ({stage.reason})" if stage and stage.reason else ""
    return Attempt(lines=(f"Nothing was recorded: {why}{reason}.",), exit_code=code)


def _compare(project: ProjectConfig, one_process: Result, parallel: Result) -> Attempt:
    if parallel.exit_code not in (ExitCode.PASSED, ExitCode.FAILED):
        return _refuse(parallel, "the run in parallel did not finish")
    differences = find_differences(one_process, parallel)
    if differences:
        head = f"Nothing was recorded: {count(len(differences), 'test')} differ in parallel."
        lines = (head, *_show(differences), *_times(one_process, parallel))
        return Attempt(lines=lines, exit_code=ExitCode.FAILED)
    if parallel.exit_code:
        return _refuse(parallel, "every test has the same outcome, but the run in parallel failed")
    first, second = _duration(one_process), _duration(parallel)
    total = sum(1 for _ in all_tests(parallel))
    lines = (
        f"{count(total, 'test')} had the same outcomes both ways.",
        *_times(one_process, parallel),
    )
    if second >= first:
        refused = "Nothing was recorded: the tests are not faster in parallel."
        return Attempt(lines=(*lines, refused), exit_code=ExitCode.PASSED)
    proof = ParallelProof(
        key=suite_key(project),
        proved_at=datetime.now(UTC).isoformat(timespec="seconds"),
        tests=total,
        one_process=first,
        parallel=second,
    )
    return Attempt(lines=lines, exit_code=ExitCode.PASSED, proof=proof)


def _show(differences: tuple[Difference, ...]) -> Iterator[str]:
    for each in differences[:SHOWN]:
        yield (
            f"  {each.id}: {_words(each.one_process)} in one process, {_words(each.parallel)} in parallel"
        )
    if len(differences) > SHOWN:
        yield f"  and {len(differences) - SHOWN:,} more"


def _words(statuses: tuple[Status, ...]) -> str:
    return ", ".join(status.value for status in statuses) or "did not run"


def _times(one_process: Result, parallel: Result) -> tuple[str, str]:
    first, second = _duration(one_process), _duration(parallel)
    return (
        f"  in one process  {seconds(first)}",
        f"  in parallel     {seconds(second)} ({second / max(first, 0.001):.2f} of it)",
    )


def _duration(result: Result) -> float:
    """Return the seconds that the test runner took."""
    return sum(step.duration for stage in result.stages for step in stage.steps if step.has_tests)


def _write(project: ProjectConfig, proof: ParallelProof) -> str:
    """Write `parallel = true` to the configuration file, with the proof as a comment."""
    path, table = file_to_write(project)
    change = FileChange.of(project.root, path, "")
    keys = ("tests", "parallel")
    text = insert_value(
        change.before or "", keys, value=True, why=describe_proof(proof), table=table
    )
    if text is None:
        return f"Set parallel = true in the table `tests` of {path}: it has this key already, or is an inline table."
    replace(change, after=text).write(project.root)
    return f"Wrote tests.parallel = true to {path}."
