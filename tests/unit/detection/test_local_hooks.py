"""Hooks that call a program of the repository, and hooks in a file that the CI names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from heroci_action.project import ProjectConfig
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

RUN = "pre-commit run --all-files"
MAKE = "lint:\n\tblack --check mysite\n\tbandit -q -r mysite\nall: lint\n\t./scripts/x.sh\n"


def hooks(*local: dict[str, object]) -> str:
    given = [{"name": "x", "language": "system", **hook} for hook in local]
    return json.dumps({"repos": [{"repo": "local", "hooks": given}]})


def project(root: Path, text: str, line: str = RUN, path: str = "") -> ProjectConfig:
    files = {
        **django(),
        "scripts/x.sh": "exit 1\n",
        "scripts/lint.sh": "set -e\nbandit -q -r mysite\nblack --check mysite\n",
        "Makefile": MAKE,
        **workflow(line, "pytest"),
    }
    return loaded(root, {**files, path or ".pre-commit-config.yaml": text})


def named(found: ProjectConfig) -> str:
    return "".join(text for text in found.warnings if "hooks" in text)


@pytest.mark.parametrize(
    "hook",
    [
        {"entry": "./scripts/x.sh", "language": "script"},
        {"entry": "python scripts/check.py --all"},
        # What the task does beside the linter, or with the names of files, is not known.
        {"entry": "make all", "pass_filenames": False},
        {"entry": "make lint"},
        {"entry": "bash -c 'black --check \"$@\"'"},
        {"entry": "bash -c 'black --check . || true'", "pass_filenames": False},
    ],
)
def test_a_hook_of_the_repository_is_named_with_what_it_runs(
    tmp_path: Path, hook: dict[str, object]
) -> None:
    found = project(tmp_path, hooks({"id": "own", **hook}))
    assert f": own ({hook['entry']})" in named(found)


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        ({"entry": "make lint", "pass_filenames": False}, ["black", "bandit"]),
        ({"entry": "scripts/lint.sh", "pass_filenames": False}, ["black", "bandit"]),
        ({"entry": "bash -c 'black --check mysite'"}, ["black"]),
        ({"entry": "sh -c 'bandit -q -r mysite && black --check .'"}, ["black", "bandit"]),
    ],
)
def test_linters_that_the_task_or_script_of_a_hook_calls_are_run(
    tmp_path: Path, hook: dict[str, object], expected: list[str]
) -> None:
    found = project(tmp_path, hooks({"id": "own", **hook}))
    assert not named(found)
    assert list(found.config.lint) == expected


def test_the_paths_of_a_hook_are_those_of_the_directory_in_which_it_starts(tmp_path: Path) -> None:
    entry = "uv run --directory site mypy shop site"
    files = {
        **{f"site/{name}": text for name, text in django().items()},
        "site/shop/models.py": "",
        "site/site/urls.py": "",
        ".pre-commit-config.yaml": hooks({"id": "types", "entry": entry, "pass_filenames": False}),
        **workflow("cd site && python manage.py test", RUN),
    }
    command = loaded(tmp_path, files).config.lint["mypy"].command
    assert command is not None
    assert command[-2:] == ("shop", "site")


@pytest.mark.parametrize(
    "line",
    [
        f"{RUN} --config ci/hooks.yaml",
        "pre-commit run -c ci/hooks.yaml -a",
        "cd ci && pre-commit run --config=hooks.yaml",
        "prek -c ci/hooks.yaml run",
    ],
)
def test_hooks_of_the_file_that_the_ci_names_count(tmp_path: Path, line: str) -> None:
    text = hooks({"id": "own", "entry": "./scripts/x.sh"}, {"id": "black", "entry": "black"})
    found = project(tmp_path, text, line, "ci/hooks.yaml")
    assert list(found.config.lint) == ["black"]
    assert "(ci/hooks.yaml): own (./scripts/x.sh)" in named(found)


@pytest.mark.parametrize("line", [RUN, f"{RUN} --config missing.yaml"])
def test_hooks_without_a_file_in_the_repository_are_a_warning(tmp_path: Path, line: str) -> None:
    found = project(tmp_path, hooks({"id": "own", "entry": "x"}), line, "other/hooks.yaml")
    assert f"{line!r}" in named(found)
    assert "does not contain" in named(found)


@pytest.mark.parametrize(
    ("hook", "is_named"),
    [
        ({"entry": "python manage.py makemigrations --check"}, False),
        ({"entry": "python manage.py check"}, False),
        ({"entry": "python manage.py check --deploy"}, True),
        ({"entry": "python manage.py lintmigrations"}, True),
    ],
)
def test_a_hook_with_a_check_of_the_plan_is_not_missed(
    tmp_path: Path, hook: dict[str, object], *, is_named: bool
) -> None:
    found = project(tmp_path, hooks({"id": "own", "pass_filenames": False, **hook}))
    assert bool(named(found)) is is_named


@pytest.mark.parametrize("language", ["pygrep", "fail"])
def test_a_pattern_or_a_message_is_no_program(tmp_path: Path, language: str) -> None:
    hook: dict[str, object] = {"id": "own", "entry": "black", "language": language}
    found = project(tmp_path, hooks(hook))
    assert "own" in named(found)
    assert found.config.stages["lint"].optional is True


@pytest.mark.parametrize(
    ("line", "warns"),
    [
        ("pre-commit run --from-ref origin/HEAD --to-ref HEAD", True),
        ("pre-commit run -s main -o HEAD black", True),
        ("prek run --last-commit", True),
        ("pre-commit run --from-ref origin/HEAD --to-ref HEAD || true", False),
        ("pre-commit run --all-files --hook-stage manual", False),
        ("pre-commit run -a", False),
    ],
)
def test_hooks_that_see_only_a_change_check_all_files_with_a_warning(
    tmp_path: Path, line: str, warns: bool
) -> None:
    hooks = "repos: [{repo: https://github.com/psf/black, rev: 24.4.2, hooks: [{id: black}]}]\n"
    files = {**django(), ".pre-commit-config.yaml": hooks, **workflow(line)}
    warnings = loaded(tmp_path, files).warnings
    assert any("only on the files of a change" in text for text in warnings) is warns
