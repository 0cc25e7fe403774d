"""A stage in the engine: its steps run one after the other or in parallel, and passes are replayed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

import anyio
import dagger

from heroci_action.engines.base import ReportFile, Sink, StepOutcome, Stream
from heroci_action.engines.commands import (
    COMMAND_NOT_FOUND,
    SHELL,
    arguments_of,
    command_not_found,
    declared_variables,
)
from heroci_action.engines.dagger import application, hook, image, image_export
from heroci_action.engines.dagger.application import Application
from heroci_action.engines.dagger.disk import disk_warnings
from heroci_action.engines.dagger.execution import Executed
from heroci_action.engines.dagger.places import REPORTS, SALT
from heroci_action.engines.dagger.preflight import VERSION
from heroci_action.engines.dagger.replay import StageReplay, is_replayable, uses_environment
from heroci_action.engines.dagger.replay_cache import new_salt
from heroci_action.engines.dagger.resources import RunResources
from heroci_action.engines.dagger.service_definition import command_arguments
from heroci_action.engines.dagger.services import StageServices, stop
from heroci_action.engines.dagger.spans import end_step
from heroci_action.engines.dagger.stage_container import (
    ProjectContainer,
    create_project_container,
    create_stage_container,
    working_directory,
)
from heroci_action.engines.dagger.telemetry import Output
from heroci_action.engines.dispatch import Dispatcher
from heroci_action.plan.actions import (
    BuildImage,
    CollectReports,
    Command,
    Customise,
    ExportImage,
    InstallSystemPackages,
    RunsIn,
    Serve,
)
from heroci_action.plan.placeholders import fill, fill_line
from heroci_action.plan.stages import Stage, Step


class DaggerScope(Dispatcher):
    """A stage with its services, which are started when the first step needs them."""

    def __init__(self, resources: RunResources, stage: Stage, log: Sink) -> None:
        self._resources = resources
        self._stage = stage
        self._log = Output(log)
        self._replay = StageReplay(resources, stage)
        self._services = StageServices(resources, stage, self._log)
        self._application: Application | None = None
        self._values = resources.values()
        self._lock, self._turn = anyio.Lock(), anyio.Lock()
        self._project: ProjectContainer | None = None
        self._start: dagger.Container | None = None
        # The containers that each step left and that concurrent steps start in, and the one of the next step.
        self._left: dict[str, dagger.Container] = {}
        self._starts: dict[str, dagger.Container] = {}
        self._current: dagger.Container | None = None
        self._outcomes: dict[str, StepOutcome] = {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about services that are left out."""
        return tuple(self._services.warnings)

    @property
    def values(self) -> Mapping[str, str]:
        """The values of placeholders."""
        return self._values

    async def run(self, step: Step, sink: Sink) -> StepOutcome:
        """Execute one step, or replay it."""
        with self._resources.connection.telemetry.spans.span(step.name) as span:
            outcome = await self._dispatch_in_turn(step, sink)
            end_step(span, failed=outcome.exit_code != 0, cached=outcome.cached)
        self._outcomes[step.name] = outcome
        return outcome

    async def _dispatch_in_turn(self, step: Step, sink: Sink) -> StepOutcome:
        """Execute one step; a replayed stage has no concurrent ones, because each may have to start the stage over."""
        if not step.concurrent:
            return await self.dispatch(step, sink)
        await self._begin()
        async with self._turn if self._replay.replayed else nullcontext():
            return await self.dispatch(step, sink)

    async def install_system_packages(
        self, action: InstallSystemPackages, sink: Sink
    ) -> StepOutcome:
        """Install the packages in the image."""
        resources = self._resources
        recipe = await resources.recipe()
        outcome, resources.system = await recipe.add_system_packages(
            await resources.base(), action, sink
        )
        return outcome

    async def install_dependencies(self, sink: Sink) -> StepOutcome:
        """Create the base environment, or reuse it."""
        resources = self._resources
        recipe = await resources.recipe()
        outcome, resources.environment = await recipe.add_dependencies(await resources.base(), sink)
        connection = resources.connection
        facts = {
            **outcome.facts,
            "engine": f"Dagger {VERSION}, {connection.seconds:.1f} s to connect",
        }
        disk = () if outcome.cached else await disk_warnings(resources)
        return replace(outcome, facts=facts, warnings=(*outcome.warnings, *disk))

    async def customise(self, action: Customise, sink: Sink) -> StepOutcome:
        """Pass the base environment through the project's hook."""
        return await hook.customise(self._resources, action.function, sink)

    async def build_image(self, action: BuildImage, sink: Sink) -> StepOutcome:
        """Build the production image."""
        return await image.build(self._resources, action, sink)

    async def export_image(self, action: ExportImage, sink: Sink) -> StepOutcome:
        """Put the production image into the local Docker."""
        return await image_export.export(self._resources, action, sink)

    async def push_image(
        self, reference: str, login: tuple[str, str] | None, sink: Sink
    ) -> StepOutcome:
        """Push the production image."""
        return await image_export.push(self._resources, reference, login=login, sink=sink)

    async def run_command(self, step: Step, action: Command, sink: Sink) -> StepOutcome:
        """Run a command in the base environment or in the production image, or replay it."""
        await self._begin()
        arguments = arguments_of(fill_line(action.line, self._values))
        if action.runs_in is RunsIn.IMAGE:
            return await self._run_in_image(step, arguments, sink)
        if self._replay.replayed:
            return await self._replay_command(step, arguments, sink)
        return await self._run_in_environment(step, arguments, sink)

    async def _begin(self) -> None:
        """Look the stage up, and start its services unless it is replayed; the first step does this for all."""
        async with self._lock:
            self._services.check()
            if not self._replay.whole or self._replay.started:
                return
            if uses_environment(self._stage):
                container = await self._stage_container()
            else:
                container = await self._resources.shell()
            await self._replay.look_up(container)
            await self._provide_services()

    async def _provide_services(self) -> None:
        """Define the services, and start them unless the stage is replayed."""
        await self._services.define(self._replay.salt)
        self._values |= self._services.values
        if not self._replay.replayed:
            await self._services.start()

    async def _replay_command(
        self, step: Step, arguments: tuple[str, ...], sink: Sink
    ) -> StepOutcome:
        """Replay a command of a stage that has passed; if it is no longer in the cache, run the whole stage."""
        lines: list[tuple[Stream, str]] = []
        container = await self._prepare(await self._start_of(step), step, salt=self._replay.salt)
        done = await self._resources.executor.replay(
            container, arguments, lambda *line: lines.append(line)
        )
        if done is None:
            return await self._start_over(step, sink)
        self._keep(step, done.container)
        _send(lines, sink)
        return self._outcome(done, arguments, sink)

    async def _run_in_environment(
        self, step: Step, arguments: tuple[str, ...], sink: Sink
    ) -> StepOutcome:
        if self._replay.whole:
            done = await self._execute(step, arguments, sink, salt=self._replay.salt)
            return self._outcome(done, arguments, sink)
        container = await self._start_of(step)
        entry = await self._replay.find_step(container, step, arguments)
        salt = entry.salt if entry else new_salt()
        done = await self._execute(step, arguments, sink, salt=salt)
        if done.exit_code == 0 and not done.cached:
            await self._replay.store_step(container, step, arguments, salt=salt)
        return self._outcome(done, arguments, sink)

    async def _execute(
        self, step: Step, arguments: tuple[str, ...], sink: Sink, *, salt: str
    ) -> Executed:
        container = await self._prepare(await self._start_of(step), step, salt=salt)
        keep = partial(self._keep, step)
        return await self._resources.executor.execute(container, arguments, sink, keep=keep)

    def _keep(self, step: Step, container: dagger.Container) -> None:
        self._left[step.name] = container
        if step == self._group_of(step)[-1]:
            self._current = container

    def _group_of(self, step: Step) -> tuple[Step, ...]:
        """Return the steps that run at the same time as this one, which is one of them."""
        return next(group for group in self._stage.groups() if step in group)

    def _outcome(self, done: Executed, arguments: tuple[str, ...], sink: Sink) -> StepOutcome:
        if done.exit_code == COMMAND_NOT_FOUND and arguments[:1] != SHELL[:1]:
            missing = command_not_found(arguments[0])
            sink(Stream.STDERR, missing.cause or "")
            return missing
        facts = self._services.take_facts()
        return StepOutcome(exit_code=done.exit_code, cached=done.cached, facts=facts)

    async def _start_of(self, step: Step) -> dagger.Container:
        """Return the container in which the step starts; in a parallel stage, a last step sees all reports."""
        start = await self._stage_container()
        if step.concurrent:
            return self._starts.setdefault(self._group_of(step)[0].name, self._current or start)
        if not self._stage.parallel:
            return self._current or start
        if step.always:
            for left in self._left.values():
                start = start.with_directory(REPORTS, left.directory(REPORTS))
        return start

    async def _stage_container(self) -> dagger.Container:
        if self._start is None:
            self._project = await create_project_container(self._resources, self._stage)
            self._start = await create_stage_container(self._resources, self._stage, self._project)
        return self._start

    async def _prepare(
        self,
        container: dagger.Container,
        step: Step,
        *,
        salt: str,
        values: Mapping[str, str] | None = None,
    ) -> dagger.Container:
        """Return the container with the salt, the services, the application and the variables of the step."""
        container = self._services.bind(container.with_env_variable(SALT, salt))
        if self._application:
            container = self._application.bind(container)
        variables = declared_variables(self._stage, step, {**self._values, **(values or {})})
        return await self._resources.variables.add(
            container, variables, stage=self._stage, step=step
        )

    async def _run_in_image(
        self, step: Step, arguments: tuple[str, ...], sink: Sink
    ) -> StepOutcome:
        resources, replayed = self._resources, self._replay.replayed
        container = await self._prepare(resources.built_image, step, salt=self._replay.salt)
        lines: list[tuple[Stream, str]] = []
        code = await resources.executor.execute_bare(
            container,
            arguments,
            (lambda *line: lines.append(line)) if replayed else sink,
            use_entrypoint=await image.needs_entrypoint(resources),
        )
        if replayed and code:
            return await self._start_over(step, sink)
        _send(lines, sink)
        facts = self._services.take_facts()
        return StepOutcome(exit_code=code, cached=self._replay.replayed, facts=facts)

    async def serve(self, step: Step, action: Serve, sink: Sink) -> StepOutcome:
        """Start the application and wait until it is healthy; in a replayed stage, only define it."""
        await self._begin()
        found = await self._define_application(step, action)
        if self._replay.replayed:
            outcome = StepOutcome(exit_code=0, cached=True, facts=self._replay.facts(step))
        else:
            # Set before it is started, so that it is stopped even if it does not become healthy.
            self._application = found
            connection = self._resources.connection
            outcome = await application.start(connection, found, action, sink=sink, log=self._log)
        self._application = found
        self._values |= found.values
        return outcome

    async def _define_application(self, step: Step, action: Serve) -> Application:
        port = action.port or application.DEFAULT_PORT
        values = {"app.port": str(port), "app.interface": application.EVERY_INTERFACE}
        in_image = action.runs_in is RunsIn.IMAGE
        container = self._resources.built_image if in_image else await self._start_of(step)
        container = await self._prepare(container, step, salt=self._replay.salt, values=values)
        line = fill_line(action.command, {**self._values, **values}) if action.command else None
        arguments = command_arguments(line)
        if isinstance(line, str) and not in_image:
            arguments = [*SHELL, line]
        exposed = container.with_exposed_port(port).without_docker_healthcheck()
        service = exposed.as_service(args=arguments or None, use_entrypoint=in_image)
        return Application(service=service, port=port)

    async def _start_over(self, step: Step, sink: Sink) -> StepOutcome:
        """Replay another pass, or run the stage from its first step: the engine no longer has a part of this one."""
        done = [
            each
            for each in self._stage.steps
            if each.name in self._outcomes and is_replayable(each)
        ]
        self._current = self._application = None
        self._starts.clear()
        await self._replay.look_up_again()
        await self._provide_services()
        for each in done:
            # Its output has already been shown.
            self._outcomes[each.name] = await self.dispatch(each, lambda *_: None)
        return await self.dispatch(step, sink)

    async def collect(self, step: Step) -> tuple[ReportFile, ...]:
        """Return the report files of a step."""
        directory = working_directory(self._resources.plan)
        reports = [
            replace(report, path=str(PurePosixPath(directory, fill(report.path, self._values))))
            for report in step.reports
            if report.path is not None
        ]
        containers = self._containers_of(step)
        if not containers or self._project is None:
            return ()
        return await self._resources.collector.collect(
            containers, reports, before=self._project.container
        )

    def _containers_of(self, step: Step) -> list[dagger.Container]:
        """Return the containers in which the step's reports may be."""
        if step.name in self._left:
            return [self._left[step.name]]
        if not isinstance(step.action, CollectReports):
            return []
        if self._stage.parallel:
            return list(self._left.values())
        return [self._current] if self._current else []

    @property
    def passed(self) -> bool:
        """Whether every step has passed."""
        outcomes = [self._outcomes.get(step.name) for step in self._stage.steps]
        return all(outcome is not None and outcome.exit_code == 0 for outcome in outcomes)

    def outputs(self) -> dagger.Directory:
        """Return the outputs of the stage, relative to the working directory."""
        include = [pattern for path in self._stage.outputs for pattern in (path, f"{path}/**")]
        place = working_directory(self._resources.plan)
        empty = self._resources.client.directory()
        if self._current is None:
            return empty
        return empty.with_directory(".", self._current.directory(place), include=include)

    async def store(self) -> None:
        """Remember the whole stage if it has passed."""
        if self.passed:
            await self._replay.store(self._outcomes)

    async def close(self) -> None:
        """Stop the services and the application."""
        if self._replay.replayed or not self._replay.started:
            return
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._services.stop)
                if self._application:
                    connection = self._resources.connection
                    tasks.start_soon(stop, connection, self._application.service)


def _send(lines: list[tuple[Stream, str]], sink: Sink) -> None:
    for stream, line in lines:
        sink(stream, line)
