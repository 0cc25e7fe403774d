"""What action.yml promises, the code keeps and the README says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from heroci_action.errors import ConfigurationError
from heroci_action.inputs import options_from
from heroci_action.options import EngineChoice, RunOptions, Verbosity
from heroci_action.reports.outputs import outputs
from heroci_action.results import Result, Status

ROOT = Path(__file__).resolve().parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
README = (ROOT / "README.md").read_text()


def table(heading: str) -> list[list[str]]:
    """The cells of the rows of the first table under a heading of the README."""
    section = README.split(f"### {heading}\n")[1].split("\n#")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def environ(**inputs: str) -> dict[str, str]:
    """The environment in which the runner starts the action: an empty text for each input that is not set."""
    defaults = {name: str(given["default"]) for name, given in ACTION["inputs"].items()}
    given = {**defaults, **{name.replace("_", "-"): value for name, value in inputs.items()}}
    return {f"INPUT_{name.upper()}": value for name, value in given.items()}


def test_the_readme_has_every_input_with_its_default_and_description() -> None:
    rows = [
        [f"`{name}`", f"`{given['default']}`" if given["default"] else "", given["description"]]
        for name, given in ACTION["inputs"].items()
    ]
    assert table("Inputs") == rows


def test_the_readme_has_every_output_with_its_description() -> None:
    assert table("Outputs") == [
        [f"`{name}`", given["description"]] for name, given in ACTION["outputs"].items()
    ]


def test_the_code_writes_exactly_the_outputs_that_are_promised() -> None:
    result = Result(status=Status.PASSED, exit_code=0, project="p", engine="host")
    assert set(outputs(result, {})) == set(ACTION["outputs"])


def test_the_code_reads_exactly_the_inputs_that_are_promised() -> None:
    class Watched(dict[str, str]):
        read: ClassVar[set[str]] = set()

        def get(self, key: str, default: object = None) -> Any:
            self.read.add(key)
            return super().get(key, default)

    watched = Watched(environ())
    options_from(watched)
    assert {name for name in watched.read if name.startswith("INPUT_")} == set(environ())


def test_names_are_kebab_case_and_described() -> None:
    for kind in ("inputs", "outputs"):
        for name, given in ACTION[kind].items():
            assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
            assert given["description"].endswith(".")


def test_untouched_inputs_mean_the_defaults_of_the_command_line() -> None:
    assert options_from(environ()) == RunOptions(install_system_packages=True)


def test_inputs_become_options(tmp_path: Path) -> None:
    options = options_from(
        environ(
            engine="host",
            stages="lint, tests\nimage",
            fail_fast="true",
            max_parallel="3",
            timeout_minutes="1.5",
            output="out",
            log_level="debug",
            working_directory=str(tmp_path),
        )
    )
    assert options == RunOptions(
        engine=EngineChoice.HOST,
        stages=("lint", "tests", "image"),
        fail_fast=True,
        max_parallel=3,
        timeout=90.0,
        output=Path("out"),
        verbosity=Verbosity.DEBUG,
        path=tmp_path,
        install_system_packages=True,
    )


def test_every_wrong_input_is_told_at_once_with_what_it_should_be() -> None:
    wrong = environ(
        engine="dager",
        fail_fast="yes",
        max_parallel="0",
        timeout_minutes="-1",
        log_level="loud",
        working_directory="no/such",
    )
    with pytest.raises(ConfigurationError) as caught:
        options_from(wrong)
    text = str(caught.value)
    assert len(caught.value.problems) == 6
    for words in (
        "'dager' is not one of auto, dagger, host; did you mean 'dagger'?",
        "'yes' is not one of true, false",
        "'0'",
        "'-1'",
        "'loud'",
        "'no/such'",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-actions", "action.yml"),
        ("vendor.github-workflows", ".github/workflows/ci.yml"),
    ],
)
def test_files_for_github_are_valid_by_their_schema(schema: str, file: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, file]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_foreign_action_is_pinned_by_commit_with_its_version_beside_it() -> None:
    for workflow in (ROOT / ".github/workflows").glob("*.yml"):
        for line in workflow.read_text().splitlines():
            if "uses:" in line and "./" not in line:
                assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_every_job_names_its_permissions_and_none_may_write() -> None:
    for path in (ROOT / ".github/workflows").glob("*.yml"):
        workflow = yaml.safe_load(path.read_text())
        assert workflow["permissions"] == {}
        for job in workflow["jobs"].values():
            assert set(job["permissions"].values()) == {"read"}
            assert job["timeout-minutes"]
