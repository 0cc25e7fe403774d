"""Files that another job of GitHub's CI hands to the tests as an artifact or in a cache, such as built assets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from heroci_action.detection.ci.records import UNKNOWN, Command, Job, LeftOut
from heroci_action.detection.ci.systems.github_actions import HANDED_OVER, cached_files
from heroci_action.detection.ci.test_runs import find_test_run
from heroci_action.detection.ci.yaml_file import items, read_yaml, table, texts
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.lint.proposals import installs
from heroci_action.detection.preparation.line import find_kind, suggest_step
from heroci_action.detection.preparation.tasks import unite_tasks
from heroci_action.detection.project_files import ProjectFiles, once

_REASON = "another job makes files for the tests with it"


@once
def find_handed_over(project: ProjectFiles) -> tuple[LeftOut, ...]:
    """Return the lines of other jobs that make the files which the suite's job downloads or restores."""
    found = (
        LeftOut(
            line=command.shown,
            source=command.source,
            reason=_REASON,
            command=suggest_step(project, command),
        )
        for job in (*_makers(project), *_fillers(project))
        for command in _making(project, job)
    )
    return tuple(dict.fromkeys(found))


def warn_of_handed_over(project: ProjectFiles) -> Iterator[Finding]:
    """Warn that the plan lacks these files, unless the user has configured what runs before the tests."""
    if project.configured("tests.before") is None and (found := find_handed_over(project)):
        yield Warn(
            f"the CI's tests use files that another job makes ({found[-1].line!r} in {found[-1].source}), and the plan "
            "does not make them; if the tests need them, set tests.before to these lines: `heroci init` proposes them"
        )


def _makers(project: ProjectFiles) -> tuple[Job, ...]:
    """Return the jobs that upload an artifact which the suite's job downloads."""
    suite = project.ci.suite
    if suite is None or not suite.job.actions:
        return ()
    jobs = table(read_yaml(project.tree, suite.job.source).get("jobs"))
    own = table(jobs.get(_identifier(suite.job)))
    wanted = set(_artifacts(own, "actions/download-artifact"))
    makers = {
        name
        for name, job in jobs.items()
        if wanted.intersection(_artifacts(table(job), "actions/upload-artifact"))
        or ("" in wanted and name in texts(own.get("needs")))
    }
    others = (job for job in project.ci.jobs if job.source == suite.job.source)
    return tuple(job for job in others if _identifier(job) in makers)


def _fillers(project: ProjectFiles) -> tuple[Job, ...]:
    """Return the needed jobs that fill a cache which the suite's job only restores: it has the same path and key.

    They may be in a reusable workflow. If several workflows call it, one of the calls counts.
    """
    suite = project.ci.suite
    if suite is None:
        return ()
    restored = {action.line for action in suite.job.actions if action.reason == HANDED_OVER}
    wanted = {cache for cache in _caches(project, suite.job) if _shown(cache) in restored}
    found = {
        (job.source, job.name): job
        for job in project.ci.jobs
        if _needs(project, suite.job, job) and not wanted.isdisjoint(_caches(project, job))
    }
    return tuple(found.values())


def _needs(project: ProjectFiles, job: Job, other: Job) -> bool:
    """Return whether a job needs another one, or the call of the reusable workflow that contains it."""
    caller = job.name.removesuffix(_identifier(job))
    name = other.name.removeprefix(caller).partition(" / ")[0]
    return name in texts(_content(project, job).get("needs"))


def _content(project: ProjectFiles, job: Job) -> Mapping[str, Any]:
    jobs = table(read_yaml(project.tree, job.source).get("jobs"))
    return table(jobs.get(_identifier(job)))


def _caches(project: ProjectFiles, job: Job) -> list[tuple[str, str]]:
    steps = map(table, items(_content(project, job).get("steps")))
    return [cache for step in steps if (cache := cached_files(step))]


def _shown(cache: tuple[str, str]) -> str:
    return f"uses: actions/cache {cache[0]}"


def _identifier(job: Job) -> str:
    return job.name.rpartition(" / ")[2]


def _artifacts(job: Mapping[str, Any], action: str) -> Iterator[str]:
    """Yield the names of the artifacts of an action's steps; an empty one means every artifact."""
    for step in map(table, items(job.get("steps"))):
        if str(step.get("uses", "")).startswith(f"{action}@"):
            yield str(table(step.get("with")).get("name", ""))


def _making(project: ProjectFiles, job: Job) -> list[Command]:
    """Return the lines of a job that make files, and the lines they need; none if it only installs or checks."""
    suite = project.ci.suite
    own = {(each.words, each.directory) for each in suite.job.commands} if suite else set()
    known = [
        command
        for command in unite_tasks(job.commands)
        # What the suite's job does itself is not handed over.
        if not (command.conditional or UNKNOWN in command.line)
        and (command.words, command.directory) not in own
        and find_test_run(command, project.tree) is None
    ]
    makes = [command for command in known if _makes(project, command)]
    return [each for each in known if each in makes or installs(project, each)] if makes else []


def _makes(project: ProjectFiles, command: Command) -> bool:
    return find_kind(project, command) is None and not installs(project, command)
