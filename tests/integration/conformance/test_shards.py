"""A shard is the same part of the tests on both engines."""

from __future__ import annotations

import os
from pathlib import Path

import anyio
import pytest

from heroci_action.application import Project, run_project
from heroci_action.config.load import load
from heroci_action.engines.base import Engine
from heroci_action.engines.choice import Chosen
from heroci_action.engines.dagger.engine import DaggerEngine
from heroci_action.engines.host.engine import HostEngine
from heroci_action.observers.base import Observer
from heroci_action.pipeline import build_plan
from heroci_action.pipeline.surroundings import Surroundings
from heroci_action.plan import select
from heroci_action.results import Result, Status
from heroci_action.sharding import Shard
from tests.end_to_end.projects import write
from tests.integration.dagger import reach

pytestmark = pytest.mark.dagger

CLASSES = "from django.test import SimpleTestCase\n" + "".join(
    f"\n\nclass C{number}(SimpleTestCase):\n    def test_it(self):\n        pass\n"
    for number in range(4)
)
# One class takes longer than all others, so that it is alone in its shard: only who has read the times knows that.
TIMES = {f"shop.tests.C{number}": (100.0 if number == 2 else 1.0, 1) for number in range(4)}


async def result(engine: Engine, root: Path) -> Result:
    loaded = load(root)
    shard = Shard(number=1, total=2)
    plan = build_plan(loaded, Surroundings(no_image="not asked for", shard=shard, times=TIMES))
    project = Project(
        loaded=loaded,
        plan=select(plan, only=("tests",)),
        chosen=Chosen(name=engine.name, reason=""),
        shard=shard,
    )
    return await run_project(project, engine, Observer())


def test_the_times_decide_on_both_engines(tmp_path: Path) -> None:
    reach.require()
    root = write(tmp_path / "project", {"shop/tests.py": CLASSES})
    host = HostEngine(root=root, cache=tmp_path / "cache", machine=os.environ)
    dagger = DaggerEngine(root=root, machine=os.environ)
    for engine in (host, dagger):
        found = anyio.run(result, engine, root)
        assert found.status is Status.PASSED
        assert [test.id for test in found.tests] == ["shop.tests.C2.test_it"]
        assert found.shard == "1/2"
