"""Choose the job that runs the project's test suite."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from heroci_action.detection.ci.records import UNKNOWN, Command, Job, Trigger
from heroci_action.detection.ci.test_runs import Runner, TestRun, find_test_run
from heroci_action.repository.files import RepositoryFiles

# Words in the names of jobs and files for something beside the usual tests.
_SPECIAL = re.compile(
    r"(?i)e2e|end.to.end|playwright|selenium|cypress|integration|nightly|bench|latest|docs?\b|release|deploy|smoke|"
    r"\bui\b|migrations?\b|perf|load|fuzz|compat|upgrade|flaky"
)
# Options that select a part of the tests; what they exclude is no part.
_SELECTING = re.compile(r"--tag(=.*)?|-k|-k.+|--deselect|-m|-m.+")
_VALUED = frozenset(
    {
        "-k",
        "-m",
        "--tag",
        "--exclude-tag",
        "--settings",
        "--ds",
        "-p",
        "-c",
        "-o",
        "-n",
        "-W",
        "--ignore",
        "--deselect",
    }
    | {
        "--pattern",
        "--verbosity",
        "-v",
        "--cov-report",
        "--maxfail",
        "--junitxml",
        "--parallel",
        "--numprocesses",
    }
    | {
        "--rootdir",
        "--durations",
        "--tb",
        "--top-level-directory",
        "-t",
        "--testrunner",
        "--pythonpath",
    }
)


@dataclass(frozen=True)
class Suite:
    """The job that runs the tests, and its commands that run them."""

    job: Job
    runs: tuple[TestRun, ...]

    @cached_property
    def commands(self) -> tuple[Command, ...]:
        """The commands of the job in order."""
        return self.job.commands


def find_suite(jobs: Iterable[Job], tree: RepositoryFiles) -> Suite | None:
    """Return the suite's job: it runs for each change, must pass, and selects the least of its tests."""
    candidates = [suite for job in jobs if (suite := _suite(job, tree)) is not None]
    return min(candidates, key=_rank, default=None)


def _suite(job: Job, tree: RepositoryFiles) -> Suite | None:
    runs = [run for command in job.commands if (run := find_test_run(command, tree)) is not None]
    certain = [run for run in runs if not run.command.conditional]
    return Suite(job=job, runs=tuple(certain or runs)) if runs else None


def _rank(suite: Suite) -> tuple[object, ...]:
    job = suite.job
    return (
        job.trigger is Trigger.SELDOM,
        job.may_fail,
        min(narrowness(run) for run in suite.runs),
        bool(_SPECIAL.search(f"{job.source.rpartition('/')[2]} {job.name}")),
        job.trigger,
        all(run.command.conditional for run in suite.runs),
    )


def narrowness(run: TestRun) -> int:
    """Return how small a part of the tests a run selects: 0 all, 1 directories or apps, 2 files or tags, 3 classes."""
    found = 0
    pending = iter(run.arguments)
    for word in pending:
        if _SELECTING.fullmatch(word):
            value = word.partition("=")[2] or (next(pending, "") if word in _VALUED else word)
            found = max(found, 0 if UNKNOWN in value or re.match(r"(-[mk])?\s*not\b", value) else 2)
        elif word in _VALUED:
            next(pending, None)
        elif not word.startswith("-") and UNKNOWN not in word:
            found = max(found, _label(word, run.runner))
    return found


def _label(word: str, runner: Runner) -> int:
    """Return how narrow a label is: a directory, a file, a class or a function."""
    if "::" in word or re.search(r"(^|\.)[A-Z]\w*(\.\w+)?$", word):
        return 3
    if word in {".", "./"}:
        return 0
    is_file = (
        word.endswith(".py") if runner is Runner.PYTEST else bool(re.search(r"\.test_\w+$", word))
    )
    return 2 if is_file else 1
