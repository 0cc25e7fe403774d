"""A session: what the stages of one run share in the engine."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Mapping
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
from heroci_action.engines.dagger.execution import HOME, SALT, Executor, first_line
from heroci_action.engines.dagger.ledger import Ledger, new_salt
from heroci_action.engines.dagger.source import ROOT, source_directory
from heroci_action.engines.secret_store import SecretStore, declared_secrets
from heroci_action.errors import EngineError
from heroci_action.plan import Plan, Stage

REPORTS = f"{HOME}/reports"
PROBES = f"{HOME}/probes"
# Names under which nobody keeps a value that may be read by everybody.
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|DSN|AUTH", re.IGNORECASE)


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
        declared = tuple(declared_secrets(plan, engine.machine))
        self._secrets = {self.secret_key, self.password, *declared}
        self.secrets = SecretStore(engine.announce, *self._secrets)
        self._source: dagger.Directory | None = None
        self._lock = anyio.Lock()

    @asynccontextmanager
    async def stage(self, stage: Stage, sink: Sink) -> AsyncIterator[StageScope]:
        """The stage; its services are started when its first step needs them, and ended on leaving."""
        from heroci_action.engines.dagger.scope import opened  # noqa: PLC0415  they know each other

        async with opened(self, stage, self.masked(sink)) as scope:
            yield scope

    def masked(self, sink: Sink) -> Sink:
        """The sink behind a mask."""
        return self.secrets.masked(sink)

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
            source=await self.source(),
            indexes={
                name: self.client.set_secret(f"heroci-index-{name}", value)
                for name, value in indexes.items()
            },
        )

    async def foundation(self) -> dagger.Container:
        """What the environment is made in; a run without the cache has its own."""
        container = self.system or (await self.recipe()).image()
        return container.with_env_variable(SALT, new_salt()) if self.engine.fresh else container

    async def workplace(self) -> dagger.Container:
        """The environment with the source and HeroCI's probes in it, where steps run."""
        if self.environment is None:
            raise EngineError(
                "the base environment is not there", remedy="do not skip the stage 'base'"
            )
        own = self.client.host().directory(str(Path(probes.__file__).parent), include=["*.py"])
        return (
            self.environment.with_directory(ROOT, await self.source())
            .with_directory(PROBES, own)
            .with_directory(REPORTS, self.client.directory())
            .with_workdir(self.workdir())
        )

    def workdir(self) -> str:
        """Where commands run."""
        return str(PurePosixPath(ROOT, self.plan.directory))

    def built_image(self) -> dagger.Container:
        """The production image."""
        if self.image is None:
            raise EngineError(
                "the production image was not built", remedy="do not skip the stage 'image'"
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
        return any(secret in value for secret in self._secrets) or (
            bool(_SECRET_NAME.search(name)) and self._from_machine(value)
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
