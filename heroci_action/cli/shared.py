"""Arguments and options that several verbs have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from heroci_action.analysis.gates import FailOn, Gates
from heroci_action.cli.types import DURATION, NAMES
from heroci_action.options import DEFAULT_OUTPUT, EngineChoice

Function = TypeVar("Function", bound=Callable[..., object])

project_path = click.argument(
    "path", type=click.Path(exists=True, file_okay=False, path_type=Path), default="."
)


def _flat(
    _ctx: click.Context, _param: click.Parameter, values: tuple[tuple[str, ...], ...]
) -> tuple[str, ...]:
    """The names of an option that was given several times."""
    return tuple(name for names in values for name in names)


_WHAT_RUNS = (
    click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="A heroci.toml or pyproject.toml to read instead of the project's own.",
    ),
    click.option(
        "--engine",
        type=click.Choice([choice.value for choice in EngineChoice]),
        default=EngineChoice.AUTO.value,
        show_default=True,
        help="What executes the stages; auto takes Dagger where it can.",
    ),
    click.option(
        "--runner-host",
        metavar="ADDRESS",
        help="Where a Dagger engine is: tcp://HOST:PORT, unix:///PATH, ssh://, kube-pod://, docker-container://.",
    ),
    click.option(
        "--stages",
        type=NAMES,
        multiple=True,
        callback=_flat,
        metavar="NAMES",
        help="Only these and what they need; comma-separated.",
    ),
    click.option(
        "--skip",
        type=NAMES,
        multiple=True,
        callback=_flat,
        metavar="NAMES",
        help="Leave these out; comma-separated.",
    ),
)


def what_runs(function: Function) -> Function:
    """The options that choose the engine and the stages."""
    for option in reversed(_WHAT_RUNS):
        function = option(function)
    return function


_REPORT_OPTIONS = (
    click.option(
        "--baseline",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="The heroci-result.json of an earlier run to compare with; its times make shards even.",
    ),
    click.option(
        "--base",
        metavar="REF",
        help="What changed lines are counted from. [default: the base of GitHub's pull request]",
    ),
    click.option(
        "--output",
        type=click.Path(file_okay=False, path_type=Path),
        default=DEFAULT_OUTPUT,
        show_default=True,
        metavar="DIR",
        help="Where the reports go.",
    ),
    click.option(
        "--fail-on",
        type=click.Choice([choice.value for choice in FailOn]),
        default=FailOn.FAILURES.value,
        show_default=True,
        help="What of tests and findings makes the exit code 1.",
    ),
    click.option(
        "--coverage-minimum",
        type=click.FloatRange(0, 100),
        metavar="PERCENT",
        help="Fail where less is covered.",
    ),
    click.option(
        "--coverage-minimum-diff",
        type=click.FloatRange(0, 100),
        metavar="PERCENT",
        help="Fail where less of the changed lines is covered.",
    ),
    click.option(
        "--max-duration",
        type=DURATION,
        metavar="TIME",
        help="Fail where the run, or the tests of a report in sum, took longer: 90, 90s, 5m, 1h.",
    ),
)


def report_options(function: Function) -> Function:
    """The options of everything that reports."""
    for option in reversed(_REPORT_OPTIONS):
        function = option(function)
    return function


def chosen(options: dict[str, Any]) -> dict[str, Any]:
    """The options of `report_options` as fields of Options, with the others."""
    gates = Gates(
        fail_on=FailOn(options.pop("fail_on")),
        coverage_minimum=options.pop("coverage_minimum"),
        coverage_minimum_diff=options.pop("coverage_minimum_diff"),
        max_duration=options.pop("max_duration"),
    )
    baseline: Path | None = options.pop("baseline")
    return {**options, "gates": gates, "baseline": baseline}
