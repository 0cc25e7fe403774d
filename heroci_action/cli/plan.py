"""`heroci plan`: show what would run, and why."""

from __future__ import annotations

import dataclasses
import json
import os
from functools import partial
from typing import Any

import click

from heroci_action.cli.shared import project_path, selection_options
from heroci_action.cli.types import PYTHON
from heroci_action.commands.effective_values import with_values
from heroci_action.commands.event_loop import run_in_loop
from heroci_action.commands.file_change import FileChange
from heroci_action.commands.plan import Project, plan_project
from heroci_action.commands.projects import file_to_write
from heroci_action.errors import ConfigurationError, UsageError
from heroci_action.github.inert import inert
from heroci_action.matrix import cells
from heroci_action.options import EngineChoice, RunOptions
from heroci_action.plan.stages import Stage
from heroci_action.project import ProjectConfig, load
from heroci_action.sharding import MAX_JOBS, matrix
from heroci_action.text import clip, printable, seconds

_LONGEST_ACTION = 600  # characters of a step; the JSON form has all of them


@click.command("plan", short_help="Show what would run, and why.")
@project_path
@selection_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "matrix"]),
    default="text",
    show_default=True,
    help="text, json (plan, configuration, origins and what is left out), or matrix (jobs for GitHub, on one line).",
)
@click.option("--json", "form", flag_value="json", help="Short for --format json.")
@click.option(
    "--shards",
    type=click.IntRange(min=1),
    metavar="N",
    help="With --format matrix, one job for each of N parts of the tests.",
)
@click.option(
    "--python",
    "pythons",
    type=PYTHON,
    multiple=True,
    metavar="VERSION",
    help="With --format matrix, one job for each Python version instead of the configured matrix; repeatable.",
)
@click.option("--cell", metavar="NAME", help="Show the plan of this cell of the matrix.")
@click.option("--explain", is_flag=True, help="Show where each configuration value comes from.")
@click.option("--write", is_flag=True, help="Add the detected values to the configuration file.")
def command(
    *,
    form: str,
    shards: int | None,
    pythons: tuple[str, ...],
    explain: bool,
    write: bool,
    **options: Any,
) -> None:
    """Show what `heroci run` would do with the project at PATH (default: the current directory)."""
    _refuse_contradiction(form, for_text=explain or write, for_matrix=bool(shards or pythons))
    options["engine"] = EngineChoice(options["engine"])
    requested = RunOptions(**options)
    if form == "matrix":
        versions = [{"python": python} for python in dict.fromkeys(pythons)]
        click.echo(_matrix(shards, versions or _cells(requested, needed=shards is None)))
        return
    project = run_in_loop(partial(plan_project, requested, os.environ, read_only=True))
    if form == "json":
        record = json.dumps(_record(project), indent=2, ensure_ascii=False)
        # The runner takes `##[` for a command anywhere in a line.
        click.echo(record.replace("##[", r"#\u0023["))
        return
    _show_plan(project)
    if explain:
        _explain(project)
    if write:
        _write(project.loaded)


def _refuse_contradiction(form: str, *, for_text: bool, for_matrix: bool) -> None:
    """Raise UsageError for options that the format ignores."""
    if for_text and form != "text":
        raise click.UsageError(f"--explain and --write contradict --format {form}.")
    if for_matrix and form != "matrix":
        raise click.UsageError("--shards and --python need --format matrix.")


def _show_plan(project: Project) -> None:
    chosen = project.chosen
    click.echo(_safe(f"{project.plan.project} on the {chosen.name} engine ({chosen.reason})"))
    click.echo()
    for stage in project.plan.stages:
        _show(stage)
    for warning in project.loaded.warnings:
        click.echo(f"{click.style('warning', fg='yellow')}: {_safe(warning)}")


def _write(project: ProjectConfig) -> None:
    """Add the detected values to the configuration file, or write heroci.toml."""
    if project.place == project.root:
        _refuse_several(project)
    path, table = file_to_write(project)
    change = FileChange.of(project.root, path, "")
    text, left = with_values(change.before or "", project, table=table)
    change = dataclasses.replace(change, after=text)
    if not change.is_needed:
        click.echo(f"{path} contains every value already.")
        return
    change.write(project.root)
    click.echo(f"Wrote {path}")
    if left:
        click.echo(f"These keys belong to inline tables and were not written: {', '.join(left)}.")


def _refuse_several(project: ProjectConfig) -> None:
    """Raise UsageError if the values of one of several projects would become those of all."""
    others = sorted(project.facts.other_projects)
    if others and project.detected("working-directory"):
        names = ", ".join((str(project.config.working_directory), *others))
        raise UsageError(
            "--write needs --project, because the repository contains several projects",
            remedy=f"name one of {names}",
        )


def _matrix(shards: int | None, versions: list[dict[str, str]]) -> str:
    jobs = matrix(shards, versions)
    if not jobs:
        raise click.UsageError("--format matrix needs --shards, --python or a configured matrix.")
    if len(jobs) > MAX_JOBS:
        raise click.UsageError(f"{len(jobs)} jobs exceed GitHub's limit of {MAX_JOBS} per matrix.")
    return json.dumps({"include": jobs}, separators=(",", ":"))


def _cells(options: RunOptions, *, needed: bool) -> list[dict[str, str]]:
    """Return the values of the cells of the project's matrix; none if it has no matrix, or is not `needed`."""
    try:
        project = load(options.path, config=options.config)
    except ConfigurationError:
        raise
    except UsageError:
        # Shards alone need no project.
        if needed:
            raise
        return []
    known = cells(project.config.matrix)
    return [{**cell.values, "cell": cell.name, "name": cell.name} for cell in known]


def _show(stage: Stage) -> None:
    needs = f"  needs {', '.join(stage.needs)}" if stage.needs else ""
    services = f"  with {', '.join(stage.services)}" if stage.services else ""
    optional = "  optional" if stage.optional else ""
    limit = f"  time limit {seconds(stage.timeout)}" if stage.timeout else ""
    name = click.style(_safe(f"{stage.emoji} {stage.name}".strip()), bold=True)
    click.echo(f"{name}{_safe(f'{needs}{services}{limit}{optional}')}")
    if stage.skip:
        click.echo(f"   {click.style('skipped', fg='yellow')}: {_safe(stage.skip)}")
    else:
        for step in stage.steps:
            action = clip(_safe(str(step.action)), _LONGEST_ACTION)
            click.echo(f"   {_safe(step.name)}: {click.style(action, dim=True)}")
    click.echo()


def _safe(text: str) -> str:
    """Return the text on one line, so that it cannot be a workflow command."""
    return inert(printable(text).replace("\n", " "))


def _explain(project: Project) -> None:
    """Print each key with its value and the origin of the value."""
    values = _values(project)
    click.echo(click.style("where each value comes from", bold=True))
    for key, origin in sorted(project.loaded.origins.items()):
        value = json.dumps(values.get(key), ensure_ascii=False)
        click.echo(f"   {_safe(f'{key} = {value}')}  {click.style(_safe(f'({origin})'), dim=True)}")
    left_out = project.loaded.facts.left_out
    if left_out:
        click.echo(click.style("\nlines of the project's CI that were left out", bold=True))
    for line in left_out:
        origin = _safe(f"({line.source}: {line.reason})")
        click.echo(f"   {_safe(line.line)}  {click.style(origin, dim=True)}")


def _values(project: Project) -> dict[str, object]:
    """Return the configuration by dotted keys."""
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
        "left_out": [
            {"line": line.line, "source": line.source, "reason": line.reason}
            for line in project.loaded.facts.left_out
        ],
    }
