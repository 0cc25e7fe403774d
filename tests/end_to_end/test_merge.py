"""`heroci merge` on results that the program wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.program import call
from tests.end_to_end.test_report import checkout, failed, junit, passed, report

__all__ = ["checkout"]


@pytest.mark.promise(
    "the result of one of several jobs is broken or missing",
    "the merge fails and names it; the other jobs are reported",
)
def test_results_of_shards_become_one_report(checkout: Path) -> None:
    for shard, cases in (("one", passed("test_empty")), ("two", failed())):
        (checkout / f"{shard}.xml").write_text(junit(cases))
        report(checkout, f"{shard}.xml", "--output", f"artifacts/{shard}")
    (checkout / "artifacts/three").mkdir()
    (checkout / "artifacts/three/heroci-result.json").write_text("{}")

    done = call("merge", "artifacts/**/heroci-result.json", directory=checkout)

    assert done.exit_code == 1
    names = [step["name"] for step in done.stage("tests")["steps"]]
    assert sorted(names) == ["one/one.xml", "two/two.xml"]
    assert "artifacts/three/heroci-result.json" in done.stage("merge")["steps"][0]["reason"]
    assert "2 tests" in (done.reports / "summary.md").read_text()
    again = call(
        "merge",
        "artifacts/one/*.json",
        "artifacts/two/*.json",
        *("--baseline", "artifacts/two/heroci-result.json", "--fail-on", "new-failures"),
        directory=checkout,
    )
    assert again.exit_code == 0
    assert call("merge", "artifacts/one/*.json", "gone/*.json", directory=checkout).exit_code == 1


def test_file_that_is_no_result_is_a_usage_error(checkout: Path) -> None:
    (checkout / "x.json").write_text("[]")

    done = call("merge", "x.json", directory=checkout)

    assert done.exit_code == 2
    assert "x.json" in done.stderr


def test_passed_tests_of_merged_shards_are_packed_if_they_are_many(checkout: Path) -> None:
    for shard, first in (("one", 0), ("two", 6_000)):
        names = (f"test_{number}" for number in range(first, first + 6_000))
        (checkout / f"{shard}.xml").write_text(junit(*map(passed, names)))
        report(checkout, f"{shard}.xml", "--output", f"artifacts/{shard}")
    listed = json.loads((checkout / "artifacts/one/heroci-result.json").read_text())

    done = call("merge", "artifacts/**/heroci-result.json", directory=checkout)

    assert len(listed["stages"][0]["steps"][0]["tests"]) == 6_000
    steps = done.stage("tests")["steps"]
    assert [(step["tests"], step["passed"]["count"]) for step in steps] == [([], 6_000)] * 2


@pytest.mark.promise(
    "a job did not meet one of its limits",
    "the merge fails with the job's reason, unless it judges the same limit itself",
)
def test_a_job_that_failed_by_its_limit_fails_the_merge(checkout: Path) -> None:
    (checkout / "a.xml").write_text(junit(passed("test_empty")))
    report(checkout, "a.xml", "--output", "jobs/one")
    report(checkout, "a.xml", "--output", "jobs/two", "--coverage-minimum", "80")

    done = call("merge", "jobs/*/heroci-result.json", directory=checkout)

    assert done.exit_code == 1
    assert "two/coverage-minimum failed: coverage was not measured" in done.stdout
