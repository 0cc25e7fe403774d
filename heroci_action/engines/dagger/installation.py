"""The shell scripts that install the project and HeroCI's tools in a container; pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from heroci_action.engines.dagger.places import HOME, PROJECT, ROOT, TOOLS
from heroci_action.engines.requirements import (
    export_arguments,
    file_arguments,
    ingredients,
    install_arguments,
    needs_pip,
    project_arguments,
)
from heroci_action.plan.stages import Environment

VERSION_FILE = f"{HOME}/python-version"
_EXPORTED = f"{HOME}/requirements.txt"
# Package indexes depend on the machine and may contain credentials, so they are passed to the installer as secrets.
_INDEXES = (
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
)
# Debian's images remove the archives after each installation, but the cache volume has to keep them.
APT_SCRIPT = """
rm -f /etc/apt/apt.conf.d/docker-clean
apt-get update -q
apt-get install -q -y --no-install-recommends "$@"
"""


def index_variables(machine: Mapping[str, str]) -> dict[str, str]:
    """Return the machine's package indexes; a path is left out because it does not exist in a container."""
    return {
        name: value
        for name, value in machine.items()
        if (name.startswith(_INDEXES) and "://" in value) or name.startswith("UV_INDEX_")
    }


def requirement_files(root: Path, environment: Environment) -> set[str]:
    """Return the files that decide which packages are installed."""
    files = [*ingredients(root, environment)]
    if environment.lock:
        # The members of a uv workspace.
        files += root.glob("**/pyproject.toml")
    return {path.relative_to(root).as_posix() for path in files}


def dependencies_script(root: Path, environment: Environment) -> str:
    """Return the script that creates the project's environment, without the project itself."""
    lines = [
        f"uv venv --quiet --seed --python python {PROJECT}",
        f"python -c 'import platform; print(platform.python_version())' >{VERSION_FILE}",
        *_install(root, environment, _declared_dependencies(root, environment)),
    ]
    return "\n".join(lines)


def project_script(root: Path, environment: Environment) -> str:
    """Return the script that installs the project itself."""
    project = environment.project
    arguments = project_arguments(environment, project) if project is not None else []
    return "\n".join(_install(root, environment, arguments))


def tools_script(tools: Iterable[str]) -> str:
    """Return the script that installs HeroCI's tools in a separate environment."""
    return "\n".join(
        (
            f"uv venv --quiet --seed --python python {TOOLS}",
            _uv(install_arguments(f"{TOOLS}/bin/python"), tools),
        )
    )


def _uv(arguments: Iterable[str], packages: Iterable[str]) -> str:
    return shlex.join(["uv", *arguments, *packages])


def _install(root: Path, environment: Environment, declared: Iterable[str]) -> Iterator[str]:
    arguments = file_arguments(environment)
    if environment.lock:
        yield from _export(environment, environment.lock)
        arguments += ["-r", _requirements_of(environment.lock)]
    arguments += [*declared, *environment.packages, *environment.overlay]
    python = f"{PROJECT}/bin/python"
    if arguments:
        target = install_arguments(python, with_pip=needs_pip(root, environment, arguments))
        yield _uv(target, arguments)
    if environment.overrides:
        # Separately, because a lock pins other versions.
        yield _uv(install_arguments(python), environment.overrides)


def _declared_dependencies(root: Path, environment: Environment) -> list[str]:
    """Return the arguments for the dependencies that the project's metadata declares, if uv can read them."""
    project = environment.project
    if project is None:
        return []
    if not environment.install_project:
        return project_arguments(environment, project)
    if environment.declared:
        return list(environment.declared)
    if environment.lock or not (root / project / "pyproject.toml").is_file():
        return []
    extras = [word for extra in environment.extras for word in ("--extra", extra)]
    return ["-r", f"{project}/pyproject.toml", *extras]


def _export(environment: Environment, lock: str) -> Iterator[str]:
    if _is_standard(lock):
        return
    arguments = shlex.join(export_arguments(environment, lock, Path(_EXPORTED)))
    directory = shlex.quote(str(PurePosixPath(ROOT, lock).parent))
    # Some tools write the file themselves, the others print the requirements and nothing else.
    yield f"(cd {directory} && uv {arguments} >{HOME}/printed)"
    yield f"[ -s {_EXPORTED} ] || mv {HOME}/printed {_EXPORTED}"


def _requirements_of(lock: str) -> str:
    return lock if _is_standard(lock) else _EXPORTED


def _is_standard(lock: str) -> bool:
    """Return whether uv reads the lock file itself (PEP 751)."""
    return PurePosixPath(lock).name.startswith("pylock.")
