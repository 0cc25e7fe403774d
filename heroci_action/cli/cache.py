"""`heroci cache`: show or prune the caches of the engines."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import click

from heroci_action.cache.store import Store
from heroci_action.commands.cache_directory import cache_directory
from heroci_action.commands.event_loop import run_in_loop
from heroci_action.commands.notes import print_note
from heroci_action.engines.registry import ENGINES, EngineKind
from heroci_action.engines.settings import CacheRequest
from heroci_action.errors import EngineError, UsageError
from heroci_action.options import EngineChoice
from heroci_action.pipeline import build_plan
from heroci_action.pipeline.run_context import RunContext
from heroci_action.project import load

engine_option = click.option(
    "--engine",
    type=click.Choice([choice.value for choice in EngineChoice]),
    default=EngineChoice.AUTO.value,
    show_default=True,
    help="The engine whose cache to use; auto means every engine that is available.",
)
runner_host = click.option(
    "--runner-host", metavar="ADDRESS", help="Address of a Dagger engine, as for `heroci run`."
)
path_argument = click.argument(
    "path", type=click.Path(exists=True, file_okay=False, path_type=Path), default="."
)


@click.group("cache", short_help="Show or prune what is kept between runs.")
def command() -> None:
    """Show or prune what is kept between runs."""


@command.command("show", short_help="Show what is kept between runs.")
@path_argument
@engine_option
@runner_host
def show(*, path: Path, engine: str, runner_host: str | None) -> None:
    """Show what the engines keep for the project at PATH and for all projects together.

    Nothing is downloaded or started for it.
    """
    request = _request(path, runner_host)
    click.echo(Store(cache=request.cache).describe())
    run_in_loop(_print, EngineChoice(engine), lambda kind: kind.show_cache(request))


@command.command("prune", short_help="Remove what is kept between runs.")
@path_argument
@engine_option
@runner_host
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Also remove what other programs have left in the Dagger engine.",
)
@click.option("--yes", is_flag=True, help="Remove without confirmation.")
def prune(*, path: Path, engine: str, runner_host: str | None, everything: bool, yes: bool) -> None:
    """Remove what HeroCI keeps, unless a run is using it; nothing of Docker, uv or other programs is removed.

    On a terminal, the entries are listed first, and nothing is removed without confirmation.
    """
    request = _request(path, runner_host, everything=everything)
    store = Store(cache=request.cache)
    if sys.stdin.isatty() and not yes:
        click.echo(store.describe())
        run_in_loop(_print, EngineChoice(engine), lambda kind: kind.show_cache(request))
        if not click.confirm("Remove all of this?"):
            click.echo("Nothing was removed.")
            return
    click.echo(f"results of stages: removed {store.clear():,}")
    run_in_loop(_print, EngineChoice(engine), lambda kind: _prune(kind, request))


async def _prune(kind: EngineKind, request: CacheRequest) -> AsyncIterator[str]:
    """Start the engine if necessary, prune its cache and yield the lines about it."""
    await kind.find(request.machine, request.runner_host, print_note)
    async for line in kind.prune_cache(request):
        yield line


async def _print(
    wanted: EngineChoice,
    lines: Callable[[EngineKind], AsyncIterator[str]],
) -> None:
    """Print the lines of the wanted engine, or of every engine that is available."""
    kinds = ENGINES.values() if wanted is EngineChoice.AUTO else (ENGINES[wanted],)
    for kind in kinds:
        try:
            async for line in lines(kind):
                click.echo(line)
        except EngineError as error:
            if wanted is not EngineChoice.AUTO:
                raise
            click.echo(f"{kind.name.capitalize()} engine: {error.cause}")


def _request(path: Path, runner_host: str | None, *, everything: bool = False) -> CacheRequest:
    """Return a request for the project at `path`; if there is none, for the caches that all projects share."""
    try:
        plan = build_plan(load(path), RunContext())
    except UsageError:
        plan = None
    return CacheRequest(
        cache=cache_directory(os.environ),
        machine=os.environ,
        runner_host=runner_host,
        project=plan.project if plan else "",
        caches=tuple(path for stage in plan.stages for path in stage.caches) if plan else (),
        everything=everything,
    )
