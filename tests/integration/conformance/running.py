"""Run one project on both engines, in the test's own process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import anyio

from heroci_action.commands.plan import Project
from heroci_action.commands.run import run_project
from heroci_action.engines.choice import Chosen
from heroci_action.engines.registry import ENGINES, EngineKind, create_engine
from heroci_action.engines.secret_store import ignore
from heroci_action.engines.settings import EngineSettings
from heroci_action.observers.base import Observer
from heroci_action.pipeline import build_plan
from heroci_action.pipeline.run_context import RunContext
from heroci_action.plan.stages import select
from heroci_action.project import load
from heroci_action.results.records import Result
from tests.integration.dagger import reach


def on_both(
    root: Path,
    context: RunContext,
    *,
    only: Iterable[str] = (),
    observe: Callable[[], Observer] = Observer,
) -> dict[str, Result]:
    """Return the results by the names of the engines, `host` first; skip the test if there is no Dagger engine."""
    reach.require()
    return {
        kind.name: anyio.run(_run, kind, root, context, tuple(only), observe())
        for kind in reversed(tuple(ENGINES.values()))
    }


async def _run(
    kind: EngineKind, root: Path, context: RunContext, only: tuple[str, ...], observer: Observer
) -> Result:
    settings = EngineSettings(root=root, cache=root.parent / "cache", machine=os.environ)
    loaded = load(root)
    project = Project(
        loaded=loaded,
        plan=select(build_plan(loaded, context), only=only),
        chosen=Chosen(engine=kind, reason="a test"),
        shard=context.shard,
    )
    return await run_project(project, create_engine(kind, settings, ignore), observer)
