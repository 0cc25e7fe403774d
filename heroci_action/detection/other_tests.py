"""Tests that the CI runs in other surroundings than the suite: with other settings, variables or another program."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from heroci_action.detection.ci.records import UNKNOWN
from heroci_action.detection.ci.suite import is_beside
from heroci_action.detection.ci.test_runs import Runner, TestRun
from heroci_action.detection.ci.tool_variables import may_change_tests
from heroci_action.detection.facts import OtherTests
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.repository.files import relative_path

# `--settings=shop.settings.readonly`
_SETTINGS = re.compile(r"--(?:settings|ds)[= ](\S+)")


def describe_run(project: ProjectFiles, run: TestRun, words: tuple[str, ...]) -> OtherTests | None:
    """Return a run as a command in the working directory, with its `words`; None if a part of it is not known.

    What the tests of another package need is not known.
    """
    program = [] if is_beside(run, project.tree) else _program(project, run)
    settings = [f"{_OPTIONS[run.runner]}={name}" for name in _SETTINGS.findall(_line(run))]
    command = shlex.join([*program, *words, *settings])
    return OtherTests(command=command, env=dict(_env(project, run))) if program else None


_OPTIONS = {Runner.DJANGO: "--settings", Runner.PYTEST: "--ds"}


def _line(run: TestRun) -> str:
    return " ".join(run.arguments) if run.runner in _OPTIONS else ""


def _program(project: ProjectFiles, run: TestRun) -> list[str]:
    manage = project.layout.manage
    match run.runner:
        case Runner.PYTEST:
            return ["python", "-m", "pytest"]
        case Runner.DJANGO if manage:
            return ["python", relative_path(manage, project.layout.directory), "test"]
        case Runner.SCRIPT if run.program:
            return ["python", relative_path(run.program, project.layout.directory)]
    return []


def _env(project: ProjectFiles, run: TestRun) -> Iterator[tuple[str, str]]:
    """Yield the variables of the run that the suite does not have."""
    usual = project.ci.env
    for name, value in run.command.env.items():
        known = usual.get(name) == value or project.ci.is_predefined(name, value)
        if may_change_tests(name) and not known and UNKNOWN not in value:
            yield name, value
