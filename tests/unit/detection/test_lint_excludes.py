"""Files that HeroCI names in place of a directory are those that the tool would find in it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from heroci_action.project import load
from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, write

BLACK = '[tool.black]\nexclude = "conf.py"\n'
EXTEND = "[tool.black]\nextend-exclude = '''\n/(\n  conf.py  # generated\n)\n'''\n"


def command(root: Path, tool: str, line: str, files: dict[str, str]) -> tuple[str, ...]:
    """Return the command of a tool in a checkout with an untracked directory, so that the paths are named."""
    base = {**django(), "conf.py": "", "requirements.txt": "django\n"}
    write(root, {**base, **workflow(line, "python manage.py test"), **files})
    for words in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *words], cwd=root, check=True)
    write(root, {"venv/x.py": ""})
    found = load(root).config.lint[tool].command
    assert isinstance(found, tuple)
    return found


@pytest.mark.parametrize(
    ("tool", "line", "files"),
    [
        ("black", "black --check .", {"pyproject.toml": BLACK}),
        ("black", "black --check .", {"pyproject.toml": EXTEND}),
        ("black", "black --check --exclude conf.py .", {}),
        ("black", "black --check --extend-exclude=conf.py .", {}),
        ("black", "ls", {"pyproject.toml": BLACK}),  # nothing calls it
        ("mypy", "mypy .", {"mypy.ini": "[mypy]\nexclude = conf.py\n"}),
        ("mypy", "mypy --exclude conf.py .", {}),
        ("mypy", "mypy .", {"pyproject.toml": '[tool.mypy]\nexclude = ["conf.py"]\n'}),
    ],
)
def test_an_excluded_file_is_not_named(
    tmp_path: Path, tool: str, line: str, files: dict[str, str]
) -> None:
    assert command(tmp_path, tool, line, files)[-2:] == ("manage.py", "mysite")


def test_a_file_that_the_ci_names_is_checked(tmp_path: Path) -> None:
    found = command(tmp_path, "black", "black --check conf.py .", {"pyproject.toml": BLACK})
    assert "conf.py" in found


def test_a_tool_with_an_option_for_named_files_gets_it(tmp_path: Path) -> None:
    found = command(tmp_path, "ruff", "ruff check .", {"ruff.toml": 'exclude = ["conf.py"]\n'})
    assert found[-4:] == ("--force-exclude", "conf.py", "manage.py", "mysite")


def test_a_broken_pattern_excludes_nothing(tmp_path: Path) -> None:
    found = command(tmp_path, "black", "black --check --exclude ( .", {})
    assert found[-3:] == ("conf.py", "manage.py", "mysite")


@pytest.mark.parametrize("form", ["--exclude={}", "--exclude {}", "--extend-exclude={}"])
def test_paths_that_flake8_leaves_out_are_relative_to_the_working_directory(
    tmp_path: Path, form: str
) -> None:
    line = f"flake8 . {form.format('client/templates/,*/migrations/*,build')}"
    files = {
        "server/manage.py": django()["manage.py"],
        "server/mysite/settings.py": django()["mysite/settings.py"],
        "client/templates/page.py": "",
        **workflow(line, "cd server && python manage.py test"),
    }
    found = load(write(tmp_path, files)).config
    (words,) = (each.command for each in found.lint.values())
    assert found.working_directory == "server"
    assert "../client/templates,../*/migrations/*,build" in " ".join(words or ())
