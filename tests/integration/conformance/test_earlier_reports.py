"""Report files that are in the checkout before the run say nothing about it, on either engine."""

from __future__ import annotations

import pytest

from heroci_action.engines.base import EARLIER_REPORT
from heroci_action.pipeline.run_context import RunContext
from heroci_action.results.records import Result, StageResult, Status
from tests.end_to_end.projects import FILES, write
from tests.integration.conformance.running import on_both

pytestmark = pytest.mark.dagger

TRACKED, NEW, IGNORED = "tracked.xml", "untracked.xml", "ignored.xml"
SUITE = '<testsuite name="s" tests="1"><testcase classname="c" name="{0}"/></testsuite>'
# Each stage has a directory with one report of each kind.
STAGES = """
    [stages.idle-tracked]
    steps = ["true"]
    reports = { junit = "idle-tracked/tracked.xml" }

    [stages.idle-untracked]
    steps = ["true"]
    reports = { junit = "idle-untracked/untr*.xml" }

    [stages.idle-ignored]
    steps = ["true"]
    reports = { junit = "idle-ignored/ignored.xml" }

    [stages.optional]
    steps = ["true"]
    reports = { junit = { path = "optional/*.xml", optional = true } }

    [stages.beside]
    steps = ["sed s/tracked/written/ beside/tracked.xml >beside/new.xml"]
    reports = { junit = "beside/*.xml" }

    [stages.same-content]
    steps = ["cat same-content/tracked.xml >copy && cat copy >same-content/tracked.xml"]
    reports = { junit = "same-content/*.xml" }

    [stages.by-one-of-two]
    parallel = true
    steps = ["sed s/tracked/again/ by-one-of-two/tracked.xml >next && mv next by-one-of-two/tracked.xml", "sleep 1"]
    reports = { junit = "by-one-of-two/tracked.xml" }
    """
NAMES = (
    "idle-tracked",
    "idle-untracked",
    "idle-ignored",
    "optional",
    "beside",
    "same-content",
    "by-one-of-two",
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """The results of both engines for a checkout in which an earlier run has left its reports."""
    tracked = {f"{name}/{TRACKED}": SUITE.format(f"tracked-{name}") for name in NAMES}
    root = write(
        tmp_path_factory.mktemp("conformance") / "project",
        {
            ".gitignore": f"{IGNORED}\n",
            "requirements.txt": "",
            "heroci.toml": f"lint = []\n{STAGES}",
            "pyproject.toml": FILES["pyproject.toml"].partition("[tool.heroci]")[0],
            **tracked,
        },
    )
    for name in NAMES:
        for kind in (NEW, IGNORED):
            (root / name / kind).write_text(SUITE.format(f"{kind}-{name}"))
    return on_both(root, RunContext(no_image="not needed"), only=NAMES)


def stage(result: Result, name: str) -> StageResult:
    return next(each for each in result.stages if each.name == name)


@pytest.mark.promise(
    "a stage does not write the report that it declares, and the checkout contains an old one",
    "the stage fails on either engine, whether git tracks or ignores the file or not",
)
@pytest.mark.parametrize("kind", ["tracked", "untracked", "ignored"])
def test_a_stage_that_writes_no_report_fails(results: dict[str, Result], kind: str) -> None:
    for engine, result in results.items():
        found = stage(result, f"idle-{kind}")
        assert found.status is Status.FAILED, engine
        # The Dagger engine does not receive ignored files.
        wanted = "no file matches" if (kind, engine) == ("ignored", "dagger") else EARLIER_REPORT
        assert wanted in (found.reason or ""), engine
        assert result.exit_code == 1, engine


def test_an_optional_report_of_an_earlier_run_is_not_read(results: dict[str, Result]) -> None:
    for engine, result in results.items():
        assert stage(result, "optional").status is Status.PASSED, engine


def test_only_what_the_run_has_written_is_read(results: dict[str, Result]) -> None:
    for engine, result in results.items():
        assert sorted(test.name for test in result.tests) == [
            "again-by-one-of-two",
            "tracked-same-content",
            "written-beside",
        ], engine
        for name in ("beside", "same-content", "by-one-of-two"):
            assert stage(result, name).status is Status.PASSED, (engine, name)
