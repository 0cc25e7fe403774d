"""The stage `lint`: one step per tool, in parallel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from heroci_action.config.model import LintConfig
from heroci_action.pipeline.run_context import RunContext
from heroci_action.pipeline.variables import stage_env
from heroci_action.plan.actions import Command
from heroci_action.plan.report_kinds import Report
from heroci_action.plan.stages import TOOL_CACHES, Stage, Step
from heroci_action.project import ProjectConfig
from heroci_action.readers.format import LintTool
from heroci_action.readers.registry import LINT_TOOLS, REWRITERS

NAME = "lint"
# Starts a program of the tools' environment, although the project's environment may contain another version.
_APART = ("sh", "-c", 'export PATH="{tools}/bin:$PATH"; exec "$@"', "sh")


def build(loaded: ProjectConfig, _: RunContext) -> Stage:
    """Run the lint tools that the project uses."""
    tools = loaded.config.lint
    return Stage(
        name=NAME,
        parallel=True,
        env=stage_env(loaded, ()),
        caches=(TOOL_CACHES,) if _has_caches(tools) else (),
        steps=tuple(_step(name, tool, loaded) for name, tool in tools.items()),
        skip=None if tools else "no lint tool is configured",
    )


def _step(name: str, tool: LintConfig, loaded: ProjectConfig) -> Step:
    built_in = LINT_TOOLS.get(name)
    targets = loaded.facts.lint_targets
    command = tool.command or (built_in.command_for(targets) if built_in else name)
    kind = tool.format or (name if built_in else None)
    action = _cached_first(built_in, command) if built_in else _unchanging(command)
    if name in loaded.facts.lint_apart and not isinstance(action.line, str):
        action = replace(action, through=(*_APART, *action.through))
    variable = built_in.cache_variable if built_in else None
    return Step(
        name=name,
        action=action,
        env={variable: f"{TOOL_CACHES}/{name}"} if variable else {},
        reports=(Report(kind=kind),) if kind else (),
    )


def _cached_first(tool: LintTool, command: str | tuple[str, ...]) -> Command:
    """Return the command that is answered from a cache if nothing has changed; the tool itself explains a failure."""
    if isinstance(command, str):
        return Command(line=command)
    if tool.probe and command[0] == tool.command[0]:
        return Command(line=command, quick=("python", f"{{probes}}/{tool.probe}", *command[1:]))
    if not tool.slow_options & set(command):
        return Command(line=command)
    fast = tuple(word for word in command if word not in tool.slow_options)
    return Command(line=fast, explain=command)


def _unchanging(command: str | tuple[str, ...]) -> Command:
    """Return the command; a program that rewrites files runs on copies, and fails if it would change one."""
    if isinstance(command, str) or command[0] not in REWRITERS:
        return Command(line=command)
    return Command(line=command, through=("python", "{probes}/heroci_unchanged.py"))


def _has_caches(tools: Iterable[str]) -> bool:
    return any(LINT_TOOLS[name].cache_variable for name in tools if name in LINT_TOOLS)
