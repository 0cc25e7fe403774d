"""Execute a command in a container, and return its exit code, its output and its files, also after a failure."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import anyio
import dagger

from heroci_action.engines.base import Sink
from heroci_action.engines.dagger import sdk, volumes
from heroci_action.engines.dagger.connection import Connection
from heroci_action.engines.dagger.places import EXECUTION, OUTCOME, SALT, STOP
from heroci_action.engines.dagger.telemetry import Output
from heroci_action.errors import EngineError

# The engine treats exit codes from 128 on as its own faults, and drops the files.
HIGHEST = 127
# Seconds between SIGINT and SIGKILL, and for a command that was asked to stop to end.
PATIENCE = 10
STOPPED_WITHIN = 20.0
# The name of an execution that must come from the cache. If it does not, it kills itself at once, because the engine
# caches no result of a command that a signal ended.
REPLAY = "replay"
# Records the true exit code and the name of the execution; a different name in the file means that it was replayed.
# Meanwhile, a second process waits for the request to stop. It then does what Ctrl-C does in a terminal, and later
# kills everything except itself and the shell, which still has to record the exit code.
WRAPPER = f"""
name=${EXECUTION}
unset {EXECUTION} {SALT}
[ "$name" != {REPLAY} ] || kill -KILL $$
trap : INT
(
  self=$(exec sh -c 'echo "$PPID"')
  while sleep 1; do
    [ -e "{STOP}/$name" ] || continue
    kill -INT 0
    sleep {PATIENCE}
    left=
    for each in /proc/[0-9]*; do
      each=${{each#/proc/}}
      case $each in 1 | $$ | $self) ;; *) left="$left $each" ;; esac
    done
    kill -KILL $left
  done
) </dev/null >/dev/null 2>&1 &
"$@" </dev/null
code=$?
kill $! 2>/dev/null
echo "$code $name" >{OUTCOME}
[ "$code" -le {HIGHEST} ] || exit {HIGHEST}
exit "$code"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """The end of an execution; `container` is the state that it left."""

    container: dagger.Container
    exit_code: int
    cached: bool


Keep = Callable[[dagger.Container], None]
"""Callback that receives the container that a command left, even if the command was stopped."""


class Executor:
    """Executes the commands of one run."""

    def __init__(self, connection: Connection, shell: dagger.Container) -> None:
        self.connection = connection
        # Any container with a shell; the engine has its image already.
        self.shell = shell
        self._run = secrets.token_hex(8)
        self._numbers = itertools.count(1)

    async def execute(
        self, container: dagger.Container, arguments: tuple[str, ...], sink: Sink, *, keep: Keep
    ) -> Executed:
        """Run a command in a container that has a shell. If cancelled, stop the command and keep its files."""
        name = self._new_name()
        stoppable = await self._stoppable(container)
        prepared = _wrapped(stoppable, arguments, name=name, expect=dagger.ReturnType.ANY)
        # A separate task, because cancelling the request would end the command without its files.
        task = asyncio.create_task(self._finish(prepared, sink))
        try:
            finished = await asyncio.shield(task)
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):
                stopped = await self._stop(name, task)
            if stopped:
                keep(stopped.container)
            raise
        except dagger.ExecError as error:
            raise refused(error) from error
        keep(finished.container)
        return _executed(finished, name)

    async def replay(
        self, container: dagger.Container, arguments: tuple[str, ...], sink: Sink
    ) -> Executed | None:
        """Return the result of a command from the engine's cache, None if it is not in there."""
        stoppable = await self._stoppable(container)
        prepared = _wrapped(stoppable, arguments, name=REPLAY, expect=dagger.ReturnType.ANY)
        try:
            finished = await self._finish(prepared, sink)
        except dagger.ExecError:
            return None
        return _executed(finished, REPLAY)

    async def install(
        self, container: dagger.Container, arguments: tuple[str, ...], sink: Sink
    ) -> Executed:
        """Run a command that must succeed: a failure leaves neither files nor an entry in the engine's cache."""
        name = self._new_name()
        prepared = _wrapped(container, arguments, name=name, expect=dagger.ReturnType.SUCCESS)
        try:
            finished = await self._finish(prepared, sink)
        except dagger.ExecError as error:
            if WRAPPER not in error.command:
                raise refused(error) from error
            return Executed(container=container, exit_code=error.exit_code, cached=False)
        return _executed(finished, name)

    async def execute_bare(
        self,
        container: dagger.Container,
        arguments: tuple[str, ...],
        sink: Sink,
        *,
        use_entrypoint: bool,
    ) -> int:
        """Run a command in a container that may have no shell, and return its exit code."""
        command = container.with_exec(
            list(arguments), use_entrypoint=use_entrypoint, expect=dagger.ReturnType.ANY
        )
        try:
            return (await self._finish(command, sink, file=None)).exit_code
        except dagger.ExecError as error:
            # A signal ended it.
            return error.exit_code

    def _new_name(self) -> str:
        return f"{self._run}-{next(self._numbers)}"

    async def _finish(
        self, container: dagger.Container, sink: Sink, *, file: str | None = OUTCOME
    ) -> sdk.Finished:
        output = Output(sink)
        try:
            with self.connection.telemetry.observe(output, "command"):
                finished = await self.connection.ask(sdk.execute(container, file))
        except dagger.ExecError as error:
            output.complete(error.stdout, error.stderr)
            raise
        except dagger.QueryError as error:
            raise refused(error) from error
        output.complete(finished.stdout, finished.stderr)
        return finished

    async def _stoppable(self, container: dagger.Container) -> dagger.Container:
        return await volumes.mount(self.connection, container, STOP, name="stop")

    async def _stop(self, name: str, task: asyncio.Task[sdk.Finished]) -> sdk.Finished | None:
        """Ask a command to end, and return its results; None if it does not end in time."""
        with anyio.move_on_after(STOPPED_WITHIN):
            try:
                await self.connection.ask(self._request_stop(name))
                return await task
            except (dagger.QueryError, EngineError):
                task.cancel()
        return None

    async def _request_stop(self, name: str) -> None:
        """Create the file that the command's wrapper waits for, and remove the files of former runs."""
        script = f'find {STOP} -type f -mmin +60 -delete; : >"{STOP}/$1"'
        container = await self._stoppable(self.shell.with_user("root"))
        await container.with_exec(["/bin/sh", "-c", script, "heroci", name]).sync()


def _wrapped(
    container: dagger.Container, arguments: tuple[str, ...], *, name: str, expect: dagger.ReturnType
) -> dagger.Container:
    return container.with_volatile_variable(EXECUTION, name).with_exec(
        ["/bin/sh", "-c", WRAPPER, "heroci", *arguments], expect=expect
    )


def _executed(finished: sdk.Finished, name: str) -> Executed:
    code, _, executed = finished.content.strip().partition(" ")
    return Executed(container=finished.container, exit_code=int(code), cached=executed != name)


def refused(error: dagger.QueryError) -> EngineError:
    """Return the error of an engine that could not execute something."""
    return EngineError(
        f"the Dagger engine could not execute it: {first_line(error)}",
        remedy="see the output of the step; a registry may be unreachable, or the engine's disk full",
    )


def first_line(error: Exception) -> str:
    """Return the first line of an error, without the engine's trace references."""
    text = str(error).strip().partition("\n")[0].partition(" [traceparent:")[0]
    return text[:500]
