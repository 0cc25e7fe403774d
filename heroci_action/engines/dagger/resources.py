"""The source, environment and image that the stages of a run share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_urlsafe

import anyio
import dagger

from heroci_action.engines.dagger.collect import Collector
from heroci_action.engines.dagger.connection import Connection
from heroci_action.engines.dagger.environment import Recipe, base_image, with_available_python
from heroci_action.engines.dagger.execution import Executor
from heroci_action.engines.dagger.installation import index_variables
from heroci_action.engines.dagger.places import CACHES, PROBES, REPORTS, ROOT, SALT, TOOLS
from heroci_action.engines.dagger.replay_cache import ReplayCache, new_salt
from heroci_action.engines.dagger.source import NO_VERSION, upload_source, version_from_git
from heroci_action.engines.dagger.variables import Variables
from heroci_action.engines.known_services import Access, KnownService
from heroci_action.engines.relay import Relay
from heroci_action.engines.requirements import other_uv, uv_version
from heroci_action.engines.secret_store import SecretStore
from heroci_action.engines.settings import EngineSettings
from heroci_action.errors import EngineError
from heroci_action.plan.stages import Plan, Service


@dataclass(slots=True, kw_only=True)
class RunResources:
    """The source, environment and image of a run.

    `scratch` is a directory of this machine that is removed after the run. `system`, `environment` and `image` are set
    by the steps that create them; `outputs` are the outputs of passed stages, relative to the working
    directory. Stages that are not replayed have the same `salt`, so that they can share a server. `database_log`
    receives the output of a server that is started early.
    """

    settings: EngineSettings
    plan: Plan
    connection: Connection
    scratch: Path
    secrets: SecretStore
    secret_key: str = field(default_factory=lambda: token_urlsafe(48))
    system: dagger.Container | None = None
    environment: dagger.Container | None = None
    image: dagger.Container | None = None
    image_entrypoint: tuple[str, ...] | None = None
    outputs: dict[str, dagger.Directory] = field(default_factory=dict)
    salt: str = field(default_factory=new_salt)
    database_log: Relay = field(default_factory=Relay)
    variables: Variables = field(init=False)
    executor: Executor = field(init=False)
    replay_cache: ReplayCache = field(init=False)
    collector: Collector = field(init=False)
    _recipe: Recipe | None = None
    _lock: anyio.Lock = field(default_factory=anyio.Lock)
    _accesses: dict[tuple[str, str], Access] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.secrets.add(self.secret_key)
        self.variables = Variables(self.connection, self.secrets, self.settings.machine)
        client, fresh = self.connection.client, self.settings.fresh
        self.executor = Executor(self.connection, base_image(client, self.plan.environment))
        self.collector = Collector(
            connection=self.connection, scratch=self.scratch, limit_of=self.plan.limit_of
        )
        self.replay_cache = ReplayCache(self.connection, fresh=fresh)

    @property
    def client(self) -> dagger.Client:
        """The client of the engine's API."""
        return self.connection.client

    @property
    def built_environment(self) -> dagger.Container:
        """The base environment. Raises EngineError if it has not been built."""
        if self.environment is None:
            raise EngineError(
                "the base environment has not been built", remedy="do not skip the stage 'base'"
            )
        return self.environment

    @property
    def built_image(self) -> dagger.Container:
        """The production image. Raises EngineError if it has not been built."""
        if self.image is None:
            raise EngineError(
                "the production image has not been built", remedy="do not skip the stage 'image'"
            )
        return self.image

    async def image_files(self) -> dagger.Directory:
        """Return the files of the production image."""
        return await self.connection.once("rootfs", self.built_image.rootfs())

    async def source(self) -> dagger.Directory:
        """Return the project's source in the engine."""
        return (await self.recipe()).source

    async def recipe(self) -> Recipe:
        """Return what base environments are made from; the source is uploaded by the first caller."""
        async with self._lock:
            if self._recipe is None:
                self._recipe = await self._create_recipe()
            return self._recipe

    async def _create_recipe(self) -> Recipe:
        settings = self.settings
        environment, warning = await with_available_python(self.connection, self.plan.environment)
        self.executor.shell = base_image(self.client, environment)
        version = NO_VERSION
        if environment.install_project:
            version = await version_from_git(settings.root, settings.machine)
        indexes = index_variables(settings.machine)
        uv = uv_version(settings.machine)
        return Recipe(
            client=self.client,
            executor=self.executor,
            environment=environment,
            root=settings.root,
            source=await upload_source(
                self.connection, settings.root, exclude=settings.exclude, machine=settings.machine
            ),
            empty=await self.connection.once("empty", self.client.directory()),
            indexes={
                name: await self.variables.secret(name, value) for name, value in indexes.items()
            },
            uv=other_uv(settings.root, uv) or f"uv=={uv}",
            version=version,
            warning=warning,
        )

    def access(self, service: Service, known: KnownService, stage: str) -> Access:
        """Return the account of a database server; the same one if it is requested again for this stage."""
        key = (service.name, stage)
        if key not in self._accesses:
            self._accesses[key] = Access.of(service, known)
        return self._accesses[key]

    async def shell(self) -> dagger.Container:
        """Return a container in which small commands of HeroCI can run."""
        image = (await self.recipe()).image()
        return await self.connection.once("shell", image, evaluate=True)

    async def base(self) -> dagger.Container:
        """Return the container in which the base environment is built; a fresh run never shares it."""
        container = self.system or (await self.recipe()).image()
        return container.with_env_variable(SALT, new_salt()) if self.settings.fresh else container

    def values(self) -> dict[str, str]:
        """Return the values of the placeholders that are the same in every stage."""
        values = {
            "reports": REPORTS,
            "probes": PROBES,
            "tools": TOOLS,
            "caches": CACHES,
            "root": ROOT,
            "secret_key": self.secret_key,
        }
        return values | {f"env.{name}": value for name, value in self.settings.machine.items()}
