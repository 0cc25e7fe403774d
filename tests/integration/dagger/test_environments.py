"""Building the base environment: lock files, the project itself, its version, and Debian packages."""

from __future__ import annotations

import subprocess

import pytest
from uv import find_uv_bin

from heroci_action.plan.actions import Command, InstallDependencies, InstallSystemPackages
from heroci_action.plan.stages import Environment, Service, Stage, Step
from tests.end_to_end.projects import git
from tests.integration.dagger.conftest import Repository

pytestmark = pytest.mark.dagger

PROJECT = """
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "shop"
version = "1.2.3"
dependencies = ["six==1.16.0"]

[project.optional-dependencies]
more = ["toml==0.10.2"]

[tool.setuptools]
package-dir = { "" = "src" }
"""


def uv(repository: Repository, *arguments: str) -> None:
    """Run uv, which uses the package index of this machine."""
    subprocess.run(
        [find_uv_bin(), "--quiet", *arguments], cwd=repository.root, check=True, capture_output=True
    )


def work(line: str, **more: object) -> Stage:
    return Stage(name="work", steps=(Step(name="a", action=Command(line=line)),), **more)  # type: ignore[arg-type]


def test_the_project_itself_is_installed_with_its_extras(repository: Repository) -> None:
    repository.write({"pyproject.toml": PROJECT, "src/shop/__init__.py": "HERE = True\n"})
    environment = Environment(
        python="3.13", project=".", extras=("more",), install_project=True, overlay=("coverage",)
    )
    repository.with_plan(environment=environment)
    line = "cd /; python -c 'import shop, six, toml, coverage; print(shop.HERE)'"
    seen = repository.run(work(line))
    assert seen.text == "True"
    repository.write({"src/shop/__init__.py": "HERE = False\n"})
    assert repository.run(work(line)).text == "False"


def test_versions_come_from_uvs_lock_file(repository: Repository) -> None:
    text = PROJECT.partition("[build-system]")[0] + PROJECT[PROJECT.index("[project]") :]
    text = text.partition("[project.optional")[0]
    repository.write({"pyproject.toml": text})
    uv(repository, "lock")
    repository.with_plan(environment=Environment(python="3.13", project=".", lock="uv.lock"))
    assert repository.run(work("python -c 'import six; print(six.__version__)'")).text == "1.16.0"


def test_a_project_is_installed_by_the_uv_that_it_demands(repository: Repository) -> None:
    demand = '[tool.uv]\nrequired-version = "==0.9.*"\n'
    repository.write({"pyproject.toml": PROJECT + demand, "src/shop/__init__.py": ""})
    repository.with_plan(environment=Environment(python="3.13", project="."))
    assert repository.run(work("python -c 'import six; print(six.__version__)'")).text == "1.16.0"


def test_versions_come_from_a_standard_lock_file(repository: Repository) -> None:
    repository.write({"wanted.txt": "six==1.16.0\n"})
    uv(repository, "pip", "compile", "wanted.txt", "--output-file", "pylock.toml")
    (repository.root / "wanted.txt").unlink()
    repository.with_plan(environment=Environment(python="3.13", lock="pylock.toml"))
    seen = repository.run(work("python -c 'import six; print(six.__version__)'"))
    assert seen.text == "1.16.0", seen.text


def test_a_version_from_git_is_that_of_the_latest_tag(repository: Repository) -> None:
    dynamic = PROJECT.replace('version = "1.2.3"', 'dynamic = ["version"]')
    dynamic = dynamic.replace('"setuptools>=77"', '"setuptools>=77", "setuptools-scm>=8"')
    files = {"pyproject.toml": f"{dynamic}\n[tool.setuptools_scm]\n", "src/shop/__init__.py": ""}
    repository.write(files).commit()
    environment = Environment(python="3.13", project=".", install_project=True)
    repository.with_plan(environment=environment)
    ask = "python -c \"import importlib.metadata as m; print(m.version('shop'))\""
    assert repository.run(work(f"{ask}; env | grep -c PRETEND")).text.split() == ["0.0.0", "0"]
    git(repository.root, "tag", "v4.5.6")
    assert repository.run(work(ask)).text == "4.5.6"


def packages(*names: str, required: bool = True) -> Stage:
    action = InstallSystemPackages(packages=names, required=required)
    steps = (
        Step(name="system packages", action=action),
        Step(name="dependencies", action=InstallDependencies()),
    )
    return Stage(name="packages", steps=steps)


def test_debian_packages_are_installed_once_for_every_step(
    repository: Repository,
) -> None:
    stages = packages("hello"), work("hello -g 'from Debian'")
    first, second = repository.run(*stages), repository.run(*stages)
    assert first.outcomes["system packages"].exit_code == 0, first.text
    assert first.text.splitlines()[-1] == "from Debian"
    assert second.outcomes["system packages"].cached


def test_an_unknown_package_fails_or_warns(repository: Repository) -> None:
    needed = repository.run(packages("no-such-package-at-all"))
    assert needed.outcomes["system packages"].exit_code != 0
    asked = repository.run(packages("no-such-package-at-all", required=False))
    assert asked.outcomes["system packages"].exit_code == 0
    assert "no-such-package-at-all" in asked.outcomes["system packages"].warnings[0]


def test_an_unknown_package_keeps_no_other_one_from_installation(repository: Repository) -> None:
    stage = packages("no-such-package-at-all", "hello", required=False)
    seen = repository.run(stage, work("hello -g 'from Debian'"))
    assert seen.text.splitlines()[-1] == "from Debian"
    warnings = seen.outcomes["system packages"].warnings
    assert warnings == ("system packages could not be installed: no-such-package-at-all",)


def test_redis_is_available_through_its_placeholders(repository: Repository) -> None:
    image = repository.publish(
        "redis", "FROM python:3.13-slim\nRUN apt-get update && apt-get install -y redis-server\n"
    )
    command = (
        "redis-server",
        "--bind",
        "0.0.0.0",  # noqa: S104  in a container
        "--protected-mode",
        "no",
    )
    redis = Service(name="redis", image=image, command=command)
    repository.with_plan(
        services={"redis": redis}, environment=Environment(python="3.13", packages=("redis",))
    )
    line = "python -c \"import redis; r = redis.from_url('{redis.url}'); r.set('a', 42); print(r.get('a'))\""
    assert repository.run(work(line, services=("redis",))).text == "b'42'"
