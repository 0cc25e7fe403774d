"""Flake8 checks only what has changed, and nothing that it would find is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from heroci_action.probes import heroci_flake8

FOUND = "import os\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    (root / "shop").mkdir(parents=True)
    for name in ("a.py", "b.py"):
        (root / "shop" / name).write_text("X = 1\n")
    (root / ".flake8").write_text("[flake8]\nexclude = old\n")
    return root


def check(project: Path, *arguments: str) -> tuple[int, list[str]]:
    """Return the exit code, and the files that are known to have passed."""
    cache = project.parent / "cache"
    env = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HEROCI_FLAKE8_CACHE": str(cache),
    }
    command = [sys.executable, heroci_flake8.__file__, "--format=default", *arguments, "shop"]
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, check=False)
    texts = [path.read_text() for path in cache.glob("*.json")]
    return done.returncode, [name for name in ("a.py", "b.py") if any(name in t for t in texts)]


def test_a_file_that_has_passed_is_not_checked_again(project: Path) -> None:
    assert check(project) == (0, ["a.py", "b.py"])
    (entry,) = (project.parent / "cache").iterdir()
    # Without the hash of its present content, the file would fail; nobody but Flake8 writes this.
    found = heroci_flake8.hash_of
    (project / "shop/a.py").write_text(FOUND)
    wrong = entry.read_text().replace(
        found(str(project / "shop/b.py")), found(str(project / "shop/a.py"))
    )
    entry.write_text(wrong)
    assert check(project)[0] == 0


@pytest.mark.parametrize("option", ["--config=", "--append-config="])
def test_another_content_of_a_configuration_that_an_option_names_counts(
    project: Path, option: str
) -> None:
    rules = project / "rules/flake8.cfg"
    rules.parent.mkdir()
    rules.write_text("[flake8]\nextend-ignore = F401\n")
    (project / "shop/a.py").write_text(FOUND)
    assert check(project, f"{option}rules/flake8.cfg")[0] == 0
    rules.write_text("[flake8]\n")
    assert check(project, f"{option}rules/flake8.cfg")[0] != 0


@pytest.mark.parametrize("name", ["a.py", "new.py"])
def test_a_changed_or_new_file_is_checked(project: Path, name: str) -> None:
    check(project)
    (project / "shop" / name).write_text(FOUND)
    assert check(project)[0] != 0


@pytest.mark.parametrize(
    "change",
    [
        {".flake8": "[flake8]\nselect = E,F,W\nmax-line-length = 3\n"},
        {"setup.cfg": "[flake8]\nmax-line-length = 3\n", ".flake8": ""},
    ],
)
def test_another_configuration_checks_everything_again(
    project: Path, change: dict[str, str]
) -> None:
    check(project)
    for name, text in change.items():
        (project / name).write_text(text)
    assert check(project)[0] != 0


def test_other_arguments_check_everything_again(project: Path) -> None:
    check(project)
    assert check(project, "--max-line-length=3")[0] != 0


def test_a_failure_is_not_remembered_even_if_it_is_no_failure_for_flake8(project: Path) -> None:
    (project / "shop/a.py").write_text(FOUND)
    assert check(project) == (heroci_flake8.UNKNOWN, [])
    assert check(project, "--exit-zero") == (heroci_flake8.UNKNOWN, [])


def test_plugins_of_the_project_leave_it_to_flake8(project: Path) -> None:
    (project / "rules.py").write_text(
        "class Rule:\n    name = 'r'\n    version = '1'\n    def __init__(self, tree): pass\n"
        "    def run(self): return iter(())\n"
    )
    (project / ".flake8").write_text(
        "[flake8:local-plugins]\nextension =\n    R = rules:Rule\npaths = .\n"
    )
    assert check(project) == (heroci_flake8.UNKNOWN, [])
