"""uv, the installer: the one program that may read the caller's settings, since it must reach the same indexes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from heroci_action.engines.base import Sink
from heroci_action.engines.host.process import Captured, Program, capture, execute
from heroci_action.engines.host.workspace import Workspace

SETTINGS = ("UV_", "PIP_", "XDG_", "SSH_AUTH_SOCK", "NETRC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Uv:
    """uv with the caller's indexes, credentials and cache; `directory` is where it looks for projects."""

    workspace: Workspace
    directory: Path

    async def run(self, *arguments: str, sink: Sink, **variables: str) -> int:
        """Run uv, its output to the sink; the exit code."""
        return await execute(self._program(arguments, variables), sink)

    async def capture(self, *arguments: str) -> Captured:
        """Run uv for what it prints."""
        return await capture(self._program(arguments, {}))

    def _program(self, arguments: tuple[str, ...], variables: dict[str, str]) -> Program:
        from uv import find_uv_bin  # noqa: PLC0415  it may have been fetched a moment ago

        machine = self.workspace.machine
        settings = {name: value for name, value in machine.items() if name.startswith(SETTINGS)}
        env = self.workspace.environment(**settings, **variables)
        # The caller's home holds the index credentials and uv's own cache; installing is not a step of the project.
        env["HOME"] = machine.get("HOME", env["HOME"])
        env.pop("UV_PYTHON", None)
        env.pop("UV_PROJECT_ENVIRONMENT", None)
        return Program(
            arguments=(find_uv_bin(), "--no-progress", "--color", "never", *arguments),
            env=env,
            directory=self.directory,
        )
