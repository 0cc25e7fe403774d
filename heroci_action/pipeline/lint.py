"""The stage `lint`: one step per tool, in parallel."""

from __future__ import annotations

from heroci_action.config.model import LintConfig
from heroci_action.pipeline.run_context import RunContext
from heroci_action.pipeline.variables import stage_env
from heroci_action.plan.actions import Command
from heroci_action.plan.report_kinds import Report
from heroci_action.plan.stages import Stage, Step
from heroci_action.project import ProjectConfig
from heroci_action.readers.registry import LINT_TOOLS

NAME = "lint"


def build(loaded: ProjectConfig, _: RunContext) -> Stage:
    """Run the lint tools that the project uses."""
    tools = loaded.config.lint
    return Stage(
        name=NAME,
        parallel=True,
        env=stage_env(loaded, ()),
        steps=tuple(_step(name, tool, loaded) for name, tool in tools.items()),
        skip=None if tools else "no lint tool is configured",
    )


def _step(name: str, tool: LintConfig, loaded: ProjectConfig) -> Step:
    built_in = LINT_TOOLS.get(name)
    targets = loaded.facts.lint_targets
    command = tool.command or (built_in.command_for(targets) if built_in else name)
    kind = tool.format or (name if built_in else None)
    return Step(
        name=name,
        action=Command(line=command),
        reports=(Report(kind=kind),) if kind else (),
    )
