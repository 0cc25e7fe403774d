"""Which of the built-in lint tools the project uses, and in which version."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from heroci_action.detection.findings import Fact, Finding, Found
from heroci_action.detection.lint_commands import (
    Source,
    by_ci,
    by_developers,
    command_of,
    repositories,
)
from heroci_action.detection.pins import find_pins
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.requirements import distributions
from heroci_action.readers.format import LintTool
from heroci_action.readers.registry import LINT_TOOLS
from heroci_action.repository.files import join

DEFAULT_TOOLS = ("black", "isort", "flake8")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """Why a tool is the project's; `command` is how the project calls it, None where nobody does."""

    why: str
    command: tuple[str, ...] | None = None


_Way = Callable[[ProjectFiles, LintTool], _Evidence | None]


def detect_lint(project: ProjectFiles) -> Iterator[Finding]:
    """The tools that the strongest evidence speaks of; black, isort and flake8 where nothing does.

    What CI or the commit hooks run is what the project uses; a section or a dependency may be left over.
    """
    configured = project.configured("lint")
    asked = _found(project, partial(_by_call, by_ci(project)))
    found = asked or _not_asked(project)
    if configured is None:
        yield from _lint(found)
        if not asked and (project.evidence.commands or not found):
            yield Found("stages.lint.optional", True, _why_optional(found))
    names = (
        set(configured)
        if isinstance(configured, list | Mapping)
        else set(found) or set(DEFAULT_TOOLS)
    )
    tools = (tool for tool in LINT_TOOLS.values() if tool.name in names)
    yield Fact("lint_plugins", tuple(dict.fromkeys(_plugins(project))))
    yield Fact("lint_specs", {tool.name: spec for tool in tools if (spec := pinned(project, tool))})


def _lint(found: Mapping[str, _Evidence]) -> Iterator[Finding]:
    if found:
        why = "; ".join(f"{name}: {evidence.why}" for name, evidence in found.items())
        tools = {
            name: {"command": list(evidence.command)} if evidence.command else {}
            for name, evidence in found.items()
        }
        yield Found("lint", tools, why)


def _not_asked(project: ProjectFiles) -> dict[str, _Evidence]:
    called: list[_Way] = [partial(_by_call, source) for source in by_developers(project)]
    ways = (*called, _by_section, _by_requirement)
    return next((found for way in ways if (found := _found(project, way))), {})


def _why_optional(found: Mapping[str, _Evidence]) -> str:
    """Nobody promised that such tools find nothing: commit hooks see changed files only, sections may be left over."""
    if found:
        return f"the project's own CI does not run {', '.join(found)}"
    return "nothing shows that the project uses a lint tool"


def _found(project: ProjectFiles, way: _Way) -> dict[str, _Evidence]:
    tools = (tool for tool in LINT_TOOLS.values() if not tool.only_by_name)
    return {tool.name: evidence for tool in tools if (evidence := way(project, tool))}


def _by_call(source: Source, project: ProjectFiles, tool: LintTool) -> _Evidence | None:
    found = source(tool)
    return _Evidence(why=found[0].why, command=command_of(project, tool, found)) if found else None


def _by_section(project: ProjectFiles, tool: LintTool) -> _Evidence | None:
    why = _section(project, tool)
    return _Evidence(why=why) if why else None


def _section(project: ProjectFiles, tool: LintTool) -> str | None:
    for directory in project.layout.directories:
        for name in tool.files:
            if project.tree.has(join(directory, name)):
                return f"{join(directory, name)} is there"
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


def pinned(project: ProjectFiles, tool: LintTool) -> str | None:
    """The requirement that fixes the tool's version: the project's own, its CI's, else that of its pre-commit hook."""
    pins = find_pins(project)
    return pins.get(tool.distribution) or _ci_pin(project, tool) or _hook_pin(project, tool)


_PLUGIN = re.compile(
    r"(?i)(flake8-[\w.-]+|pep8-naming|dlint|pyproject-flake8)(\[[\w,]+\])?([=<>~!]=?.*)?"
)


def _plugins(project: ProjectFiles) -> Iterator[str]:
    """Flake8's plugins that hooks, tox and CI install, and what reads [tool.flake8] where that is there."""
    hooks = (
        str(requirement)
        for _, hooks in repositories(project)
        for hook in hooks
        if hook.get("id") in LINT_TOOLS["flake8"].hooks
        and isinstance(hook.get("additional_dependencies"), list)
        for requirement in hook["additional_dependencies"]
    )
    lines = (c.line for c in project.evidence.commands if re.search(r"\binstall\b", c.line))
    installed = (word.strip("'\"") for line in lines for word in line.split())
    tox = (
        line.strip()
        for options in project.tree.ini("tox.ini").values()
        for line in options.get("deps", "").splitlines()
    )
    yield from (word for word in (*hooks, *installed, *tox) if _PLUGIN.fullmatch(word))
    for directory in project.layout.directories:
        path = join(directory, "pyproject.toml")
        if "flake8" in project.tree.toml(path).get("tool", {}):
            yield "flake8-pyproject"


def _ci_pin(project: ProjectFiles, tool: LintTool) -> str | None:
    """`pip install black==24.1`, `uvx ruff@0.9.1`."""
    form = re.compile(rf"(?<![\w-]){tool.distribution}(?:==|@)v?(\d+(?:\.\w+)+)")
    found = (form.search(command.line) for command in project.evidence.commands)
    return next((f"{tool.distribution}=={match[1]}" for match in found if match), None)


def _hook_pin(project: ProjectFiles, tool: LintTool) -> str | None:
    for revision, hooks in repositories(project):
        version = re.fullmatch(r"v?(\d+(?:\.\w+)+)", revision)
        if version and any(hook.get("id") in tool.hooks for hook in hooks):
            return f"{tool.distribution}=={version[1]}"
    return None
