"""The port between the runner and the engines that execute steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, BinaryIO, Protocol

from heroci_action.results.provenance import Origin

# The plan is slow to import, and `heroci report` has none.
if TYPE_CHECKING:
    from heroci_action.plan.stages import Plan, Stage, Step


class Stream(StrEnum):
    """The stream that a line of output was written to; a notice is HeroCI's own, and is shown at once."""

    STDOUT = "stdout"
    STDERR = "stderr"
    NOTICE = "notice"


Sink = Callable[[Stream, str], None]
"""Callback that receives each line of output, without its line end, as soon as it arrives."""

Notify = Callable[[str], None]
"""Callback that receives a message for the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """The whole output of a step, kept if one of its reports is read from it."""

    stdout: str = ""
    stderr: str = ""


EARLIER_REPORT = "it is from an earlier run, and no step has written it since"
"""The problem of a declared report that was in the checkout before the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFile:
    """A report file as it left the engine; `path` is for messages only.

    A large one is not in `content`: `opened` returns a stream of it, each time from the start. `problem` is the reason
    why there is no more content, if the file is too large or damaged.
    """

    kind: str
    path: str
    content: bytes = b""
    opened: Callable[[], BinaryIO] | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutcome:
    """The outcome of a step: exit code 0 if it succeeded, 128 + N if signal N ended it.

    `cause` and `remedy` explain an exit code that does not come from the command itself, such as a service that never
    became healthy. `timed_out` means that the engine ended the step at the time limit, shortly before the runner would
    cancel it. `python` is the version of the interpreter that the step installed into. `origin` is the run that the
    outcome is replayed from.
    """

    exit_code: int
    cached: bool = False
    timed_out: bool = False
    cause: str | None = None
    remedy: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    python: str | None = None
    warnings: tuple[str, ...] = ()
    origin: Origin | None = None


class StageScope(Protocol):
    """An open stage: its services run until the scope is left."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about the services, such as a version that was replaced."""
        ...

    async def run(self, step: Step, sink: Sink) -> StepOutcome:
        """Execute one step. If cancelled, end its processes before returning.

        Raises EngineError if the engine cannot execute it; a command that fails is an outcome.
        """
        ...

    async def collect(self, step: Step) -> tuple[ReportFile, ...]:
        """Return the report files that the step has written so far, even if it failed or was cancelled.

        Reports without a path are read from the output and not included: the runner has seen the lines itself.
        """
        ...


class EngineSession(Protocol):
    """A connection to an engine for one plan; closing it removes everything that it created."""

    def stage(self, stage: Stage, sink: Sink) -> AbstractAsyncContextManager[StageScope]:
        """Start the stage's services and stop them on exit. Raises EngineError if one does not become ready."""
        ...


class Engine(Protocol):
    """Executes plans."""

    @property
    def name(self) -> str:
        """The name of the engine, as in `--engine`."""
        ...

    def open(self, plan: Plan) -> AbstractAsyncContextManager[EngineSession]:
        """Connect. Raises EngineError if the engine does not respond."""
        ...


@contextmanager
def one_error() -> Iterator[None]:
    """Raise the only error of a task group as it is, not inside an exception group."""
    try:
        yield
    except BaseExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        raise group.exceptions[0] from group.exceptions[0].__cause__
