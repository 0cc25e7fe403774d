"""The port between the runner and whatever executes steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from heroci_action.plan.stages import Plan, Stage, Step


class Stream(StrEnum):
    """Where a line of output came from."""

    STDOUT = "stdout"
    STDERR = "stderr"


Sink = Callable[[Stream, str], None]
"""Takes one line of output, masked and without its newline, as soon as it is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """All that a step printed, kept where one of its reports is read from it."""

    stdout: str = ""
    stderr: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFile:
    """A report file as it left the engine; `path` says where it lay, for messages only."""

    kind: str
    path: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutcome:
    """What came of a step: its exit code, 0 where it did what it is for, 128 + N where signal N ended it.

    `cause` and `remedy` explain an exit code that is not the command's own word (a service that never became healthy);
    `python` is the version of the interpreter that the step installed into.
    """

    exit_code: int
    cached: bool = False
    cause: str | None = None
    remedy: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    python: str | None = None
    warnings: tuple[str, ...] = ()


class StageScope(Protocol):
    """A stage that is open: its services answer until it is left."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know about the services, such as a version that was replaced."""
        ...

    async def run(self, step: Step, sink: Sink) -> StepOutcome:
        """Take one step. Cancelling ends its processes before it returns.

        Raises EngineError where the engine could not do it; a command that fails is an outcome.
        """
        ...

    async def collect(self, step: Step) -> tuple[ReportFile, ...]:
        """The report files that the step has left so far, also when it failed or was cancelled.

        Reports whose path is None (standard output) are not in here: the runner saw the lines itself.
        """
        ...


class EngineSession(Protocol):
    """A connection to an engine with a plan; nothing of it is left behind once it is closed."""

    def stage(self, stage: Stage, sink: Sink) -> AbstractAsyncContextManager[StageScope]:
        """Start the stage's services, end them on leaving. Raises EngineError where one does not get ready."""
        ...


class Engine(Protocol):
    """Executes plans."""

    @property
    def name(self) -> str:
        """`dagger` or `host`."""
        ...

    def open(self, plan: Plan) -> AbstractAsyncContextManager[EngineSession]:
        """Connect; raises EngineError where nothing answers."""
        ...
