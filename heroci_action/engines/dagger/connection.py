"""The API of an engine, with a limit on every wait: a dead or silent engine becomes an EngineError within seconds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import anyio
import dagger

from heroci_action.engines.base import one_error
from heroci_action.engines.dagger import sdk
from heroci_action.engines.dagger.cli import Cli
from heroci_action.engines.dagger.preflight import VERSION
from heroci_action.engines.dagger.sdk import Known
from heroci_action.engines.dagger.spans import Spans, open_spans
from heroci_action.engines.dagger.telemetry import Telemetry
from heroci_action.errors import EngineError

# Seconds for the schema and the version.
CONNECT_WITHIN = 30.0
# Seconds between two checks of whether the engine is alive, and for the answer of an engine on a starved machine.
PULSE_EVERY = 2.0
PULSE_WITHIN = 60.0
LEAVE_WITHIN = 3.0

T = TypeVar("T")


class Connection:
    """The API and the telemetry of an engine; calls go through `ask` or `guarded`.

    `seconds` is the time that it took to connect, the start of the engine included.
    """

    def __init__(self, client: dagger.Client, cli: Cli, spans: Spans) -> None:
        self.client = client
        self.telemetry = Telemetry(spans)
        cli.receiver.listen(self.telemetry.take)
        self.seconds = anyio.current_time() - cli.started
        self._cli = cli
        self._answered = anyio.current_time()
        self._failure: EngineError | None = None
        self._waiting: set[anyio.CancelScope] = set()
        self._known: dict[str, Any] = {}
        self._locks: dict[str, anyio.Lock] = {}

    @property
    def broken(self) -> bool:
        """Whether the engine is known to be gone."""
        return self._failure is not None

    async def ask(self, request: Awaitable[T]) -> T:
        """Return the answer. Raises EngineError if the engine is gone, else the SDK's own errors."""
        if self._failure and isinstance(request, Coroutine):
            # Python would print a warning about a coroutine that is never awaited.
            request.close()
        with self.guarded():
            answer = await request
            self._answered = anyio.current_time()
            return answer
        raise AssertionError  # for mypy: `guarded` raises if its body was cancelled

    async def identify(self, value: Known) -> Known:
        """Return the object with its id, so that passing it as an argument sends no request."""
        return await self.ask(sdk.identify(value))

    async def evaluate(self, value: Known) -> Known:
        """Evaluate a container or directory in the engine and return it with its id."""
        return await self.ask(sdk.evaluate(value))

    async def once(self, name: str, value: Known, *, evaluate: bool = False) -> Known:
        """Identify, or evaluate, an object that is used repeatedly under this name."""
        async with self._locks.setdefault(name, anyio.Lock()):
            if name not in self._known:
                send = self.evaluate if evaluate else self.identify
                self._known[name] = await send(value)
            known: Known = self._known[name]
            return known

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
                raise self.fail() from error
            finally:
                self._waiting.discard(scope)
        if scope.cancelled_caught:
            raise self._failure or self.fail()

    def fail(self, reason: str = "") -> EngineError:
        """Give up the engine and end everything that waits for it; the first reason is kept."""
        if self._failure is None:
            self._cli.broken = True
            lost = f"lost the connection to {self._cli.target.engine}"
            self._failure = EngineError(
                f"{lost}: {reason}" if reason else lost,
                remedy=f"{self._cli.target.hint}, run again, or use --engine host",
            )
            for scope in self._waiting:
                scope.cancel()
        return self._failure

    async def watch(self) -> None:
        """Check regularly whether the engine is alive, and give it up if it is not."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch_cli)
            while not self.broken:
                await anyio.sleep(PULSE_EVERY)
                # Every answer is a sign of life.
                if anyio.current_time() - self._answered >= PULSE_EVERY:
                    await self._check_pulse()

    async def _check_pulse(self) -> None:
        try:
            with anyio.fail_after(PULSE_WITHIN):
                await self.client.version()
        except TimeoutError:
            self.fail(f"it did not respond for {PULSE_WITHIN:g} s")
        except (dagger.DaggerError, OSError):
            self.fail()

    async def _watch_cli(self) -> None:
        await self._cli.ended.wait()
        self.fail(f"the Dagger CLI ended: {self._cli.last_error()}")


@asynccontextmanager
async def connect(cli: Cli) -> AsyncIterator[Connection]:
    """Open the API of a session. Raises EngineError if its version differs or it does not respond."""
    api = sdk.ApiConnection(cli.port, cli.token)
    try:
        client = await _open(api, cli)
        with open_spans(cli.target.machine) as spans, one_error():
            connection = Connection(client, cli, spans)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(connection.watch)
                try:
                    yield connection
                finally:
                    tasks.cancel_scope.cancel()
    finally:
        with anyio.move_on_after(LEAVE_WITHIN, shield=True):
            await api.close()


async def _open(api: sdk.ApiConnection, cli: Cli) -> dagger.Client:
    remedy = f"use an engine of version {VERSION}, or --engine host"
    engine = cli.target.engine
    try:
        with anyio.fail_after(CONNECT_WITHIN):
            client = await api.open()
            version = await client.version()
    except TimeoutError as error:
        cli.broken = True
        raise EngineError(
            f"{engine} did not respond within {CONNECT_WITHIN:g} s", remedy=remedy
        ) from error
    except (dagger.DaggerError, OSError) as error:
        cli.broken = True
        raise EngineError(f"{engine} refused the session: {error}", remedy=remedy) from error
    if version.lstrip("v") != VERSION:
        raise EngineError(
            f"{engine} has version {version}, but HeroCI needs v{VERSION}", remedy=remedy
        )
    return client
