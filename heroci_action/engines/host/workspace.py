"""The workspace of a run: a mark on its processes, a scratch directory, and the reaper of both."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from heroci_action.engines.docker import LABEL
from heroci_action.engines.host import reaper
from heroci_action.engines.process import STARTED
from heroci_action.errors import EngineError

# How to reach the network: no step works without these. Every other variable must be declared.
MACHINE_VARIABLES = frozenset(
    {
        "ALL_PROXY",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "NO_PROXY",
        "CURL_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
        "PIP_CERT",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The run's id (its mark on processes and containers), its scratch directory, and its pipe to the reaper."""

    run: str
    scratch: Path
    machine: Mapping[str, str]
    _reaper: IO[str]

    def directory(self, *names: str) -> Path:
        """Create and return a directory below the scratch directory."""
        path = self.scratch.joinpath(*names)
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def path(self) -> str:
        """The machine's own PATH."""
        return self.machine.get("PATH", os.defpath)

    def environment(self, *directories: Path, **variables: str) -> dict[str, str]:
        """Return the complete environment of a process, with the directories first on its PATH."""
        network = {
            name: value for name, value in self.machine.items() if name.upper() in MACHINE_VARIABLES
        }
        return {
            "PATH": os.pathsep.join([*map(str, directories), self.path]),
            "HOME": str(self.directory("home")),
            "TMPDIR": str(self.directory("tmp")),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            reaper.MARK: self.run,
            **network,
            **variables,
        }

    def guard_directory(self, path: Path) -> None:
        """Have this directory removed if the engine is killed; call it before creating the directory."""
        self._send("directory", str(path))

    def guard_group(self, group: int) -> None:
        """Have this process group ended if the engine is killed."""
        self._send("group", str(group))

    def done(self) -> None:
        """Dismiss the reaper, because the engine has cleaned up itself."""
        self._send("done")

    def _send(self, *words: str) -> None:
        # A reaper that was killed cannot help, but is no reason to stop.
        with suppress(OSError):
            self._reaper.write(json.dumps(words) + "\n")
            self._reaper.flush()


@contextmanager
def open_workspace(machine: Mapping[str, str]) -> Iterator[Workspace]:
    """Create a workspace that is removed on exit; `machine` is the environment that HeroCI was started in.

    Raises EngineError if there is no usable temporary directory.
    """
    run = secrets.token_hex(8)
    scratch = _temporary_directory(machine) / f"heroci-{run}"
    process = _start_reaper(run, machine)
    assert process.stdin is not None  # noqa: S101  for mypy: it is a pipe
    workspace = Workspace(run=run, scratch=scratch, machine=machine, _reaper=process.stdin)
    try:
        # Before it exists, so that no moment is left in which a killed engine leaves it.
        workspace.guard_directory(scratch)
        _create(scratch)
        yield workspace
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        workspace.done()
        with suppress(OSError):
            process.stdin.close()
        process.wait()
        STARTED.discard(process.pid)


def _temporary_directory(machine: Mapping[str, str]) -> Path:
    named = machine.get("TMPDIR")
    try:
        return Path(named or tempfile.gettempdir()).absolute()
    except FileNotFoundError as error:
        raise EngineError(
            "there is no usable temporary directory",
            remedy="set TMPDIR to a directory that can be written",
        ) from error


def _create(scratch: Path) -> None:
    try:
        # A database server that runs as another user must be able to pass through.
        scratch.mkdir(mode=0o711)
        scratch.chmod(0o711)
    except OSError as error:
        raise EngineError(
            f"the temporary directory {str(scratch.parent)!r} cannot be used: {error.strerror}",
            remedy="set TMPDIR to an existing directory that can be written",
        ) from error


def _start_reaper(run: str, machine: Mapping[str, str]) -> subprocess.Popen[str]:
    env = {name: machine[name] for name in ("PATH", "DOCKER_HOST", "HOME") if name in machine}
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", reaper.__file__, run, f"{LABEL}={run}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=env,
        cwd="/",
        start_new_session=True,
        text=True,
        errors="surrogateescape",
    )
    STARTED.add(process.pid)
    return process
