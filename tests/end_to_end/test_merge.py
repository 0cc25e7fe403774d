"""`heroci merge` on results that the program wrote."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.program import call
from tests.end_to_end.test_report import checkout, failed, junit, passed, report

__all__ = ["checkout"]


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


def test_shards_with_packed_tests_become_one_result(
    checkout: Path,
) -> None:
    shards = {
        "one": tuple(map(passed, ("test_a", "test_b"))),
        "two": (*map(passed, ("test_b", "test_c")), failed("test_empty")),
    }
    for shard, cases in shards.items():
        (checkout / f"{shard}.xml").write_text(junit(*cases))
        report(checkout, f"{shard}.xml", "--output", f"artifacts/{shard}", "--list-passed", "0")

    def merged(*options: str) -> list[tuple[list[tuple[str, str]], int]]:
        done = call("merge", "artifacts/**/heroci-result.json", *options, directory=checkout)
        return [
            (
                [(test["name"], test["status"]) for test in step["tests"]],
                (step["passed"] or {"count": 0})["count"],
            )
            for step in done.stage("tests")["steps"]
        ]

    listed, packed = merged(), merged("--list-passed", "2")
    (checkout / "heroci.toml").write_text("[report]\nlist-passed = 2\n")
    configured, overruled = merged(), merged("--list-passed", "9")

    bad = ("test_empty", "failed")
    assert packed == [([], 2), ([bad], 2)]
    assert listed == [
        ([("test_a", "passed"), ("test_b", "passed")], 0),
        ([bad, ("test_b", "passed"), ("test_c", "passed")], 0),
    ]
    assert (configured, overruled) == (packed, listed)
