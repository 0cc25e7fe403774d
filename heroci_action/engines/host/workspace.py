"""What a run of the host engine owns on this machine: a mark, a scratch directory, and the reaper of both."""

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

from heroci_action.engines.host import reaper

# Facts about this machine that a step cannot do without on it: how to reach the network. All else must be declared.
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
    """The run's id (its mark on processes and containers), its scratch directory, and its line to the reaper."""

    run: str
    scratch: Path
    machine: Mapping[str, str]
    _reaper: IO[str]

    def directory(self, *names: str) -> Path:
        """A directory in the scratch directory, made where it is not there."""
        path = self.scratch.joinpath(*names)
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def path(self) -> str:
        """The machine's own PATH."""
        return self.machine.get("PATH", os.defpath)

    def environment(self, *directories: Path, **variables: str) -> dict[str, str]:
        """The whole environment of a process: the directories lead its PATH; nothing of the caller's gets in."""
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
        """Have this directory removed should the engine die."""
        self._tell("directory", str(path))

    def guard_group(self, group: int) -> None:
        """Have this process group ended should the engine die."""
        self._tell("group", str(group))

    def _tell(self, *words: str) -> None:
        # A reaper that is gone cannot help, and is no reason to stop.
        with suppress(OSError):
            self._reaper.write(json.dumps(words) + "\n")
            self._reaper.flush()


@contextmanager
def open_workspace(machine: Mapping[str, str]) -> Iterator[Workspace]:
    """A workspace that is gone on leaving; `machine` is the environment that the engine itself was started in."""
    run = secrets.token_hex(8)
    scratch = Path(tempfile.mkdtemp(prefix="heroci-", dir=machine.get("TMPDIR")))
    scratch.chmod(0o711)  # a database server that runs as another user must get through
    process = _start_reaper(run, machine)
    assert process.stdin is not None  # noqa: S101  for mypy: it was asked for
    try:
        here = Workspace(run=run, scratch=scratch, machine=machine, _reaper=process.stdin)
        here.guard_directory(scratch)
        yield here
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        here._tell("done")  # noqa: SLF001  the one other user of the line
        with suppress(OSError):
            process.stdin.close()
        process.wait()


def _start_reaper(run: str, machine: Mapping[str, str]) -> subprocess.Popen[str]:
    env = {name: machine[name] for name in ("PATH", "DOCKER_HOST", "HOME") if name in machine}
    return subprocess.Popen(
        [sys.executable, "-I", "-S", reaper.__file__, run],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=env,
        cwd="/",
        start_new_session=True,
        text=True,
    )
