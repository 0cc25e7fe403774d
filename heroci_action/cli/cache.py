"""`heroci cache`: what is kept between runs, and how it is thrown away without taking anything from others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import anyio
import click

from heroci_action.commands.run import cache_directory
from heroci_action.engines.choice import Chosen, choose
from heroci_action.engines.dagger.cache_generation import new_generation, read_generation
from heroci_action.engines.dagger.preflight import preflight
from heroci_action.engines.dagger.volumes import project_volumes
from heroci_action.engines.host.cache import Kept, everything, remove
from heroci_action.errors import UsageError
from heroci_action.options import EngineChoice
from heroci_action.pipeline import build_plan
from heroci_action.pipeline.run_context import RunContext
from heroci_action.project import load

engine_option = click.option(
    "--engine",
    type=click.Choice([choice.value for choice in EngineChoice]),
    default=EngineChoice.AUTO.value,
    show_default=True,
    help="Whose cache; auto is that of the host engine, and Dagger's where an engine answers.",
)
runner_host = click.option(
    "--runner-host", metavar="ADDRESS", help="Where a Dagger engine is, as for `heroci run`."
)
path_argument = click.argument(
    "path", type=click.Path(exists=True, file_okay=False, path_type=Path), default="."
)


@click.group("cache", short_help="Show or throw away what is kept between runs.")
def command() -> None:
    """Show or throw away what is kept between runs."""


@command.command("show", short_help="Show what is kept between runs.")
@path_argument
@engine_option
@runner_host
def show(*, path: Path, engine: str, runner_host: str | None) -> None:
    """Show what the engines keep; the volumes are those of the project at PATH, and those of all projects."""
    wanted = EngineChoice(engine)
    if wanted is not EngineChoice.DAGGER:
        _show_host()
    if wanted is not EngineChoice.HOST:
        anyio.run(_show_dagger, path, wanted, runner_host)


@command.command("prune", short_help="Throw away what HeroCI keeps between runs.")
@path_argument
@engine_option
@runner_host
@click.option(
    "--all",
    "everybody",
    is_flag=True,
    help="Also what other programs have left in the Dagger engine.",
)
def prune(*, path: Path, engine: str, runner_host: str | None, everybody: bool) -> None:
    """Throw away what HeroCI keeps; nothing of Docker's, of uv's or of other programs is touched."""
    wanted = EngineChoice(engine)
    if wanted is not EngineChoice.DAGGER:
        _prune_host()
    if wanted is not EngineChoice.HOST:
        anyio.run(partial(_prune_dagger, path, wanted, runner_host, everybody=everybody))


def _environments() -> Path:
    return cache_directory(os.environ) / "environments"


def _show_host() -> None:
    kept = everything(_environments())
    click.echo(f"host engine, in {_environments()}: {_things(kept)}")
    for each in kept:
        click.echo(f"  {_size(each.size):>10}  {each.path.relative_to(_environments())}")


def _prune_host() -> None:
    kept = everything(_environments())
    gone = tuple(each for each in kept if remove(each))
    click.echo(f"host engine: removed {_things(gone)}")
    for each in kept:
        if each not in gone:
            click.echo(f"  {each.path.relative_to(_environments())} is in use, and was left")


async def _show_dagger(path: Path, wanted: EngineChoice, address: str | None) -> None:
    chosen = await choose(wanted, machine=os.environ, runner_host=address)
    if chosen.name != "dagger":
        _no_engine(chosen)
        return
    from heroci_action.engines.dagger.cache_admin import upkeep  # noqa: PLC0415

    target = await preflight(os.environ, address)
    async with upkeep(target) as engine:
        held = await engine.held()
        click.echo(
            f"Dagger engine, {target.reason}: {held.entries} entries, {_size(held.size)}, "
            "of all programs that use it"
        )
        limits = [f"at most {_size(held.most)}"] if held.most else []
        limits += [f"{_size(held.free)} of the disk left free"] if held.free else []
        click.echo(f"  it keeps {' and '.join(limits) or 'everything'}")
        generation = read_generation(cache_directory(os.environ))
        for name, size in (await engine.volumes(generation, _volumes(path))).items():
            click.echo(f"  {_size(size):>10}  volume {name}")


async def _prune_dagger(
    path: Path, wanted: EngineChoice, address: str | None, *, everybody: bool
) -> None:
    chosen = await choose(wanted, machine=os.environ, runner_host=address)
    if chosen.name != "dagger":
        _no_engine(chosen)
        return
    from heroci_action.engines.dagger.cache_admin import upkeep  # noqa: PLC0415

    home = cache_directory(os.environ)
    async with upkeep(await preflight(os.environ, address)) as engine:
        before = await engine.held()
        old, new = read_generation(home), new_generation(home)
        click.echo(
            f"Dagger engine: from now on, nothing of former runs is found (generation {new})"
        )
        if before.clients > 1:
            click.echo("  somebody else is using it: its volumes are left for it to remove")
        else:
            await engine.empty(old, _volumes(path))
        if everybody:
            await engine.prune()
        freed = before.size - (await engine.held()).size
        click.echo(f"  freed {_size(max(freed, 0))}; the rest goes when the engine needs the space")


def _no_engine(chosen: Chosen) -> None:
    click.echo(f"Dagger engine: {chosen.reason}")


def _volumes(path: Path) -> tuple[str, ...]:
    """The volumes of the project's own stages; none where there is no project."""
    try:
        loaded = load(path)
    except UsageError:
        return ()
    plan = build_plan(loaded, RunContext())
    return project_volumes(plan.project, (path for stage in plan.stages for path in stage.caches))


def _things(kept: tuple[Kept, ...]) -> str:
    what = "1 thing" if len(kept) == 1 else f"{len(kept)} things"
    return f"{what}, {_size(sum(each.size for each in kept))}"


def _size(size: float) -> str:
    units: Iterator[str] = iter(("B", "kB", "MB"))
    for unit in units:
        if size < 1000:  # noqa: PLR2004  the step between the units
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
