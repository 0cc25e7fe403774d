"""Run uv, the installer: only uv receives the caller's settings, because it must use the same package indexes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import anyio

from heroci_action.engines.base import Sink, Stream, one_error
from heroci_action.engines.host.workspace import Workspace
from heroci_action.engines.process import Captured, Program, capture, execute
from heroci_action.engines.requirements import other_uv, uv_version

# Seconds without output; building a package from source is silent too, so this is not an error. The limit of a request
# is uv's (UV_HTTP_TIMEOUT); the whole installation is limited by the stage's timeout.
ANNOUNCE_EVERY = 20
SETTINGS = ("UV_", "PIP_", "XDG_", "SSH_AUTH_SOCK", "NETRC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Uv:
    """uv with the caller's indexes, credentials and cache; `directory` is its working directory."""

    workspace: Workspace
    directory: Path

    async def run(self, *arguments: str, sink: Sink, **variables: str) -> int:
        """Run uv, send its output to the sink, and return its exit code; announce long silences."""
        silent = 0.0

        def watched(stream: Stream, line: str) -> None:
            nonlocal silent
            silent = 0.0
            sink(stream, line)

        async def announce() -> None:
            nonlocal silent
            while True:
                await anyio.sleep(1)
                silent += 1
                if silent % ANNOUNCE_EVERY == 0:
                    sink(Stream.NOTICE, f"still waiting: uv has printed nothing for {silent:g} s")

        with one_error():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(announce)
                code = await execute(self._program(arguments, variables), watched)
                tasks.cancel_scope.cancel()
        return code

    async def capture(self, *arguments: str) -> Captured:
        """Run uv and return its output."""
        return await capture(self._program(arguments, {}))

    def _program(self, arguments: tuple[str, ...], variables: dict[str, str]) -> Program:
        # Imported late because `fetch_tools` may have just installed it.
        from uv import find_uv_bin  # noqa: PLC0415

        machine = self.workspace.machine
        settings = {name: value for name, value in machine.items() if name.startswith(SETTINGS)}
        env = self.workspace.environment(**settings, **variables)
        # The caller's home contains the credentials of indexes and uv's own cache.
        env["HOME"] = machine.get("HOME", env["HOME"])
        env.pop("UV_PYTHON", None)
        env.pop("UV_PROJECT_ENVIRONMENT", None)
        other = other_uv(self.directory, uv_version(machine))
        # The running uv fetches the one that the project demands, and must not read that it is not the right one.
        runner = ("--no-config", "tool", "run", "--from", other, "uv") if other else ()
        return Program(
            arguments=(find_uv_bin(), *runner, "--no-progress", "--color", "never", *arguments),
            env=env,
            directory=self.directory,
        )
