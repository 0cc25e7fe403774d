"""The host engine: every step is a process of this machine, in the checkout itself; images run in the local Docker."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
from anyio.abc import TaskGroup, TaskStatus

from heroci_action import probes
from heroci_action.engines import health
from heroci_action.engines.base import ReportFile, Sink, StepOutcome, Stream
from heroci_action.engines.commands import arguments_of, declared, not_there
from heroci_action.engines.docker import Docker
from heroci_action.engines.host.build_context import Build
from heroci_action.engines.host.cache import kept_directory
from heroci_action.engines.host.containers import Containers, containers
from heroci_action.engines.host.environment import Installed, Installer
from heroci_action.engines.host.packages import install_system_packages
from heroci_action.engines.host.ports import LOOPBACK, free_port, wait_for_port
from heroci_action.engines.host.process import (
    Program,
    ProgramNotFoundError,
    execute,
    ready,
    running,
)
from heroci_action.engines.host.publishing import push
from heroci_action.engines.host.services import ProcessServices, Provided
from heroci_action.engines.host.tools import fetch_tools
from heroci_action.engines.host.uv import Uv
from heroci_action.engines.host.workspace import Workspace, workspace
from heroci_action.engines.images import dry_run, refused
from heroci_action.engines.secret_store import (
    Announce,
    SecretStore,
    declared_secrets,
    ignore,
    require_secrets,
)
from heroci_action.errors import EngineError
from heroci_action.plan.actions import (
    BuildImage,
    CollectReports,
    Command,
    Customise,
    ExportImage,
    InstallDependencies,
    InstallSystemPackages,
    Place,
    PublishImage,
    Serve,
)
from heroci_action.plan.placeholders import fill, fill_line
from heroci_action.plan.stages import Plan, Stage, Step

DEFAULT_APPLICATION_PORT = 8000  # Django's own


@dataclass(frozen=True, slots=True, kw_only=True)
class HostEngine:
    """Runs plans on this machine.

    `root` is the repository, `cache` keeps environments between runs, `machine` is the environment that HeroCI was
    started in, `may_install`: whether missing system packages are installed. `announce` is told every secret. `fresh`:
    nothing of a former run is used.
    """

    root: Path
    cache: Path
    machine: Mapping[str, str]
    may_install: bool = False
    announce: Announce = ignore
    fresh: bool = False

    @property
    def name(self) -> str:
        """`host`."""
        return "host"

    @asynccontextmanager
    async def open(self, plan: Plan) -> AsyncIterator[HostSession]:
        """A session; its processes, ports and directories are gone once it is left."""
        with workspace(self.machine) as space:
            async with anyio.create_task_group() as tasks:
                session = HostSession(self, plan, workspace=space, tasks=tasks)
                for name in _services_of_processes(plan):
                    session.services.begin(plan.services[name])
                try:
                    yield session
                finally:
                    tasks.cancel_scope.cancel()
                    with anyio.CancelScope(shield=True):
                        await session.close()


class HostSession:
    """What the stages of one run share: the environment, the services, the image."""

    def __init__(
        self, engine: HostEngine, plan: Plan, *, workspace: Workspace, tasks: TaskGroup
    ) -> None:
        self.engine = engine
        self.plan = plan
        self.workspace = workspace
        self.docker = Docker(
            machine=engine.machine,
            directory=engine.root,
            run=workspace.run,
            scratch=workspace.scratch,
        )
        self.services = ProcessServices(workspace, self.docker, tasks)
        self.installed: Installed | None = None
        self.image: str | None = None
        self.secret_key = secrets.token_urlsafe(48)
        self.secrets = SecretStore(
            engine.announce, self.secret_key, *declared_secrets(plan, engine.machine)
        )

    async def close(self) -> None:
        """Let go of the environment and remove the image; its layers stay in Docker's build cache."""
        if self.installed:
            self.installed.lock.close()
        if self.image:
            await self.docker.capture("image", "rm", "-f", self.image)

    @property
    def directory(self) -> Path:
        """Where commands run."""
        return self.engine.root / self.plan.directory

    @asynccontextmanager
    async def stage(self, stage: Stage, sink: Sink) -> AsyncIterator[HostScope]:
        """The stage with its services, in containers where the stage runs the image, else as processes."""
        sink = self.secrets.masked(sink)
        require_secrets(stage, self.engine.machine)
        self._keep_caches(stage)
        async with AsyncExitStack() as stack:
            world = None
            if _runs_image(stage):
                world = await stack.enter_async_context(containers(self.docker, stage.name))
            provided = await self._provide(stage, world, sink)
            tasks = await stack.enter_async_context(anyio.create_task_group())
            scope = HostScope(
                self, stage, tasks=tasks, surroundings=_Surroundings(world, provided, sink)
            )
            try:
                yield scope
            finally:
                tasks.cancel_scope.cancel()

    def _keep_caches(self, stage: Stage) -> None:
        """Caches below the home of steps, which is gone after the run; what lies elsewhere stays where it is anyway."""
        home = self.workspace.directory("home")
        for path in stage.caches:
            inside = path.removeprefix("~/").strip("/")
            link = home / inside
            if path.startswith("~/") and inside and ".." not in link.parts and not link.exists():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(kept_directory(self.engine.cache, self.engine.root, path))

    async def _provide(
        self, stage: Stage, world: Containers | None, sink: Sink
    ) -> dict[str, Provided]:
        provided = {}
        for name in stage.services:
            service = self.plan.services[name]
            if world:
                provided[name] = await world.provide(service, sink)
            else:
                provided[name] = await self.services.provide(service, stage.name, sink)
            self.secrets.add(*provided[name].secrets)
        return provided


def _runs_image(stage: Stage) -> bool:
    return any(
        isinstance(step.action, Command | Serve) and step.action.place is Place.IMAGE
        for step in stage.steps
    )


def _services_of_processes(plan: Plan) -> set[str]:
    """What the stages that will run use as processes of this machine."""
    stages = (stage for stage in plan.stages if not (stage.skip or _runs_image(stage)))
    return {name for stage in stages for name in stage.services}


@dataclass(slots=True)
class _Application:
    """Where the application is reached, once it was started."""

    host: str
    port: int
    answer: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What a stage finds when it starts: containers where it runs the image, services, and where services log to."""

    world: Containers | None
    provided: Mapping[str, Provided]
    sink: Sink


class HostScope:
    """A stage on this machine."""

    def __init__(
        self, session: HostSession, stage: Stage, *, tasks: TaskGroup, surroundings: _Surroundings
    ) -> None:
        self._session = session
        self._stage = stage
        self._tasks = tasks
        self._world = surroundings.world
        self._provided = surroundings.provided
        self._sink = surroundings.sink
        self._reports = session.workspace.directory("reports", stage.name)
        for name, text in stage.files.items():
            (self._reports / name).write_text(text, encoding="utf-8")
        self._values = self._known_values()
        self._untold_facts = {
            key: value
            for provided in self._provided.values()
            for key, value in provided.facts.items()
        }

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know about the services."""
        return tuple(
            warning for provided in self._provided.values() for warning in provided.warnings
        )

    def _known_values(self) -> dict[str, str]:
        """What placeholders stand for."""
        session = self._session
        values = {
            "reports": str(self._reports),
            "probes": str(Path(probes.__file__).parent),
            "root": str(session.engine.root),
            "secret_key": session.secret_key,
        }
        values |= {f"env.{name}": value for name, value in session.engine.machine.items()}
        for name, provided in self._provided.items():
            values |= {f"{name}.{key}": value for key, value in provided.values.items()}
        return values

    async def run(  # noqa: PLR0911  one for each kind of action
        self, step: Step, sink: Sink
    ) -> StepOutcome:
        """Take one step."""
        sink = self._session.secrets.masked(sink)
        match step.action:
            case InstallSystemPackages():
                session = self._session
                return await install_system_packages(
                    step.action,
                    session.workspace,
                    sink=sink,
                    may_install=session.engine.may_install,
                )
            case InstallDependencies():
                return await self._install(sink)
            case Customise():
                raise EngineError(
                    f"the hook {step.action.function!r} is given a container, and this engine has none",
                    remedy="use --engine dagger, or remove `hook`",
                )
            case BuildImage():
                return await self._build(step.action, sink)
            case ExportImage():
                code = await self._session.docker.execute(
                    "tag", self._image(), step.action.name, sink=sink
                )
                return StepOutcome(exit_code=code, facts={"exported": step.action.name})
            case PublishImage():
                return await self._publish(step.action, sink)
            case Serve():
                return await self._serve(step, step.action, sink)
            case Command():
                return await self._command(step, step.action, sink)
            case CollectReports():
                return StepOutcome(exit_code=0)

    async def _install(self, sink: Sink) -> StepOutcome:
        session = self._session
        engine = session.engine
        await fetch_tools(engine.machine, sink)
        uv = Uv(workspace=session.workspace, directory=session.engine.root)
        # What a fresh run makes is gone with it: an environment that others use cannot be made anew under them.
        cache = (
            session.workspace.directory("environments")
            if session.engine.fresh
            else session.engine.cache
        )
        installer = Installer(root=session.engine.root, cache=cache, uv=uv)
        environment = session.plan.environment
        outcome, session.installed = await installer.install(environment, sink)
        if environment.image:
            warning = f"`base-image` {environment.image!r} needs --engine dagger; this machine's Python is used"
            return replace(outcome, warnings=(*outcome.warnings, warning))
        return outcome

    async def _command(self, step: Step, action: Command, sink: Sink) -> StepOutcome:
        arguments = arguments_of(fill_line(action.line, self._values))
        if action.place is Place.IMAGE:
            assert self._world is not None  # noqa: S101  such a stage has one
            program = await self._world.command(self._image(), arguments, self._declared(step))
        else:
            program = self._program(step, arguments)
        try:
            return StepOutcome(exit_code=await execute(program, sink), facts=self._facts())
        except ProgramNotFoundError as error:
            sink(Stream.STDERR, error.cause)
            return not_there(error.program)

    def _facts(self) -> dict[str, str]:
        """What the services are, told once: by the first step that could use them."""
        facts, self._untold_facts = self._untold_facts, {}
        return facts

    def _program(self, step: Step, arguments: tuple[str, ...]) -> Program:
        """A program in the base environment."""
        installed = self._session.installed
        if installed is None:
            raise EngineError(
                "the base environment is not there", remedy="do not skip the stage 'base'"
            )
        root = str(self._session.engine.root)
        env = self._session.workspace.environment(
            *installed.directories,
            VIRTUAL_ENV=str(installed.directories[0].parent),
            HEROCI_ROOT=root,
            **_trusting_git(root),
            **self._declared(step),
        )
        return Program(arguments=arguments, env=env, directory=self._session.directory)

    def _declared(self, step: Step) -> dict[str, str]:
        """The variables that the plan declares for the step, filled in."""
        return declared(self._stage, step, self._values)

    def _image(self) -> str:
        image = self._session.image
        if image is None:
            raise EngineError(
                "the production image was not built", remedy="do not skip the stage 'image'"
            )
        return image

    async def _build(self, action: BuildImage, sink: Sink) -> StepOutcome:
        docker, engine = self._session.docker, self._session.engine
        wanted = Build(
            dockerfile=engine.root / action.dockerfile,
            context=engine.root / action.context,
            tag=f"heroci-{self._session.workspace.run}:latest",
            label=docker.label,
            target=action.target,
            arguments=action.build_args,
            secrets=action.secrets,
            fresh=engine.fresh,
        )
        code = await docker.build(wanted, sink)
        if code:
            return StepOutcome(exit_code=code)
        self._session.image = wanted.tag
        return StepOutcome(exit_code=0, facts=await self._image_facts(wanted.tag))

    async def _publish(self, action: PublishImage, sink: Sink) -> StepOutcome:
        address = fill(action.address, self._values)
        wrong = refused(address)
        if wrong or not action.push:
            return wrong or dry_run(address, sink)
        machine = self._session.engine.machine
        login = None
        if action.username:
            login = (fill(action.username, self._values), machine.get(action.password or "", ""))
        return await push(self._session.docker, self._image(), address, login=login, sink=sink)

    async def _image_facts(self, tag: str) -> dict[str, str]:
        found = await self._session.docker.capture(
            "image", "inspect", "--format", "{{.Size}} {{len .RootFS.Layers}}", tag
        )
        size, _, layers = found.stdout.strip().partition(" ")
        return (
            {"image size": f"{int(size) / 1e6:.1f} MB", "image layers": layers}
            if size.isdigit()
            else {}
        )

    async def _serve(self, step: Step, action: Serve, sink: Sink) -> StepOutcome:
        """Start the application; its output is the step's until it is ready, and the services' from then on."""
        output = _Switch(sink)
        try:
            application = await self._tasks.start(self._serving, step, action, output)
        except _NotHealthyError as error:
            return StepOutcome(exit_code=1, cause=error.cause, remedy=error.remedy)
        output.target = self._sink
        host, port = application.host, application.port
        url = f"http://{host}:{port}"
        self._values |= {"app.host": host, "app.port": str(port), "app.url": url}
        return StepOutcome(exit_code=0, facts={"application": application.answer, **self._facts()})

    async def _serving(
        self, step: Step, action: Serve, sink: Sink, *, task_status: TaskStatus[_Application]
    ) -> None:
        port = action.port or DEFAULT_APPLICATION_PORT
        if action.place is Place.ENVIRONMENT:
            port = free_port()
        program = self._server(step, action, port)
        found: list[_Application] = []

        async def wait() -> None:
            host, reached = LOOPBACK, port
            if action.place is Place.IMAGE and self._world:
                host, reached = await self._world.application_address(port)
            await wait_for_port(host, reached)
            answer = await health.wait_until_healthy(host, reached, action.health)
            found.append(_Application(host, reached, answer))

        async with running(program, sink) as process:
            if not await ready(process, wait, action.within):
                raise _not_healthy(action, process.returncode)
            task_status.started(found[0])
            await process.wait()
            sink(Stream.STDERR, f"the application ended with exit code {process.returncode}")

    def _server(self, step: Step, action: Serve, port: int) -> Program:
        values = {"app.port": str(port), "app.interface": LOOPBACK}
        line = fill_line(action.command, {**self._values, **values}) if action.command else ()
        variables = {name: fill(value, values) for name, value in self._declared(step).items()}
        if action.place is Place.IMAGE:
            assert self._world is not None  # noqa: S101  such a stage has one
            arguments = shlex.split(line) if isinstance(line, str) else line
            return self._world.application(self._image(), arguments, port=port, env=variables)
        program = self._program(step, arguments_of(line))
        return Program(
            arguments=program.arguments,
            env={**program.env, **variables},
            directory=program.directory,
        )

    async def collect(self, step: Step) -> tuple[ReportFile, ...]:
        """The report files of a step."""
        files: list[ReportFile] = []
        for report in step.reports:
            if report.path is not None:
                pattern = fill(report.path, self._values)
                files += [
                    ReportFile(kind=report.kind, path=str(path), content=path.read_bytes())
                    for path in sorted(_glob(self._session.directory, pattern))
                    if path.is_file()
                ]
        return tuple(files)


def _trusting_git(root: str) -> dict[str, str]:
    """Git refuses a checkout of another user's, which it is in the action's container (git-config, safe.directory)."""
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": root,
    }


def _glob(directory: Path, pattern: str) -> list[Path]:
    """The files that a path or glob stands for, relative to the directory where it is not absolute."""
    path = Path(pattern)
    if path.is_absolute():
        return list(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
    return list(directory.glob(pattern))


class _Switch:
    """A sink whose target can change."""

    def __init__(self, target: Sink) -> None:
        self.target = target

    def __call__(self, stream: Stream, line: str) -> None:
        self.target(stream, line)


class _NotHealthyError(EngineError):
    """The application is to blame, not the engine: it becomes an outcome."""


def _not_healthy(action: Serve, returncode: int | None) -> _NotHealthyError:
    if returncode is not None:
        cause = f"the application ended with exit code {returncode} before it was ready"
    else:
        what = f"GET {action.health}" if action.health else "its port"
        cause = f"the application did not get healthy within {action.within:g} s ({what})"
    return _NotHealthyError(
        cause,
        remedy="see its log; `image.command`, `image.health` and `env` decide how it is started and asked",
    )
