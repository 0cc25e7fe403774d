"""Report files that an earlier run has left in the checkout say nothing about this one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from heroci_action.engines.host.declared_reports import DeclaredReports
from heroci_action.plan.actions import CollectReports
from heroci_action.plan.report_kinds import JUNIT, Report
from heroci_action.plan.stages import Plan, Stage, Step

PATTERN = "out/*.xml"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "out" / "old.xml"
    path.parent.mkdir()
    path.write_text("<testsuite/>")
    return path


def reports(directory: Path) -> DeclaredReports:
    step = Step(
        name="reports",
        action=CollectReports(),
        reports=(Report(kind=JUNIT, path=PATTERN, required=True), Report(kind=JUNIT)),
    )
    return DeclaredReports(directory, Plan(project="p", stages=(Stage(name="e2e", steps=(step,)),)))


@pytest.mark.promise(
    "a declared report is from an earlier run, and the stage has not written it",
    "the stage fails and names it; if the report is `optional`, it is not read",
)
def test_a_report_that_was_not_written_is_earlier(tmp_path: Path, old: Path) -> None:
    found = reports(tmp_path)

    assert found.is_earlier(old)
    assert found.find(PATTERN, required=True) == (old,)
    assert found.find(PATTERN, required=False) == ()


def test_reports_of_an_earlier_run_beside_new_ones_are_left_out(tmp_path: Path, old: Path) -> None:
    found = reports(tmp_path)
    new = old.with_name("new.xml")
    # Its time is that of the old file.
    shutil.copy2(old, new)

    assert found.find(PATTERN, required=True) == (new,)
    assert not found.is_earlier(new)


def test_a_report_that_is_written_again_with_the_same_contents_is_new(
    tmp_path: Path, old: Path
) -> None:
    found = reports(tmp_path)
    times = old.stat()
    old.write_text(old.read_text())
    os.utime(old, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert found.find(PATTERN, required=True) == (old,)
    assert not found.is_earlier(old)
