"""Files that a job of the CI makes before it builds the production image."""

from __future__ import annotations

from collections.abc import Iterator

from heroci_action.detection.ci.compose.builds import read_builds
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import Command, Job
from heroci_action.detection.ci.test_runs import find_test_run
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.preparation.before_tests import find_preparation
from heroci_action.detection.preparation.line import Line
from heroci_action.detection.preparation.tasks import unite_tasks
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.text import some


def warn_of_made_files(project: ProjectFiles, dockerfile: str) -> Iterator[Finding]:
    """Warn of the lines without which the image lacks files, such as `npm run build` before `docker build`."""
    found = {
        f"{command.shown!r} ({command.source})": None
        for job in project.ci.jobs
        for command in _before_build(project, job, dockerfile)
        if _makes_files(project, command)
    }
    if found:
        yield Warn(
            f"the CI makes files before it builds {dockerfile}, and the plan does not: {some(list(found))}; if the "
            "image needs them, make them in a stage of the Dockerfile"
        )


def _before_build(project: ProjectFiles, job: Job, dockerfile: str) -> list[Command]:
    """Return the commands of a job before the build of a Dockerfile; none without this build."""
    built = [
        any(build.dockerfile == dockerfile for build in read_builds(command, project.tree))
        for command in job.commands
    ]
    return unite_tasks(job.commands[: built.index(True)]) if True in built else []


def _makes_files(project: ProjectFiles, command: Command) -> bool:
    """Return whether a command is a step that would prepare tests, and the plan has no such step for them."""
    tests = find_test_run(command, project.tree) is not None
    # An image has files; what fills an empty directory is a command of its own.
    empty = command.call.name == "mkdir"
    if tests or empty or command.conditional or command.may_fail:
        return False
    if command.call.module and command.call.name == "build":
        # `python -m build --wheel`
        return True
    step = Line(project, command).outcome()
    if isinstance(step, str):
        return step not in find_preparation(project)[0]
    return _copies(command)


def _copies(command: Command) -> bool:
    """Return whether a command copies something in the checkout, be it what git does not contain: `cp -r .git x`."""
    words = [word for word in command.call.arguments if not word.startswith("-")]
    places = [locate(word, command.directory) for word in words]
    return command.call.name == "cp" and len(places) > 1 and None not in places
