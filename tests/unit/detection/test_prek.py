from __future__ import annotations

from pathlib import Path

from heroci_action.commands.suggestions import suggest_toml
from heroci_action.detection.environment.supported_versions import Supported
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

HOOKS = """
[[repos]]
repo = "builtin"
hooks = [{ id = "check-yaml" }]

[[repos]]
repo = "https://github.com/astral-sh/ruff-pre-commit"
rev = "v0.14.6"
hooks = [{ id = "ruff-check", args = ["--select", "E"], exclude = { glob = ["mysite/old/**", "**/generated.py"] } }]

[[repos]]
repo = "https://github.com/PyCQA/bandit"
rev = "1.9.2"
hooks = [{ id = "bandit", files = { glob = "mysite/**/*.py" } }]
"""
FILES = {
    **django(),
    "prek.toml": HOOKS,
    "mysite/old/a.py": "",
    "mysite/generated.py": "",
    **workflow("prek run --all-files"),
}


def test_the_hooks_of_prek_toml_are_the_lint_tools_of_the_ci(tmp_path: Path) -> None:
    found = loaded(tmp_path, FILES)
    assert {tool: config.command for tool, config in found.config.lint.items()} == {
        "ruff": (
            *(
                "ruff",
                "check",
                "--no-fix",
                "--no-fix-only",
                "--output-format=concise",
                "--force-exclude",
                "--select",
                "E",
            ),
            *("manage.py", "mysite/__init__.py", "mysite/settings.py"),
        ),
        "bandit": (
            *("bandit", "mysite/__init__.py", "mysite/generated.py", "mysite/old/a.py"),
            "mysite/settings.py",
        ),
    }
    assert found.facts.lint_specs == {"ruff": "ruff==0.14.6", "bandit": "bandit==1.9.2"}
    assert "lint" not in found.config.stages


def test_prek_prefers_its_own_format(tmp_path: Path) -> None:
    hooks = "repos: [{repo: 'https://github.com/psf/black', hooks: [{id: black}]}]"
    found = loaded(tmp_path, {**FILES, ".pre-commit-config.yaml": hooks})
    assert list(found.config.lint) == ["ruff", "bandit"]


def test_hooks_start_in_the_root_of_the_repository(tmp_path: Path) -> None:
    hooks = """
    [[repos]]
    repo = "https://github.com/PyCQA/bandit"
    hooks = [{ id = "bandit", args = ["-c", "backend/bandit.yaml"], files = "settings" }]
    """
    files = {f"backend/{path}": text for path, text in django().items()}
    ci = {"prek.toml": hooks, "backend/bandit.yaml": "", **workflow("prek run --all-files")}
    found = loaded(tmp_path, {**files, **ci}).config.lint["bandit"].command
    assert found == ("bandit", "-c", "bandit.yaml", "mysite/settings.py")


def test_hooks_that_prek_contains_are_left_to_the_ci(tmp_path: Path) -> None:
    assert not any("hooks" in warning for warning in loaded(tmp_path, FILES).warnings)


def test_prek_runs_the_hooks_that_the_plan_lacks(tmp_path: Path) -> None:
    hooks = '[[repos]]\nrepo = "https://github.com/jorisroovers/gitlint"\nhooks = [{ id = "gitlint" }]\n'
    proposed = suggest_toml(loaded(tmp_path, {**FILES, "prek.toml": hooks}), Supported())
    assert '"pip install prek", "prek run --all-files gitlint"' in proposed
