"""Choose the job that runs the project's test suite."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from heroci_action.detection.ci.command_line import read_options
from heroci_action.detection.ci.records import UNKNOWN, Job, Trigger
from heroci_action.detection.ci.test_runs import Runner, TestRun, find_test_run
from heroci_action.repository.files import RepositoryFiles

# Words in the names of jobs and files that run unusual tests.
_SPECIAL = re.compile(
    r"(?i)e2e|end.to.end|playwright|selenium|cypress|integration|nightly|bench|latest|docs?\b|release|deploy|smoke|"
    r"\bui\b|migrations?\b|perf|load|fuzz|compat|upgrade|flaky|\bslow"
)
# Options that select a part of the tests.
_SELECTING = frozenset({"--tag", "-k", "-m"})
_PART, _FILE, CLASS = 1, 2, 3
_POSTGRES = re.compile(r"(?i)postg|psql|pgsql|timescale|\bpg\d*\b")
_VALUED = frozenset(
    {
        "-k", "-m", "--tag", "--exclude-tag", "--settings", "--ds", "-p", "-c", "-o", "-n", "-W", "--ignore",
        "--deselect", "--pattern", "--verbosity", "-v", "--cov-report", "--maxfail", "--junitxml", "--parallel",
        "--numprocesses", "--rootdir", "--durations", "--tb", "--top-level-directory", "-t", "--testrunner",
        "--pythonpath",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The job that runs the tests, and the commands that run them: its own and other jobs' for further parts."""

    job: Job
    runs: tuple[TestRun, ...]

    @property
    def main(self) -> TestRun:
        """The run that selects the least; the others are about parts."""
        return widest(self.runs)

    @property
    def is_special(self) -> bool:
        """Return whether the job runs unusual tests, runs seldom, or may fail."""
        job = self.job
        selected = min((select(run) for run in self.runs), key=len)
        names = " ".join([job.source.rpartition("/")[2], job.name, *selected])
        seldom = job.trigger is Trigger.SELDOM or job.may_fail
        return seldom or bool(_SPECIAL.search(names))

    @property
    def narrowness(self) -> int:
        """Return how small a part of the tests the job selects."""
        return min(narrowness(run) for run in self.runs)

    @property
    def on_postgres(self) -> bool:
        """Return whether the tests run on PostgreSQL, judging by images and variables."""
        images = [image.name for image in self.job.services]
        return any(_POSTGRES.search(text) for text in (*images, *self.main.command.env.values()))


def find_suite(jobs: Iterable[Job], tree: RepositoryFiles) -> Suite | None:
    """Return the suite's job: it runs for each change, must pass, and selects the least of its tests."""
    candidates = [suite for job in jobs if (suite := _suite(job, tree)) is not None]
    best = min(candidates, key=_rank, default=None)
    return _with_other_parts(_with_other_legs(best, tree), candidates) if best else None


def _suite(job: Job, tree: RepositoryFiles) -> Suite | None:
    runs = [run for command in job.commands if (run := find_test_run(command, tree)) is not None]
    certain = [run for run in runs if not run.command.conditional]
    suite = Suite(job=job, runs=tuple(certain or runs)) if runs else None
    # A script of a job for benchmarks or documents is no test suite.
    other = suite and suite.is_special and suite.main.runner is Runner.SCRIPT
    return None if other else suite


def _rank(suite: Suite) -> tuple[object, ...]:
    job = suite.job
    return (
        job.trigger is Trigger.SELDOM,
        job.may_fail,
        suite.narrowness,
        suite.is_special,
        job.trigger,
        all(run.command.conditional for run in suite.runs),
        not suite.on_postgres,
        # Outside a container a job names everything that it needs.
        suite.main.command.call.container is not None,
    )


def _with_other_legs(best: Suite, tree: RepositoryFiles) -> Suite:
    """Add the runs of the other legs of the job's matrix if they select other parts of the tests."""
    if not best.narrowness:
        return best
    legs = [suite for job in best.job.similar() if (suite := _suite(job, tree)) is not None]
    equal = [leg for leg in legs if _purpose(leg) == _purpose(best)]
    whole = next((leg for leg in equal if not leg.narrowness), None)
    runs = {run.arguments: run for leg in (best, *equal) for run in leg.runs}
    return replace(best, runs=whole.runs if whole else tuple(runs.values()))


def _purpose(suite: Suite) -> tuple[object, ...]:
    """Return what two legs for parts of the tests have in common, without the variables that select the part."""
    run = suite.main
    words = " ".join(run.arguments)
    env = {name: value for name, value in run.command.env.items() if value not in words}
    return run.runner, run.program, run.command.directory, env


def _with_other_parts(best: Suite, candidates: list[Suite]) -> Suite:
    """Add the runs of jobs that differ in their labels only: together they are the suite.

    A job for files, tags or classes is no such part.
    """
    if best.narrowness != _PART:
        return best
    runs = list(best.runs)
    for other in candidates:
        equal = (_kind(other), other.job.trigger) == (_kind(best), best.job.trigger)
        if (
            other.job is not best.job
            and equal
            and other.narrowness == _PART
            and not other.is_special
        ):
            runs += other.runs
    return replace(best, runs=tuple(runs))


def _kind(suite: Suite) -> tuple[object, ...]:
    run = suite.main
    return run.runner, run.program, run.command.directory, dict(run.command.env)


def narrowness(run: TestRun) -> int:
    """Return how small a part of the tests a run selects: 0 all, 1 directories or apps, 2 files or tags, 3 classes."""
    return max((_width(word, run) for word in select(run)), default=0)


def widest(runs: Iterable[TestRun]) -> TestRun:
    """Return the run that selects the least of the tests, the first of several."""
    return min(runs, key=narrowness)


def _width(word: str, run: TestRun) -> int:
    """Return how narrow a label is: a directory, a file or tag, a class or function."""
    if word in {".", "./"}:
        return 0
    if word.startswith("-"):
        return _FILE
    if "::" in word or re.search(r"(^|\.)[A-Z]\w*(\.\w+)?$", word):
        return CLASS
    is_file = (
        word.endswith(".py")
        if run.runner is Runner.PYTEST
        else bool(re.search(r"\.test_\w+$", word))
    )
    return _FILE if is_file else _PART


def select(run: TestRun) -> list[str]:
    """Return the labels, tags and expressions that select tests; excluded ones do not count."""
    chosen = (
        f"{name} {value}".lstrip()
        for name, value in read_options(run.arguments, _VALUED)
        if not name or (name in _SELECTING and not re.match(r"\s*not\b", value))
    )
    return [text for text in chosen if UNKNOWN not in text]
