"""`heroci plan`: what would run, and why."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any

import anyio
import click

from heroci_action.cli.shared import project_path, what_runs
from heroci_action.cli.types import PYTHON
from heroci_action.commands.run import Project, prepare
from heroci_action.options import EngineChoice, RunOptions
from heroci_action.plan.stages import Stage
from heroci_action.sharding import MAX_JOBS, matrix


@click.command("plan", short_help="Show what would run, and why.")
@project_path
@what_runs
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "matrix"]),
    default="text",
    show_default=True,
    help="json: the plan, the configuration and its origins; matrix: jobs for GitHub, in one line.",
)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.option(
    "--shards",
    type=click.IntRange(min=1),
    metavar="N",
    help="A job for each of N parts of the tests; with --format matrix.",
)
@click.option(
    "--python",
    "pythons",
    type=PYTHON,
    multiple=True,
    metavar="VERSION",
    help="The same for each of these versions, 3.12 or so; with --format matrix.",
)
@click.option(
    "--explain", is_flag=True, help="Show where each value of the configuration came from."
)
def command(
    *,
    form: str,
    shards: int | None,
    pythons: tuple[str, ...],
    explain: bool,
    engine: str,
    **options: Any,
) -> None:
    """Show what `heroci run` would do with the project at PATH (default: here), without doing it."""
    if form == "matrix":
        click.echo(_matrix(shards, pythons))
        return
    if shards or pythons:
        raise click.UsageError("--shards and --python are for --format matrix.")
    chosen = RunOptions(engine=EngineChoice(engine), **options)
    project = anyio.run(prepare, chosen, os.environ)
    if form == "json":
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


def _matrix(shards: int | None, pythons: tuple[str, ...]) -> str:
    jobs = matrix(shards, pythons)
    if not jobs:
        raise click.UsageError("--format matrix needs --shards or --python.")
    if len(jobs) > MAX_JOBS:
        raise click.UsageError(f"{len(jobs)} jobs are more than the {MAX_JOBS} of GitHub's matrix.")
    return json.dumps({"include": jobs}, separators=(",", ":"))


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
        "engine": {"name": project.chosen.name, "reason": project.chosen.reason},
        "plan": plan,
        "configuration": project.loaded.config.model_dump(mode="json", by_alias=True),
        "origins": dict(project.loaded.origins),
        "warnings": list(project.loaded.warnings),
    }
