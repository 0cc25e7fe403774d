"""`heroci run`: run the stages and report."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import click

from heroci_action.cli.shared import chosen, project_path, report_options, what_runs
from heroci_action.cli.types import DURATION, SHARD
from heroci_action.commands.run import run
from heroci_action.options import EngineChoice, RunOptions, Verbosity


@click.command("run", short_help="Run the stages and report.")
@project_path
@what_runs
@click.option(
    "--fail-fast/--no-fail-fast",
    default=None,
    help="Stop at the first failing stage. [default: no-fail-fast]",
)
@click.option(
    "--max-parallel",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many steps may run at once.",
)
@click.option(
    "--timeout",
    type=DURATION,
    metavar="TIME",
    help="How long the whole run may take: 90, 90s, 5m, 1h.",
)
@click.option(
    "--shard",
    type=SHARD,
    metavar="K/N",
    help="Run the K-th of N parts of the tests; heroci merge puts their results together.",
)
@report_options
@click.option(
    "--cache/--no-cache",
    "use_cache",
    default=True,
    help="Whether results of former runs may be used again.",
)
@click.option(
    "--publish/--dry-run",
    default=None,
    help="Whether `publish` in the configuration pushes. [default: dry-run]",
)
@click.option(
    "--install-system-packages",
    is_flag=True,
    help="Install missing packages of `apt = [...]`; needs root.",
)
@click.option(
    "-v",
    "--verbose",
    "verbosity",
    flag_value=Verbosity.VERBOSE.value,
    help="Show all output as it comes.",
)
@click.option(
    "-q",
    "--quiet",
    "verbosity",
    flag_value=Verbosity.QUIET.value,
    help="Show failures and the verdict only.",
)
@click.option(
    "--debug",
    "verbosity",
    flag_value=Verbosity.DEBUG.value,
    help="Show all output and what HeroCI does besides.",
)
def command(*, engine: str, verbosity: int | None, **options: Any) -> int:
    """Run the CI of the Django project at PATH (default: here) and write the reports."""
    asked = RunOptions(
        engine=EngineChoice(engine),
        verbosity=_asked(os.environ) if verbosity is None else Verbosity(int(verbosity)),
        **chosen(options),
    )
    return run(asked, os.environ)


def _asked(environ: Mapping[str, str]) -> Verbosity:
    """The level in a variable that Dagger itself does not read any more, and that people still set."""
    level = environ.get("DAGGER_LOG_LEVEL", "").lower()
    levels = {"debug": Verbosity.DEBUG, "warn": Verbosity.QUIET, "error": Verbosity.QUIET}
    return levels.get(level, Verbosity.NORMAL)
