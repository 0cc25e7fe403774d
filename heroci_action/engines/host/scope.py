"""A stage on this machine: its commands, its application, and its report files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from anyio.abc import TaskGroup

from heroci_action import probes
from heroci_action.engines.base import EARLIER_REPORT, ReportFile, Sink, StepOutcome, Stream
from heroci_action.engines.commands import arguments_of, command_not_found, declared_variables
from heroci_action.engines.dispatch import Dispatcher
from heroci_action.engines.host import image
from heroci_action.engines.host.application import NotHealthyError, Server, container_server, start
from heroci_action.engines.host.containers import Containers
from heroci_action.engines.host.environment import Installer
from heroci_action.engines.host.packages import install_system_packages
from heroci_action.engines.host.ports import LOOPBACK, free_port
from heroci_action.engines.host.resources import RunResources
from heroci_action.engines.host.services import Provided
from heroci_action.engines.host.tools import fetch_tools
from heroci_action.engines.host.uv import Uv
from heroci_action.engines.process import Program, ProgramNotFoundError, execute
from heroci_action.errors import EngineError
from heroci_action.plan.actions import (
    BuildImage,
    Command,
    Customise,
    ExportImage,
    InstallSystemPackages,
    RunsIn,
    Serve,
)
from heroci_action.plan.placeholders import fill, fill_line
from heroci_action.plan.stages import TOOL_CACHES, Stage, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class StageServices:
    """The services of a stage; `log` receives their output, and `network` is set if the stage runs in containers."""

    provided: Mapping[str, Provided]
    log: Sink
    network: Containers | None = None


class HostScope(Dispatcher):
    """A stage on this machine."""

    def __init__(
        self, resources: RunResources, stage: Stage, *, tasks: TaskGroup, services: StageServices
    ) -> None:
        self._resources = resources
        self._stage = stage
        self._tasks = tasks
        self._network = services.network
        self._provided = services.provided
        self._log = services.log
        self._reports = resources.workspace.directory("reports", stage.name)
        for name, text in stage.files.items():
            (self._reports / name).write_text(text, encoding="utf-8")
        self._values = self._known_values()
        self._unreported_facts = {
            key: value for each in self._provided.values() for key, value in each.facts.items()
        }

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about the services."""
        return tuple(warning for each in self._provided.values() for warning in each.warnings)

    @property
    def values(self) -> Mapping[str, str]:
        """The values of placeholders."""
        return self._values

    def _known_values(self) -> dict[str, str]:
        settings = self._resources.settings
        values = {
            "reports": str(self._reports),
            "probes": str(Path(probes.__file__).parent),
            "root": str(settings.root),
            "secret_key": self._resources.secret_key,
        }
        if self._resources.installed:
            values["tools"] = str(self._resources.installed.tools)
        if TOOL_CACHES in self._stage.caches:
            values["caches"] = str(self._resources.tool_caches())
        values |= {f"env.{name}": value for name, value in settings.machine.items()}
        for name, provided in self._provided.items():
            values |= {f"{name}.{key}": value for key, value in provided.values.items()}
        return values

    async def run(self, step: Step, sink: Sink) -> StepOutcome:
        """Execute one step."""
        return await self.dispatch(step, sink)

    async def install_system_packages(
        self, action: InstallSystemPackages, sink: Sink
    ) -> StepOutcome:
        """Check the system packages, and install missing ones if the caller allows it."""
        return await install_system_packages(
            action,
            self._resources.workspace,
            sink=sink,
            may_install=self._resources.settings.install_system_packages,
        )

    async def install_dependencies(self, sink: Sink) -> StepOutcome:
        """Create the base environment, or reuse it."""
        resources, settings = self._resources, self._resources.settings
        await fetch_tools(settings.machine, sink)
        uv = Uv(workspace=resources.workspace, directory=settings.root)
        # A fresh run builds a private environment, because other runs may be using the one in the cache.
        cache = resources.workspace.scratch if settings.fresh else settings.cache
        installer = Installer(root=settings.root, cache=cache, uv=uv)
        environment = resources.plan.environment
        outcome, resources.installed = await installer.install(environment, sink)
        if environment.image:
            warning = f"`base-image` {environment.image!r} needs --engine dagger; this machine's Python is used"
            return replace(outcome, warnings=(*outcome.warnings, warning))
        return outcome

    async def customise(self, action: Customise, sink: Sink) -> StepOutcome:
        """Refuse the hook, because it expects a container."""
        del sink
        raise EngineError(
            f"the hook {action.function!r} expects a container, and the host engine has none",
            remedy="use --engine dagger, or remove `hook`",
        )

    async def build_image(self, action: BuildImage, sink: Sink) -> StepOutcome:
        """Build the production image."""
        outcome, self._resources.image = await image.build(self._resources, action, sink)
        return outcome

    async def export_image(self, action: ExportImage, sink: Sink) -> StepOutcome:
        """Give the production image its name in the local Docker."""
        tag = self._resources.built_image
        code = await self._resources.docker.execute("tag", tag, action.name, sink=sink)
        return StepOutcome(exit_code=code, facts={"exported": action.name})

    async def push_image(
        self, reference: str, login: tuple[str, str] | None, sink: Sink
    ) -> StepOutcome:
        """Push the production image."""
        tag = self._resources.built_image
        return await image.push(self._resources.docker, tag, reference, login=login, sink=sink)

    async def run_command(self, step: Step, action: Command, sink: Sink) -> StepOutcome:
        """Run a command in the base environment or in the production image."""
        if kept := self._resources.written.of_developer(step.writes):
            return _keep(kept, sink)
        with self._resources.written.recording(step.writes):
            return await self._run_command(step, action, sink)

    async def _run_command(self, step: Step, action: Command, sink: Sink) -> StepOutcome:
        arguments = arguments_of(fill_line(action.line, self._values))
        variables = declared_variables(self._stage, step, self._values)
        if action.runs_in is RunsIn.IMAGE:
            tag = self._resources.built_image
            program = await self._containers.command(tag, arguments, variables)
        else:
            program = self._program(arguments, variables)
        try:
            code = await execute(program, sink)
        except ProgramNotFoundError as error:
            sink(Stream.STDERR, error.cause)
            return command_not_found(error.program)
        failures = [provided.failure() for provided in self._provided.values()]
        for failure in failures:
            if failure and code:
                raise failure
        return StepOutcome(exit_code=code, facts=self._service_facts())

    @property
    def _containers(self) -> Containers:
        assert self._network is not None  # noqa: S101  a stage that runs the image has a network
        return self._network

    def _service_facts(self) -> dict[str, str]:
        """Return the facts about the services once, for the first step that could use them."""
        facts, self._unreported_facts = self._unreported_facts, {}
        return facts

    def _program(self, arguments: tuple[str, ...], variables: Mapping[str, str]) -> Program:
        """Return a program in the base environment."""
        installed = self._resources.environment
        root = str(self._resources.settings.root)
        env = self._resources.workspace.environment(
            *installed.directories,
            VIRTUAL_ENV=str(installed.directories[0].parent),
            HEROCI_ROOT=root,
            **_safe_directory(root),
            **variables,
        )
        return Program(arguments=arguments, env=env, directory=self._resources.directory)

    async def serve(self, step: Step, action: Serve, sink: Sink) -> StepOutcome:
        """Start the application and wait until it is healthy."""
        try:
            application = await start(
                self._tasks, self._server(step, action), action, sink=sink, log=self._log
            )
        except NotHealthyError as error:
            return StepOutcome(exit_code=1, cause=error.cause, remedy=error.remedy)
        host, port = application.host, str(application.port)
        self._values |= {"app.host": host, "app.port": port, "app.url": f"http://{host}:{port}"}
        facts = {"application": application.answer, **self._service_facts()}
        return StepOutcome(exit_code=0, facts=facts)

    def _server(self, step: Step, action: Serve) -> Server:
        in_image = action.runs_in is RunsIn.IMAGE
        port = (action.port or image.DEFAULT_PORT) if in_image else free_port()
        listening = {"app.port": str(port), "app.interface": LOOPBACK}
        values = {**self._values, **listening}
        line = fill_line(action.command, values) if action.command else ()
        declared = declared_variables(self._stage, step, self._values)
        variables = {name: fill(value, listening) for name, value in declared.items()}
        if in_image:
            return container_server(
                self._containers, self._resources.built_image, line, port=port, env=variables
            )
        return Server(program=self._program(arguments_of(line), variables), port=port)

    async def collect(self, step: Step) -> tuple[ReportFile, ...]:
        """Return the report files of a step."""
        files: list[ReportFile] = []
        for report in step.reports:
            if report.path is not None:
                pattern = fill(report.path, self._values)
                found = self._resources.reports.find(pattern, required=report.required)
                files += [self._report(report.kind, path) for path in found]
        return tuple(files)

    def _report(self, kind: str, path: Path) -> ReportFile:
        if self._resources.reports.is_earlier(path):
            return ReportFile(kind=kind, path=str(path), problem=EARLIER_REPORT)
        size, limit = path.stat().st_size, self._resources.plan.limit_of(kind)
        if size > limit:
            problem = f"it has {size:,} bytes, more than the limit of {limit:,}"
            return ReportFile(kind=kind, path=str(path), problem=problem)
        return ReportFile(kind=kind, path=str(path), opened=lambda: path.open("rb"))


def _keep(files: tuple[str, ...], sink: Sink) -> StepOutcome:
    """Return the outcome of a command that would overwrite files that git cannot restore."""
    names = ", ".join(files)
    warning = f"not run, because it would overwrite {names}, which git cannot restore"
    sink(Stream.STDERR, warning)
    return StepOutcome(exit_code=0, warnings=(warning,))


def _safe_directory(root: str) -> dict[str, str]:
    """Return the variables that let git read a checkout of another user, as in the action's container.

    Source: git-config, safe.directory.
    """
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": root,
    }
