"""The base of every engine's scope: it calls a separate method for each kind of action."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from heroci_action.engines.base import Sink, StepOutcome, Stream
from heroci_action.engines.images import announce_dry_run, check_reference
from heroci_action.plan.actions import (
    BuildImage,
    CollectReports,
    Command,
    Customise,
    ExportImage,
    InstallDependencies,
    InstallSystemPackages,
    PublishImage,
    Serve,
)
from heroci_action.plan.placeholders import fill
from heroci_action.plan.stages import Step


class Dispatcher(ABC):
    """Executes steps by the kind of their action; an engine implements the kinds."""

    async def dispatch(  # noqa: PLR0911  one case for each kind of action
        self, step: Step, sink: Sink
    ) -> StepOutcome:
        """Execute the step's action."""
        match step.action:
            case InstallSystemPackages() as action:
                return await self.install_system_packages(action, sink)
            case InstallDependencies():
                return await self.install_dependencies(sink)
            case Customise() as action:
                return await self.customise(action, sink)
            case BuildImage() | ExportImage() | PublishImage() as action:
                return await self._handle_image(action, sink)
            case Serve() as action:
                return await self.serve(step, action, sink)
            case Command() as action:
                return await self._run_or_explain(step, action, sink)
            case CollectReports():
                return StepOutcome(exit_code=0)
            case other:
                assert_never(other)

    async def _handle_image(
        self, action: BuildImage | ExportImage | PublishImage, sink: Sink
    ) -> StepOutcome:
        match action:
            case BuildImage():
                return await self.build_image(action, sink)
            case ExportImage():
                return await self.export_image(action, sink)
            case PublishImage():
                return await self._publish(action, sink)

    async def _run_or_explain(self, step: Step, action: Command, sink: Sink) -> StepOutcome:
        """Run the quick command and, if it fails, the command that explains why; only one of them is shown.

        A failure stays one whatever explains it, but a failure of `action.quick` only means that it does not know.
        """
        action = action.started()
        first, last = action.quick or action.line, action.explain or action.line
        if first == last:
            return await self.run_command(step, action, sink)
        lines: list[tuple[Stream, str]] = []
        trial = replace(action, line=first, explain=None, quick=None)
        outcome = await self.run_command(step, trial, lambda *line: lines.append(line))
        if outcome.exit_code == 0 or outcome.timed_out or outcome.cause:
            for stream, line in lines:
                sink(stream, line)
            return outcome
        explaining = replace(action, line=last, explain=None, quick=None)
        explained = await self.run_command(step, explaining, sink)
        if action.quick:
            return explained
        return replace(explained, exit_code=explained.exit_code or outcome.exit_code)

    async def _publish(self, action: PublishImage, sink: Sink) -> StepOutcome:
        """Push the image, or only print its address unless the caller asked for a push."""
        reference = fill(action.address, self.values)
        refused = check_reference(reference)
        if refused or not action.push:
            return refused or announce_dry_run(reference, sink)
        login = None
        if action.username:
            password = self.values.get(f"env.{action.password}", "")
            login = (fill(action.username, self.values), password)
        return await self.push_image(reference, login, sink)

    @property
    @abstractmethod
    def values(self) -> Mapping[str, str]:
        """The values of placeholders such as `{postgres.url}`."""

    @abstractmethod
    async def install_system_packages(
        self, action: InstallSystemPackages, sink: Sink
    ) -> StepOutcome:
        """Make sure that system packages are installed."""

    @abstractmethod
    async def install_dependencies(self, sink: Sink) -> StepOutcome:
        """Create the base environment, or reuse it."""

    @abstractmethod
    async def customise(self, action: Customise, sink: Sink) -> StepOutcome:
        """Pass the base environment through the project's hook."""

    @abstractmethod
    async def build_image(self, action: BuildImage, sink: Sink) -> StepOutcome:
        """Build the production image."""

    @abstractmethod
    async def export_image(self, action: ExportImage, sink: Sink) -> StepOutcome:
        """Put the production image into the local Docker."""

    @abstractmethod
    async def push_image(
        self, reference: str, login: tuple[str, str] | None, sink: Sink
    ) -> StepOutcome:
        """Push the production image to a registry; `login` is a user name and a password."""

    @abstractmethod
    async def serve(self, step: Step, action: Serve, sink: Sink) -> StepOutcome:
        """Start the application and wait until it is healthy."""

    @abstractmethod
    async def run_command(self, step: Step, action: Command, sink: Sink) -> StepOutcome:
        """Run a command in the base environment or in the production image."""
