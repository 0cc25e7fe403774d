"""Actions of GitHub that check the code are calls of the tools, with their inputs as arguments, or are named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from heroci_action.project import ProjectConfig
from tests.unit.detection.projects import django, loaded


def project(root: Path, uses: str, **inputs: str) -> ProjectConfig:
    step = json.dumps({"uses": uses, "with": {k.replace("__", "-"): v for k, v in inputs.items()}})
    ci = f"on: push\njobs: {{lint: {{steps: [{step}]}}, test: {{steps: [{{run: python manage.py test}}]}}}}\n"
    files = {
        "src/a.py": "",
        "conf/a.yml": "",
        ".github/workflows/ci.yml": ci,
        ".b.yaml": "",
        ".yamllint": "",
    }
    return loaded(root, {**django(), "requirements.txt": "django\n", **files})


@pytest.mark.parametrize(
    ("uses", "inputs", "tool", "words"),
    [
        ("isort/isort-action@v0.1", {"sortPaths": "src mysite"}, "isort", "src mysite"),
        ("jamescurtin/isort-action@master", {"sortPaths": "src"}, "isort", "src"),
        ("rickstaa/action-black@v1", {"black_args": "src -l 99"}, "black", "-l 99 src"),
        ("psf/black@stable", {"src": "src", "options": "--check -l 99"}, "black", "-l 99 src"),
        ("py-actions/flake8@v2", {"path": "src", "max__line__length": "99", "ignore": "E203"}, "flake8",
         "--max-line-length=99 --ignore=E203 src"),
        ("TrueBrain/actions-flake8@v2", {"path": "src", "max_line_length": "99"}, "flake8", "--max-line-length=99 src"),
        ("tsuyoshicho/action-mypy@v4", {"target": "src"}, "mypy", "src"),
        ("ibiqlik/action-yamllint@v3", {"file_or_dir": "conf", "config_file": "x.yml"}, "yamllint",
         "--config-file=x.yml conf"),
        ("acme/lint-action@v2", {"black": "true", "black_args": "-l 99", "flake8": "false"}, "black", "-l 99 ."),
        ("acme/lint-action@v2", {"flake8": "true", "flake8_dir": "src", "mypy": "true"}, "flake8", "src"),
        ("acme/lint-action@v2", {"flake8": "true", "flake8_dir": "src", "mypy": "true"}, "mypy", "."),
        ("acme/python-lint@v1", {"use__isort": "true", "python__root__list": "src"}, "isort", "src"),
        ("acme/black-action@v1", {"args": "--check --exclude '(a|b)' -l 99 src"}, "black", "--exclude (a|b) -l 99 src"),
        ("acme/action-flake8@v1", {"options": "--select F src"}, "flake8", "--select F src"),
        ("suo/flake8-github-action@v1", {"checkName": "lint"}, "flake8", "."),
        ("julianwachholz/flake8-action@v2", {"path": "src", "config": "conf/a.yml"}, "flake8",
         "--config conf/a.yml src"),
        ("tonybajan/flake8-check-action@v1", {"select": "E3,F", "maxlinelength": "99", "path": "src"}, "flake8",
         "--select=E3,F --max-line-length=99 src"),
        ("cclauss/GitHub-Action-for-Flake8@0.6", {"args": "src --select=E9"}, "flake8", "--select=E9 src"),
        ("wemake-services/wemake-python-styleguide@1.0", {"path": "src"}, "flake8", "src"),
        ("reviewdog/action-black@v3", {"black_args": "src -l 99"}, "black", "-l 99 src"),
        ("jpetrucciani/black-check@master", {"path": "src"}, "black", "src"),
        ("chartboost/ruff-action@v1", {"src": "src"}, "ruff", "src"),
        ("jakebailey/pyright-action@v2", {"project": "conf/a.yml", "extra__args": "src"}, "pyright",
         "--project=conf/a.yml src"),
        ("reviewdog/action-yamllint@v1", {"yamllint_flags": "conf"}, "yamllint", "conf"),
        ("ricardochaves/python-lint@v1.4.0", {"python__root__list": "src", "use__black": "false"}, "mypy", "src"),
        ("codespell-project/actions-codespell@v2", {"path": "src", "skip": "*.po"}, "codespell", "--skip=*.po src"),
    ],
)  # fmt: skip
def test_the_inputs_are_arguments(
    tmp_path: Path, uses: str, inputs: dict[str, str], tool: str, words: str
) -> None:
    command = project(tmp_path, uses, **inputs).config.lint[tool].command or ()
    assert " ".join(command).endswith(f" {words}")


def test_plugins_that_an_action_installs_are_installed(tmp_path: Path) -> None:
    found = project(tmp_path, "py-actions/flake8@v2", plugins="flake8-bugbear==22.1.11")
    assert found.facts.lint_plugins == ("flake8-bugbear==22.1.11",)


def test_yamllint_also_checks_hidden_files(tmp_path: Path) -> None:
    found = project(tmp_path, "ibiqlik/action-yamllint@v3").config.lint["yamllint"].command
    assert found == ("yamllint", ".b.yaml", ".github", ".yamllint", "conf")


@pytest.mark.parametrize(
    "name",
    [
        "crate-ci/typos",
        "super-linter/super-linter",
        "acme/spdx-checker-action",
        "acme/gh-action-pip-audit",
        "github/super-linter",
        "acme/flake8-annotator",
        "acme/pyright-review",
        "creyD/prettier_action",
        "cloudposse/github-action-pre-commit",
        "aquasecurity/trivy-action",
        "cypress-io/github-action",
        "fsfe/reuse-action",
        "errata-ai/vale-action",
        "facebook/pysa-action",
        "sbdchd/squawk-action",
        "acme/lighthouse-ci-action",
        "lycheeverse/lychee-action",
        "dflook/terraform-fmt-check",
        "dflook/terraform-validate",
        "grafana/run-k6-action",
    ],
)
def test_a_check_that_is_no_known_command_line_is_named(tmp_path: Path, name: str) -> None:
    assert any(f"'uses: {name}'" in text for text in project(tmp_path, f"{name}@v1").warnings)


@pytest.mark.parametrize(
    "name",
    [
        "github/codeql-action/analyze",
        "actions/labeler",
        "acme/welcome",
        "grafana/setup-k6-action",
        "aquasecurity/setup-trivy",
        "pre-commit-ci/lite-action",
    ],
)
def test_other_actions_are_no_checks(tmp_path: Path, name: str) -> None:
    assert not [text for text in project(tmp_path, f"{name}@v1").warnings if name in text]


def test_an_action_that_only_installs_the_tool_of_its_tests_is_no_check(tmp_path: Path) -> None:
    found = project(tmp_path, "cypress-io/github-action@v6", runTests="false")
    assert not [text for text in found.warnings if "cypress" in text]


def test_linters_that_an_input_switches_off_are_not_run(tmp_path: Path) -> None:
    found = project(tmp_path, "ricardochaves/python-lint@v1.4.0", use__black="false").config.lint
    assert {"flake8", "isort", "mypy", "pylint", "pycodestyle"} <= found.keys()
    assert "black" not in found
