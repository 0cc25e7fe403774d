"""The application under test as a service: started, polled until it is healthy, and bound to the later steps."""

from __future__ import annotations

from dataclasses import dataclass

import anyio
import dagger

from heroci_action.engines.base import Sink, StepOutcome, Stream
from heroci_action.engines.dagger.connection import Connection
from heroci_action.engines.dagger.execution import first_line
from heroci_action.engines.dagger.telemetry import Output
from heroci_action.engines.health import REMEDY, HealthCheck
from heroci_action.plan.actions import Serve

# Django's own.
DEFAULT_PORT = 8000
# Steps use the host name that Django allows in development, as on the host engine.
ALIAS = "localhost"
LOOPBACK = "127.0.0.1"
# In a container, which nothing else can reach.
EVERY_INTERFACE = "0.0.0.0"  # noqa: S104


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The application, started or not."""

    service: dagger.Service
    port: int

    @property
    def values(self) -> dict[str, str]:
        """The values of placeholders such as `{app.host}`."""
        return {
            "app.host": ALIAS,
            "app.port": str(self.port),
            "app.url": f"http://{ALIAS}:{self.port}",
        }

    def bind(self, container: dagger.Container) -> dagger.Container:
        """Return the container in which the application can be reached."""
        return container.with_service_binding(ALIAS, self.service)


class _Switch:
    """A sink whose target can change."""

    def __init__(self, target: Sink) -> None:
        self.target = target

    def __call__(self, stream: Stream, line: str) -> None:
        self.target(stream, line)


async def start(
    connection: Connection, application: Application, action: Serve, *, sink: Sink, log: Output
) -> StepOutcome:
    """Start the application and wait until it is healthy; if it does not become healthy, the step fails.

    Its output belongs to the step until then, and to the log of the services afterwards.
    """
    switch = _Switch(sink)
    check = HealthCheck(action.health)
    output = Output(switch)
    try:
        with anyio.fail_after(action.within):
            with connection.telemetry.observe(output, "application"):
                await connection.ask(application.service.start())
            answer = await _wait_until_healthy(connection, application, check)
    except TimeoutError:
        return _failed(*check.explain(action.within))
    except dagger.ExecError as error:
        output.complete(error.stdout, error.stderr)
        return _failed(f"the application exited with code {error.exit_code} before it was ready")
    except dagger.QueryError as error:
        return _failed(f"the application could not be started: {first_line(error)}")
    switch.target = log.sink
    return StepOutcome(exit_code=0, facts={"application": answer})


async def _wait_until_healthy(
    connection: Connection, application: Application, check: HealthCheck
) -> str:
    """Poll the application through a tunnel, by the same rule as on the host engine."""
    ports = [dagger.PortForward(backend=application.port)]
    tunnel = await connection.ask(
        connection.client.host().tunnel(application.service, ports=ports).start()
    )
    try:
        endpoint = await connection.ask(tunnel.endpoint())
        port = int(endpoint.rpartition(":")[2])
        return await check.wait(LOOPBACK, port)
    finally:
        with anyio.move_on_after(2, shield=True):
            await connection.ask(tunnel.stop())


def _failed(cause: str, remedy: str = REMEDY) -> StepOutcome:
    return StepOutcome(exit_code=1, cause=cause, remedy=remedy)
