"""Which of the built-in lint tools the project uses, and in which version."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from heroci_action.detection.findings import Fact, Finding, Found, Warn
from heroci_action.detection.lint_commands import (
    Source,
    by_ci,
    by_developers,
    command_of,
    further_calls,
)
from heroci_action.detection.lint_versions import find_pin, find_plugins
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.requirements import distributions
from heroci_action.readers.format import LintTool
from heroci_action.readers.registry import LINT_TOOLS
from heroci_action.repository.files import join

DEFAULT_TOOLS = ("black", "isort", "flake8")
# Checks of Python and templates whose output HeroCI does not read.
_OTHER_TOOLS = frozenset(
    {
        "bandit",
        "djlint",
        "djhtml",
        "curlylint",
        "codespell",
        "vulture",
        "pyright",
        "basedpyright",
        "ty",
        "pydocstyle",
    }
    | {
        "pycodestyle",
        "pyflakes",
        "interrogate",
        "semgrep",
        "lint-imports",
        "deptry",
        "pip-audit",
        "safety",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """Why a tool is the project's, and how the project calls it; `version` comes from the hook that calls it."""

    why: str
    command: tuple[str, ...] | None = None
    version: str | None = None


_Way = Callable[[ProjectFiles, LintTool], _Evidence | None]


def detect_lint(project: ProjectFiles) -> Iterator[Finding]:
    """Yield the tools that the strongest evidence names; Black, isort and Flake8 without any.

    The project uses the tools that its CI or its commit hooks run; a section or a dependency may be left over.
    """
    configured = project.configured("lint")
    asked = _found(project, partial(_by_call, by_ci(project)), every=True)
    found = asked or _not_asked(project)
    if configured is None:
        yield from _lint(found)
        yield from _not_planned(project)
        if not asked and (project.ci.jobs or not found):
            yield Found("stages.lint.optional", True, _why_optional(found))
    names = (
        set(configured)
        if isinstance(configured, list | Mapping)
        else set(found) or set(DEFAULT_TOOLS)
    )
    tools = (tool for tool in LINT_TOOLS.values() if tool.name in names)
    yield Fact("lint_plugins", tuple(dict.fromkeys(find_plugins(project))))
    specs = {tool.name: _spec(project, tool, asked) for tool in tools}
    yield Fact("lint_specs", {name: spec for name, spec in specs.items() if spec})


def _spec(project: ProjectFiles, tool: LintTool, asked: Mapping[str, _Evidence]) -> str | None:
    """Return the requirement for a tool; if the CI runs a hook, its version counts."""
    version = asked[tool.name].version if tool.name in asked else None
    return f"{tool.distribution}=={version}" if version else find_pin(project, tool)


def _lint(found: Mapping[str, _Evidence]) -> Iterator[Finding]:
    if found:
        why = "; ".join(f"{name}: {evidence.why}" for name, evidence in found.items())
        tools = {
            name: {"command": list(evidence.command)} if evidence.command else {}
            for name, evidence in found.items()
        }
        yield Found("lint", tools, why)


def _not_planned(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of checks of the CI that the plan does not contain: further calls of a tool, and other tools."""
    source = by_ci(project)
    for tool in LINT_TOOLS.values():
        for line, call in further_calls(source(tool)).items():
            yield Warn(
                f"the CI also runs {line!r} ({call.why}), which the plan does not contain",
                (
                    f'lint."{tool.name}-2" = {{ command = {json.dumps(line)}, format = "{tool.name}" }}',
                ),
            )
    others = {
        c.call.name: c
        for c in project.ci.commands
        if c.call.name in _OTHER_TOOLS and not c.may_fail
    }
    for name, command in others.items():
        yield Warn(
            f"the CI also runs {command.shown!r} ({command.source}), which the plan does not contain",
            (f"lint.{name} = {json.dumps(command.line)}",),
        )


def _not_asked(project: ProjectFiles) -> dict[str, _Evidence]:
    called: list[_Way] = [partial(_by_call, source) for source in by_developers(project)]
    ways = (*called, _by_section, _by_requirement)
    return next((found for way in ways if (found := _found(project, way))), {})


def _why_optional(found: Mapping[str, _Evidence]) -> str:
    """Return why findings do not fail the run: hooks see only changed files, and a section may be left over."""
    if found:
        return f"the project's own CI does not run {', '.join(found)}"
    return "not configured in this project"


def _found(project: ProjectFiles, way: _Way, *, every: bool = False) -> dict[str, _Evidence]:
    """Return the tools for which there is evidence; only a call of the CI counts for every tool."""
    tools = (tool for tool in LINT_TOOLS.values() if every or not tool.only_by_name)
    return {tool.name: evidence for tool in tools if (evidence := way(project, tool))}


def _by_call(source: Source, project: ProjectFiles, tool: LintTool) -> _Evidence | None:
    found = source(tool)
    if not found:
        return None
    version = next((call.version for call in found if call.version), None)
    return _Evidence(why=found[0].why, command=command_of(project, tool, found), version=version)


def _by_section(project: ProjectFiles, tool: LintTool) -> _Evidence | None:
    why = _section(project, tool)
    return _Evidence(why=why) if why else None


def _section(project: ProjectFiles, tool: LintTool) -> str | None:
    for directory in project.layout.directories:
        for name in tool.files:
            if project.tree.has(join(directory, name)):
                return f"{join(directory, name)} exists"
        pyproject: Mapping[str, Any] = project.tree.toml(join(directory, "pyproject.toml"))
        if tool.name in (pyproject.get("tool") or {}):
            return f"[tool.{tool.name}] in {join(directory, 'pyproject.toml')}"
        for name in ("setup.cfg", "tox.ini"):
            if tool.sections & set(project.tree.ini(join(directory, name))):
                return f"a section in {join(directory, name)}"
    return None


def _by_requirement(project: ProjectFiles, tool: LintTool) -> _Evidence | None:
    known = tool.name == tool.distribution and tool.distribution in distributions(project)
    return _Evidence(why="a dependency of the project") if known else None
