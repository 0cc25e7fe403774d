"""What an engine with a cache runs, replays and stores."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from heroci_action.cache.content import read_content
from heroci_action.cache.replay import CachedEngine, CacheSettings
from heroci_action.cache.store import Store
from heroci_action.engines.base import Printed, ReportFile
from heroci_action.observers.base import Observer
from heroci_action.plan.actions import BuildImage, Command
from heroci_action.plan.report_kinds import JUNIT, Report
from heroci_action.plan.stages import Plan, Service, Stage, Step
from heroci_action.readers import PathResolver, Readings, read
from heroci_action.results.provenance import Origin
from heroci_action.results.records import Result, StageResult
from heroci_action.runner.run import run_plan
from tests.unit.memory_engine import Behaviour, MemoryEngine

pytestmark = pytest.mark.anyio

PASSED = b'<testsuite name="s" tests="1"><testcase classname="a.B" name="c" time="3"/></testsuite>'
FLAKY = PASSED.replace(b"/></t", b'><flakyFailure message="m">m</flakyFailure></testcase></t')
FAILED = PASSED.replace(b"/></t", b"><failure/></testcase></t")
LINT = Step(name="black", action=Command(line="black"))
SUITE = Step(name="tests", action=Command(line="t"), reports=(Report(kind=JUNIT, path="j.xml"),))
PLAN = Plan(
    project="shop",
    stages=(
        Stage(name="base", steps=(Step(name="install", action=Command(line="install")),)),
        Stage(name="lint", needs=("base",), steps=(LINT,)),
        Stage(name="tests", needs=("base",), steps=(SUITE,)),
    ),
)
ALL = ["base/install", "lint/black", "tests/tests"]


class Bench:
    """A repository with a cache, and an engine that counts what it runs."""

    def __init__(self, root: Path, cache: Path) -> None:
        self.root = root
        self.cache = cache

    async def run(
        self,
        *,
        junit: bytes = PASSED,
        behaviours: Mapping[str, Behaviour] | None = None,
        plan: Plan = PLAN,
        warnings: Mapping[str, tuple[str, ...]] | None = None,
    ) -> tuple[list[str], tuple[StageResult, ...]]:
        """Run the plan and save its result; return the steps that really ran, and the results."""
        report = ReportFile(kind=JUNIT, path="j.xml", content=junit)
        does = {"tests/tests": Behaviour(reports=(report,), lines=("said",)), **(behaviours or {})}
        engine = MemoryEngine(behaviours=does, warnings=warnings or {})
        cached = CachedEngine(
            engine,
            CacheSettings(
                store=Store(cache=self.cache, size=1 << 20),
                root=self.root,
                machine={},
                read_content=lambda: read_content(self.root),
                facts=lambda _plan: {},
                origin=Origin(started_at="2026-01-01T00:00:00+00:00"),
                max_age=60.0,
            ),
        )
        outcome = await run_plan(plan, cached, observer=Observer(), read=_read)
        result = Result(
            status=outcome.status,
            exit_code=outcome.exit_code,
            project="shop",
            engine="memory",
            stages=outcome.stages,
        )
        cached.save(result)
        return sorted(engine.calls), outcome.stages


def _read(_step: Step, files: tuple[ReportFile, ...], _printed: Printed) -> Readings:
    return read(files, tree=PathResolver(directory=".", tracked=frozenset(), roots=()))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    root = tmp_path / "shop"
    root.mkdir()
    (root / "a.py").write_text("a = 1\n")
    commit = "git init -q . && git add -A && git -c user.name=a -c user.email=a@b commit -qm a"
    subprocess.run(["sh", "-ec", commit], cwd=root, check=True)
    return Bench(root, tmp_path / "cache")


async def test_a_stage_that_passed_is_replayed_with_everything_it_left(bench: Bench) -> None:
    ran, first = await bench.run()
    assert ran == ALL
    ran, second = await bench.run()
    assert ran == []
    before, after = first[2].steps[0], second[2].steps[0]
    assert after.cached
    assert after.tests == before.tests
    assert after.output == before.output == "said"
    assert after.origin is not None
    assert after.origin.started_at == "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize("junit", [FLAKY, FAILED, PASSED[:-5]])
async def test_flaky_failed_and_damaged_results_run_again(bench: Bench, junit: bytes) -> None:
    await bench.run(junit=junit)
    ran, _ = await bench.run(junit=junit)
    assert "tests/tests" in ran


async def test_an_edit_during_the_run_stores_nothing(bench: Bench) -> None:
    def edit() -> None:
        (bench.root / "a.py").write_text("a = 2\n")

    await bench.run(behaviours={"lint/black": Behaviour(before=edit)})
    (bench.root / "a.py").write_text("a = 1\n")
    ran, _ = await bench.run()
    assert ran == ALL


async def test_only_what_a_change_concerns_and_its_producers_run(bench: Bench) -> None:
    await bench.run()
    changed = replace(PLAN.stages[2], timeout=5.0)
    ran, results = await bench.run(plan=replace(PLAN, stages=(*PLAN.stages[:2], changed)))
    assert ran == ["base/install", "tests/tests"]
    assert results[1].cached


async def test_a_file_that_the_image_does_not_contain_leaves_the_image_alone(bench: Bench) -> None:
    build = BuildImage(dockerfile="Dockerfile")
    image = Stage(name="image", confined_to=build, steps=(Step(name="build", action=build),))
    plan = replace(PLAN, stages=(*PLAN.stages, image))
    (bench.root / ".dockerignore").write_text("tests\n")
    await bench.run(plan=plan)
    (bench.root / "tests").mkdir()
    (bench.root / "tests" / "test_a.py").write_text("a = 1\n")
    assert (await bench.run(plan=plan))[0] == ALL
    (bench.root / "a.py").write_text("a = 2\n")
    assert (await bench.run(plan=plan))[0] == ["base/install", "image/build", *ALL[1:]]


async def test_a_cache_that_cannot_be_written_does_not_disturb_the_run(bench: Bench) -> None:
    bench.cache.write_text("a file")
    assert (await bench.run())[0] == ALL
    assert (await bench.run())[0] == ALL


async def test_a_stage_without_its_optional_service_is_not_stored(bench: Bench) -> None:
    mail = Service(name="mail", image="mailhog:1", optional=True)
    tests = replace(PLAN.stages[2], services=("mail",))
    plan = replace(PLAN, services={"mail": mail}, stages=(*PLAN.stages[:2], tests))
    await bench.run(plan=plan, warnings={"tests": ("mail was left out",)})
    ran, _ = await bench.run(plan=plan)
    assert ran == ["base/install", "tests/tests"]
