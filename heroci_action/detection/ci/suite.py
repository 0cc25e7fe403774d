"""The record of a test suite: the job that runs it, its test commands, and properties that two runs share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from heroci_action.detection.ci.matrix import OTHER_DATABASE, POSTGRES
from heroci_action.detection.ci.records import Job, Trigger
from heroci_action.detection.ci.selection import (
    find_exclusions,
    narrowness,
    select,
)
from heroci_action.detection.ci.test_runs import TestRun

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
        return min(self.runs, key=lambda run: (narrowness(run), names_other_database(run)))

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


def names_other_database(run: TestRun) -> bool:
    """Return whether a variable of the run names another database: `TEST_ON_MYSQL=1`, `DB=sqlite`."""
    return any(OTHER_DATABASE.search(f"{name}={value}") for name, value in run.command.env.items())


def _leaves_out_postgres(run: TestRun) -> bool:
    return any(map(POSTGRES.search, find_exclusions(run.arguments)))


def databases_of(job: Job) -> frozenset[str]:
    """Return the names of the images of databases that a job starts."""
    names = (image.name for image in job.services)
    return frozenset(name for name in names if POSTGRES.search(name) or OTHER_DATABASE.search(name))


def tests_of(run: TestRun) -> tuple[object, ...]:
    """Return what two runs of the same tests have in common."""
    return program_of(run), run.command.directory, run.arguments


def program_of(run: TestRun) -> tuple[object, ...]:
    """Return the runner of a run and the program that starts it."""
    return run.runner, run.program


def kind_of(suite: Suite) -> tuple[object, ...]:
    """Return the properties of the main run that its other parts share: program, directory and variables."""
    run = suite.main
    return run.runner, run.program, run.command.directory, dict(run.command.env)


def excluded_by(runs: Iterable[TestRun]) -> frozenset[str]:
    """Return the tags, markers, keywords and paths that some of the runs leave out."""
    return frozenset().union(*(find_exclusions(run.arguments) for run in runs))
