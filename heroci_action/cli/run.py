"""`heroci run`: run the stages and report."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import click

from heroci_action.cli.shared import project_path, report_options, selection_options, to_fields
from heroci_action.cli.types import DURATION, PYTHON, SHARD, VARIABLE
from heroci_action.commands.matrix import run_cells
from heroci_action.commands.run import run
from heroci_action.options import EngineChoice, RunOptions, Verbosity
from heroci_action.results.packed import SLOWEST as MAX_SLOWEST


def _to_mapping(
    _ctx: click.Context, _param: click.Parameter, values: tuple[tuple[str, str | None], ...]
) -> dict[str, str | None]:
    """Return the variables of an option that can be repeated."""
    return dict(values)


class _WithRunnerArguments(click.Command):
    """A command whose arguments after `--` are for the test runner."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse what comes before the first `--`, and keep what comes after it."""
        end = args.index("--") if "--" in args else len(args)
        left = super().parse_args(ctx, args[:end])
        ctx.params["arguments"] = tuple(args[end + 1 :])
        return left

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the pieces of the usage line."""
        return [*super().collect_usage_pieces(ctx), "[-- ARGUMENTS...]"]


@click.command("run", cls=_WithRunnerArguments, short_help="Run the stages and report.")
@project_path
@selection_options
@click.option(
    "--failed", is_flag=True, help="Run only the stages and tests that failed in the last run."
)
@click.option(
    "--affected",
    is_flag=True,
    help="Leave out the tests that the changes since the last such run cannot affect; not in CI.",
)
@click.option(
    "--matrix",
    is_flag=True,
    help="Run every cell of the configured matrix, and merge their results.",
)
@click.option(
    "--cell",
    "texts",
    multiple=True,
    metavar="NAME",
    help="Run only cells with this name or these values, such as python=3.13,database=sqlite; repeatable.",
)
@click.option(
    "--python",
    type=PYTHON,
    metavar="VERSION",
    help="Python version of the project, such as 3.12, instead of the configured or detected one.",
)
@click.option(
    "--env",
    type=VARIABLE,
    multiple=True,
    callback=_to_mapping,
    metavar="NAME[=VALUE]",
    help="Set a variable in every stage, or pass on the caller's; masked unless in `public-variables`; repeatable.",
)
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
    "--refresh",
    is_flag=True,
    help="Run every stage again, and replace the results of earlier runs.",
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
    "--durations",
    type=click.IntRange(0, MAX_SLOWEST),
    default=0,
    metavar="N",
    help="Show the N slowest tests at the end.",
)
@click.option(
    "-v",
    "--verbose",
    is_flag=True,
    help="Print all output as it arrives.",
)
@click.option(
    "-q",
    "--quiet",
    is_flag=True,
    help="Print only failures and the verdict.",
)
@click.option("--debug", is_flag=True, help="Print all output and the command of each step.")
def command(
    *,
    engine: str,
    env: dict[str, str | None],
    matrix: bool,
    texts: tuple[str, ...],
    **options: Any,
) -> int:
    """Run the CI of the Django project at PATH (default: the current directory) and write the reports.

    ARGUMENTS after -- go to the test runner: heroci run --stages tests -- -k cart

    If Docker is available and no Dagger engine is running, the Dagger CLI is downloaded, if it is missing, and starts
    one in a privileged container, which keeps running. `heroci plan` shows this in advance; with --engine host, nothing
    is downloaded or started for Dagger.
    """
    machine = {**os.environ, **{name: text for name, text in env.items() if text is not None}}
    requested = RunOptions(
        engine=EngineChoice(engine),
        env={name: machine.get(name, "") if text is None else text for name, text in env.items()},
        verbosity=_take_verbosity(options, os.environ),
        **to_fields(options),
    )
    if matrix and texts:
        raise click.UsageError("--matrix and --cell contradict each other.")
    if matrix or texts:
        return run_cells(requested, texts, machine)
    return run(requested, machine)


def _take_verbosity(options: dict[str, Any], environ: Mapping[str, str]) -> Verbosity:
    """Remove the options for the verbosity and return its value. Raise UsageError if there are several."""
    levels = (Verbosity.VERBOSE, Verbosity.QUIET, Verbosity.DEBUG)
    given = [level for level in levels if options.pop(level.name.lower())]
    if len(given) > 1:
        names = " and ".join(f"--{level.name.lower()}" for level in given)
        raise click.UsageError(f"{names} contradict each other.")
    return given[0] if given else _default_verbosity(environ)


def _default_verbosity(environ: Mapping[str, str]) -> Verbosity:
    """Return the verbosity that DAGGER_LOG_LEVEL names: Dagger ignores it now, but people still set it."""
    level = environ.get("DAGGER_LOG_LEVEL", "").lower()
    levels = {"debug": Verbosity.DEBUG, "warn": Verbosity.QUIET, "error": Verbosity.QUIET}
    return levels.get(level, Verbosity.NORMAL)
