"""A session: what the stages of one run share in the engine."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath

import anyio
import dagger

from heroci_action import probes
from heroci_action.engines.base import Sink, StageScope
from heroci_action.engines.dagger.cli import Cli
from heroci_action.engines.dagger.connection import Connection, connected
from heroci_action.engines.dagger.engine import DaggerEngine
from heroci_action.engines.dagger.environment import Recipe, index_variables
from heroci_action.engines.dagger.execution import HOME, OUTCOME, SALT, Executor, first_line
from heroci_action.engines.dagger.replay_cache import Ledger, new_salt
from heroci_action.engines.dagger.source import (
    NO_VERSION,
    ROOT,
    source_directory,
    version_from_git,
)
from heroci_action.engines.dagger.volumes import project_volumes
from heroci_action.engines.requirements import uv_version
from heroci_action.engines.secret_store import SECRET_NAME
from heroci_action.errors import EngineError
from heroci_action.plan.stages import Plan, Stage

REPORTS = f"{HOME}/reports"
PROBES = f"{HOME}/probes"


@asynccontextmanager
async def open_session(
    engine: DaggerEngine, plan: Plan, *, cli: Cli
) -> AsyncIterator[DaggerSession]:
    """A session over an open connection."""
    async with connected(cli) as connection:
        yield DaggerSession(engine, plan, connection)


class DaggerSession:
    """The source, the environment, the image, and the secrets of a run; each made once, when somebody needs it."""

    def __init__(self, engine: DaggerEngine, plan: Plan, connection: Connection) -> None:
        self.engine = engine
        self.plan = plan
        self.connection = connection
        self.client = connection.client
        self.executor = Executor(connection)
        self.ledger = Ledger(connection, fresh=engine.fresh)
        self.system: dagger.Container | None = None
        self.environment: dagger.Container | None = None
        self.image: dagger.Container | None = None
        self.secret_key = secrets.token_urlsafe(48)
        self.password = secrets.token_urlsafe(24)
        engine.secrets.add(self.secret_key, self.password)
        self._source: dagger.Directory | None = None
        self._base_user: str | None = None
        self._found_version: str | None = None
        self._lock = anyio.Lock()

    @asynccontextmanager
    async def stage(self, stage: Stage, sink: Sink) -> AsyncIterator[StageScope]:
        """The stage; its services are started when its first step needs them, and ended on leaving."""
        from heroci_action.engines.dagger.scope import opened  # noqa: PLC0415  they know each other

        async with opened(self, stage, sink) as scope:
            yield scope

    async def source(self) -> dagger.Directory:
        """The project's source in the engine."""
        async with self._lock:
            if self._source is None:
                engine = self.engine
                try:
                    self._source = await self.connection.ask(
                        source_directory(
                            self.client,
                            engine.root,
                            exclude=engine.exclude,
                            machine=engine.machine,
                        )
                    )
                except dagger.QueryError as error:
                    raise EngineError(
                        f"the source could not be sent to the engine: {first_line(error)}",
                        remedy="look for files that cannot be read",
                    ) from error
            return self._source

    async def recipe(self) -> Recipe:
        """How environments are made here."""
        indexes = index_variables(self.engine.machine)
        return Recipe(
            client=self.client,
            executor=self.executor,
            environment=self.plan.environment,
            root=self.engine.root,
            uv=uv_version(self.engine.machine),
            version=await self._version(),
            source=await self.source(),
            indexes={
                name: self.client.set_secret(f"heroci-index-{name}", value)
                for name, value in indexes.items()
            },
        )

    async def _version(self) -> str:
        """Asked of git where the project itself is installed, once."""
        if self.plan.environment.install_project and self._found_version is None:
            self._found_version = await version_from_git(self.engine.root, self.engine.machine)
        return self._found_version or NO_VERSION

    async def foundation(self) -> dagger.Container:
        """What the environment is made in; a run without the cache has its own."""
        container = self.system or (await self.recipe()).image()
        return container.with_env_variable(SALT, new_salt()) if self.engine.fresh else container

    async def workplace(self) -> dagger.Container:
        """The environment with the source and HeroCI's probes in it, where steps run."""
        if self.environment is None:
            raise EngineError(
                "the base environment has not been built", remedy="do not skip the stage 'base'"
            )
        return await self._furnished(self.environment, await self._user())

    async def own_place(self, image: str) -> dagger.Container:
        """An image of a stage's own with the source in it."""
        container = self.client.container().from_(image)
        user = await self._ask_image(container.user(), image)
        return await self._furnished(container.with_env_variable("HEROCI_ROOT", ROOT), user)

    async def _furnished(self, container: dagger.Container, user: str) -> dagger.Container:
        """The container with the source and HeroCI's own directories in it, which belong to the image's user."""
        own = self.client.host().directory(str(Path(probes.__file__).parent), include=["*.py"])
        container = (
            container.with_directory(ROOT, await self.source(), owner=user)
            .with_directory(PROBES, own)
            .with_directory(REPORTS, self.client.directory(), owner=user)
            .with_workdir(self.workdir())
        )
        return (
            container.with_user(user).with_new_file(OUTCOME, "", owner=user) if user else container
        )

    async def _user(self) -> str:
        """Whom the steps run as: the user that the base image names; Python's own names none, which is root."""
        image = self.plan.environment.image
        if image is None or self._base_user is not None:
            return self._base_user or ""
        found = await self._ask_image(self.client.container().from_(image).user(), image)
        self._base_user = found
        return found

    async def _ask_image(self, question: Awaitable[str], image: str) -> str:
        try:
            answer = await self.connection.ask(question)
        except dagger.QueryError as error:
            raise EngineError(
                f"the image {image!r} cannot be had: {first_line(error)}",
                remedy="check its name; a registry may be out of reach",
            ) from error
        return "" if answer in {"root", "0", "0:0", "root:root"} else answer

    async def with_caches(
        self, container: dagger.Container, paths: tuple[str, ...]
    ) -> dagger.Container:
        """The container with directories that last from run to run."""
        recipe = await self.recipe()
        user = await self.connection.ask(container.user()) if paths else ""
        home = await self.connection.ask(container.env_variable("HOME")) if paths else None
        own = "/root" if user in {"", "root"} else f"/home/{user.partition(':')[0]}"
        for path in paths:
            place = PurePosixPath(self.workdir(), path.replace("~", home or own, 1))
            (name,) = project_volumes(self.plan.project, (path,))
            volume = recipe.volume(name)
            container = container.with_mounted_cache(str(place), volume, owner=user)
        return container

    def workdir(self) -> str:
        """Where commands run."""
        return str(PurePosixPath(ROOT, self.plan.directory))

    def built_image(self) -> dagger.Container:
        """The production image."""
        if self.image is None:
            raise EngineError(
                "the production image has not been built", remedy="do not skip the stage 'image'"
            )
        return self.image

    def values(self) -> dict[str, str]:
        """What placeholders stand for in every stage."""
        own = {
            "reports": REPORTS,
            "probes": PROBES,
            "root": ROOT,
            "secret_key": self.secret_key,
        }
        return own | {f"env.{name}": value for name, value in self.engine.machine.items()}

    def is_secret(self, name: str, value: str) -> bool:
        """Whether a variable has to reach a container as a secret."""
        return self.engine.secrets.reveals(value) or (
            bool(SECRET_NAME.search(name)) and self._from_machine(value)
        )

    def _from_machine(self, value: str) -> bool:
        return len(value) > 0 and value in self.engine.machine.values()

    def with_variables(
        self, container: dagger.Container, variables: Mapping[str, str], *, owner: str
    ) -> dagger.Container:
        """The container with these variables; `owner` keeps secrets of the same name apart.

        What a secret holds is no part of the cache key. For generated ones that is the point; for those that the caller
        has set, the key of the stage holds a digest (see `scope`).
        """
        for name, value in variables.items():
            if self.is_secret(name, value):
                secret = self.client.set_secret(f"heroci-{owner}-{name}", value)
                container = container.with_secret_variable(name, secret)
            else:
                container = container.with_env_variable(name, value)
        return container
