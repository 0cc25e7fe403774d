"""`heroci init` as a user runs it: what it shows, writes and leaves alone."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from heroci_action.commands.workflow_file import CHECKOUT, DOWNLOAD, RESTORE, SAVE, UPLOAD
from tests.contracts.linters import actionlint_program
from tests.end_to_end import projects
from tests.end_to_end.program import COMMAND, Run, call, environment

WORKFLOW = ".github/workflows/heroci.yml"
PINNED = "acme/heroci@" + "0123456789abcdef" * 2 + "01234567"
DEFAULT = {
    "cache-dir": ".git/heroci-cache",
    "baseline": ".git/heroci-baseline/heroci-result.json",
    "output": "heroci-reports",
}
MANAGE = projects.FILES["manage.py"]
MOVED: dict[str, str | None] = dict.fromkeys(projects.FILES)


def below(folder: str, *, keep: tuple[str, ...] = ()) -> dict[str, str | None]:
    """Return the project in a folder instead of the root."""
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
TOX = "[tox]\nenvlist = py{39,312,313}-dj{42,52}\n"
MATRIX = '[matrix]\npython = ["3.12", "3.13"]\ndatabase = ["postgres:17", "sqlite"]\n'

# By name: the files, and the directory to call it for.
LAYOUTS: dict[str, tuple[dict[str, str | None], str]] = {
    "at the root": ({}, "."),
    "in a subfolder": (below("backend"), "."),
    "in src": (below("src", keep=("pyproject.toml", "requirements.txt")), "."),
    "with pytest": (PYTEST, "."),
    "with poetry": (POETRY, "."),
    "with uv": (UV, "."),
    "in a monorepo": (MONOREPO, "."),
    "the second in a monorepo": (MONOREPO, "apps/web"),
    "for several Pythons": ({"tox.ini": TOX}, "."),
    "with a matrix": ({"heroci.toml": MATRIX, "pyproject.toml": None}, "."),
}


def init(*arguments: str, directory: Path) -> Run:
    """Call `heroci init` with an action, unless the arguments name another one."""
    action = () if "--action" in arguments else ("--action", PINNED)
    return call("init", *arguments, *action, directory=directory)


def job(root: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((root / WORKFLOW).read_text())["jobs"]["heroci"]
    return content


def inputs(root: Path) -> dict[str, str]:
    (step,) = (step for step in job(root)["steps"] if "/heroci@" in step.get("uses", ""))
    given: dict[str, str] = step["with"]
    return given


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("action", ["acme/heroci@v1.2.3", PINNED], ids=["tag", "pinned"])
def test_the_workflow_passes_the_linters(tmp_path: Path, name: str, action: str) -> None:
    files, place = LAYOUTS[name]
    projects.write(tmp_path, files)

    options = ("--action", action)
    done = init(place, "--yes", *options, directory=tmp_path)

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
    again = init(place, *options, directory=tmp_path)
    assert (again.exit_code, "Nothing to do" in again.stdout) == (0, True)


def test_only_the_workflow_is_written_if_detection_knows_everything(tmp_path: Path) -> None:
    projects.write(tmp_path)
    init("--yes", directory=tmp_path)
    assert status(tmp_path) == ["?? .github/"]
    assert inputs(tmp_path) == DEFAULT
    assert job(tmp_path)["permissions"] == {"contents": "read"}


def test_a_workflow_covers_every_project_of_a_repository(tmp_path: Path) -> None:
    projects.write(tmp_path, MONOREPO)
    done = init("--yes", directory=tmp_path)
    assert "covers 2 projects: apps/api, apps/web" in done.stdout
    assert job(tmp_path)["strategy"]["matrix"] == {"project": ["apps/api", "apps/web"]}
    assert inputs(tmp_path)["working-directory"] == "${{ matrix.project }}"
    assert status(tmp_path) == ["?? .github/"]


def test_a_workflow_for_one_of_several_projects_names_the_others(tmp_path: Path) -> None:
    projects.write(tmp_path, MONOREPO)
    done = init("apps/web", "--yes", directory=tmp_path)
    assert inputs(tmp_path)["working-directory"] == "apps/web"
    assert "does not cover apps/api" in done.stdout


def test_a_configured_project_is_the_only_one_in_the_workflow(tmp_path: Path) -> None:
    files = {**MONOREPO, "pyproject.toml": None, "heroci.toml": 'working-directory = "apps/web"\n'}
    projects.write(tmp_path, files)
    done = init("--yes", directory=tmp_path)
    assert inputs(tmp_path) == DEFAULT
    assert "does not cover apps/api" in done.stdout


@pytest.mark.parametrize(
    ("files", "axis", "values"),
    [
        ({"tox.ini": TOX}, "python", ["3.12", "3.13"]),
        (
            {
                "noxfile.py": 'import nox\nPYTHONS = ["3.11", "3.12"]\n@nox.session(python=PYTHONS)\ndef t(s): ...\n'
            },
            "python",
            ["3.11", "3.12"],
        ),
        (
            {"heroci.toml": MATRIX, "pyproject.toml": None},
            "cell",
            [f"python-3.1{minor}-{base}" for minor in (2, 3) for base in ("postgres-17", "sqlite")],
        ),
    ],
    ids=["tox", "nox", "matrix"],
)
def test_every_supported_version_has_a_job_and_the_results_are_merged(
    tmp_path: Path, files: dict[str, str | None], axis: str, values: list[str]
) -> None:
    projects.write(tmp_path, files)
    init("--yes", directory=tmp_path)

    assert job(tmp_path)["strategy"]["matrix"] == {axis: values}
    assert inputs(tmp_path)[axis] == f"${{{{ matrix.{axis} }}}}"
    jobs = yaml.safe_load((tmp_path / WORKFLOW).read_text())["jobs"]
    (merging,) = [step for step in jobs["report"]["steps"] if step.get("id") == "heroci"]
    assert merging["with"]["command"] == "merge"


def test_a_matrix_is_suggested_from_the_factors_of_tox(tmp_path: Path) -> None:
    projects.write(tmp_path, {"tox.ini": TOX, "pyproject.toml": None})
    init("--yes", directory=tmp_path)

    text = (tmp_path / "heroci.toml").read_text()
    wanted = '# [matrix]\n# python = ["3.12", "3.13"]\n# django = ["4.2", "5.2"]\n'
    assert wanted in text
    (tmp_path / "heroci.toml").write_text(wanted.replace("# ", ""))
    done = call("plan", "--format", "matrix", directory=tmp_path)
    assert done.stdout.count('"cell"') == 4


def test_a_copy_that_is_no_release_leaves_out_the_workflow_and_says_so(tmp_path: Path) -> None:
    projects.write(tmp_path)
    done = call("init", "--yes", directory=tmp_path)

    assert done.exit_code == 0
    assert "The workflow was left out" in done.stdout
    assert "heroci init --action OWNER/REPO@REF" in done.stdout
    assert not status(tmp_path)


def test_suggestions_are_written_as_comments(tmp_path: Path) -> None:
    ci = "jobs: {t: {steps: [{run: psql --file schema.sql}, {run: python manage.py test}]}}"
    projects.write(tmp_path, {".github/workflows/ci.yml": ci, "pyproject.toml": None})
    init("--yes", directory=tmp_path)
    lines = (tmp_path / "heroci.toml").read_text().splitlines()
    assert all(line.startswith("#") or not line for line in lines)
    assert any('"psql --file schema.sql"' in line for line in lines)
    assert call("plan", "--engine", "host", directory=tmp_path).exit_code == 0


def test_suggestions_leave_an_existing_configuration_alone(tmp_path: Path) -> None:
    ci = "jobs: {t: {steps: [{run: psql --file schema.sql}, {run: python manage.py test}]}}"
    projects.write(tmp_path, {".github/workflows/ci.yml": ci})
    init("--yes", directory=tmp_path)
    assert status(tmp_path) == ["?? .github/workflows/heroci.yml"]


def test_without_a_terminal_it_only_shows(tmp_path: Path) -> None:
    projects.write(tmp_path)
    done = init(directory=tmp_path)
    assert done.exit_code == 2
    assert f"+++ b/{WORKFLOW}" in done.stdout
    assert "--yes" in done.stderr
    assert not status(tmp_path)


def init_on_a_terminal(
    *arguments: str, answers: str, directory: Path
) -> subprocess.CompletedProcess[str]:
    """Call `heroci init` with answers typed on its terminal."""
    ours, theirs = pty.openpty()
    os.write(ours, answers.encode())
    done = subprocess.run(
        [*COMMAND, "init", *arguments],
        cwd=directory,
        env=environment(),
        stdin=theirs,
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    return done


@pytest.mark.parametrize(("answer", "written"), [("y", True), ("n", False)])
def test_on_a_terminal_it_asks(tmp_path: Path, answer: str, written: bool) -> None:
    projects.write(tmp_path)
    done = init_on_a_terminal("--action", PINNED, answers=f"{answer}\n", directory=tmp_path)
    assert done.returncode == 0
    assert "Write this?" in done.stdout
    assert (tmp_path / WORKFLOW).exists() == written


def test_on_a_terminal_a_copy_that_is_no_release_asks_for_the_action(tmp_path: Path) -> None:
    projects.write(tmp_path)
    done = init_on_a_terminal(answers=f"{PINNED}\ny\n", directory=tmp_path)
    assert done.returncode == 0
    assert "Action that the workflow uses (OWNER/REPO@REF)" in done.stdout
    assert f"uses: {PINNED}" in (tmp_path / WORKFLOW).read_text()


def test_another_workflow_is_kept_without_force(tmp_path: Path) -> None:
    mine = "name: mine\n"
    projects.write(tmp_path, {WORKFLOW: mine})
    done = init("--yes", directory=tmp_path)
    assert done.exit_code == 2
    assert "-name: mine" in done.stdout
    assert "--force" in done.stderr
    assert (tmp_path / WORKFLOW).read_text() == mine
    assert init("--yes", "--force", directory=tmp_path).exit_code == 0
    assert (tmp_path / WORKFLOW).read_text() != mine


def test_nothing_is_written_beside_a_workflow_that_is_kept(tmp_path: Path) -> None:
    prepare = "jobs: {t: {steps: [{run: psql --file schema.sql}, {run: python manage.py test}]}}"
    projects.write(tmp_path, {WORKFLOW: "name: mine\n", ".github/workflows/ci.yml": prepare})
    assert init("--yes", directory=tmp_path).exit_code == 2
    assert not status(tmp_path)


def test_a_symbolic_link_out_of_the_repository_is_not_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "repository", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    projects.write(root)
    (root / ".github").symlink_to(outside)
    done = init("--yes", directory=root)
    assert done.exit_code == 2
    assert not list(outside.iterdir())


def test_nothing_is_written_without_a_django_project(tmp_path: Path) -> None:
    projects.write(tmp_path, {**MOVED, "README": "x"})
    done = init("--yes", directory=tmp_path)
    assert (done.exit_code, status(tmp_path)) == (2, [])


@pytest.mark.parametrize("action", ["heroci", "a/b", "a/b@x y", "a/b@v1\n      - run: x", "a/b@"])
def test_an_invalid_action_is_a_usage_error(tmp_path: Path, action: str) -> None:
    projects.write(tmp_path)
    assert init("--yes", "--action", action, directory=tmp_path).exit_code == 2
    assert not status(tmp_path)


@pytest.mark.parametrize("branch", ["trunk", "release/1.x", "on", "a#b", "1.0"])
def test_the_branch_is_that_of_the_repository(tmp_path: Path, branch: str) -> None:
    projects.write(tmp_path)
    projects.git(tmp_path, "checkout", "--quiet", "-b", branch)
    init("--yes", directory=tmp_path)
    content = yaml.safe_load((tmp_path / WORKFLOW).read_text())
    assert content[True]["push"]["branches"] == [branch]


def test_the_pins_equal_those_of_the_workflows_of_heroci() -> None:
    root = Path(__file__).resolve().parents[2]
    own = "".join(path.read_text() for path in (root / ".github/workflows").glob("*.yml"))
    for pin in (CHECKOUT, UPLOAD, DOWNLOAD, RESTORE, SAVE):
        assert f"uses: {pin}\n" in own


def status(root: Path) -> list[str]:
    done = subprocess.run(
        ["git", "status", "--porcelain"], cwd=root, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()
