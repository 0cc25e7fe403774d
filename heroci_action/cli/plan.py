"""`heroci plan`: what would run, and why."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any

import anyio
import click

from heroci_action.application import Project, prepare
from heroci_action.cli.shared import project_path, what_runs
from heroci_action.options import EngineChoice, RunOptions
from heroci_action.plan import Stage


@click.command("plan", short_help="Show what would run, and why.")
@project_path
@what_runs
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print the plan, the configuration and its origins as JSON.",
)
@click.option(
    "--explain", is_flag=True, help="Show where each value of the configuration came from."
)
def command(*, as_json: bool, explain: bool, engine: str, **options: Any) -> None:
    """Show what `heroci run` would do with the project at PATH (default: here), without doing it."""
    chosen = RunOptions(engine=EngineChoice(engine), **options)
    project = anyio.run(prepare, chosen, os.environ)
    if as_json:
        click.echo(json.dumps(_record(project), indent=2, ensure_ascii=False))
        return
    click.echo(
        f"{project.plan.project} on the {project.chosen.name} engine ({project.chosen.reason})\n"
    )
    for stage in project.plan.stages:
        _show(stage)
    for warning in project.loaded.warnings:
        click.echo(f"{click.style('warning', fg='yellow')}: {warning}")
    if explain:
        _explain(project)


def _show(stage: Stage) -> None:
    needs = f"  needs {', '.join(stage.needs)}" if stage.needs else ""
    services = f"  with {', '.join(stage.services)}" if stage.services else ""
    optional = "  optional" if stage.optional else ""
    click.echo(f"{stage.emoji} {click.style(stage.name, bold=True)}{needs}{services}{optional}")
    if stage.skip:
        click.echo(f"   {click.style('skipped', fg='yellow')}: {stage.skip}")
    else:
        for step in stage.steps:
            click.echo(f"   {step.name}: {click.style(str(step.action), dim=True)}")
    click.echo()


def _explain(project: Project) -> None:
    """One line a key: its value, and where it came from."""
    values = _values(project)
    click.echo(click.style("where each value came from", bold=True))
    for key, origin in sorted(project.loaded.origins.items()):
        value = json.dumps(values.get(key), ensure_ascii=False)
        click.echo(f"   {key} = {value}  {click.style(f'({origin})', dim=True)}")


def _values(project: Project) -> dict[str, object]:
    """The configuration by dotted keys."""
    flat: dict[str, object] = {}

    def walk(prefix: str, value: object) -> None:
        flat[prefix] = value
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{prefix}.{key}" if prefix else key, inner)

    walk("", project.loaded.config.model_dump(mode="json", by_alias=True))
    return flat


def _record(project: Project) -> dict[str, object]:
    plan = dataclasses.asdict(project.plan)
    for stage, record in zip(project.plan.stages, plan["stages"], strict=True):
        for step, inner in zip(stage.steps, record["steps"], strict=True):
            inner["action"] = {"kind": type(step.action).__name__, **inner["action"]}
    return {
        "engine": dataclasses.asdict(project.chosen),
        "plan": plan,
        "configuration": project.loaded.config.model_dump(mode="json", by_alias=True),
        "origins": dict(project.loaded.origins),
        "warnings": list(project.loaded.warnings),
    }
