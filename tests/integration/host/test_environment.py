from __future__ import annotations

import os
import platform
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from heroci_action.engines.base import StepOutcome
from heroci_action.engines.host import environment as module
from heroci_action.engines.host.environment import Installed, Installer
from heroci_action.engines.host.uv import Uv
from heroci_action.engines.host.workspace import Workspace, open_workspace
from heroci_action.engines.process import Program, capture
from heroci_action.engines.requirements import refers_to_checkout
from heroci_action.errors import EngineError, UsageError
from heroci_action.plan.stages import Environment
from tests.integration.host.conftest import Lines

HERE = ".".join(platform.python_version_tuple()[:2])


@pytest.fixture
def installer(space: Workspace, tmp_path: Path) -> Installer:
    root = tmp_path / "repository"
    root.mkdir()
    return Installer(root=root, cache=tmp_path / "cache", uv=Uv(workspace=space, directory=root))


def install(
    installer: Installer, lines: Lines, **options: object
) -> tuple[StepOutcome, Installed | None]:
    environment = Environment(python=HERE, **options)  # type: ignore[arg-type]
    return anyio.run(installer.install, environment, lines)


def printed(installer: Installer, installed: Installed | None, script: str) -> str:
    assert installed is not None
    env = installer.uv.workspace.environment(*installed.directories)
    program = Program(arguments=("python", "-c", script), env=env, directory=Path("/"))
    return anyio.run(capture, program).stdout


def test_what_the_project_requires_is_there_and_what_heroci_brings_is_apart(
    installer: Installer, lines: Lines
) -> None:
    (installer.root / "requirements.txt").write_text("-r more/base.txt\n")
    (installer.root / "more").mkdir()
    (installer.root / "more/base.txt").write_text("six==1.16.0\n")
    outcome, installed = install(
        installer, lines, requirements=("requirements.txt",), tools=("iniconfig==2.0.0",)
    )
    assert (outcome.exit_code, outcome.cached) == (0, False)
    assert printed(installer, installed, "import six; print(six.__version__)") == "1.16.0"
    assert printed(installer, installed, "import iniconfig") == ""
    assert (
        printed(installer, installed, "import importlib.util as u; print(u.find_spec('iniconfig'))")
        == "None"
    )


def test_an_editable_clone_of_version_control_is_installed(
    installer: Installer, lines: Lines, tmp_path: Path
) -> None:
    origin = tmp_path / "origin"
    origin.mkdir()
    (origin / "setup.py").write_text(
        "from setuptools import setup\nsetup(name='shop', version='1', py_modules=['shop'])\n"
    )
    (origin / "shop.py").write_text("")
    author = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for arguments in (("init", "-q"), ("add", "."), (*author, "commit", "-qm", "shop")):
        subprocess.run(["git", *arguments], cwd=origin, check=True)
    text = f"six==1.16.0\n-e git+file://{origin}#egg=shop\n"
    (installer.root / "requirements.txt").write_text(text)
    outcome, installed = install(installer, lines, requirements=("requirements.txt",))
    assert outcome.exit_code == 0
    place = printed(installer, installed, "import shop, six; print(shop.__file__)")
    assert place.endswith("/project/src/shop/shop.py")


def test_it_is_made_once_and_again_when_a_nested_file_changes(
    installer: Installer, lines: Lines
) -> None:
    (installer.root / "requirements.txt").write_text("-r base.txt\n")
    (installer.root / "base.txt").write_text("six==1.16.0\n")
    first, _ = install(installer, lines, requirements=("requirements.txt",))
    again, _ = install(installer, lines, requirements=("requirements.txt",))
    (installer.root / "base.txt").write_text("six==1.17.0\n")
    changed, installed = install(installer, lines, requirements=("requirements.txt",))
    assert (first.cached, again.cached, changed.cached) == (False, True, False)
    assert printed(installer, installed, "import six; print(six.__version__)") == "1.17.0"


def test_clones_use_the_same_environment(installer: Installer, lines: Lines) -> None:
    (installer.root / "requirements.txt").write_text("six==1.16.0\n")
    first, made = install(installer, lines, requirements=("requirements.txt",))
    clone = shutil.copytree(installer.root, installer.root.parent / "clone")
    other = replace(installer, root=clone, uv=replace(installer.uv, directory=clone))
    second, found = install(other, lines, requirements=("requirements.txt",))
    assert (first.cached, second.cached) == (False, True)
    assert made
    assert found
    assert made.home == found.home


@pytest.mark.parametrize("line", ["-e ./own", "./own", "own @ file:own"])
def test_an_environment_with_links_to_the_checkout_is_its_own(
    installer: Installer, line: str
) -> None:
    (installer.root / "requirements.txt").write_text(f"six\n{line}\n")
    environment = Environment(python=HERE, requirements=("requirements.txt",))
    assert refers_to_checkout(installer.root, environment)
    assert refers_to_checkout(installer.root, replace(environment, install_project=True))


def test_an_environment_that_nobody_has_used_for_a_month_is_removed(
    installer: Installer, lines: Lines
) -> None:
    old = installer.cache / "environments" / "gone" / "abc"
    old.mkdir(parents=True)
    (old / "complete").touch()
    os.utime(old / "complete", (0, 0))
    install(installer, lines)
    assert not old.exists()


@pytest.mark.parametrize("inside", [True, False])
def test_a_cache_that_travels_contains_only_the_packages_that_were_built(
    installer: Installer, lines: Lines, tmp_path: Path, *, inside: bool
) -> None:
    source = tmp_path / "own-1.0"
    source.mkdir()
    (source / "pyproject.toml").write_text(
        '[project]\nname = "own"\nversion = "1.0"\n'
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    )
    (source / "own.py").write_text("X = 1\n")
    archive = shutil.make_archive(str(source), "gztar", tmp_path, "own-1.0")
    packages = (installer.cache if inside else tmp_path) / "uv"
    space = replace(
        installer.uv.workspace,
        machine={**installer.uv.workspace.machine, "UV_CACHE_DIR": str(packages)},
    )
    (installer.root / "requirements.txt").write_text(f"six==1.17.0\nown @ file://{archive}\n")
    outcome, installed = install(
        replace(installer, uv=replace(installer.uv, workspace=space)),
        lines,
        requirements=("requirements.txt",),
    )
    assert outcome.exit_code == 0, "\n".join(lines)
    assert printed(installer, installed, "import own, six; print(own.X)") == "1"
    kept = {path.name for path in packages.rglob("*")}
    assert any(name.startswith("own-1.0") and name.endswith(".whl") for name in kept)
    assert ("six.py" in kept) is not inside


def test_requirements_that_contradict_each_other_fail_and_leave_nothing_half_made(
    installer: Installer, lines: Lines
) -> None:
    outcome, installed = install(installer, lines, packages=("six==1.16.0", "six==1.17.0"))
    assert outcome.exit_code
    assert installed is None
    assert any("No solution found" in line for line in lines)
    assert not list(installer.cache.glob("*/*/*/complete"))


def test_a_pinned_python_that_is_not_to_be_had_names_those_that_are(
    installer: Installer, lines: Lines
) -> None:
    environment = Environment(python="3.10.99", python_pinned=True)
    with pytest.raises(UsageError, match=r"Python 3\.10\.99 is not installed") as caught:
        anyio.run(installer.install, environment, lines)
    assert HERE in (caught.value.remedy or "")


def test_a_python_that_was_only_a_guess_is_replaced_with_a_warning(
    installer: Installer, lines: Lines
) -> None:
    environment = Environment(python="3.10.99", python_alternatives=(HERE,))
    outcome, _ = anyio.run(installer.install, environment, lines)
    assert outcome.exit_code == 0
    assert "Python 3.10.99 is not installed" in outcome.warnings[0]


def test_a_python_that_nothing_may_replace_is_one_reason(
    installer: Installer, lines: Lines
) -> None:
    environment = Environment(python="3.10.99", requires_python="==3.10.99")
    with pytest.raises(UsageError, match=r"the project requires Python ==3\.10\.99") as caught:
        anyio.run(installer.install, environment, lines)
    assert HERE in (caught.value.remedy or "")


@pytest.mark.parametrize(("required", "warned"), [(f">{HERE}.99", True), (f">={HERE}", False)])
def test_a_patch_release_that_the_project_excludes_is_a_warning(
    installer: Installer, lines: Lines, required: str, *, warned: bool
) -> None:
    environment = Environment(python=HERE, requires_python=required)
    outcome, _ = anyio.run(installer.install, environment, lines)
    assert outcome.exit_code == 0
    assert bool(outcome.warnings) is warned
    assert all(f"the project requires Python {required}" in text for text in outcome.warnings)


def test_a_cache_that_cannot_be_written_is_told_with_its_remedy(
    installer: Installer, lines: Lines
) -> None:
    installer.cache.write_text("a file is in the way")
    with pytest.raises(EngineError, match="cannot be written") as caught:
        install(installer, lines)
    assert "HEROCI_CACHE_DIR" in (caught.value.remedy or "")


def test_only_the_environments_used_last_are_kept(
    installer: Installer, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    held = []
    for number in range(4):
        _, installed = install(installer, lines, packages=(f"six==1.1{number + 3}.0",))
        assert installed is not None
        os.utime(installed.home / "complete", (number, number))
        held.append(installed)
        if number != 1:  # one of the old ones is in use by another run
            installed.lock.close()
    left = {path.parent for path in installer.cache.glob("*/*/*/complete")}
    assert held[1].home in left
    assert held[0].home not in left
    assert held[3].home in left


def test_a_lock_file_of_uv_decides_the_versions(installer: Installer, lines: Lines) -> None:
    (installer.root / "pyproject.toml").write_text(
        '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["six<1.17"]\n'
        '[dependency-groups]\ntest = ["iniconfig"]\n'
    )
    assert anyio.run(lambda: installer.uv.run("lock", "--quiet", sink=lines)) == 0
    _, installed = install(installer, lines, lock="uv.lock", project=".", groups=("test",))
    assert (
        printed(installer, installed, "import six, iniconfig; print(six.__version__)") == "1.16.0"
    )


def test_a_project_is_installed_with_its_extras_and_groups(
    installer: Installer, lines: Lines
) -> None:
    (installer.root / "pyproject.toml").write_text(
        '[project]\nname = "mine"\nversion = "1"\ndependencies = []\noptional-dependencies = {test = ["six"]}\n'
        '[dependency-groups]\ndev = ["iniconfig"]\n[build-system]\nrequires = ["setuptools"]\n'
        'build-backend = "setuptools.build_meta"\n[tool.setuptools]\npackages = ["mine"]\n'
    )
    (installer.root / "mine").mkdir()
    (installer.root / "mine/__init__.py").write_text("value = 1\n")
    outcome, installed = install(
        installer, lines, project=".", install_project=True, extras=("test",), groups=("dev",)
    )
    assert outcome.exit_code == 0, lines
    assert printed(installer, installed, "import mine, six, iniconfig; print(mine.value)") == "1"


def test_a_project_is_installed_by_the_uv_that_it_demands(
    installer: Installer, lines: Lines
) -> None:
    (installer.root / "pyproject.toml").write_text(
        '[project]\nname = "shop"\nversion = "1"\ndependencies = ["six==1.16.0"]\n'
        '[tool.uv]\nrequired-version = "==0.9.*"\n'
    )
    outcome, installed = install(installer, lines, project=".")
    assert outcome.exit_code == 0, lines
    assert printed(installer, installed, "import six; print(six.__version__)") == "1.16.0"


def test_a_pyenv_that_cannot_be_read_is_as_good_as_none(tmp_path: Path, lines: Lines) -> None:
    # As the one of root is after `su`; a name that is too long cannot be read by root either.
    with open_workspace({**os.environ, "PYENV_ROOT": f"/{'x' * 300}"}) as space:
        uv = Uv(workspace=space, directory=tmp_path)
        installer = Installer(root=tmp_path, cache=tmp_path / "cache", uv=uv)
        outcome, installed = install(installer, lines)
    assert outcome.exit_code == 0
    assert installed is not None
