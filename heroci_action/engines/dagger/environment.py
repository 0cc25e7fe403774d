"""The base environment as a container: system packages, uv, the project's dependencies, HeroCI's tools."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

import dagger

from heroci_action.engines.base import Sink, StepOutcome
from heroci_action.engines.dagger import installation, volumes
from heroci_action.engines.dagger.connection import Connection
from heroci_action.engines.dagger.execution import Executed, Executor, first_line
from heroci_action.engines.dagger.places import HOME, PROJECT, ROOT, TOOLS
from heroci_action.engines.debian import AptMessages, warn_of_missing
from heroci_action.engines.requirements import excluded_python
from heroci_action.errors import EngineError
from heroci_action.plan.actions import InstallSystemPackages
from heroci_action.plan.stages import DEFAULT_PYTHON, Environment

# The PATH of an image that sets none.
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# From these, builds take the version that they would otherwise ask git for: setuptools-scm, hatch-vcs, pdm-backend.
_VERSION_VARIABLES = ("SETUPTOOLS_SCM_PRETEND_VERSION", "PDM_BUILD_SCM_VERSION")
_UV_CACHE = "/root/.cache/uv"
_UV_VARIABLES = {
    # The cache volume is another file system.
    "UV_LINK_MODE": "copy",
    "UV_NO_PROGRESS": "1",
    # Once here, not in every step.
    "UV_COMPILE_BYTECODE": "1",
}
_APT_VOLUMES = {"/var/cache/apt": "apt-cache", "/var/lib/apt/lists": "apt-lists"}


def base_image(client: dagger.Client, environment: Environment) -> dagger.Container:
    """Return a container of the image that the base environment starts from."""
    return client.container().from_(environment.image or image_of(environment.python))


def image_of(python: str | None) -> str:
    """Return the official image with this Python, or with the default one."""
    return f"python:{python or DEFAULT_PYTHON}-slim"


async def with_available_python(
    connection: Connection, environment: Environment
) -> tuple[Environment, str | None]:
    """Return the environment with a Python that has an image, and a warning if it is another one than requested.

    Raises EngineError if there is none that the project allows.
    """
    if environment.image:
        return environment, None
    wanted = image_of(environment.python)
    problem = await _missing_image(connection, environment)
    if problem is None:
        return environment, None
    for version in environment.python_alternatives:
        other = replace(environment, python=version)
        if await _missing_image(connection, other) is None:
            return other, f"the image {wanted} is not available; Python {version} is used instead"
    required = environment.requires_python
    why = f", and the project requires Python {required}" if required else ""
    raise EngineError(
        f"the image {wanted} is not available{why}: {problem}",
        remedy="check the registry, or set `base-image` to an image with this Python",
    )


async def _missing_image(connection: Connection, environment: Environment) -> str | None:
    """Return why the base image is not available; None if it is."""
    try:
        await connection.ask(base_image(connection.client, environment).sync())
    except dagger.QueryError as error:
        return first_line(error)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that a base environment is made from.

    `indexes` are the machine's package indexes, `uv` is the requirement of the installer, and `version` the version of
    the project for builds that would ask git. `warning` is about the Python that it has.
    """

    client: dagger.Client
    executor: Executor
    environment: Environment
    root: Path
    source: dagger.Directory
    empty: dagger.Directory
    indexes: dict[str, dagger.Secret]
    uv: str
    version: str
    warning: str | None = None

    def image(self) -> dagger.Container:
        """Return the container that everything starts from."""
        image = base_image(self.client, self.environment)
        if self.environment.image:
            # Installs as root; the steps run as the image's own user.
            image = image.with_user("root")
        return image.with_directory(HOME, self.empty)

    async def add_system_packages(
        self, container: dagger.Container, action: InstallSystemPackages, sink: Sink
    ) -> tuple[StepOutcome, dagger.Container]:
        """Install Debian packages; unless they are required, warn of packages that cannot be installed."""
        prepared = container.with_env_variable("DEBIAN_FRONTEND", "noninteractive")
        for path, name in _APT_VOLUMES.items():
            prepared = await volumes.mount(self.executor.connection, prepared, path, name=name)
        messages, packages = AptMessages(sink), action.packages
        done = await self._apt(prepared, packages, messages)
        if done.exit_code and not action.required and (known := messages.known(packages)):
            packages = known
            done = await self._apt(prepared, packages, sink)
        if done.exit_code and not action.required:
            return StepOutcome(exit_code=0, warnings=warn_of_missing(action.packages)), container
        installed = done.container.without_env_variable("DEBIAN_FRONTEND")
        for path in _APT_VOLUMES:
            installed = installed.without_mount(path)
        warnings = warn_of_missing(action.packages, packages)
        outcome = StepOutcome(exit_code=done.exit_code, cached=done.cached, warnings=warnings)
        return outcome, installed

    async def _apt(
        self, container: dagger.Container, packages: tuple[str, ...], sink: Sink
    ) -> Executed:
        command = ("/bin/sh", "-ec", installation.APT_SCRIPT, "apt", *packages)
        return await self.executor.install(container, command, sink)

    async def add_dependencies(
        self, container: dagger.Container, sink: Sink
    ) -> tuple[StepOutcome, dagger.Container | None]:
        """Install the project's dependencies and HeroCI's tools; return no container if one cannot be installed."""
        uv = await self._with_uv(container)
        project, tools = await asyncio.gather(
            self._install_project(uv, sink), self._install_tools(uv, sink)
        )
        parts = [project, *([tools] if tools else [])]
        code = next((part.exit_code for part in parts if part.exit_code), 0)
        if code:
            return StepOutcome(exit_code=code), None
        ask, installed = self.executor.connection.ask, project.container
        python, path = await asyncio.gather(
            ask(installed.file(installation.VERSION_FILE).contents()),
            ask(installed.env_variable("PATH")),
        )
        if tools:
            installed = installed.with_directory(TOOLS, tools.container.directory(TOOLS))
        python = python.strip()
        cached = all(part.cached for part in parts)
        outcome = StepOutcome(
            exit_code=0,
            cached=cached,
            facts={"python": python},
            python=python,
            warnings=tuple(filter(None, [self.warning, excluded_python(self.environment, python)])),
        )
        finished = _for_steps(installed, path or _DEFAULT_PATH)
        return outcome, await self.executor.connection.evaluate(finished)

    async def _with_uv(self, container: dagger.Container) -> dagger.Container:
        """Install uv from its wheel, in the version that the host engine would use or the project demands."""
        cache = "/root/.cache/pip"
        install = ["python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        # Debian's own Python would refuse, but nothing else uses this container.
        variables = {"PIP_ROOT_USER_ACTION": "ignore", "PIP_BREAK_SYSTEM_PACKAGES": "1"}
        connection = self.executor.connection
        prepared = await volumes.mount(connection, container, cache, name="pip-cache")
        for name, value in variables.items():
            prepared = prepared.with_env_variable(name, value)
        installed = self._with_indexes(prepared).with_exec([*install, self.uv])
        for name in variables:
            installed = installed.without_env_variable(name)
        installed = await self._with_uv_cache(installed.without_mount(cache))
        for name, value in _UV_VARIABLES.items():
            installed = installed.with_env_variable(name, value)
        return installed

    def _with_indexes(self, container: dagger.Container) -> dagger.Container:
        for name, secret in self.indexes.items():
            container = container.with_secret_variable(name, secret)
        return container

    async def _with_uv_cache(self, container: dagger.Container) -> dagger.Container:
        connection = self.executor.connection
        return await volumes.mount(connection, container, _UV_CACHE, name="uv-cache")

    async def _install_project(self, uv: dagger.Container, sink: Sink) -> Executed:
        """Install the dependencies next to only those files that name them, so that other changes install nothing."""
        environment = self.environment
        files = installation.requirement_files(self.root, environment)
        known = self.source.filter(include=sorted(files)) if files else self.empty
        prepared = uv.with_directory(ROOT, known).with_workdir(ROOT)
        script = installation.dependencies_script(self.root, environment)
        done = await self._run(prepared, script, sink)
        if done.exit_code or not environment.install_project:
            return done
        return await self._install_itself(done, sink)

    async def _install_itself(self, dependencies: Executed, sink: Sink) -> Executed:
        """Install the project itself, which can only be built with its whole source."""
        container = dependencies.container.with_directory(ROOT, self.source)
        for name in _VERSION_VARIABLES:
            container = container.with_env_variable(name, self.version)
        script = installation.project_script(self.root, self.environment)
        done = await self._run(await self._with_uv_cache(container), script, sink)
        installed = done.container
        for name in _VERSION_VARIABLES:
            installed = installed.without_env_variable(name)
        cached = dependencies.cached and done.cached
        return Executed(container=installed, exit_code=done.exit_code, cached=cached)

    async def _install_tools(self, uv: dagger.Container, sink: Sink) -> Executed | None:
        tools = self.environment.tools
        return await self._run(uv, installation.tools_script(tools), sink) if tools else None

    async def _run(self, container: dagger.Container, script: str, sink: Sink) -> Executed:
        prepared = self._with_indexes(container)
        done = await self.executor.install(prepared, ("/bin/sh", "-ec", script), sink)
        installed = done.container.without_mount(_UV_CACHE)
        for name in self.indexes:
            installed = installed.without_secret_variable(name)
        return Executed(container=installed, exit_code=done.exit_code, cached=done.cached)


def _for_steps(container: dagger.Container, path: str) -> dagger.Container:
    """Return the container for steps; on the PATH are the project's programs, then the tools, then the image's own."""
    for name in _UV_VARIABLES:
        container = container.without_env_variable(name)
    return (
        container.with_env_variable("PATH", f"{PROJECT}/bin:{TOOLS}/bin:{path}")
        .with_env_variable("VIRTUAL_ENV", PROJECT)
        .with_env_variable("LANG", "C.UTF-8")
        .with_env_variable("PYTHONUNBUFFERED", "1")
        .with_env_variable("HEROCI_ROOT", ROOT)
    )
