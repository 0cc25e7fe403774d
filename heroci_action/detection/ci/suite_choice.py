"""Choose the job that runs the project's test suite."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from heroci_action.detection.ci.matrix import newest_python
from heroci_action.detection.ci.outside_projects import tests_outside_projects
from heroci_action.detection.ci.records import Job, Trigger
from heroci_action.detection.ci.selection import find_choice, project_options
from heroci_action.detection.ci.settings_of_runs import with_most_tests_first
from heroci_action.detection.ci.suite import Suite, excluded_by, kind_of, program_of, tests_of
from heroci_action.detection.ci.suite_parts import with_parts
from heroci_action.detection.ci.test_runs import Runner, find_test_run
from heroci_action.repository.files import RepositoryFiles


def find_suite(jobs: Iterable[Job], tree: RepositoryFiles) -> Suite | None:
    """Return the suite's job: it runs for each change, must pass, and selects the least of its tests."""
    jobs = tuple(jobs)
    candidates = _suites(jobs, tree)
    if all(suite.is_special for suite in candidates):
        candidates += filter(None, (_suite_of_leg(job, tree) for job in jobs))
    best = min(candidates, key=_rank, default=None)
    if best is None:
        return None
    best = _newest_twin(best, candidates)
    best, legs = _prefer_wider_leg(best, _suites(best.job.similar(), tree))
    whole = with_parts(best, legs, candidates)
    same = (suite.job for suite in (*legs, *candidates) if repeats(suite, best))
    return replace(whole, twins=tuple(same))


def repeats(suite: Suite, best: Suite) -> bool:
    """Return whether another job or leg runs the same tests for each change, and must pass."""
    if suite.job is best.job or suite.may_fail or suite.is_special or suite.outside_projects:
        return False
    usual = suite.job.trigger is not Trigger.SELDOM
    return usual and _chosen(suite) == _chosen(best)


def _chosen(suite: Suite) -> tuple[object, ...]:
    run = suite.main
    return program_of(run), run.command.directory, find_choice(run.arguments)


def _newest_twin(best: Suite, candidates: list[Suite]) -> Suite:
    """Return the job that runs the same tests with the newest Python: `py311`, `py312`."""
    twins = [suite for suite in candidates if _is_twin(suite, best)]
    newest = newest_python(filter(None, (suite.job.python for suite in twins)))
    return next((suite for suite in twins if best.job.python and suite.job.python == newest), best)


def _is_twin(suite: Suite, best: Suite) -> bool:
    same = tests_of(suite.main) == tests_of(best.main)
    return same and (kind_of(suite), _rank(suite)) == (kind_of(best), _rank(best))


def _prefer_wider_leg(best: Suite, legs: list[Suite]) -> tuple[Suite, list[Suite]]:
    """Return the leg in which another program selects less of its tests, with the others; else the suite itself."""
    wider = min(legs, key=_rank, default=best)
    if wider.narrowness >= best.narrowness or program_of(wider.main) == program_of(best.main):
        return best, legs
    return wider, [best, *(leg for leg in legs if leg is not wider)]


def _suites(jobs: Iterable[Job], tree: RepositoryFiles) -> list[Suite]:
    return [suite for job in jobs if (suite := _suite(job, tree)) is not None]


def _suite_of_leg(job: Job, tree: RepositoryFiles) -> Suite | None:
    """Return the suite of the leg of a job's matrix that runs the most tests, if the chosen leg runs none."""
    if _suite(job, tree) is not None:
        return None
    legs = job.similar()
    found = min(_suites(legs, tree), key=_rank, default=None)
    others = tuple(leg for leg in legs if found is None or leg is not found.job)
    return found and replace(found, job=replace(found.job, similar=lambda: others))


def _suite(job: Job, tree: RepositoryFiles) -> Suite | None:
    runs = [run for command in job.commands if (run := find_test_run(command, tree)) is not None]
    required = [run for run in runs if not run.command.may_fail] or runs
    certain = [run for run in required if not run.command.conditional]
    ordered = with_most_tests_first(certain or required, tree)
    outside = all(tests_outside_projects(run, tree) for run in runs)
    suite = Suite(job=job, runs=tuple(ordered), outside_projects=outside) if runs else None
    # A script of a job for benchmarks or documents is no test suite.
    other = suite and suite.is_special and suite.main.runner is Runner.SCRIPT
    return None if other else suite


def _rank(suite: Suite) -> tuple[object, ...]:
    job = suite.job
    return (
        job.trigger is Trigger.SELDOM,
        suite.may_fail,
        suite.outside_projects,
        suite.narrowness,
        suite.is_special,
        bool(project_options(suite.main)),
        job.trigger,
        not suite.on_postgres,
        # Outside a container a job names everything that it needs.
        suite.main.command.call.container is not None,
        len(excluded_by(suite.runs)),
    )
