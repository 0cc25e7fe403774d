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
# Options that select a part of the tests.
_SELECTING = frozenset({"--tag", "-k", "-m"})
_FILE, _CLASS = 2, 3
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
    selected = [_selected(run) for run in suite.runs]
    names = " ".join([job.source.rpartition("/")[2], job.name, *(min(selected, key=len))])
    return (
        job.trigger is Trigger.SELDOM,
        job.may_fail,
        min(narrowness(run) for run in suite.runs),
        bool(_SPECIAL.search(names)),
        job.trigger,
        all(run.command.conditional for run in suite.runs),
    )


def narrowness(run: TestRun) -> int:
    """Return how small a part of the tests a run selects: 0 all, 1 directories or apps, 2 files or tags, 3 classes."""
    return max((_width(word, run) for word in _selected(run)), default=0)


def _width(word: str, run: TestRun) -> int:
    """Return how narrow a label is: a directory, a file or tag, a class or function."""
    if word in {".", "./"}:
        return 0
    if word.startswith("-"):
        return _FILE
    if "::" in word or re.search(r"(^|\.)[A-Z]\w*(\.\w+)?$", word):
        return _CLASS
    is_file = (
        word.endswith(".py")
        if run.runner is Runner.PYTEST
        else bool(re.search(r"\.test_\w+$", word))
    )
    return _FILE if is_file else 1


def _selected(run: TestRun) -> list[str]:
    """Return the labels, tags and expressions that select tests; what they exclude is no part."""
    found: list[str] = []
    pending = iter(run.arguments)
    for word in pending:
        name, sign, value = word.partition("=")
        if name in _SELECTING and not sign:
            value = next(pending, "")
        elif re.match(r"-[mk].", word) and not sign:
            name, value = word[:2], word[2:]
        elif word in _VALUED:
            next(pending, None)
        if name in _SELECTING and not re.match(r"\s*not\b", value):
            found.append(f"{name} {value}")
        elif not word.startswith("-"):
            found.append(word)
    return [word for word in found if UNKNOWN not in word]
