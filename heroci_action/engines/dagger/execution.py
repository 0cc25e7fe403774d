"""Executes a command in a container, so that its exit code, its files and its output come back however it ends."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass

import dagger

from heroci_action.engines.base import Sink
from heroci_action.engines.dagger.connection import Connection
from heroci_action.engines.dagger.telemetry import Output
from heroci_action.errors import EngineError

HOME = "/heroci"  # what HeroCI puts into a container lies here
OUTCOME = f"{HOME}/outcome"
RUN = "HEROCI_RUN"  # volatile: no part of what an execution is cached by
SALT = "HEROCI_SALT"
HIGHEST = 127  # the engine takes exit codes from 128 on for a fault of its own, and drops the files
# Notes the true exit code, and the run in which this was executed: an older run's name means that it was replayed.
WRAPPER = f"""
run=${RUN}
unset {RUN} {SALT}
"$@" </dev/null
code=$?
echo "$code $run" >{OUTCOME}
[ "$code" -le {HIGHEST} ] || exit {HIGHEST}
exit "$code"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """What came of an execution; `container` is the state that it left."""

    container: dagger.Container
    exit_code: int
    cached: bool


class Executor:
    """Executes commands of one run."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.run = secrets.token_hex(8)

    async def execute(
        self,
        container: dagger.Container,
        arguments: tuple[str, ...],
        sink: Sink,
        *,
        expect: dagger.ReturnType = dagger.ReturnType.ANY,
    ) -> Executed:
        """Run a command in a container that has a shell.

        Where success is expected, a failure leaves nothing: neither files, nor an entry in the engine's cache.
        """
        wrapped = container.with_volatile_variable(RUN, self.run).with_exec(
            ["/bin/sh", "-c", WRAPPER, "heroci", *arguments], expect=expect
        )
        output = Output(sink)
        with self.connection.guarded():
            try:
                with self.connection.telemetry.observed(output):
                    left = await wrapped.sync()
                stdout, stderr, outcome = await asyncio.gather(
                    left.stdout(), left.stderr(), left.file(OUTCOME).contents()
                )
            except dagger.ExecError as error:
                output.complete(error.stdout, error.stderr)
                if expect is dagger.ReturnType.ANY or not _is_wrapper(error):
                    raise _refused(error) from error
                return Executed(container=container, exit_code=error.exit_code, cached=False)
            except dagger.QueryError as error:
                raise _refused(error) from error
        output.complete(stdout, stderr)
        code, _, run = outcome.strip().partition(" ")
        return Executed(container=left, exit_code=int(code), cached=run != self.run)

    async def execute_bare(
        self,
        container: dagger.Container,
        arguments: tuple[str, ...],
        sink: Sink,
        *,
        use_entrypoint: bool,
    ) -> Executed:
        """Run a command in a container that may have no shell."""
        asked = container.with_exec(
            list(arguments), use_entrypoint=use_entrypoint, expect=dagger.ReturnType.ANY
        )
        output = Output(sink)
        with self.connection.guarded():
            try:
                with self.connection.telemetry.observed(output):
                    left = await asked.sync()
                stdout, stderr, code = await asyncio.gather(
                    left.stdout(), left.stderr(), left.exit_code()
                )
            except dagger.ExecError as error:  # a signal ended it
                output.complete(error.stdout, error.stderr)
                return Executed(container=container, exit_code=error.exit_code, cached=False)
            except dagger.QueryError as error:
                raise _refused(error) from error
        output.complete(stdout, stderr)
        return Executed(container=left, exit_code=code, cached=False)


def _is_wrapper(error: dagger.ExecError) -> bool:
    """Whether it is the command itself that failed, and not one that prepares its container."""
    return WRAPPER in error.command


def _refused(error: dagger.QueryError) -> EngineError:
    return EngineError(
        f"the Dagger engine could not execute it: {first_line(error)}",
        remedy="see the output of the step; an image may be out of reach, or the engine's disk full",
    )


def first_line(error: Exception) -> str:
    """The first line of an error, without the engine's trace references."""
    text = str(error).strip().partition("\n")[0].partition(" [traceparent:")[0]
    return text[:500]
