"""The end of every verb: no report claims more than what could be published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from heroci_action.commands.finish import Site, finish
from heroci_action.github.context import GitHubContext
from heroci_action.observers.base import Observer
from heroci_action.options import Destination, Gates, Reference
from heroci_action.publish.files import Repository
from heroci_action.repository.git import Checkout
from heroci_action.results.records import Result, Status
from tests.unit.builders import case, run_of
from tests.unit.github.runner import outputs


class Watching(Observer):
    """Keep the result that is shown at the end."""

    result: Result | None = None

    def run_finished(self, result: Result) -> None:
        self.result = result


def site(root: Path, *, github: GitHubContext | None = None) -> Site:
    return Site(
        checkout=Checkout(root=root, known=False),
        repository=Repository(root=root),
        output=root / "out",
        github=github,
        observer=Watching(),
    )


def end(result: Result, where: Site, gates: Gates | None = None) -> int:
    finished = finish(
        result,
        reference=Reference(),
        gates=gates or Gates(),
        destination=Destination(),
        site=where,
    )
    return finished.exit_code


@pytest.mark.parametrize(
    ("status", "expected", "code"), [(Status.PASSED, "errored", 3), (Status.FAILED, "failed", 1)]
)
def test_a_run_whose_summary_cannot_be_written_has_not_passed(
    tmp_path: Path, status: Status, expected: str, code: int
) -> None:
    github = GitHubContext(workspace=tmp_path, output=tmp_path / "o", step_summary=tmp_path)
    where = site(tmp_path, github=github)

    assert end(run_of(case("a", status)), where) == code

    assert outputs((tmp_path / "o").read_text())["status"] == expected
    written = json.loads((tmp_path / "out/heroci-result.json").read_text())
    assert written["status"] == expected
    assert written["stages"][-1]["name"] == "reports"
    assert "cannot write the job summary" in (tmp_path / "out/summary.md").read_text()
    assert isinstance(where.observer, Watching)
    assert where.observer.result
    assert where.observer.result.status.value == expected


def test_outputs_say_errored_if_a_report_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "out/junit.xml/file").mkdir(parents=True)
    github = GitHubContext(workspace=tmp_path, output=tmp_path / "o")

    assert end(run_of(case("a")), site(tmp_path, github=github)) == 3

    found = outputs((tmp_path / "o").read_text())
    assert (found["status"], found["junit-path"]) == ("errored", "")
    assert found["failed-stages"] == "reports"


def test_a_failed_gate_is_part_of_every_report(tmp_path: Path) -> None:
    code = end(run_of(case("a")), site(tmp_path), Gates(coverage_minimum=80.0))

    assert code == 1
    for name in ("summary.md", "report.html", "junit.xml"):
        assert "coverage was not measured" in (tmp_path / "out" / name).read_text(), name
