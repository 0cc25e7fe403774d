"""Choose the job that runs the project's test suite."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from heroci_action.detection.ci.matrix import OTHER_DATABASE, POSTGRES, newest_python
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import Job, Trigger
from heroci_action.detection.ci.selection import (
    CLASS,
    PART,
    find_choice,
    find_exclusions,
    find_inclusions,
    narrowness,
    project_options,
    select,
)
from heroci_action.detection.ci.settings_of_runs import with_most_tests_first
from heroci_action.detection.ci.test_runs import Runner, TestRun, find_test_run
from heroci_action.detection.ci.tool_variables import may_change_tests
from heroci_action.repository.files import RepositoryFiles, ancestors, parent

# Words in the names of jobs and files that run tests with a browser or a whole system, and other unusual tests.
_SYSTEM = re.compile(
    r"(?i)e2e|end.to.end|playwright|selenium|cypress|browser|integration|smoke|\bui\b"
)
# `nightly`
_UNUSUAL = re.compile(
    r"(?i)(?<![a-z])(nightly|bench|latest|release|deploy|migrations?\b|perf|load|fuzz|compat|upgrade|flaky|slow)"
)
_DOCS = re.compile(r"(?i)(?<![a-z])docs?\b")
_TESTS = re.compile(r"(?i)(?<![a-z])(py)?tests?\b")
# `non-selenium-tests`, `unit (without e2e)`: such a job leaves out what the word is about.
_NEGATED = re.compile(r"(?i)(?<![a-z])(non?|not|without)[\W_]+[a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The job that runs the tests, and the commands that run them: its own and other jobs' for further parts.

    `elsewhere` are runs of the parts that these leave out, in jobs with other servers, runs with options of the
    project, and runs of tests for another program, such as pytest next to manage.py. `others` are the other jobs of
    `runs`; `twins` run the same tests again. If it is `outside_projects`, the tests are about another program than the
    Django projects of the repository.
    """

    job: Job
    runs: tuple[TestRun, ...]
    elsewhere: tuple[TestRun, ...] = ()
    others: tuple[Job, ...] = ()
    twins: tuple[Job, ...] = ()
    outside_projects: bool = False

    @property
    def main(self) -> TestRun:
        """The run that selects the least, rather not on another database than PostgreSQL; others are about parts."""
        return min(self.runs, key=lambda run: (narrowness(run), _names_other_database(run)))

    @property
    def is_special(self) -> bool:
        """Return whether the job runs unusual tests, runs seldom or on another system, or may fail."""
        job = self.job
        seldom = job.trigger is Trigger.SELDOM or job.may_fail or not job.is_linux
        # In `test-and-docs.yml`, the job `test` is not about the documents.
        of_job = " ".join([job.name, *self._selected])
        about_docs = _DOCS.search(of_job if _TESTS.search(job.name) else self._names)
        return bool(seldom or self.tests_system or _UNUSUAL.search(self._names) or about_docs)

    @property
    def tests_system(self) -> bool:
        """Return whether the job tests with a browser or a whole system."""
        return bool(_SYSTEM.search(self._names))

    @property
    def _names(self) -> str:
        named = [self.job.source.rpartition("/")[2], self.job.name, *self._selected]
        return _NEGATED.sub("", " ".join(named))

    @property
    def _selected(self) -> list[str]:
        return min((select(run) for run in self.runs), key=len)

    @property
    def may_fail(self) -> bool:
        """Return whether the CI does not mind if the tests fail."""
        return self.job.may_fail or all(run.command.may_fail for run in self.runs)

    @property
    def narrowness(self) -> int:
        """Return how small a part of the tests the job selects."""
        return min(narrowness(run) for run in self.runs)

    @property
    def on_postgres(self) -> bool:
        """Return whether the tests run on PostgreSQL, judging by images, variables and the commands before."""
        images = (image.name for image in self.job.services)
        # `pytest -m "not postgres"` contains the word and runs on another database.
        without = {id(run.command) for run in self.runs if _leaves_out_postgres(run)}
        lines = (command.line for command in self.job.commands if id(command) not in without)
        texts = (*images, *self.main.command.env.values(), *lines)
        return any(map(POSTGRES.search, texts))


def _names_other_database(run: TestRun) -> bool:
    """Return whether a variable of the run names another database: `TEST_ON_MYSQL=1`, `DB=sqlite`."""
    return any(OTHER_DATABASE.search(f"{name}={value}") for name, value in run.command.env.items())


def _leaves_out_postgres(run: TestRun) -> bool:
    return any(map(POSTGRES.search, find_exclusions(run.arguments)))


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
    whole = _with_other_parts(_with_other_legs(best, legs), candidates)
    whole = _with_project_options(_with_left_out_parts(whole, legs, candidates), legs, candidates)
    whole = _with_other_programs(whole, legs, candidates)
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
    return _program(run), run.command.directory, find_choice(run.arguments)


def _newest_twin(best: Suite, candidates: list[Suite]) -> Suite:
    """Return the job that runs the same tests with the newest Python: `py311`, `py312`."""
    twins = [suite for suite in candidates if _is_twin(suite, best)]
    newest = newest_python(filter(None, (suite.job.python for suite in twins)))
    return next((suite for suite in twins if best.job.python and suite.job.python == newest), best)


def _is_twin(suite: Suite, best: Suite) -> bool:
    same = tests_of(suite.main) == tests_of(best.main)
    return same and (_kind(suite), _rank(suite)) == (_kind(best), _rank(best))


def _prefer_wider_leg(best: Suite, legs: list[Suite]) -> tuple[Suite, list[Suite]]:
    """Return the leg in which another program selects less of its tests, with the others; else the suite itself."""
    wider = min(legs, key=_rank, default=best)
    if wider.narrowness >= best.narrowness or _program(wider.main) == _program(best.main):
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


def tests_outside_projects(run: TestRun, tree: RepositoryFiles) -> bool:
    """Return whether a run tests directories that are neither around a manage.py nor below the directory of one."""
    places = _tested_places(run, tree)
    if run.runner is Runner.DJANGO or "." in places:
        return False
    homes = {parent(path) for path in tree.matching(r"(.*/)?manage\.py")}
    pairs = itertools.product(homes, places)
    return bool(homes) and not any(_are_related(home, place) for home, place in pairs)


def _tested_places(run: TestRun, tree: RepositoryFiles) -> list[str]:
    """Return the directories that a run names, else the one in which it starts."""
    paths = (locate(word, run.command.directory) for word in select(run))
    named = [path for path in paths if path and tree.has_directory(path)]
    return named or [run.command.directory]


def _are_related(first: str, second: str) -> bool:
    return first in ancestors(second) or second in ancestors(first)


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
        len(_excluded(suite.runs)),
    )


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


def databases_of(job: Job) -> frozenset[str]:
    """Return the names of the images of databases that a job starts."""
    names = (image.name for image in job.services)
    return frozenset(name for name in names if POSTGRES.search(name) or OTHER_DATABASE.search(name))


def _purpose(suite: Suite) -> tuple[object, ...]:
    """Return what two legs for parts of the tests have in common, without the variables that select the part."""
    run = suite.main
    words = " ".join(run.arguments)
    env = {name: value for name, value in run.command.env.items() if value not in words}
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
    return (_kind(other), other.job.trigger) == (_kind(best), best.job.trigger)


def _with_left_out_parts(best: Suite, legs: list[Suite], candidates: list[Suite]) -> Suite:
    """Add the runs of parts that the suite excludes by tag or marker: `-m browser` with `-m "not browser"`."""
    others = [suite for suite in candidates if suite.job.trigger is best.job.trigger]
    pairs = [(suite, run) for suite in (*legs, *others) for run in suite.runs]
    # The same tests with other variables are another run.
    own: dict[tuple[object, ...], TestRun] = {}
    for run in best.runs:
        kept = own.setdefault((tests_of(run), _variables(run)), run)
        if _names_other_database(kept) > _names_other_database(run):
            own[tests_of(run), _variables(run)] = run
    here = {tests_of(run): run for run in best.runs}
    known = frozenset(here)
    elsewhere: dict[tuple[object, ...], TestRun] = {}
    for suite, run in _excluded_runs(pairs, _excluded(best.runs)):
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
        excluded |= _excluded(run for _, run in found)


def _excluded(runs: Iterable[TestRun]) -> frozenset[str]:
    return frozenset().union(*(find_exclusions(run.arguments) for run in runs))


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
        and _program(run) == _program(best.main)
        and not project_options(run) <= known
    }
    return replace(best, elsewhere=(*best.elsewhere, *further.values()))


def _with_other_programs(best: Suite, legs: list[Suite], candidates: list[Suite]) -> Suite:
    """Add the runs of tests that only another program runs: `pytest api` as well as `manage.py test shop`.

    Tests of another package of the repository count as tests of another program.
    """
    usual = (suite for suite in candidates if not suite.is_special)
    suites = [*legs, *(suite for suite in usual if suite.job.trigger is best.job.trigger)]
    known = {(_program(run), best.outside_projects) for run in (*best.runs, *best.elsewhere)}
    further = {
        tests_of(run): run
        for suite in suites
        for run in suite.runs
        if (_program(run), suite.outside_projects) not in known
        and not run.command.conditional
        and narrowness(run) < CLASS
    }
    return replace(best, elsewhere=(*best.elsewhere, *further.values()))


def tests_of(run: TestRun) -> tuple[object, ...]:
    """Return what two runs of the same tests have in common."""
    return _program(run), run.command.directory, run.arguments


def _variables(run: TestRun) -> frozenset[tuple[str, str]]:
    env = run.command.env.items()
    return frozenset((name, value) for name, value in env if may_change_tests(name))


def _program(run: TestRun) -> tuple[object, ...]:
    return run.runner, run.program


def _surroundings(suite: Suite) -> tuple[object, ...]:
    servers = sorted(image.reference for image in suite.job.services)
    return _kind(suite), servers, suite.job.may_fail


def _kind(suite: Suite) -> tuple[object, ...]:
    run = suite.main
    return run.runner, run.program, run.command.directory, dict(run.command.env)
