"""A shard is the same part of the tests on both engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.pipeline.run_context import RunContext
from heroci_action.results.records import Status
from heroci_action.sharding import Shard
from tests.end_to_end.projects import write
from tests.integration.conformance.running import on_both

pytestmark = pytest.mark.dagger

CLASSES = "from django.test import SimpleTestCase\n" + "".join(
    f"\n\nclass C{number}(SimpleTestCase):\n    def test_it(self):\n        pass\n"
    for number in range(4)
)
# One class takes longer than all others, so that it is alone in its shard if the times are read.
TIMES = {f"shop.tests.C{number}": (100.0 if number == 2 else 1.0, 1) for number in range(4)}


def test_both_engines_split_by_the_recorded_times(tmp_path: Path) -> None:
    root = write(tmp_path / "project", {"shop/tests.py": CLASSES})
    shard = Shard(number=1, total=2)
    context = RunContext(no_image="not asked for", shard=shard, times=TIMES)
    for found in on_both(root, context, only=("tests",)).values():
        assert found.status is Status.PASSED
        assert [test.id for test in found.tests] == ["shop.tests.C2.test_it"]
        assert found.shard == "1/2"
