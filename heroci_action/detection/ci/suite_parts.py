"""Add the parts of a suite that run in other jobs, in other legs of its matrix, or with other programs."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace

from heroci_action.detection.ci.selection import (
    CLASS,
    PART,
    find_inclusions,
    narrowness,
    project_options,
)
from heroci_action.detection.ci.suite import (
    Suite,
    databases_of,
    excluded_by,
    kind_of,
    names_other_database,
    program_of,
    tests_of,
)
from heroci_action.detection.ci.test_runs import TestRun
from heroci_action.detection.ci.tool_variables import may_change_tests


def with_parts(best: Suite, legs: list[Suite], candidates: list[Suite]) -> Suite:
    """Return the suite with the runs of its parts in other `legs` of its job and in other jobs, the `candidates`."""
    whole = _with_other_parts(_with_other_legs(best, legs), candidates)
    whole = _with_project_options(_with_left_out_parts(whole, legs, candidates), legs, candidates)
    return _with_other_programs(whole, legs, candidates)


def _with_other_legs(best: Suite, legs: list[Suite]) -> Suite:
    """Add the runs of the other legs of the job's matrix if they select other parts of the tests.

    A leg on another database is not such a part.
    """
    if not best.narrowness:
        return best
    same = [leg for leg in legs if databases_of(leg.job) == databases_of(best.job)]
    equal = [leg for leg in same if _purpose(leg) == _purpose(best)]
    whole = next((leg for leg in equal if not leg.narrowness), None)
    # Of equal runs, those of the chosen leg count, with their environment.
    known = {tests_of(run) for run in best.runs}
    added: dict[tuple[object, ...], TestRun] = {}
    for run in itertools.chain.from_iterable(leg.runs for leg in equal):
        if tests_of(run) not in known:
            added.setdefault(tests_of(run), run)
    others = (run for leg in legs if leg not in same for run in leg.runs)
    elsewhere = tuple(run for run in others if tests_of(run) not in {*known, *added})
    runs = whole.runs if whole else (*best.runs, *added.values())
    return replace(best, runs=runs, elsewhere=elsewhere)


def _purpose(suite: Suite) -> tuple[object, ...]:
    """Return what two legs for parts of the tests have in common, without the variables that select the part."""
    run = suite.main
    words = " ".join(run.arguments)
    # `en` is no part of `shop.authentication`.
    env = {
        name: value
        for name, value in run.command.env.items()
        if not re.search(rf"(?<![^\W_]){re.escape(value)}(?![^\W_])", words)
    }
    return run.runner, run.program, run.command.directory, env


def _with_other_parts(best: Suite, candidates: list[Suite]) -> Suite:
    """Add the runs of jobs that differ in their labels only: together they are the suite.

    A job for files, tags or classes is not such a part.
    """
    if best.narrowness != PART:
        return best
    others = [other for other in candidates if _is_other_part(other, best)]
    runs = itertools.chain(best.runs, *(other.runs for other in others))
    return replace(best, runs=tuple(runs), others=tuple(other.job for other in others))


def _is_other_part(other: Suite, best: Suite) -> bool:
    if other.job is best.job or other.narrowness != PART or other.is_special:
        return False
    return (kind_of(other), other.job.trigger) == (kind_of(best), best.job.trigger)


def _with_left_out_parts(best: Suite, legs: list[Suite], candidates: list[Suite]) -> Suite:
    """Add the runs of parts that the suite excludes by tag or marker: `-m browser` with `-m "not browser"`."""
    others = [suite for suite in candidates if suite.job.trigger is best.job.trigger]
    pairs = [(suite, run) for suite in (*legs, *others) for run in suite.runs]
    # The same tests with other variables are another run.
    own: dict[tuple[object, ...], TestRun] = {}
    for run in best.runs:
        kept = own.setdefault((tests_of(run), _variables(run)), run)
        if names_other_database(kept) > names_other_database(run):
            own[tests_of(run), _variables(run)] = run
    here = {tests_of(run): run for run in best.runs}
    known = frozenset(here)
    elsewhere: dict[tuple[object, ...], TestRun] = {}
    for suite, run in _excluded_runs(pairs, excluded_by(best.runs)):
        runs = here if _belongs(suite, best, legs) else elsewhere
        runs.setdefault(tests_of(run), run)
    further = tuple(run for tests, run in elsewhere.items() if tests not in here)
    added = [run for tests, run in here.items() if tests not in known]
    jobs = (suite.job for suite in others if any(run in added for run in suite.runs))
    return replace(
        best,
        runs=(*own.values(), *added),
        others=(*best.others, *(job for job in jobs if job is not best.job)),
        elsewhere=(*best.elsewhere, *further),
    )


def _belongs(suite: Suite, best: Suite, legs: list[Suite]) -> bool:
    fits = suite in legs or not suite.tests_system
    return fits and _surroundings(suite) == _surroundings(best)


def _excluded_runs(
    pairs: list[tuple[Suite, TestRun]], excluded: frozenset[str]
) -> Iterator[tuple[Suite, TestRun]]:
    """Yield the runs of excluded parts, and of the parts that these runs exclude in turn."""
    while found := [pair for pair in pairs if find_inclusions(pair[1].arguments) & excluded]:
        yield from found
        pairs = [pair for pair in pairs if pair not in found]
        excluded |= excluded_by(run for _, run in found)


def _with_project_options(best: Suite, legs: list[Suite], candidates: list[Suite]) -> Suite:
    """Add the runs with options of the project that the suite does not have: `pytest --slow` may run further tests."""
    known = {option for run in (*best.runs, *best.elsewhere) for option in project_options(run)}
    required = (suite for suite in candidates if not (suite.job.may_fail or suite.outside_projects))
    suites = [*legs, *(suite for suite in required if suite.job.trigger is best.job.trigger)]
    further = {
        tests_of(run): run
        for suite in suites
        for run in suite.runs
        if not (run.command.conditional or run.command.may_fail)
        and program_of(run) == program_of(best.main)
        and not project_options(run) <= known
    }
    return replace(best, elsewhere=(*best.elsewhere, *further.values()))


def _with_other_programs(best: Suite, legs: list[Suite], candidates: list[Suite]) -> Suite:
    """Add the runs of tests that only another program runs: `pytest api` as well as `manage.py test shop`.

    Tests of another package of the repository count as tests of another program.
    """
    usual = (suite for suite in candidates if not suite.is_special)
    suites = [*legs, *(suite for suite in usual if suite.job.trigger is best.job.trigger)]
    known = {(program_of(run), best.outside_projects) for run in (*best.runs, *best.elsewhere)}
    further = {
        tests_of(run): run
        for suite in suites
        for run in suite.runs
        if (program_of(run), suite.outside_projects) not in known
        and not run.command.conditional
        and narrowness(run) < CLASS
    }
    return replace(best, elsewhere=(*best.elsewhere, *further.values()))


def _variables(run: TestRun) -> frozenset[tuple[str, str]]:
    env = run.command.env.items()
    return frozenset((name, value) for name, value in env if may_change_tests(name))


def _surroundings(suite: Suite) -> tuple[object, ...]:
    servers = sorted(image.reference for image in suite.job.services)
    return kind_of(suite), servers, suite.job.may_fail
