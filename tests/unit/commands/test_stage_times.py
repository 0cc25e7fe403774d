from __future__ import annotations

from pathlib import Path

from heroci_action.commands.stage_times import StageTimes
from heroci_action.results.provenance import Origin
from heroci_action.results.records import StageResult, Status, StepResult

REPLAYED = StepResult(
    name="black", status=Status.PASSED, origin=Origin(started_at="2026-01-01T00:00:00+00:00")
)


def test_the_last_time_that_a_stage_really_ran_and_passed_is_kept(tmp_path: Path) -> None:
    times = StageTimes(cache=tmp_path, project="shop")
    assert times.read() == {}
    passed = (
        StageResult(name="tests", status=Status.PASSED, duration=5.0),
        StageResult(name="lint", status=Status.PASSED, duration=2.0),
    )
    times.save(passed)
    other = (
        StageResult(name="tests", status=Status.FAILED, duration=1.0),
        StageResult(name="lint", status=Status.PASSED, duration=0.1, steps=(REPLAYED,)),
        StageResult(name="image", status=Status.PASSED, duration=3.0),
    )
    times.save(other)
    assert times.read() == {"tests": 5.0, "lint": 2.0, "image": 3.0}
    assert StageTimes(cache=tmp_path, project="other").read() == {}


def test_a_damaged_file_and_a_cache_that_cannot_be_written_do_no_harm(tmp_path: Path) -> None:
    stages = (StageResult(name="tests", status=Status.PASSED, duration=5.0),)
    times = StageTimes(cache=tmp_path, project="shop")
    times.save(stages)
    for text in ("{", "[]", '{"tests": "5", "lint": -1, "image": NaN}'):
        (tmp_path / "times" / "shop.json").write_text(text)
        assert times.read() == {}
    (tmp_path / "file").write_text("")
    StageTimes(cache=tmp_path / "file", project="shop").save(stages)
