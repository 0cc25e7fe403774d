"""`heroci run`: run the stages and report."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import click

from heroci_action.cli.shared import project_path, report_options, selection_options, to_fields
from heroci_action.cli.types import DURATION, SHARD
from heroci_action.commands.run import run
from heroci_action.options import EngineChoice, RunOptions, Verbosity


@click.command("run", short_help="Run the stages and report.")
@project_path
@selection_options
@click.option(
    "--fail-fast/--no-fail-fast",
    default=None,
    help="Stop after the first failed stage. [default: no-fail-fast]",
)
@click.option(
    "--max-parallel",
    type=click.IntRange(min=1),
    metavar="N",
    help="Run at most N steps at once.",
)
@click.option(
    "--timeout",
    type=DURATION,
    metavar="TIME",
    help="Time limit for the whole run: 90, 90s, 5m, 1h.",
)
@click.option(
    "--shard",
    type=SHARD,
    metavar="K/N",
    help="Run part K of N of the tests; `heroci merge` merges their results.",
)
@report_options
@click.option(
    "--cache/--no-cache",
    "use_cache",
    default=True,
    help="Use results and environments of earlier runs. [default: cache]",
)
@click.option(
    "--publish/--dry-run",
    default=None,
    help="Push the image to the registry in `publish`, or only show what would be pushed. [default: dry-run]",
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
    help="Print all output as it arrives.",
)
@click.option(
    "-q",
    "--quiet",
    "verbosity",
    flag_value=Verbosity.QUIET.value,
    help="Print only failures and the verdict.",
)
@click.option(
    "--debug",
    "verbosity",
    flag_value=Verbosity.DEBUG.value,
    help="Print all output and the command of each step.",
)
def command(*, engine: str, verbosity: int | None, **options: Any) -> int:
    """Run the CI of the Django project at PATH (default: the current directory) and write the reports.

    If Docker is available and no Dagger engine is running, the Dagger CLI is downloaded, if it is missing, and starts
    one in a privileged container, which keeps running. `heroci plan` shows this in advance; with --engine host, nothing
    is downloaded or started for Dagger.
    """
    requested = RunOptions(
        engine=EngineChoice(engine),
        verbosity=_verbosity(os.environ) if verbosity is None else Verbosity(int(verbosity)),
        **to_fields(options),
    )
    return run(requested, os.environ)


def _verbosity(environ: Mapping[str, str]) -> Verbosity:
    """Return the verbosity that DAGGER_LOG_LEVEL names: Dagger ignores it now, but people still set it."""
    level = environ.get("DAGGER_LOG_LEVEL", "").lower()
    levels = {"debug": Verbosity.DEBUG, "warn": Verbosity.QUIET, "error": Verbosity.QUIET}
    return levels.get(level, Verbosity.NORMAL)
