"""The scripts that install a project in a container."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.engines.dagger.installation import (
    dependencies_script,
    index_variables,
    project_script,
    requirement_files,
)
from heroci_action.plan.stages import Environment


def test_only_indexes_with_an_address_are_passed_on() -> None:
    machine = {
        "UV_INDEX": "https://index.example/simple",
        "UV_DEFAULT_INDEX": "/srv/wheels",
        "UV_INDEX_CORP_PASSWORD": "hunter2",
        "PIP_INDEX_URL": "https://me:secret@index.example",
        "HOME": "/root",
    }
    assert set(index_variables(machine)) == {"UV_INDEX", "UV_INDEX_CORP_PASSWORD", "PIP_INDEX_URL"}


def test_nested_requirement_files_and_workspace_members_decide_what_is_installed(
    tmp_path: Path,
) -> None:
    (tmp_path / "requirements.txt").write_text("-r more.txt\n")
    (tmp_path / "more.txt").write_text("six\n")
    (tmp_path / "member").mkdir()
    (tmp_path / "member" / "pyproject.toml").write_text("")
    (tmp_path / "uv.lock").write_text("")
    environment = Environment(requirements=("requirements.txt",), lock="uv.lock")
    assert requirement_files(tmp_path, environment) == {
        "requirements.txt",
        "more.txt",
        "uv.lock",
        "member/pyproject.toml",
    }


def test_the_project_itself_is_left_for_the_second_script(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    environment = Environment(project=".", extras=("dev",), install_project=True)
    dependencies = dependencies_script(tmp_path, environment)
    assert "-r ./pyproject.toml --extra dev" in dependencies
    assert "-e" not in dependencies.split()
    assert "-e './.[dev]'" in project_script(tmp_path, environment)


def test_constraints_limit_what_is_installed(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("django\n")
    (tmp_path / "limits.txt").write_text("django<5.2\n")
    environment = Environment(requirements=("requirements.txt",), constraints=("limits.txt",))
    assert "-r requirements.txt -c limits.txt" in dependencies_script(tmp_path, environment)
    assert requirement_files(tmp_path, environment) == {"requirements.txt", "limits.txt"}


def test_a_standard_lock_file_is_installed_as_it_is(tmp_path: Path) -> None:
    script = dependencies_script(tmp_path, Environment(lock="pylock.toml"))
    assert "-r pylock.toml" in script
    assert "uv export" not in script


@pytest.mark.parametrize(
    ("line", "installer"),
    [
        ("-e git+https://git.example/shop.git#egg=shop", "uv tool run --quiet pip"),
        ("--editable=git+ssh://git@git.example/shop.git@v1#egg=shop", "uv tool run --quiet pip"),
        ("git+https://git.example/shop.git#egg=shop", "uv pip install"),
        ("-e ./shop", "uv pip install"),
    ],
)
def test_pip_installs_what_uv_refuses(tmp_path: Path, line: str, installer: str) -> None:
    (tmp_path / "requirements.txt").write_text("-r base.txt\n")
    (tmp_path / "base.txt").write_text(f"django\n{line}\n")
    script = dependencies_script(tmp_path, Environment(requirements=("requirements.txt",)))
    assert script.splitlines()[-1].startswith(installer)
