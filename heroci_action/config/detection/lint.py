"""Which of the built-in lint tools the project uses, and in which version."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from heroci_action.config.detection.clues import Clues, Fact, Finding, Found
from heroci_action.config.lint_tools import LINT_TOOLS, LintTool
from heroci_action.config.tree import join

DEFAULT_TOOLS = ("black", "isort", "flake8")


def detect_lint(clues: Clues) -> Iterator[Finding]:
    """The tools that something in the repository speaks of; black, isort and flake8 where nothing does."""
    told = clues.told("lint")
    found = {tool.name: why for tool in LINT_TOOLS.values() if (why := evidence_of(clues, tool))}
    if told is None and found:
        yield Found("lint", list(found), "; ".join(f"{name}: {why}" for name, why in found.items()))
    names = set(told) if isinstance(told, list | Mapping) else set(found) or set(DEFAULT_TOOLS)
    specs = {
        tool.name: spec
        for tool in LINT_TOOLS.values()
        if tool.name in names and (spec := pinned(clues, tool))
    }
    yield Fact("lint_specs", specs)


def evidence_of(clues: Clues, tool: LintTool) -> str | None:
    """Where the project says that it uses the tool, in words."""
    return (
        _by_command(clues, tool)
        or _by_hook(clues, tool)
        or _by_section(clues, tool)
        or _by_requirement(clues, tool)
    )


def _by_command(clues: Clues, tool: LintTool) -> str | None:
    for command in (*clues.evidence.commands, *clues.tox_commands):
        if any(re.search(pattern, command.line) for pattern in tool.runs):
            return f"run by {command.source}"
    return None


def _by_hook(clues: Clues, tool: LintTool) -> str | None:
    path = clues.tree.first(".pre-commit-config.yaml", ".pre-commit-config.yml")
    text = clues.tree.text(path) if path else ""
    hooks = re.findall(r"^\s*-?\s*id:\s*[\"']?([\w.-]+)", text, re.MULTILINE)
    return f"a hook in {path}" if any(hook in tool.hooks for hook in hooks) else None


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
    return "a dependency of the project" if tool.distribution in clues.distributions else None


def pinned(clues: Clues, tool: LintTool) -> str | None:
    """The requirement that fixes the tool's version: the project's own, else that of its pre-commit hook."""
    pins = clues.dependencies.pins or {}
    return pins.get(tool.distribution) or _hook_pin(clues, tool)


def _hook_pin(clues: Clues, tool: LintTool) -> str | None:
    path = clues.tree.first(".pre-commit-config.yaml", ".pre-commit-config.yml")
    text = clues.tree.text(path) if path else ""
    for block in re.split(r"^\s*-\s*repo:", text, flags=re.MULTILINE)[1:]:
        hooks = re.findall(r"^\s*-?\s*id:\s*[\"']?([\w.-]+)", block, re.MULTILINE)
        rev = re.search(r"^\s*rev:\s*[\"']?v?(\d+(?:\.\w+)+)", block, re.MULTILINE)
        if rev and any(hook in tool.hooks for hook in hooks):
            return f"{tool.distribution}=={rev[1]}"
    return None
