"""The API of an engine, with an end to every wait: a dead or silent engine becomes an EngineError within seconds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

import anyio
import dagger
from dagger.client._config import ConnectConfig, Retry
from dagger.client._session import ConnectParams, SingleConnection

from heroci_action.engines.base import one_error
from heroci_action.engines.dagger.cli import Cli
from heroci_action.engines.dagger.preflight import VERSION
from heroci_action.engines.dagger.telemetry import Telemetry
from heroci_action.errors import EngineError

CONNECT_WITHIN = 30.0  # seconds for the schema and the version
PULSE_EVERY = 2.0  # seconds between two questions whether the engine is alive
PULSE_WITHIN = 15.0  # seconds in which a busy engine still answers
LEAVE_WITHIN = 3.0

T = TypeVar("T")


class Connection:
    """The API, and what the engine reports; calls go through `ask` or `guarded`."""

    def __init__(self, client: dagger.Client, cli: Cli) -> None:
        self.client = client
        self.telemetry = Telemetry()
        cli.receiver.listen(self.telemetry.take)
        self._cli = cli
        self._failure: EngineError | None = None
        self._waiting: set[anyio.CancelScope] = set()

    @property
    def broken(self) -> bool:
        """Whether it is known that no answer will come any more."""
        return self._failure is not None

    async def ask(self, question: Awaitable[T]) -> T:
        """The answer. Raises EngineError where the engine is gone, and the SDK's own errors about what was asked."""
        with self.guarded():
            return await question
        raise AssertionError  # for mypy: guarded raises where it is left early

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """End the body with EngineError as soon as the engine is known to be gone."""
        if self._failure:
            raise self._failure
        with anyio.CancelScope() as scope:
            self._waiting.add(scope)
            try:
                yield
            except (dagger.TransportError, dagger.ClientConnectionError, OSError) as error:
                raise self.fail(_broke(error)) from error
            finally:
                self._waiting.discard(scope)
        if scope.cancelled_caught:
            raise self._failure or EngineError("the Dagger engine is gone")

    def fail(self, cause: str) -> EngineError:
        """Give the engine up: everybody who waits for it is told. The first cause is kept."""
        if self._failure is None:
            self._cli.broken = True
            self._failure = EngineError(
                cause,
                remedy="see `docker ps -a` and `docker logs` for its container, run again, or use --engine host",
            )
            for scope in self._waiting:
                scope.cancel()
        return self._failure

    async def watch(self) -> None:
        """Ask again and again whether the engine is alive, and give it up where it is not."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch_cli)
            while not self.broken:
                await anyio.sleep(PULSE_EVERY)
                await self._pulse()

    async def _pulse(self) -> None:
        try:
            with anyio.fail_after(PULSE_WITHIN):
                await self.client.version()
        except TimeoutError:
            self.fail(f"the Dagger engine did not answer for {PULSE_WITHIN:g} s")
        except (dagger.DaggerError, OSError) as error:
            self.fail(_broke(error))

    async def _watch_cli(self) -> None:
        await self._cli.ended.wait()
        self.fail(f"the session with the Dagger engine ended: {self._cli.said()}")


@asynccontextmanager
async def connected(cli: Cli) -> AsyncIterator[Connection]:
    """The API of an open session. Raises EngineError where it is of another version or does not answer."""
    api = SingleConnection(
        ConnectParams(port=cli.port, session_token=cli.token),
        ConnectConfig(retry=Retry(execute=False)),
    )
    try:
        connection = await _greeted(api, cli)
        with one_error():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(connection.watch)
                try:
                    yield connection
                finally:
                    tasks.cancel_scope.cancel()
    finally:
        with anyio.move_on_after(LEAVE_WITHIN, shield=True):
            await api.close()


async def _greeted(api: SingleConnection, cli: Cli) -> Connection:
    remedy = f"use an engine of version {VERSION}, or --engine host"
    try:
        with anyio.fail_after(CONNECT_WITHIN):
            client = dagger.Client.from_connection(await api.connect())
            version = await client.version()
    except TimeoutError as error:
        cli.broken = True
        raise EngineError(
            f"the Dagger engine did not answer within {CONNECT_WITHIN:g} s", remedy=remedy
        ) from error
    except (dagger.DaggerError, OSError) as error:
        cli.broken = True
        raise EngineError(
            f"the Dagger engine refused the session: {error}", remedy=remedy
        ) from error
    if version.lstrip("v") != VERSION:
        raise EngineError(
            f"the Dagger engine has version {version}, and HeroCI speaks v{VERSION}", remedy=remedy
        )
    return Connection(client, cli)


def _broke(error: Exception) -> str:
    # Below it, the client names a page about the status codes of HTTP.
    said = str(error).partition("\nFor more information")[0]
    return f"the connection to the Dagger engine broke: {said}"
