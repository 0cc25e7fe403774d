"""The application under test: started, checked until it is healthy, and kept running until its stage ends."""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from anyio.abc import TaskGroup, TaskStatus

from heroci_action.engines.base import Sink, Stream
from heroci_action.engines.health import REMEDY, HealthCheck
from heroci_action.engines.host.containers import Containers
from heroci_action.engines.host.ports import LOOPBACK, wait_for_port
from heroci_action.engines.process import Program, ready, running
from heroci_action.errors import EngineError
from heroci_action.plan.actions import Serve


class NotHealthyError(EngineError):
    """The application did not become healthy; this is an outcome of the step, not a fault of the engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The server's program and the port that it listens on; `locate` returns its address if it is not loopback."""

    program: Program
    port: int
    locate: Callable[[], Awaitable[tuple[str, int]]] | None = None

    async def address(self) -> tuple[str, int]:
        """Return the server's host and port as seen from this process."""
        return await self.locate() if self.locate else (LOOPBACK, self.port)


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A healthy application: its address and its answer to the health check."""

    host: str
    port: int
    answer: str


def container_server(
    containers: Containers,
    image: str,
    line: str | tuple[str, ...],
    *,
    port: int,
    env: Mapping[str, str],
) -> Server:
    """Return a server that runs in the production image."""
    arguments = shlex.split(line) if isinstance(line, str) else line
    return Server(
        program=containers.application(image, arguments, port=port, env=env),
        port=port,
        locate=lambda: containers.application_address(port),
    )


async def start(
    tasks: TaskGroup, server: Server, action: Serve, *, sink: Sink, log: Sink
) -> Application:
    """Start the server and wait until it is healthy; its output is sent to `sink` until then and to `log` afterwards.

    Raises NotHealthyError.
    """
    output = _Switch(sink)
    application: Application = await tasks.start(_run, server, action, output)
    output.target = log
    return application


async def _run(
    server: Server, action: Serve, sink: Sink, *, task_status: TaskStatus[Application]
) -> None:
    healthy: list[Application] = []
    check = HealthCheck(action.health)

    async def wait() -> None:
        host, port = await server.address()
        await wait_for_port(host, port)
        answer = await check.wait(host, port)
        healthy.append(Application(host=host, port=port, answer=answer))

    async with running(server.program, sink) as process:
        if not await ready(process, wait, action.within):
            raise _not_healthy(check, action.within, process.returncode)
        task_status.started(healthy[0])
        await process.wait()
        sink(Stream.STDERR, f"the application exited with code {process.returncode}")


class _Switch:
    """A sink whose target can be changed."""

    def __init__(self, target: Sink) -> None:
        self.target = target

    def __call__(self, stream: Stream, line: str) -> None:
        self.target(stream, line)


def _not_healthy(check: HealthCheck, within: float, returncode: int | None) -> NotHealthyError:
    cause, remedy = check.explain(within)
    if returncode is not None:
        cause = f"the application exited with code {returncode} before it was ready"
        remedy = REMEDY
    return NotHealthyError(cause, remedy=remedy)
