"""`heroci init`: its output, and the files that it writes or leaves alone."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from heroci_action.commands.workflow_file import CHECKOUT, UPLOAD
from tests.contracts.linters import actionlint_program
from tests.end_to_end import projects
from tests.end_to_end.program import COMMAND, call, environment

WORKFLOW = ".github/workflows/heroci.yml"
PINNED = "acme/heroci@" + "0123456789abcdef" * 2 + "01234567"
MANAGE = projects.FILES["manage.py"]
MOVED: dict[str, str | None] = dict.fromkeys(projects.FILES)


def below(folder: str, *, keep: tuple[str, ...] = ()) -> dict[str, str | None]:
    """Write the project to a subdirectory."""
    moved = {f"{folder}/{name}": text for name, text in projects.FILES.items() if name not in keep}
    return {**{name: None for name in projects.FILES if name not in keep}, **moved}


PYTEST: dict[str, str | None] = {
    "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = site_.settings\n",
    "requirements.txt": "Django\npytest-django\n",
}
POETRY: dict[str, str | None] = {
    "requirements.txt": None,
    "poetry.lock": '[[package]]\nname = "django"\nversion = "5.2"\n',
    "pyproject.toml": '[tool.poetry]\nname = "x"\n\n[tool.poetry.dependencies]\ndjango = "5.2"\n',
}
UV: dict[str, str | None] = {
    "requirements.txt": None,
    "uv.lock": 'version = 1\n\n[[package]]\nname = "django"\nversion = "5.2"\n',
    "pyproject.toml": '[project]\nname = "x"\nversion = "1"\ndependencies = ["django"]\n',
}
MONOREPO = {
    **below("apps/api"),
    "apps/web/manage.py": MANAGE,
    "pyproject.toml": "[tool.x]\na = 1\n",
}

# By name: the files, and the project's directory if it is not the root of the repository.
LAYOUTS: dict[str, tuple[dict[str, str | None], str]] = {
    "at the root": ({}, "."),
    "in a subfolder": (below("backend"), "."),
    "in src": (below("src", keep=("pyproject.toml", "requirements.txt")), "."),
    "with pytest": (PYTEST, "."),
    "with poetry": (POETRY, "."),
    "with uv": (UV, "."),
    "in a monorepo": (MONOREPO, "."),
    "the second in a monorepo": (MONOREPO, "apps/web"),
}


def job(root: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((root / WORKFLOW).read_text())["jobs"]["heroci"]
    return content


def inputs(root: Path) -> dict[str, str]:
    (step,) = (step for step in job(root)["steps"] if "/heroci@" in step["uses"])
    given: dict[str, str] = step["with"]
    return given


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("action", [None, PINNED], ids=["placeholder", "pinned"])
def test_workflow_passes_the_linters(tmp_path: Path, name: str, action: str | None) -> None:
    files, place = LAYOUTS[name]
    projects.write(tmp_path, files)

    options = ("--action", action) if action else ()
    done = call("init", place, "--yes", *options, directory=tmp_path)

    assert done.exit_code == 0, done.stdout + done.stderr
    bin_ = Path(sys.executable).parent
    for command in (
        (actionlint_program(), "-no-color", WORKFLOW),
        (str(bin_ / "zizmor"), "--offline", "--no-progress", "--pedantic", WORKFLOW),
        (
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.github-workflows", WORKFLOW),
        ),
    ):
        checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr
    assert ("OWNER" in done.stdout) == (action is None)
    again = call("init", place, *options, directory=tmp_path)
    assert (again.exit_code, "Nothing to do" in again.stdout) == (0, True)


def test_only_the_workflow_is_written_if_detection_needs_no_help(tmp_path: Path) -> None:
    projects.write(tmp_path)
    call("init", "--yes", directory=tmp_path)
    assert status(tmp_path) == ["?? .github/"]
    assert inputs(tmp_path) == {"output": "heroci-reports"}
    assert job(tmp_path)["permissions"] == {"contents": "read"}


def test_choice_of_a_project_is_added_to_the_existing_configuration(
    tmp_path: Path,
) -> None:
    projects.write(tmp_path, MONOREPO)
    call("init", "--yes", directory=tmp_path)
    text = (tmp_path / "pyproject.toml").read_text()
    assert text == '[tool.x]\na = 1\n\n[tool.heroci]\nworking-directory = "apps/api"\n'
    assert inputs(tmp_path) == {"output": "heroci-reports"}


def test_project_that_detection_would_not_choose_is_named_in_the_workflow(tmp_path: Path) -> None:
    projects.write(tmp_path, MONOREPO)
    call("init", "apps/web", "--yes", directory=tmp_path)
    assert status(tmp_path) == ["?? .github/"]
    assert inputs(tmp_path)["working-directory"] == "apps/web"


def test_choice_is_written_to_heroci_toml_without_a_pyproject(tmp_path: Path) -> None:
    projects.write(tmp_path, {**MONOREPO, "pyproject.toml": None})
    call("init", "--yes", directory=tmp_path)
    assert (tmp_path / "heroci.toml").read_text() == 'working-directory = "apps/api"\n'


def test_without_a_terminal_nothing_is_written(tmp_path: Path) -> None:
    projects.write(tmp_path)
    done = call("init", directory=tmp_path)
    assert done.exit_code == 2
    assert f"+++ b/{WORKFLOW}" in done.stdout
    assert "--yes" in done.stderr
    assert not status(tmp_path)


@pytest.mark.parametrize(("answer", "written"), [("y", True), ("n", False)])
def test_asks_on_a_terminal(tmp_path: Path, answer: str, written: bool) -> None:
    projects.write(tmp_path)
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    done = subprocess.run(
        [*COMMAND, "init"],
        cwd=tmp_path,
        env=environment(),
        stdin=theirs,
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0
    assert "Write this?" in done.stdout
    assert (tmp_path / WORKFLOW).exists() == written


def test_different_workflow_is_replaced_only_with_force(tmp_path: Path) -> None:
    mine = "name: mine\n"
    projects.write(tmp_path, {WORKFLOW: mine})
    done = call("init", "--yes", directory=tmp_path)
    assert done.exit_code == 2
    assert "-name: mine" in done.stdout
    assert "--force" in done.stderr
    assert (tmp_path / WORKFLOW).read_text() == mine
    assert call("init", "--yes", "--force", directory=tmp_path).exit_code == 0
    assert (tmp_path / WORKFLOW).read_text() != mine


def test_declined_workflow_leaves_the_configuration_unchanged(tmp_path: Path) -> None:
    projects.write(tmp_path, {**MONOREPO, WORKFLOW: "name: mine\n"})
    assert call("init", "--yes", directory=tmp_path).exit_code == 2
    assert not status(tmp_path)


def test_symbolic_link_out_of_the_repository_is_not_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "repository", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    projects.write(root)
    (root / ".github").symlink_to(outside)
    done = call("init", "--yes", directory=root)
    assert done.exit_code == 2
    assert not list(outside.iterdir())


def test_nothing_is_written_without_a_django_project(tmp_path: Path) -> None:
    projects.write(tmp_path, {**MOVED, "README": "x"})
    done = call("init", "--yes", directory=tmp_path)
    assert (done.exit_code, status(tmp_path)) == (2, [])


@pytest.mark.parametrize("action", ["heroci", "a/b", "a/b@x y", "a/b@v1\n      - run: x", "a/b@"])
def test_invalid_action_reference_is_a_usage_error(tmp_path: Path, action: str) -> None:
    projects.write(tmp_path)
    assert call("init", "--yes", "--action", action, directory=tmp_path).exit_code == 2
    assert not status(tmp_path)


@pytest.mark.parametrize("branch", ["trunk", "release/1.x", "on", "a#b", "1.0"])
def test_workflow_uses_the_default_branch(tmp_path: Path, branch: str) -> None:
    projects.write(tmp_path)
    projects.git(tmp_path, "checkout", "--quiet", "-b", branch)
    call("init", "--yes", directory=tmp_path)
    content = yaml.safe_load((tmp_path / WORKFLOW).read_text())
    assert content[True]["push"]["branches"] == [branch]


def test_pins_match_our_workflows() -> None:
    root = Path(__file__).resolve().parents[2]
    own = "".join(path.read_text() for path in (root / ".github/workflows").glob("*.yml"))
    assert f"uses: {CHECKOUT}\n" in own
    assert f"uses: {UPLOAD}\n" in own


def status(root: Path) -> list[str]:
    done = subprocess.run(
        ["git", "status", "--porcelain"], cwd=root, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()
