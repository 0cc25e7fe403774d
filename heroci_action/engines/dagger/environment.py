"""The base environment as a container: system packages, uv, the project's dependencies, HeroCI's tools."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import dagger

from heroci_action.engines.base import Sink, StepOutcome
from heroci_action.engines.dagger.execution import HOME, Executed, Executor
from heroci_action.engines.dagger.source import NO_VERSION, ROOT
from heroci_action.engines.dagger.volumes import volume_name
from heroci_action.engines.requirements import export_arguments, ingredients, project_arguments
from heroci_action.plan.actions import InstallSystemPackages
from heroci_action.plan.stages import Environment

DEFAULT_PYTHON = "3.13"
DEFAULT_PATH = (
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # of an image that says nothing
)
PROJECT = f"{HOME}/project"
TOOLS = f"{HOME}/tools"
EXPORTED = f"{HOME}/requirements.txt"
VERSION_FILE = f"{HOME}/python-version"
# What builds a project and would ask git for its version takes it from here: setuptools-scm, hatch-vcs, pdm-backend.
VERSION_VARIABLES = ("SETUPTOOLS_SCM_PRETEND_VERSION", "PDM_BUILD_SCM_VERSION")
# Where packages come from is a fact about the place, and may hold credentials: it goes to the installer as secrets.
INDEXES = (
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
)
# The images of Debian's family throw the archives away after each installation; a cache volume is to keep them.
_APT = """
rm -f /etc/apt/apt.conf.d/docker-clean
apt-get update -q
apt-get install -q -y --no-install-recommends "$@"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What environments are made from: the API, the plan's description, the source, and the place's package indexes.

    `uv` is the version of the installer.
    """

    client: dagger.Client
    executor: Executor
    environment: Environment
    root: Path
    source: dagger.Directory
    indexes: dict[str, dagger.Secret]
    uv: str
    version: str = NO_VERSION

    def image(self) -> dagger.Container:
        """The image that everything starts from."""
        name = f"python:{self.environment.python or DEFAULT_PYTHON}-slim"
        image = self.client.container().from_(self.environment.image or name)
        if self.environment.image:
            image = image.with_user("root")  # installs; the steps run as the image's own user
        return image.with_directory(HOME, self.client.directory())

    def volume(self, name: str) -> dagger.CacheVolume:
        """Return a cache volume."""
        return self.client.cache_volume(volume_name(name))

    async def with_system_packages(
        self, container: dagger.Container, action: InstallSystemPackages, sink: Sink
    ) -> tuple[StepOutcome, dagger.Container]:
        """The container with Debian packages in it, or as it was where they are not required and cannot be had."""
        prepared = container.with_env_variable("DEBIAN_FRONTEND", "noninteractive")
        for path, name in (("/var/cache/apt", "apt-cache"), ("/var/lib/apt/lists", "apt-lists")):
            prepared = prepared.with_mounted_cache(
                path,
                self.volume(name),
                sharing=dagger.CacheSharingMode.LOCKED,
            )
        done = await self.executor.execute(
            prepared,
            ("/bin/sh", "-ec", _APT, "apt", *action.packages),
            sink,
            expect=dagger.ReturnType.SUCCESS,
        )
        if done.exit_code and not action.required:
            warning = f"system packages could not be installed: {', '.join(action.packages)}"
            return StepOutcome(exit_code=0, warnings=(warning,)), container
        left = (
            done.container.without_mount("/var/cache/apt")
            .without_mount("/var/lib/apt/lists")
            .without_env_variable("DEBIAN_FRONTEND")
        )
        return StepOutcome(exit_code=done.exit_code, cached=done.cached), left

    async def with_dependencies(
        self, container: dagger.Container, sink: Sink
    ) -> tuple[StepOutcome, dagger.Container | None]:
        """The container with the project's dependencies and HeroCI's tools; None where they cannot be installed."""
        uv = self._with_uv(container)
        project, tools = await asyncio.gather(self._project(uv, sink), self._tools(uv, sink))
        parts = [project, *([tools] if tools else [])]
        code = next((part.exit_code for part in parts if part.exit_code), 0)
        cached = all(part.cached for part in parts)
        if code:
            return StepOutcome(exit_code=code), None
        version = await self.executor.connection.ask(
            project.container.file(VERSION_FILE).contents()
        )
        left = project.container
        path = await self.executor.connection.ask(left.env_variable("PATH")) or DEFAULT_PATH
        if tools:
            left = left.with_directory(TOOLS, tools.container.directory(TOOLS))
        python = version.strip()
        outcome = StepOutcome(exit_code=0, cached=cached, facts={"python": python}, python=python)
        return outcome, await self.executor.connection.ask(self._finished(left, path).sync())

    def _with_uv(self, container: dagger.Container) -> dagger.Container:
        """Install uv from its wheel; the version is the one that the host engine would use."""
        cache = "/root/.cache/pip"
        install = ["python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        prepared = (
            container.with_mounted_cache(cache, self.volume("pip-cache")).with_env_variable(
                "PIP_ROOT_USER_ACTION", "ignore"
            )
            # Debian's own Python refuses otherwise, and this container is nobody else's.
            .with_env_variable("PIP_BREAK_SYSTEM_PACKAGES", "1")
        )
        made = self._with_indexes(prepared).with_exec([*install, f"uv=={self.uv}"])
        made = made.without_env_variable("PIP_ROOT_USER_ACTION")
        return (
            made.without_env_variable("PIP_BREAK_SYSTEM_PACKAGES")
            .without_mount(cache)
            .with_mounted_cache("/root/.cache/uv", self.volume("uv-cache"))
            .with_env_variable("UV_LINK_MODE", "copy")  # a volume is another file system
            .with_env_variable("UV_NO_PROGRESS", "1")
            .with_env_variable("UV_COMPILE_BYTECODE", "1")  # once here, not in every step
        )

    def _with_indexes(self, container: dagger.Container) -> dagger.Container:
        for name, secret in self.indexes.items():
            container = container.with_secret_variable(name, secret)
        return container

    async def _project(self, uv: dagger.Container, sink: Sink) -> Executed:
        """Only what says which packages to install is in the container: other changes install nothing again."""
        environment = self.environment
        files = {path.relative_to(self.root).as_posix() for path in self._ingredients()}
        known = self.source.filter(include=sorted(files)) if files else self.client.directory()
        prepared = uv.with_directory(ROOT, known).with_workdir(ROOT)
        script = "\n".join(self._project_script(install_project=False))
        done = await self._installed(prepared, script, sink)
        if done.exit_code or not environment.install_project:
            return done
        # The project itself can be built with all of its source only.
        whole = done.container.with_directory(ROOT, self.source)
        for name in VERSION_VARIABLES:
            whole = whole.with_env_variable(name, self.version)
        script = "\n".join(self._project_script(install_project=True))
        second = await self._installed(self._with_uv_cache(whole), script, sink)
        left = second.container
        for name in VERSION_VARIABLES:
            left = left.without_env_variable(name)
        return Executed(
            container=left,
            exit_code=second.exit_code,
            cached=done.cached and second.cached,
        )

    def _with_uv_cache(self, container: dagger.Container) -> dagger.Container:
        return container.with_mounted_cache("/root/.cache/uv", self.volume("uv-cache"))

    def _ingredients(self) -> Iterable[Path]:
        yield from ingredients(self.root, self.environment)
        if self.environment.lock:
            yield from self.root.glob("**/pyproject.toml")  # the members of uv's workspace

    async def _installed(self, container: dagger.Container, script: str, sink: Sink) -> Executed:
        prepared = self._with_indexes(container)
        done = await self.executor.execute(
            prepared, ("/bin/sh", "-ec", script), sink, expect=dagger.ReturnType.SUCCESS
        )
        left = done.container.without_mount("/root/.cache/uv")
        for name in self.indexes:
            left = left.without_secret_variable(name)
        return Executed(container=left, exit_code=done.exit_code, cached=done.cached)

    def _project_script(self, *, install_project: bool) -> Iterable[str]:
        environment = self.environment
        if not install_project:
            yield f"uv venv --quiet --seed --python python {PROJECT}"
            yield f"python -c 'import platform; print(platform.python_version())' >{VERSION_FILE}"
        arguments = [word for file in environment.requirements for word in ("-r", file)]
        if environment.lock:
            yield from self._export(environment.lock)
            arguments += ["-r", self._exported(environment.lock)]
        arguments += [*self._declared(install_project=install_project)]
        arguments += [*environment.packages, *environment.overlay]
        if arguments:
            yield f"uv pip install --python {PROJECT}/bin/python {shlex.join(arguments)}"

    def _declared(self, *, install_project: bool) -> list[str]:
        """What the project's own metadata declares."""
        environment, project = self.environment, self.environment.project
        if project is None:
            return []
        if environment.install_project and not install_project:
            readable = (self.root / project / "pyproject.toml").is_file() and not environment.lock
            if not readable:
                return []
            extras = [word for extra in environment.extras for word in ("--extra", extra)]
            return ["-r", f"{project}/pyproject.toml", *extras]
        return project_arguments(environment, project)

    def _export(self, lock: str) -> Iterable[str]:
        if PurePosixPath(lock).name.startswith("pylock."):
            return
        arguments = shlex.join(export_arguments(self.environment, lock, Path(EXPORTED)))
        directory = shlex.quote(str(PurePosixPath(ROOT, lock).parent))
        # What only prints does not write the file itself, and prints nothing else on standard output.
        yield f"(cd {directory} && uv {arguments} >{HOME}/printed)"
        yield f"[ -s {EXPORTED} ] || mv {HOME}/printed {EXPORTED}"

    def _exported(self, lock: str) -> str:
        return lock if PurePosixPath(lock).name.startswith("pylock.") else EXPORTED

    async def _tools(self, uv: dagger.Container, sink: Sink) -> Executed | None:
        """HeroCI's tools in a place of their own: the project's requirements do not concern them."""
        tools = self.environment.tools
        if not tools:
            return None
        script = f"uv venv --quiet --seed --python python {TOOLS}\n"
        script += f"uv pip install --python {TOOLS}/bin/python {shlex.join(tools)}"
        return await self._installed(uv, script, sink)

    def _finished(self, container: dagger.Container, path: str) -> dagger.Container:
        """As steps see it: the project's programs lead the PATH, then the tools, then the image's own."""
        for name in ("UV_LINK_MODE", "UV_NO_PROGRESS", "UV_COMPILE_BYTECODE"):
            container = container.without_env_variable(name)
        return (
            container.with_env_variable("PATH", f"{PROJECT}/bin:{TOOLS}/bin:{path}")
            .with_env_variable("VIRTUAL_ENV", PROJECT)
            .with_env_variable("LANG", "C.UTF-8")
            .with_env_variable("PYTHONUNBUFFERED", "1")
            .with_env_variable("HEROCI_ROOT", ROOT)
        )


def index_variables(machine: Mapping[str, str]) -> dict[str, str]:
    """The settings of the machine that say where packages come from; those with a path mean nothing elsewhere."""
    return {
        name: value
        for name, value in machine.items()
        if (name.startswith(INDEXES) and "://" in value) or name.startswith("UV_INDEX_")
    }
