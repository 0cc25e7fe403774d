"""Stages that `heroci init` proposes for checks of the CI that the plan does not contain."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping

from heroci_action.detection.ci.left_out import CHANGES
from heroci_action.detection.ci.records import UNKNOWN, Command, Job
from heroci_action.detection.ci.task_runners.package_scripts import (
    PACKAGE_MANAGERS,
    split_directory,
)
from heroci_action.detection.ci.test_runs import find_test_run, program_file
from heroci_action.detection.preparation.compared_files import COMPARING, makes_for
from heroci_action.detection.preparation.line import find_kind, suggest_step
from heroci_action.detection.preparation.tasks import unite_tasks
from heroci_action.detection.preparation.tracked_files import changes_content
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.plan.built_in_stages import BUILT_IN_STAGES

_INSTALLS = frozenset({"install", "i", "ci", "add", "install-ci-test", "cit"})
# Programs that run a tool in a separate environment.
_OWN_ENVIRONMENT = frozenset({"uvx", "pipx"})
# Programs that check the files in `dist`, and programs that make them.
_OF_PACKAGES = frozenset({"twine", "check-wheel-contents", "pyroma"})
_BUILDERS = frozenset({"uv", "poetry", "hatch", "pdm", "flit", "setup.py"})
# Packages that a job installs in order to install or to run something else.
_INSTALLERS = frozenset({"pip", "setuptools", "wheel", "uv", "poetry", "pipenv", "tox", "nox"})


def propose_stage(name: str, steps: Iterable[str]) -> tuple[str, ...]:
    """Return the line of the configuration for a stage; none without steps.

    A built-in stage may be skipped or optional, so that a check needs another name.
    """
    lines = [*dict.fromkeys(steps)]
    own = f"{name}-checks" if name in BUILT_IN_STAGES else name
    text = json.dumps(lines, ensure_ascii=False)
    return (f"stages.{own} = {{ steps = {text} }}",) if lines else ()


def steps_of(project: ProjectFiles, job: Job, command: Command) -> tuple[str, ...]:
    """Return a check as steps, after the installations of its job for it; none if a part of them is not known.

    A script of the repository knows the unknown parts of its lines, so that its call is the step.
    """
    if UNKNOWN in command.line:
        scripts = (each for each in command.via if program_file(each, project.tree))
        command = next((each for each in scripts if UNKNOWN not in each.line), command)
    line = suggest_step(project, command) or command.shown
    if UNKNOWN in command.line or not line:
        return ()
    alone = _OWN_ENVIRONMENT.intersection(command.call.launchers)
    tool = [f"pip install {command.call.name}"] if alone else []
    return (*installs_of(project, job, command), *tool, line)


def installs_of(project: ProjectFiles, job: Job, command: Command) -> Iterator[str]:
    """Yield the installations of a job before a command; of Python, only packages that the plan does not install.

    If git looks for changes, what makes them belongs to it; so does what builds a package that is checked.
    """
    asks_git = command.call.name == "git"
    compares = command.call.name in COMPARING
    of_package = command.call.name in _OF_PACKAGES
    for each in unite_tasks(_before(job, command)):
        same = each.environment == command.environment and not each.conditional
        kind = find_kind(project, each)
        makes = asks_git and (kind in {None, CHANGES} or changes_content(kind))
        makes = makes or (compares and makes_for(project, each, command))
        makes = makes or (of_package and _builds_package(each))
        if same and UNKNOWN not in each.line and (makes or installs(project, each)):
            yield suggest_step(project, each) or each.shown


def _builds_package(command: Command) -> bool:
    """Return whether a command makes the files in `dist`: `python -m build`, `uv build`, `setup.py sdist`."""
    builds = not {"build", "sdist", "bdist_wheel"}.isdisjoint(command.call.arguments)
    return command.call.name == "build" or (command.call.name in _BUILDERS and builds)


def _before(job: Job, command: Command) -> Iterator[Command]:
    for each in job.commands:
        if each is command or each in command.via or command in each.via:
            return
        yield each


def task_of(project: ProjectFiles, command: Command) -> Command:
    """Return the outermost task of npm that a command is a part of, but none that runs the tests; else the command."""
    runs = (each for each in project.commands if find_test_run(each, project.tree))
    around = {id(task) for run in runs for task in run.via}
    tasks = (task for task in command.via if task.call.name in PACKAGE_MANAGERS)
    return next((task for task in tasks if id(task) not in around), command)


@once
def written_steps(project: ProjectFiles) -> frozenset[str]:
    """Return the lines of the stages in the user's configuration."""
    stages = project.configured("stages") or {}
    steps = (step for stage in stages.values() for step in stage.get("steps", ()))
    runs = (step.get("run", "") if isinstance(step, Mapping) else step for step in steps)
    return frozenset(run if isinstance(run, str) else shlex.join(run) for run in runs)


def installs(project: ProjectFiles, command: Command) -> bool:
    """Return whether a command installs packages of node, or packages of Python by name or from a file."""
    if command.call.name in PACKAGE_MANAGERS:
        words = split_directory(command)[0]
        return not words or words[0] in _INSTALLS
    words = tuple(word for word in command.call.arguments if not word.startswith("-"))
    is_pip = command.call.name in {"pip", "pip3"} and words[:1] == ("install",)
    planned = command.line in {each.line for each in project.commands}
    return is_pip and not (planned or _INSTALLERS.issuperset(words[1:]))
