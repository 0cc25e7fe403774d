"""Which of the built-in lint tools the project uses, and in which version."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from heroci_action.config.detection.clues import Clues, Fact, Finding, Found
from heroci_action.config.detection.evidence import read_yaml
from heroci_action.config.lint_tools import LINT_TOOLS, LintTool
from heroci_action.config.tree import join

DEFAULT_TOOLS = ("black", "isort", "flake8")


def detect_lint(clues: Clues) -> Iterator[Finding]:
    """The tools that the strongest evidence speaks of; black, isort and flake8 where nothing does.

    What CI or the commit hooks run is what the project uses; a section or a dependency may be left over.
    """
    told = clues.told("lint")
    found = next((found for source in _SOURCES if (found := _found(clues, source))), {})
    if told is None and found:
        yield Found("lint", list(found), "; ".join(f"{name}: {why}" for name, why in found.items()))
    names = set(told) if isinstance(told, list | Mapping) else set(found) or set(DEFAULT_TOOLS)
    tools = (tool for tool in LINT_TOOLS.values() if tool.name in names)
    yield Fact("lint_specs", {tool.name: spec for tool in tools if (spec := pinned(clues, tool))})


def _found(clues: Clues, source: Callable[[Clues, LintTool], str | None]) -> dict[str, str]:
    tools = (tool for tool in LINT_TOOLS.values() if not tool.only_by_name)
    return {tool.name: why for tool in tools if (why := source(clues, tool))}


def _run(clues: Clues, tool: LintTool) -> str | None:
    return _by_command(clues, tool) or _by_hook(clues, tool)


def _by_command(clues: Clues, tool: LintTool) -> str | None:
    for command in (*clues.evidence.commands, *clues.tox_commands):
        if any(re.search(pattern, command.line) for pattern in tool.runs):
            return f"run by {command.source}"
    return None


def _by_hook(clues: Clues, tool: LintTool) -> str | None:
    used = any(hook in tool.hooks for _, hooks in _repositories(clues) for hook in hooks)
    return "a hook in .pre-commit-config.yaml" if used else None


def _repositories(clues: Clues) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The repositories of .pre-commit-config.yaml: revision and ids of the hooks."""
    path = clues.tree.first(".pre-commit-config.yaml", ".pre-commit-config.yml")
    repositories = read_yaml(clues.tree, path).get("repos") if path else None
    for repository in repositories if isinstance(repositories, list) else ():
        if isinstance(repository, Mapping) and isinstance(repository.get("hooks"), list):
            hooks = (hook.get("id") for hook in repository["hooks"] if isinstance(hook, Mapping))
            yield str(repository.get("rev", "")), tuple(
                hook for hook in hooks if isinstance(hook, str)
            )


def _by_section(clues: Clues, tool: LintTool) -> str | None:
    for directory in clues.layout.directories:
        for name in tool.files:
            if clues.tree.has(join(directory, name)):
                return f"{join(directory, name)} is there"
        pyproject: Mapping[str, Any] = clues.tree.toml(join(directory, "pyproject.toml"))
        if tool.name in (pyproject.get("tool") or {}):
            return f"[tool.{tool.name}] in {join(directory, 'pyproject.toml')}"
        for name in ("setup.cfg", "tox.ini"):
            if tool.sections & set(clues.tree.ini(join(directory, name))):
                return f"a section in {join(directory, name)}"
    return None


def _by_requirement(clues: Clues, tool: LintTool) -> str | None:
    known = tool.name == tool.distribution and tool.distribution in clues.distributions
    return "a dependency of the project" if known else None


_SOURCES = (_run, _by_section, _by_requirement)


def pinned(clues: Clues, tool: LintTool) -> str | None:
    """The requirement that fixes the tool's version: the project's own, else that of its pre-commit hook."""
    pins = clues.dependencies.pins or {}
    return pins.get(tool.distribution) or _hook_pin(clues, tool)


def _hook_pin(clues: Clues, tool: LintTool) -> str | None:
    for revision, hooks in _repositories(clues):
        version = re.fullmatch(r"v?(\d+(?:\.\w+)+)", revision)
        if version and any(hook in tool.hooks for hook in hooks):
            return f"{tool.distribution}=={version[1]}"
    return None
