"""A stage in the engine: its steps one after the other or side by side, replayed where all of it has passed before."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path, PurePosixPath

import anyio
import dagger
from anyio.abc import TaskGroup

from heroci_action.engines.base import ReportFile, Sink, StepOutcome, Stream, one_error
from heroci_action.engines.commands import (
    COMMAND_NOT_FOUND,
    SHELL,
    arguments_of,
    command_not_found,
    declared_variables,
)
from heroci_action.engines.dagger import application, hook, image, image_export, services
from heroci_action.engines.dagger.application import Application
from heroci_action.engines.dagger.execution import SALT, Executed
from heroci_action.engines.dagger.replay_cache import Entry, digest, new_salt
from heroci_action.engines.dagger.services import Described
from heroci_action.engines.dagger.session import DaggerSession
from heroci_action.engines.dagger.telemetry import Output
from heroci_action.engines.dispatch import Dispatcher
from heroci_action.errors import EngineError
from heroci_action.plan.actions import (
    BuildImage,
    CollectReports,
    Command,
    Customise,
    ExportImage,
    InstallSystemPackages,
    Place,
    Serve,
)
from heroci_action.plan.placeholders import fill, fill_line
from heroci_action.plan.stages import Stage, Step

ANYWHERE = "0.0.0.0"  # noqa: S104  in a container, where nobody else could reach it


@asynccontextmanager
async def opened(session: DaggerSession, stage: Stage, sink: Sink) -> AsyncIterator[DaggerScope]:
    """The stage; on leaving, its services are ended, and what passed is remembered."""
    with one_error():
        async with anyio.create_task_group() as tasks:
            scope = DaggerScope(session, stage, tasks=tasks, sink=sink)
            try:
                yield scope
                await scope.remember()
            finally:
                await scope.close()


class DaggerScope(Dispatcher):
    """A stage with its services.

    A stage whose steps share more than their container (a database, the application) is replayed as a whole or not
    at all; any other stage step by step.
    """

    def __init__(
        self, session: DaggerSession, stage: Stage, *, tasks: TaskGroup, sink: Sink
    ) -> None:
        self._session = session
        self._stage = stage
        self._tasks = tasks
        self._log = Output(sink)
        self._values = session.values()
        self._whole = bool(stage.services) or any(_shares(step) for step in stage.steps)
        self._lock = anyio.Lock()
        self._entry: Entry | None = None  # of the whole stage
        self._key_place: dagger.Container | None = None
        self._replayed = False
        self._services: tuple[Described, ...] = ()
        self._broken: EngineError | None = None  # why the services are not there
        self._application: Application | None = None
        self._current: dagger.Container | None = None  # where the next step of a sequence goes on
        self._left: dict[str, dagger.Container] = {}  # by step
        self._outcomes: dict[str, StepOutcome] = {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """Containers have the versions that were asked for."""
        return ()

    async def run(self, step: Step, sink: Sink) -> StepOutcome:
        """Take one step."""
        outcome = await self.dispatch(step, sink)
        self._outcomes[step.name] = outcome
        return outcome

    @property
    def values(self) -> Mapping[str, str]:
        """The values of placeholders."""
        return self._values

    async def install_system_packages(
        self, action: InstallSystemPackages, sink: Sink
    ) -> StepOutcome:
        """Install the packages in the image."""
        session = self._session
        recipe = await session.recipe()
        outcome, session.system = await recipe.with_system_packages(
            await session.foundation(), action, sink
        )
        return outcome

    async def install_dependencies(self, sink: Sink) -> StepOutcome:
        """Create the base environment, or reuse it."""
        session = self._session
        recipe = await session.recipe()
        outcome, session.environment = await recipe.with_dependencies(
            await session.foundation(), sink
        )
        return outcome

    async def customise(self, action: Customise, sink: Sink) -> StepOutcome:
        """Pass the base environment through the project's hook."""
        return await hook.customise(self._session, action.function, sink)

    async def build_image(self, action: BuildImage, sink: Sink) -> StepOutcome:
        """Build the production image."""
        return await image.build(self._session, action, sink)

    async def export_image(self, action: ExportImage, sink: Sink) -> StepOutcome:
        """Put the production image into the local Docker."""
        return await image_export.export(self._session, action, sink)

    async def push_image(
        self, reference: str, login: tuple[str, str] | None, sink: Sink
    ) -> StepOutcome:
        """Push the production image."""
        return await image_export.push(self._session, reference, login, sink)

    async def serve(self, step: Step, action: Serve, sink: Sink) -> StepOutcome:
        """Start the application and wait until it is healthy."""
        await self._begin()
        return await self._serve(step, action, sink)

    async def run_command(self, step: Step, action: Command, sink: Sink) -> StepOutcome:
        """Run a command, or replay it."""
        await self._begin()
        return await self._command(step, action, sink)

    async def _begin(self) -> None:
        """Look the stage up, and start its services where it has to run; once, whoever comes first."""
        async with self._lock:
            if (
                self._broken
            ):  # binding a service that does not start would be waited for without an end
                raise self._broken
            if self._entry is not None or not self._whole:
                return
            self._key_place = await self._place_of_key()
            found = await self._session.ledger.find(self._key_place, self._key())
            self._replayed = found is not None
            self._entry = found or Entry(salt=new_salt())
            self._describe_services()
            if not self._replayed:
                await self._start_services()

    async def _place_of_key(self) -> dagger.Container:
        """A container that holds all that the stage depends on besides its own description."""
        session = self._session
        uses_environment = any(
            isinstance(step.action, Command | Serve) and step.action.place is Place.ENVIRONMENT
            for step in self._stage.steps
        )
        place = await self._workplace() if uses_environment else (await session.recipe()).image()
        if any(_in_image(step) for step in self._stage.steps):
            place = place.with_mounted_directory("/heroci/image", session.built_image().rootfs())
        return place

    def _key(self, *more: object) -> str:
        """The stage's description; values of the caller's environment count, but cannot be read from the key."""
        stage, session = self._stage, self._session
        used = [
            *stage.env.values(),
            *(value for step in stage.steps for value in step.env.values()),
        ]
        machine = {f"env.{name}": value for name, value in session.engine.machine.items()}
        filled = [fill(value, machine) for value in used if "{env." in value]
        return digest(
            stage.name,
            stage.image,
            [(str(step.action), asdict(step.action), dict(step.env)) for step in stage.steps],
            dict(stage.env),
            [asdict(session.plan.services[name]) for name in stage.services],
            session.plan.directory,
            [hashlib.sha256(value.encode()).hexdigest() for value in filled],
            *more,
        )

    def _describe_services(self) -> None:
        assert self._entry is not None  # noqa: S101  for mypy: the caller has set it
        session = self._session
        secret = session.client.set_secret("heroci-database-password", session.password)
        self._services = tuple(
            services.describe(
                session.client,
                session.plan.services[name],
                salt=self._entry.salt,
                password=session.password,
                secret=secret,
            )
            for name in self._stage.services
        )
        for described in self._services:
            self._values |= {
                f"{described.name}.{key}": value for key, value in described.values.items()
            }

    async def _start_services(self) -> None:
        connection = self._session.connection
        try:
            with one_error():
                async with anyio.create_task_group() as tasks:
                    for described in self._services:
                        tasks.start_soon(services.start, connection, described, self._log)
        except EngineError as error:
            self._broken = error
            raise

    async def _command(self, step: Step, action: Command, sink: Sink) -> StepOutcome:
        line = fill_line(action.line, self._values)
        arguments = arguments_of(line)
        if action.place is Place.IMAGE:
            return await self._command_in_image(step, arguments, sink)
        place = await self._place(step)
        key, entry = "", self._entry
        if entry is None:
            key = digest(step.name, arguments, dict(step.env), self._key())
            entry = await self._session.ledger.find(place, key)
        salt = entry.salt if entry else new_salt()
        held: list[tuple[Stream, str]] = []

        def hold(stream: Stream, line: str) -> None:
            held.append((stream, line))

        prepared = self._prepared(place, step, salt)
        shown = hold if self._replayed else sink
        done = await self._session.executor.execute(prepared, arguments, shown)
        if self._replayed and not done.cached:
            return await self._start_over(step, sink)
        for stream, line in held:
            sink(stream, line)
        self._left[step.name] = self._current = done.container
        if self._entry is None and done.exit_code == 0 and not done.cached:
            await self._session.ledger.enter(place, key, Entry(salt=salt))
        return self._outcome(done, arguments, sink)

    def _outcome(self, done: Executed, arguments: tuple[str, ...], sink: Sink) -> StepOutcome:
        facts = {key: value for each in self._services for key, value in each.facts.items()}
        if done.exit_code == COMMAND_NOT_FOUND and arguments[:1] != SHELL[:1]:
            missing = command_not_found(arguments[0])
            sink(Stream.STDERR, missing.cause or "")
            return missing
        return StepOutcome(exit_code=done.exit_code, cached=done.cached, facts=facts)

    async def _place(self, step: Step) -> dagger.Container:
        """The container that the step starts from."""
        if self._stage.parallel and not step.always:
            return await self._workplace()
        if self._stage.parallel:
            place = await self._workplace()
            for left in self._left.values():
                place = place.with_directory(
                    self._values["reports"], left.directory(self._values["reports"])
                )
            return place
        if self._current is None:
            self._current = await self._workplace()
        return self._current

    async def _workplace(self) -> dagger.Container:
        """The base environment, or the stage's own image, with what the stage keeps from run to run."""
        stage, session = self._stage, self._session
        place = await (session.own_place(stage.image) if stage.image else session.workplace())
        for name, text in stage.files.items():
            place = place.with_new_file(f"{self._values['reports']}/{name}", text)
        return await session.with_caches(place, stage.caches)

    def _prepared(self, place: dagger.Container, step: Step, salt: str) -> dagger.Container:
        container = place.with_env_variable(SALT, salt)
        for described in self._services:
            container = container.with_service_binding(described.name, described.service)
        if self._application:
            container = self._application.bound(container)
        owner = f"{self._stage.name}-{step.name}"
        return self._session.with_variables(container, self._declared(step), owner=owner)

    def _declared(self, step: Step, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """The variables that the plan declares for the step, filled in."""
        return declared_variables(self._stage, step, {**self._values, **(more or {})})

    async def _command_in_image(
        self, step: Step, arguments: tuple[str, ...], sink: Sink
    ) -> StepOutcome:
        place = self._session.built_image()
        assert self._entry is not None  # noqa: S101  such a stage is replayed as a whole
        done = await self._session.executor.execute_bare(
            self._prepared(place, step, self._entry.salt),
            arguments,
            sink,
            use_entrypoint=await image.passes_on(self._session, place),
        )
        facts = {key: value for each in self._services for key, value in each.facts.items()}
        return StepOutcome(exit_code=done.exit_code, cached=self._replayed, facts=facts)

    async def _serve(self, step: Step, action: Serve, sink: Sink) -> StepOutcome:
        """Start the application; its output is the step's until it is ready, and the services' from then on."""
        assert self._entry is not None  # noqa: S101  such a stage is replayed as a whole
        port = action.port or application.DEFAULT_PORT
        here = {"app.port": str(port), "app.interface": ANYWHERE}
        if action.place is Place.IMAGE:
            container = self._session.built_image()
        else:
            container = await self._place(step)
        container = container.with_env_variable(SALT, self._entry.salt)
        for described in self._services:
            container = container.with_service_binding(described.name, described.service)
        container = self._session.with_variables(
            container, self._declared(step, here), owner=f"{self._stage.name}-{step.name}"
        )
        line = fill_line(action.command, {**self._values, **here}) if action.command else None
        arguments = services.arguments_of(line)
        if action.place is Place.ENVIRONMENT and isinstance(line, str):
            arguments = [*SHELL, line]
        found = Application(
            service=container.with_exposed_port(port)
            .without_docker_healthcheck()
            .as_service(args=arguments or None, use_entrypoint=action.place is Place.IMAGE),
            port=port,
        )
        outcome = StepOutcome(exit_code=0, cached=True, facts=self._entry.facts.get(step.name, {}))
        if not self._replayed:
            self._application = found  # so that it is ended, also where it does not get ready
            outcome = await application.start(
                self._session.connection, found, action, sink=sink, log=self._log
            )
        self._application = found
        self._values |= found.values
        return outcome

    async def _start_over(self, step: Step, sink: Sink) -> StepOutcome:
        """The engine has forgotten a part of the stage, so the rest is worth nothing: all of it runs again."""
        before = [
            each for each in self._stage.steps if each.name in self._outcomes and _replayable(each)
        ]
        self._replayed = False
        self._entry = Entry(salt=new_salt())
        self._current = None
        self._application = None
        self._describe_services()
        await self._start_services()
        for each in before:
            self._outcomes[each.name] = await self.dispatch(each, _nowhere)
        return await self.dispatch(step, sink)

    async def collect(self, step: Step) -> tuple[ReportFile, ...]:
        """The report files of a step."""
        places = self._places(step)
        files: list[ReportFile] = []
        for report in step.reports:
            if report.path is not None:
                pattern = fill(report.path, self._values)
                for place in places:
                    files += [
                        ReportFile(kind=report.kind, path=path, content=content)
                        for path, content in await self._read(place, pattern)
                    ]
        return tuple(files)

    def _places(self, step: Step) -> list[dagger.Container]:
        """The containers in which a step's reports may lie."""
        if step.name in self._left:
            return [self._left[step.name]]
        if isinstance(step.action, CollectReports) and self._stage.parallel:
            return list(self._left.values())
        return [self._current] if isinstance(step.action, CollectReports) and self._current else []

    async def _read(self, place: dagger.Container, pattern: str) -> list[tuple[str, bytes]]:
        """The files that a path or glob stands for, as bytes."""
        path = PurePosixPath(self._session.workdir(), pattern)
        top, rest = _fixed_part(path)
        with tempfile.TemporaryDirectory(prefix="heroci-") as scratch:
            try:
                found = place.directory(str(top)).filter(include=[str(rest)])
                await self._session.connection.ask(found.export(scratch))
            except dagger.QueryError:
                return []  # there is no such directory
            return [
                (str(top / file.relative_to(scratch).as_posix()), file.read_bytes())
                for file in sorted(Path(scratch).glob(str(rest)))
                if file.is_file()
            ]

    async def remember(self) -> None:
        """Enter the whole stage, where every step of it has passed for real."""
        steps = self._stage.steps
        passed = all(
            step.name in self._outcomes and self._outcomes[step.name].exit_code == 0
            for step in steps
        )
        if self._entry and self._key_place and passed and not self._replayed:
            facts = {name: dict(outcome.facts) for name, outcome in self._outcomes.items()}
            entry = Entry(salt=self._entry.salt, facts=facts)
            await self._session.ledger.enter(self._key_place, self._key(), entry)

    async def close(self) -> None:
        """End what was started."""
        if self._replayed or self._entry is None:
            return
        running = [described.service for described in self._services]
        if self._application:
            running.append(self._application.service)
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as tasks:
                for service in running:
                    tasks.start_soon(services.stop, self._session.connection, service)


def _shares(step: Step) -> bool:
    return isinstance(step.action, Serve) or _in_image(step)


def _in_image(step: Step) -> bool:
    return isinstance(step.action, Command | Serve) and step.action.place is Place.IMAGE


def _replayable(step: Step) -> bool:
    return isinstance(step.action, Command | Serve)


def _nowhere(_: Stream, __: str) -> None:
    """A sink for what was already shown."""


def _fixed_part(path: PurePosixPath) -> tuple[PurePosixPath, PurePosixPath]:
    """The directory in front of the first wildcard, and the rest."""
    parts = path.parts[:-1]
    fixed = next(
        (at for at, part in enumerate(parts) if any(sign in part for sign in "*?[")), len(parts)
    )
    top = PurePosixPath(*path.parts[:fixed])
    return top, path.relative_to(top)
