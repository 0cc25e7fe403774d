"""Arguments and options that several verbs share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from heroci_action.cli.types import DURATION, PATH_PREFIX, PROJECT, PROJECT_PATH, SIZE, STAGES
from heroci_action.options import (
    DEFAULT_OUTPUT,
    Destination,
    EngineChoice,
    FailOn,
    Gates,
    Reference,
    Reruns,
    Unreadable,
)

Function = TypeVar("Function", bound=Callable[..., object])
Result = TypeVar("Result")

_PROJECT_PATH = (
    click.argument("path", type=PROJECT_PATH, default="."),
    click.option(
        "--project",
        type=PROJECT,
        metavar="NAME",
        help="Project of the repository at PATH: the name or path of its directory.",
    ),
)


def _flatten(
    _ctx: click.Context, _param: click.Parameter, values: tuple[tuple[str, ...], ...]
) -> tuple[str, ...]:
    """Return the names of an option that can be repeated."""
    return tuple(name for names in values for name in names)


_ENGINE = (
    click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Read this heroci.toml or pyproject.toml instead of the project's own.",
    ),
    click.option(
        "--engine",
        type=click.Choice([choice.value for choice in EngineChoice]),
        default=EngineChoice.AUTO.value,
        show_default=True,
        help="Engine that runs the stages; auto uses Dagger if available, otherwise the host.",
    ),
    click.option(
        "--runner-host",
        metavar="ADDRESS",
        help="Address of a Dagger engine: tcp://HOST:PORT, unix:///PATH, ssh://, kube-pod://, docker-container://.",
    ),
)
_SELECTION = (
    *_ENGINE,
    click.option(
        "--stages",
        type=STAGES,
        multiple=True,
        callback=_flatten,
        metavar="NAMES",
        help="Run only these stages and what they need; comma-separated.",
    ),
    click.option(
        "--skip",
        type=STAGES,
        multiple=True,
        callback=_flatten,
        metavar="NAMES",
        help="Skip these stages; comma-separated.",
    ),
)


def _add(options: Sequence[Callable[[Function], Function]], function: Function) -> Function:
    """Add options to a command, in the order in which its help shows them."""
    for option in reversed(options):
        function = option(function)
    return function


def project_path(function: Callable[..., Result]) -> Callable[..., Result]:
    """Add the argument PATH, and the option that chooses one of several projects below it."""

    @wraps(function)
    def call(*, path: Path, project: str | None, **options: Any) -> Result:
        if project:
            # Detection is slow to import, and `report` has no such option.
            from heroci_action.commands.projects import find_project  # noqa: PLC0415

            path = find_project(path, project)
        return function(path=path, **options)

    return _add(_PROJECT_PATH, call)


def engine_options(function: Function) -> Function:
    """Add the options that choose the configuration and the engine."""
    return _add(_ENGINE, function)


def selection_options(function: Function) -> Function:
    """Add the options that choose the engine and the stages."""
    return _add(_SELECTION, function)


_REPORT_OPTIONS = (
    click.option(
        "--baseline",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Compare with the heroci-result.json of an earlier run; its durations balance shards.",
    ),
    click.option(
        "--base",
        metavar="REF",
        help="Git ref that changed lines are counted from. [default: the base of GitHub's pull request]",
    ),
    click.option(
        "--output",
        type=click.Path(file_okay=False, path_type=Path),
        default=DEFAULT_OUTPUT,
        show_default=True,
        metavar="DIR",
        help="Write the reports to this directory.",
    ),
    click.option(
        "--title",
        default="",
        metavar="TEXT",
        help="Name that the reports show instead of the project's.",
    ),
    click.option(
        "--fail-on",
        type=click.Choice([choice.value for choice in FailOn]),
        default=FailOn.FAILURES.value,
        show_default=True,
        help="Tests and findings that fail the run.",
    ),
    click.option(
        "--coverage-minimum",
        type=click.FloatRange(0, 100),
        metavar="PERCENT",
        help="Fail if coverage is below PERCENT.",
    ),
    click.option(
        "--coverage-minimum-lines",
        type=click.FloatRange(0, 100),
        metavar="PERCENT",
        help="Fail if the coverage of lines, without branches, is below PERCENT.",
    ),
    click.option(
        "--coverage-minimum-branches",
        type=click.FloatRange(0, 100),
        metavar="PERCENT",
        help="Fail if the coverage of branches is below PERCENT.",
    ),
    click.option(
        "--coverage-minimum-diff",
        type=click.FloatRange(0, 100),
        metavar="PERCENT",
        help="Fail if the coverage of changed lines is below PERCENT.",
    ),
    click.option(
        "--coverage-maximum-drop",
        type=click.FloatRange(0, 100),
        metavar="POINTS",
        help="Fail if coverage is more than POINTS percentage points below the baseline; 0 allows no drop.",
    ),
    click.option(
        "--unreadable",
        type=click.Choice([choice.value for choice in Unreadable]),
        help="Effect of a broken report; it never meets a coverage minimum. [default: fail]",
    ),
    click.option(
        "--reruns",
        type=click.Choice([choice.value for choice in Reruns]),
        help="With assume, a failure followed by a pass of the same name in one suite is flaky. [default: stated]",
    ),
    click.option(
        "--max-duration",
        type=DURATION,
        metavar="TIME",
        help="Fail if the run (for reports, the total test time) takes longer: 90, 90s, 5m, 1h.",
    ),
)


_LIMITS = (
    "coverage_minimum",
    "coverage_minimum_lines",
    "coverage_minimum_branches",
    "coverage_minimum_diff",
    "coverage_maximum_drop",
    "max_duration",
)


def report_options(function: Function) -> Function:
    """Add the options of every verb that reports."""
    return _add(_REPORT_OPTIONS, function)


largest_file = click.option(
    "--largest-file",
    type=SIZE,
    metavar="SIZE",
    help="Maximum uncompressed size of a report: 1000000, 500MB, 2GB. [default: 1GiB]",
)

path_prefix = click.option(
    "--path-prefix",
    "path_prefixes",
    type=PATH_PREFIX,
    multiple=True,
    metavar="[GLOB::][OLD=]NEW",
    help="Replace the prefix OLD of paths in reports by a directory of the repository; repeatable. "
    "Without OLD, add it to relative paths. With GLOB, only in the reports that match.",
)


def to_fields(options: dict[str, Any]) -> dict[str, Any]:
    """Convert the options of `report_options` into fields of Options; keep all others."""
    fields = dict(options)
    for name, values in (("unreadable", Unreadable), ("reruns", Reruns)):
        fields[name] = values(fields[name]) if fields[name] else None
    gates = Gates(
        fail_on=FailOn(fields.pop("fail_on")),
        **{name: fields.pop(name) for name in _LIMITS},
    )
    reference = Reference(baseline=fields.pop("baseline"), base=fields.pop("base"))
    destination = Destination(output=fields.pop("output"), title=fields.pop("title"))
    return {**fields, "gates": gates, "reference": reference, "destination": destination}
