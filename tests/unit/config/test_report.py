"""The limits of reports, which a repository without a project may have too."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.config.location import read_file, report_config
from heroci_action.config.model import ReportConfig
from heroci_action.errors import ConfigurationError, Problem
from tests.unit.detection.projects import django, loaded, write


def load_report(root: Path) -> ReportConfig:
    return report_config(*read_file(root, root))


def test_what_is_not_written_has_its_default(tmp_path: Path) -> None:
    assert load_report(tmp_path) == ReportConfig(largest_file=1 << 30)


def test_they_are_read_without_a_project_from_either_file(tmp_path: Path) -> None:
    own = write(tmp_path / "own", {"heroci.toml": "[report]\nlargest-file = '2kB'"})
    table = "[tool.heroci.report]\nlargest-file = 5"
    shared = write(tmp_path / "shared", {"pyproject.toml": table})

    assert load_report(own) == ReportConfig(largest_file=2_000)
    assert load_report(shared) == ReportConfig(largest_file=5)


def test_a_run_has_the_same(tmp_path: Path) -> None:
    files = {**django(), "heroci.toml": "[report]\nlargest-file = '1MiB'"}

    config = loaded(tmp_path, files).config

    assert config.report == ReportConfig(largest_file=1 << 20)
    assert config.report == load_report(tmp_path)


def problems(root: Path, toml: str) -> dict[str, Problem]:
    with pytest.raises(ConfigurationError) as caught:
        load_report(write(root, {"heroci.toml": toml}))
    return {problem.key: problem for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("toml", "key", "words"),
    [
        ("largest-file = 'big'", "largest-file", '"500MB", "2GB", "1GiB", not \'big\''),
        ("largest-file = -1", "largest-file", "must be bytes as a whole number"),
        ("largest-file = 1.5", "largest-file", "not 1.5"),
        ("largest-file = true", "largest-file", "not True"),
        ("largest-fil = 1", "largest-fil", "did you mean 'largest-file'?"),
    ],
)
def test_a_value_that_is_none_is_told_with_its_key_and_file(
    tmp_path: Path, toml: str, key: str, words: str
) -> None:
    (problem,) = problems(tmp_path, f"[report]\n{toml}").values()

    assert problem.key == f"report.{key}"
    assert words in problem.message
    assert problem.origin == "heroci.toml"


def test_a_misspelt_table_and_a_wrong_value_are_told_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, "fail-fast = 'x'\n[reprot]\nlargest-file = 1")

    assert set(found) == {"fail-fast", "reprot"}
    assert "did you mean 'report'?" in found["reprot"].message
