"""What the configuration and the options of a run decide about replays."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from heroci_action.cache.replay import CachedEngine
from heroci_action.commands.engine import settings_for
from heroci_action.commands.plan import Project
from heroci_action.commands.result_cache import with_results
from heroci_action.engines.choice import Chosen
from heroci_action.engines.registry import ENGINES
from heroci_action.observers.base import Observer
from heroci_action.options import EngineChoice, RunOptions
from heroci_action.pipeline import build_plan
from heroci_action.pipeline.run_context import RunContext
from heroci_action.plan.stages import Plan, Stage
from heroci_action.readers import Readings
from heroci_action.results.records import Result
from heroci_action.runner.run import run_plan
from heroci_action.sharding import Shard
from tests.unit.detection.projects import django, loaded
from tests.unit.memory_engine import MemoryEngine

pytestmark = pytest.mark.anyio
DAY = 24 * 3600.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Bench:
    """A project whose runs pass at once."""

    def __init__(self, root: Path) -> None:
        self.root = root / "shop"
        self.machine = {"HEROCI_CACHE_DIR": str(root / "cache")}

    def write(self, files: Mapping[str, str]) -> None:
        self.project = loaded(self.root, {**django(), "requirements.txt": "a==1\n", **files})
        subprocess.run(["git", "init", "-q", "."], cwd=self.root, check=True)

    async def replays(self, options: RunOptions, context: RunContext | None = None) -> bool:
        """Run the lint, or the tests of a context; return whether nothing really ran."""
        built = build_plan(self.project, context or RunContext())
        plan = replace(built, stages=_stages(built, context))
        project = Project(
            loaded=self.project,
            plan=plan,
            chosen=Chosen(engine=ENGINES[EngineChoice.HOST], reason=""),
        )
        settings = settings_for(project, options, self.machine, notify=lambda _: None)
        memory = MemoryEngine()
        engine = with_results(memory, project, options, settings)
        outcome = await run_plan(plan, engine, observer=Observer(), read=lambda *_: Readings())
        if isinstance(engine, CachedEngine):
            engine.save(
                Result(
                    status=outcome.status,
                    exit_code=outcome.exit_code,
                    project="shop",
                    engine="host",
                    stages=outcome.stages,
                )
            )
        return not memory.calls


def _stages(plan: Plan, context: RunContext | None) -> tuple[Stage, ...]:
    name = "tests" if context else "lint"
    stage = plan.stage(name)
    # No service and no report: the memory engine has neither.
    steps = tuple(
        replace(step, reports=(), must_report=False, sharded=False) for step in stage.steps
    )
    return (replace(stage, needs=(), services=(), steps=steps),)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def options(bench: Bench, **changes: object) -> RunOptions:
    return replace(RunOptions(path=bench.root), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("toml", "changes", "expected"),
    [
        ("", {}, True),
        ("cache.enabled = false\n", {}, False),
        ("cache.size = '1 kB'\n", {}, True),
        ("cache.size = '1 B'\n", {}, False),
        ("", {"use_cache": False}, False),
        ("", {"refresh": True}, False),
    ],
)
async def test_an_unchanged_run_is_replayed_if_it_may_be(
    bench: Bench, toml: str, changes: dict[str, object], *, expected: bool
) -> None:
    bench.write({"heroci.toml": toml})
    assert not await bench.replays(options(bench, **changes))
    assert await bench.replays(options(bench, **changes)) is expected


async def test_a_refreshing_run_stores_its_results(bench: Bench) -> None:
    bench.write({})
    await bench.replays(options(bench, refresh=True))
    assert await bench.replays(options(bench))


@pytest.mark.parametrize(("toml", "expected"), [("", False), ("cache.ignore = ['*.md']\n", True)])
async def test_ignored_files_change_nothing(bench: Bench, toml: str, *, expected: bool) -> None:
    bench.write({"heroci.toml": toml, "README.md": "a\n"})
    await bench.replays(options(bench))
    (bench.root / "README.md").write_text("b\n")
    assert await bench.replays(options(bench)) is expected


@pytest.mark.parametrize(
    ("files", "days", "expected"),
    [
        ({}, 6, True),
        ({}, 8, False),
        ({"heroci.toml": "cache.max-age = '48h'\n"}, 1.9, True),
        ({"heroci.toml": "cache.max-age = '48h'\n"}, 2.1, False),
        ({"requirements.txt": "a>=1\n"}, 0.9, True),
        ({"requirements.txt": "a>=1\n"}, 1.1, False),
    ],
)
async def test_results_expire(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str],
    days: float,
    *,
    expected: bool,
) -> None:
    bench.write(files)
    await bench.replays(options(bench))
    later = time.time() + days * DAY
    monkeypatch.setattr(time, "time", lambda: later)
    assert await bench.replays(options(bench)) is expected


async def test_a_shard_is_replayed_for_itself_only(bench: Bench) -> None:
    bench.write({})
    first, second = (RunContext(shard=Shard(number=number, total=2)) for number in (1, 2))
    assert not await bench.replays(options(bench), first)
    assert await bench.replays(options(bench), first)
    assert not await bench.replays(options(bench), second)
    assert not await bench.replays(options(bench), RunContext(times={"a": (1.0, 1)}))
