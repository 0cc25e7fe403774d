"""The coverage that the project's CI requires, which is HeroCI's to check only if it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.records import Command
from heroci_action.detection.ci.task_runners.coverage_settings import coverage_setting
from heroci_action.detection.findings import Fact, Finding
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.test_runner.pytest_config import pytest_config
from heroci_action.repository.files import RepositoryFiles

_REPORTS = frozenset({"report", "html", "xml", "json", "lcov"})


def detect_coverage_limits(project: ProjectFiles) -> Iterator[Finding]:
    """Yield the lines that fail if too little is covered."""
    ran = project.ci.commands or project.commands
    commands = [command for command in ran if not command.may_fail]
    found = chain(*(_limits(project, command) for command in commands))
    yield Fact("coverage_limits", tuple(dict.fromkeys(found)))


def _limits(project: ProjectFiles, command: Command) -> Iterator[str]:
    """Yield the limit of a command: its option, or the value in coverage.py's settings."""
    call = command.call
    words = call.arguments
    if call.name == "coverage" and _REPORTS.intersection(words[:1]):
        limit = Options.split(words, ("--fail-under",)).value("--fail-under")
        given = limit or _configured(project.tree, command)
    elif call.name in {"pytest", "py.test"}:
        given = _of_pytest(project, command)
    else:
        return
    if given and _is_limit(given):
        yield f"{given} % ({command.source}: {command.brief})"


def _of_pytest(project: ProjectFiles, command: Command) -> str | None:
    words = (*pytest_config(project).addopts, *command.call.arguments)
    options = Options.split(words, ("--cov-fail-under", "--cov-config"))
    measures = any(word == "--cov" or word.startswith("--cov=") for word in words)
    if not measures or "--no-cov" in words:
        return None
    limit = options.value("--cov-fail-under")
    return limit or _configured(project.tree, command, options.value("--cov-config"))


def _configured(tree: RepositoryFiles, command: Command, file: str | None = None) -> str | None:
    """Return `fail_under` of the settings that coverage.py reads for a command."""
    found = coverage_setting(tree, command, "report", "fail_under", given=file)
    return found[0] if found else None


def _is_limit(text: str) -> bool:
    """Return whether a text is a number of percent, and not zero or a value that only the CI knows."""
    try:
        return float(text) > 0
    except ValueError:
        return False
