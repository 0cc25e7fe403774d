"""Which versions of the lint tools the project uses, and which plugins of Flake8."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from heroci_action.detection.ci.records import Command
from heroci_action.detection.lint.hooks import read_hooks
from heroci_action.detection.lint.pins import (
    find_pin_with,
    find_pins,
    find_range_with,
    installed_with,
)
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.requirements.declared import distributions
from heroci_action.detection.requirements.files import distribution
from heroci_action.readers.format import LintTool
from heroci_action.readers.registry import LINT_TOOLS
from heroci_action.repository.files import join

# `flake8-bugbear==24.1`, `pylint-django`
_PLUGIN = re.compile(
    r"(?i)(flake8-[\w.-]+|pylint-[\w-]+|pep8-naming|dlint|pyproject-flake8)(\[[\w,]+\])?([=<>~!]=?.*)?"
)
# `django-stubs`, `types-requests`
_STUBS = re.compile(r"types-[\w-]+|[\w-]+-stubs(-ext)?")
# Hooks whose tools need what is installed beside them: types, plugins, or another version of a requirement.
_EXTENDED = frozenset[str]().union(
    *(LINT_TOOLS[name].hooks for name in ("mypy", "pylint", "black", "isort"))
)


def find_pin(project: ProjectFiles, tool: LintTool) -> str | None:
    """Return the requirement that fixes a tool's version: the project's own, its CI's or its hook's.

    If the CI installs the newest version, the version of a hook does not count.
    """
    pin = (
        find_pin_with(project, tool.programs, tool.distribution)
        or find_pins(project).get(tool.distribution)
        or find_installed_pin(project, tool.distribution)
    )
    newest = tool.distribution in _installed_words(project.ci.commands)
    return (
        pin
        or (None if newest else _hook_pin(project, tool))
        or find_range_with(project, tool.programs, tool.distribution)
    )


def find_installed_pin(project: ProjectFiles, distribution: str) -> str | None:
    """Return the version in `pip install black==24.1` or `uvx ruff@0.9.1`."""
    words = (word for command in project.ci.commands for word in command.words)
    return pin_in(words, distribution)


def pin_in(words: Iterable[str], distribution: str) -> str | None:
    """Return the version of a package that one of the words requires: `black==24.1`, `ruff@0.9.1`."""
    form = re.compile(rf"{re.escape(distribution)}(?:\[[\w,]+\])?(?:==|@)v?(\d+(?:\.\w+)+)")
    found = (form.fullmatch(word) for word in words)
    return next((f"{distribution}=={match[1]}" for match in found if match), None)


def _hook_pin(project: ProjectFiles, tool: LintTool) -> str | None:
    for hook in read_hooks(project):
        if hook.entry[:1] and hook.entry[0] in tool.programs:
            # pre-commit makes an environment for a local hook with these.
            if pin := pin_in(hook.dependencies, tool.distribution):
                return pin
        elif hook.id in tool.hooks and hook.version:
            return f"{tool.distribution}=={hook.version}"
    return None


def find_plugins(project: ProjectFiles) -> Iterator[str]:
    """Yield what linters load: Flake8's plugins, the reader of [tool.flake8], mypy's stubs, and hooks' dependencies."""
    yield from filter(_PLUGIN.fullmatch, _installed_with_flake8(project))
    yield from _stubs(project)
    for hook in read_hooks(project):
        # A local hook runs in the developer's environment.
        if hook.id in _EXTENDED and not hook.entry:
            yield from hook.dependencies
    for directory in project.layout.directories:
        pyproject = project.tree.toml(join(directory, "pyproject.toml"))
        if "flake8" in pyproject.get("tool", {}):
            yield "flake8-pyproject"


def _stubs(project: ProjectFiles) -> Iterator[str]:
    """Yield the stubs that the CI installs only for its calls of mypy."""
    for requirement in installed_with(project, LINT_TOOLS["mypy"].programs):
        name = distribution(requirement)
        if _STUBS.fullmatch(name) and name not in distributions(project):
            extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
            yield f"{name}{extras}{requirement.specifier}"


def _installed_with_flake8(project: ProjectFiles) -> Iterator[str]:
    """Yield the requirements of Flake8's hooks and environments, and the words of all installations in CI and make."""
    flake8 = LINT_TOOLS["flake8"]
    for hook in read_hooks(project):
        if hook.id in flake8.hooks:
            yield from hook.dependencies
    for requirement in installed_with(project, flake8.programs):
        yield f"{distribution(requirement)}{requirement.specifier}"
    yield from _installed_words(chain(project.ci.commands, *project.local_checks))


def _installed_words(commands: Iterable[Command]) -> Iterator[str]:
    """Yield the words of the commands that install something."""
    return (word for command in commands if "install" in command.words for word in command.words)
