"""Warnings name everything that the plan lacks, however much it is."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from heroci_action.cli import plan
from heroci_action.project import ProjectConfig
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

NAMES = ["one", "two", "three", "four", "five"]


def project(root: Path, *lines: str) -> ProjectConfig:
    return loaded(root, {**django(), **workflow(*lines)})


def warning(found: ProjectConfig, word: str) -> str:
    (text,) = (each for each in found.warnings if word in each)
    return text


def test_every_other_check_is_named(tmp_path: Path) -> None:
    lines = [f"sphinx-build -W {name} out" for name in NAMES]
    text = warning(project(tmp_path, "pytest", *lines), "checks that the plan")
    assert all(line in text for line in lines)


def test_every_call_of_a_program_that_cannot_run_is_named(tmp_path: Path) -> None:
    found = project(tmp_path, "pytest", "eslint web", "cd admin && eslint src", "eslint web")
    text = warning(found, "eslint")
    assert (text.count("'eslint web'"), text.count("'eslint src'")) == (1, 1)
    (suggestion,) = (each for each in found.facts.suggestions if each.why == text)
    assert suggestion.lines == (
        'stages.eslint = { steps = ["eslint web", "cd admin && eslint src"] }',
    )


def test_every_job_without_a_known_test_command_is_named(tmp_path: Path) -> None:
    jobs = "".join(f"  {name}: {{steps: [{{run: ./{name}}}]}}\n" for name in NAMES)
    files = {**django(), ".github/workflows/ci.yml": f"on: push\njobs:\n{jobs}"}
    text = warning(loaded(tmp_path, files), "no command of the CI")
    assert all(name in text for name in NAMES)


def test_every_line_that_could_not_be_followed_is_named(tmp_path: Path) -> None:
    lines = [f"gulp test-{name}" for name in NAMES]
    texts = project(tmp_path, *lines).warnings
    assert all(any(line in text for text in texts) for line in lines)


def test_the_json_form_contains_the_lines_that_were_left_out(tmp_path: Path) -> None:
    project(tmp_path, "flake8", "mypy mysite || true", "pytest")
    done = CliRunner().invoke(plan.command, [str(tmp_path), "--json", "--engine", "host"])
    assert {
        "line": "mypy mysite",
        "source": ".github/workflows/ci.yml",
        "reason": "the CI passes even if it fails",
    } in json.loads(done.output)["left_out"]
