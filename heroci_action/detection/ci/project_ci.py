"""Read the whole CI of a project."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial

from heroci_action.detection.ci.compose.builds import read_all_builds
from heroci_action.detection.ci.compose.image_build import ImageBuild
from heroci_action.detection.ci.containers import with_containers
from heroci_action.detection.ci.left_out import CHECKS, reason_of_program
from heroci_action.detection.ci.named_python import python_of_environment, python_of_run
from heroci_action.detection.ci.records import Command, Image, Job, LeftOut, Trigger
from heroci_action.detection.ci.suite import Suite
from heroci_action.detection.ci.suite_choice import find_suite, repeats
from heroci_action.detection.ci.systems.azure import read_azure
from heroci_action.detection.ci.systems.buildkite import read_buildkite
from heroci_action.detection.ci.systems.circleci import read_circleci
from heroci_action.detection.ci.systems.cirrus import read_cirrus
from heroci_action.detection.ci.systems.codebuild import read_codebuild
from heroci_action.detection.ci.systems.container_steps import read_bitbucket, read_drone
from heroci_action.detection.ci.systems.foreign_workflow import ELSEWHERE
from heroci_action.detection.ci.systems.github import read_workflows
from heroci_action.detection.ci.systems.gitlab import read_gitlab
from heroci_action.detection.ci.systems.jenkins import read_jenkins
from heroci_action.detection.ci.systems.local import read_local
from heroci_action.detection.ci.systems.semaphore import read_semaphore
from heroci_action.detection.ci.systems.travis import PATH as TRAVIS
from heroci_action.detection.ci.systems.travis import read_travis
from heroci_action.detection.ci.systems.unread_files import read_unread
from heroci_action.detection.ci.territory import WHOLE, Territory, keep_own
from heroci_action.detection.ci.test_runs import find_test_run
from heroci_action.repository.files import RepositoryFiles

# In the order of precedence: a file of GitHub wins over a forgotten one of another service.
SERVICES: tuple[Callable[[RepositoryFiles], Iterator[Job]], ...] = (
    read_workflows,
    read_gitlab,
    read_circleci,
    read_travis,
    read_drone,
    read_bitbucket,
    read_semaphore,
    read_buildkite,
    read_azure,
    read_cirrus,
    read_codebuild,
    read_jenkins,
)


# Badges of services: `https://circleci.com/gh/acme/shop.svg`
_BADGES = {
    read_gitlab: re.compile(r"gitlab[^\s()]*/badges/"),
    read_circleci: re.compile(r"circleci\.com/(gh|bb|github|bitbucket|status-badge)/"),
}
# The badge of the service that still exists; travis-ci.org was closed in 2021.
_TRAVIS_BADGE = re.compile(r"\btravis-ci\.com/")
_READMES = ("README.md", "README.rst", "README")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectCI:
    """The jobs of the project's CI, and its test suite; without a CI, the tests of tox or make.

    `jobs` come from the services, else from tox or make; `leg_commands` run only in other legs of their matrices.
    `forgotten` are the jobs of a file of Travis that probably nothing reads any more. It `is_local` if no service runs
    tests. The commands belong to `territory`, one project of the repository.
    """

    jobs: tuple[Job, ...] = ()
    leg_commands: tuple[Command, ...] = ()
    forgotten: tuple[Job, ...] = ()
    suite: Suite | None = None
    is_local: bool = False
    territory: Territory = WHOLE

    @property
    def commands(self) -> tuple[Command, ...]:
        """Return the commands of every job."""
        own = (command for job in self.jobs for command in job.commands)
        return (*own, *self.leg_commands)

    @property
    def legs(self) -> tuple[Job, ...]:
        """Return every job, each followed by the other legs of its matrix."""
        return tuple(leg for job in self.jobs for leg in (job, *job.similar()))

    @property
    def tests(self) -> tuple[Command, ...]:
        """Return the commands of the suite's job, or those that a foreign workflow runs before the tests."""
        job = self.suite.job if self.suite else self.foreign_job
        return job.commands if job else ()

    @property
    def foreign_job(self) -> Job | None:
        """Return the job that probably runs the tests in a workflow of another repository, if no other does."""
        job = self.likely_job if self.suite is None else None
        called = job is not None and any(line.reason == ELSEWHERE for line in job.not_followed)
        return job if called else None

    @property
    def likely_job(self) -> Job | None:
        """Return the suite's job; without one, that with an unread line that mentions tests or CI, or with servers."""
        if self.suite is not None:
            return self.suite.job
        lines = [(job, line.line) for job in self.jobs for line in job.not_followed]
        signs = (r"test|coverage", r"\bci\b")
        found = (j for sign in signs for j, line in lines if re.search(sign, f"{j.name} {line}"))
        with_servers = (job for job in self.jobs if job.not_followed and job.services)
        return next(itertools.chain(found, with_servers), None)

    @property
    def env(self) -> Mapping[str, str]:
        """Return the variables with which the suite's tests run, without the service's own."""
        env = self.suite.main.command.env if self.suite else {}
        return {name: value for name, value in env.items() if not self.is_predefined(name, value)}

    def is_predefined(self, name: str, value: str) -> bool:
        """Return whether the service itself sets a variable of the suite's job to this value."""
        return self.suite is not None and self.suite.job.predefined.get(name) == value

    def is_of_service(self, name: str, value: str) -> bool:
        """Return whether the service itself sets a variable of some job to this value: the name of the workflow."""
        return any(job.predefined.get(name) == value for job in self.jobs)

    @property
    def switches(self) -> tuple[str, ...]:
        """Return the variables that the service itself sets to "true" for the suite's tests: `CI`, `GITHUB_ACTIONS`."""
        command = self.suite.main.command if self.suite else None
        # A container does not get them.
        if command is None or command.is_contained:
            return ()
        found = (name for name, value in command.env.items() if value == "true")
        return tuple(name for name in found if self.is_predefined(name, "true"))

    @property
    def services(self) -> tuple[Image, ...]:
        """Return the servers of the suite's job."""
        return self.likely_job.services if self.likely_job else ()

    @property
    def created(self) -> Mapping[str, str]:
        """Return the files that the suite's job creates, with their text."""
        return self.suite.job.created if self.suite else {}

    @property
    def not_followed(self) -> tuple[LeftOut, ...]:
        """Return the lines of every job that could not be read."""
        return tuple(line for job in self.jobs for line in job.not_followed)


def read_ci(tree: RepositoryFiles, territory: Territory = WHOLE) -> ProjectCI:
    """Read the files of every service for one project; nothing from the repository is executed."""
    by_service = [tuple(_jobs(read(tree), tree, territory)) for read in _services(tree)]
    suites = [found for jobs in by_service if (found := find_suite(jobs, tree))]
    # A service that only runs browser tests, or only runs at night, does not run the suite.
    usual = [suite for suite in suites if not suite.is_special]
    read = tuple(job for found in by_service for job in found)
    jobs = (*read, *read_unread(tree, {job.source for job in read}))
    suite = next(iter(usual or suites), None)
    forgotten = tuple(job for job in jobs if suite in usual and _is_forgotten(job, suite, tree))
    jobs = tuple(job for job in jobs if job not in forgotten)
    if suite is not None:
        elsewhere = (other.job for other in usual if repeats(other, suite))
        suite = replace(suite, twins=(*suite.twins, *elsewhere))
    is_local = suite is None
    if suite is None and (local := find_suite(_jobs(read_local(tree), tree, territory), tree)):
        # `make test` may call tox, and a laptop runs one of them.
        suite = replace(local, twins=())
    if suite and not read and _is_complete(suite.job):
        jobs = (suite.job, *jobs)
    return ProjectCI(
        jobs=jobs,
        forgotten=forgotten,
        leg_commands=tuple(itertools.chain.from_iterable(map(_leg_commands, jobs))),
        suite=suite,
        is_local=is_local,
        territory=territory,
    )


def _is_forgotten(job: Job, suite: Suite | None, tree: RepositoryFiles) -> bool:
    """Return whether a job is Travis's, another service runs the suite, and the README shows no badge of Travis."""
    if suite is None or job.source != TRAVIS or suite.job.source == TRAVIS:
        return False
    return _TRAVIS_BADGE.search(_readme(tree)) is None


def _readme(tree: RepositoryFiles) -> str:
    return tree.text(tree.first(*_READMES) or "")


def _services(tree: RepositoryFiles) -> list[Callable[[RepositoryFiles], Iterator[Job]]]:
    """Return the services in the order of precedence: of CircleCI and GitLab, that with the badge comes first.

    The other one may only deploy the project.
    """
    shown = [read for read, badge in _BADGES.items() if badge.search(_readme(tree))]
    if shown != [read_circleci]:
        return list(SERVICES)
    others = [read for read in SERVICES if read is not read_circleci]
    place = others.index(read_gitlab)
    return [*others[:place], read_circleci, *others[place:]]


def _jobs(
    jobs: Iterable[Job],
    tree: RepositoryFiles,
    territory: Territory,
    builds: tuple[ImageBuild, ...] | None = None,
) -> Iterator[Job]:
    """Yield the jobs with the commands of the project; `builds` are the images that they build, unless others do."""
    jobs = tuple(jobs)
    if builds is None:
        builds = read_all_builds((command for job in jobs for command in job.commands), tree)
    for job in jobs:
        own = keep_own(with_containers(job, tree, builds), tree, territory)
        own = _on_its_python(_under_its_condition(own, tree), tree)
        allowed = tuple(replace(command, may_fail=True) for command in own.commands)
        yield replace(
            own,
            commands=allowed if job.may_fail else own.commands,
            similar=cache(partial(_similar, job, tree, territory, builds)),
        )


def _on_its_python(job: Job, tree: RepositoryFiles) -> Job:
    """Return a job with the Python that its tests or their environment name, whatever the job installs."""
    tests = (each for each in job.commands if find_test_run(each, tree) is not None)
    named = next(filter(None, map(python_of_run, tests)), None)
    named = named or python_of_environment(job.commands)
    pythons = job.pythons if named is None or named in job.pythons else (named,)
    return replace(job, python=named or job.python, pythons=pythons)


def _is_complete(job: Job) -> bool:
    """Return whether a call of tox or make is all that has to pass without a service: it runs more than the tests."""
    names = {command.call.name for command in job.commands}
    return job.name == "tox" or any(reason_of_program(name) == CHECKS for name in names)


def _under_its_condition(job: Job, tree: RepositoryFiles) -> Job:
    """Return a job whose tests all run under the same conditions as a job that runs under them.

    What runs under no other condition than the tests always runs with them.
    """
    tests = [each.conditions for each in job.commands if find_test_run(each, tree) is not None]
    shared = frozenset.intersection(*tests) if tests else frozenset()
    if not shared:
        return job
    commands = (replace(each, conditions=each.conditions - shared) for each in job.commands)
    trigger = max(job.trigger, Trigger.CONDITION)
    return replace(job, commands=tuple(commands), trigger=trigger)


def _similar(
    job: Job, tree: RepositoryFiles, territory: Territory, builds: tuple[ImageBuild, ...]
) -> tuple[Job, ...]:
    return tuple(_jobs(job.similar(), tree, territory, builds))


def _leg_commands(job: Job) -> Iterator[Command]:
    """Yield the commands that a job runs only in other legs of its matrix."""
    seen = {(command.words, command.directory) for command in job.commands}
    for leg in job.similar():
        for command in leg.commands:
            if (command.words, command.directory) not in seen:
                seen.add((command.words, command.directory))
                yield command
