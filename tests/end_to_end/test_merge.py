"""`heroci merge` on results that the program wrote."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.program import call
from tests.end_to_end.test_report import checkout, failed, junit, passed, report

__all__ = ["checkout"]


def test_the_results_of_shards_become_one_report(checkout: Path) -> None:
    for shard, cases in (("one", passed("test_empty")), ("two", failed())):
        (checkout / f"{shard}.xml").write_text(junit(cases))
        report(checkout, f"{shard}.xml", "--output", f"artifacts/{shard}")
    (checkout / "artifacts/three").mkdir()
    (checkout / "artifacts/three/heroci-result.json").write_text("{}")

    done = call("merge", "artifacts/**/heroci-result.json", directory=checkout)

    assert done.exit_code == 1
    names = [step["name"] for step in done.stage("tests")["steps"]]
    assert sorted(names) == ["one.xml", "two.xml"]
    assert "artifacts/three/heroci-result.json" in done.result["warnings"][-1]
    assert "2 tests" in (done.reports / "summary.md").read_text()
    again = call(
        "merge",
        "artifacts/one/*.json",
        "artifacts/two/*.json",
        *("--baseline", "artifacts/two/heroci-result.json", "--fail-on", "new-failures"),
        directory=checkout,
    )
    assert again.exit_code == 0


def test_what_is_no_result_is_a_usage_error_with_its_name(checkout: Path) -> None:
    (checkout / "x.json").write_text("[]")

    done = call("merge", "x.json", directory=checkout)

    assert done.exit_code == 2
    assert "x.json" in done.stderr
