"""The base environment: created by uv, and reused as long as its contents are the same."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import platform
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import anyio

from heroci_action.engines.base import Sink, StepOutcome, Stream
from heroci_action.engines.host import interpreters
from heroci_action.engines.host.cache import (
    ENVIRONMENTS,
    SHARED,
    project_directory,
    remove_directory,
)
from heroci_action.engines.host.interpreters import Interpreter
from heroci_action.engines.host.locks import lock, try_lock
from heroci_action.engines.host.uv import Uv
from heroci_action.engines.requirements import (
    excluded_python,
    export_arguments,
    file_arguments,
    ingredients,
    install_arguments,
    needs_pip,
    project_arguments,
    refers_to_checkout,
    resolver_settings,
)
from heroci_action.errors import EngineError, UsageError
from heroci_action.plan.stages import DEFAULT_PYTHON, Environment

KEPT, KEPT_SHARED = 8, 40
"""Environments of one checkout, and of all; the least recently used are removed first."""
UNUSED = 30 * 86_400.0
"""Seconds after which an unused environment is removed, whatever it belongs to."""
COMPLETE = "complete"
# The two parts of an environment, and the names of their directories.
PROJECT, TOOLS = "project", "tools"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """An environment for steps: the project's own programs come first on the PATH, HeroCI's tools follow.

    As long as `lock` is open, other runs do not remove it.
    """

    home: Path
    lock: IO[str]

    @property
    def python(self) -> Path:
        """The interpreter of the project's environment."""
        return self.home / PROJECT / "bin" / "python"

    @property
    def tools(self) -> Path:
        """The environment of HeroCI's tools."""
        return self.home / TOOLS

    @property
    def directories(self) -> tuple[Path, ...]:
        """The first directories on the PATH of a step."""
        return self.home / PROJECT / "bin", self.tools / "bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """Creates the environments of one repository in HeroCI's cache."""

    root: Path
    cache: Path
    uv: Uv

    async def install(
        self, environment: Environment, sink: Sink
    ) -> tuple[StepOutcome, Installed | None]:
        """Create the environment, or find it; None if a requirement cannot be installed.

        Raises UsageError if its Python is not available, EngineError if the cache cannot be written.
        """
        python, warnings = await self._python(environment)
        home = self._parent(environment) / _key(
            self.root, environment, python, resolver_settings(self.uv.workspace.machine)
        )
        self._create_parent(home)
        outcome = StepOutcome(
            exit_code=0,
            cached=True,
            facts={"python": python.version},
            python=python.version,
            warnings=(*warnings, *filter(None, [excluded_python(environment, python.version)])),
        )
        held = await self._lock(home, sink, shared=True)
        while not (home / COMPLETE).exists():
            held.close()
            with await self._lock(home, sink, shared=False):
                code = await self._build(home, environment, python=python, sink=sink)
            outcome = dataclasses.replace(outcome, exit_code=code, cached=False)
            if code:
                return outcome, None
            held = await self._lock(home, sink, shared=True)
        if outcome.cached:
            sink(Stream.STDOUT, f"Nothing has changed: reusing the environment {home}.")
        (home / COMPLETE).touch()
        self._remove_old(home.parent)
        return outcome, Installed(home=home, lock=held)

    def _parent(self, environment: Environment) -> Path:
        """Return the directory of the environments that fit any checkout, or of those with links into this one."""
        if refers_to_checkout(self.root, environment):
            return project_directory(self.cache, self.root)
        return self.cache / ENVIRONMENTS / SHARED

    def _create_parent(self, home: Path) -> None:
        try:
            home.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EngineError(
                f"the cache {str(self.cache)!r} cannot be written: {error.strerror}",
                remedy="set HEROCI_CACHE_DIR to a directory that can be written",
            ) from error

    async def _lock(self, home: Path, sink: Sink, *, shared: bool) -> IO[str]:
        return await lock(
            home.with_suffix(".lock"),
            shared=shared,
            announce=lambda text: sink(Stream.NOTICE, text),
        )

    async def _python(self, environment: Environment) -> tuple[Interpreter, tuple[str, ...]]:
        """Return the interpreter; if the version was only a guess and is not available, the best installed one."""
        wanted = environment.python or DEFAULT_PYTHON
        try:
            return await interpreters.find(wanted, self.uv), ()
        except UsageError as error:
            installed = await interpreters.available(self.uv)
            usable = [v for v in installed if v in environment.python_alternatives]
            if not usable and environment.requires_python and not environment.python_pinned:
                raise UsageError(
                    f"{error.cause}, and the project requires Python {environment.requires_python}",
                    remedy=f"install Python {wanted}; installed are {', '.join(installed) or 'none'}",
                ) from error
            if not usable:
                raise
        warning = f"Python {wanted} is not installed; {usable[0]} is used instead"
        return await interpreters.find(usable[0], self.uv), (warning,)

    async def _build(
        self, home: Path, environment: Environment, *, python: Interpreter, sink: Sink
    ) -> int:
        # Another run may have built it while this one waited for the lock.
        if (home / COMPLETE).exists():
            return 0
        shutil.rmtree(home, ignore_errors=True)
        codes: dict[str, int] = {}

        async def build(part: str, arguments: list[str]) -> None:
            pip = part == PROJECT and needs_pip(self.root, environment, arguments)
            codes[part] = await self._build_part(home / part, python.path, arguments, sink, pip=pip)

        requirements, code = await self._requirements(environment, sink)
        if code:
            return code
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(build, PROJECT, requirements)
            tasks.start_soon(build, TOOLS, list(environment.tools))
        failed = codes[PROJECT] or codes[TOOLS]
        if not failed and environment.overrides:
            # Separately, because a lock pins other versions.
            failed = await self._install(home / PROJECT, list(environment.overrides), sink)
        if not failed:
            (home / COMPLETE).touch()
            await self._prune_packages(sink)
        return failed

    async def _prune_packages(self, sink: Sink) -> None:
        """Keep only packages that uv has built itself, if uv's cache is a part of this one, which travels."""
        machine = self.uv.workspace.machine
        inside = Path(machine.get("UV_CACHE_DIR", "/")).is_relative_to(self.cache)
        if inside and machine.get("UV_LINK_MODE") != "symlink":
            await self.uv.run("cache", "prune", "--ci", "--quiet", sink=sink)

    async def _build_part(
        self, home: Path, python: Path, arguments: list[str], sink: Sink, *, pip: bool
    ) -> int:
        # Old projects expect setuptools in a virtual environment, as `python -m venv` provided before 3.12.
        seed = ("--seed",) if home.name == PROJECT else ()
        create = ("venv", "--quiet", *seed, "--python", str(python), str(home))
        code = await self.uv.run(*create, sink=sink)
        if code == 0 and arguments:
            code = await self._install(home, arguments, sink, pip=pip)
        return code

    async def _install(
        self, home: Path, arguments: list[str], sink: Sink, *, pip: bool = False
    ) -> int:
        target = install_arguments(str(home / "bin" / "python"), with_pip=pip)
        # Compiling once, on all cores, is faster than in every process of the parallel stages. pip always compiles.
        compiled = () if pip else ("--compile-bytecode",)
        return await self.uv.run(*target, *compiled, *arguments, sink=sink)

    async def _requirements(self, environment: Environment, sink: Sink) -> tuple[list[str], int]:
        """Return the arguments of `uv pip install` for the project's part, and the exit code of a failed export."""
        arguments = file_arguments(environment)
        if environment.lock:
            exported, code = await self._export(environment, environment.lock, sink)
            if code:
                return [], code
            arguments += ["-r", str(exported)]
        if environment.project is not None:
            arguments += project_arguments(environment, environment.project)
        return [*arguments, *environment.packages, *environment.overlay], 0

    async def _export(self, environment: Environment, name: str, sink: Sink) -> tuple[Path, int]:
        """Export the lock file in a format that `uv pip install` reads."""
        if Path(name).name.startswith("pylock."):
            return self.root / name, 0
        target = self.uv.workspace.directory("locks") / "requirements.txt"
        arguments = export_arguments(environment, name, target)
        uv = dataclasses.replace(self.uv, directory=(self.root / name).parent)
        lines: list[str] = []

        def keep(stream: Stream, line: str) -> None:
            # pipenv exports to standard output; the other tools write the file themselves and are quiet.
            if stream is Stream.STDOUT:
                lines.append(line)
            else:
                sink(stream, line)

        code = await uv.run(*arguments, sink=keep)
        if code == 0 and not target.exists():
            target.write_text("\n".join(lines) + "\n")
        return target, code

    def _remove_old(self, directory: Path) -> None:
        """Remove the least recently used environments, and the environments of unused checkouts; not under a run."""
        used = {path: path.stat().st_mtime for path in directory.parent.glob(f"*/*/{COMPLETE}")}
        own = sorted((path for path in used if path.parents[1] == directory), key=used.__getitem__)
        kept = KEPT_SHARED if directory.name == SHARED else KEPT
        limit = time.time() - UNUSED
        for marker in {*own[:-kept], *(path for path in used if used[path] < limit)}:
            with try_lock(marker.parent.with_suffix(".lock")) as free:
                if free:
                    remove_directory(marker.parent)


def _key(
    root: Path, environment: Environment, python: Interpreter, settings: Mapping[str, str]
) -> str:
    """Return a hash of everything that determines the contents of the environment."""
    digest = hashlib.sha256()
    record = json.dumps([dataclasses.asdict(environment), settings], sort_keys=True)
    for part in (platform.machine(), str(python.path), python.version, record):
        digest.update(part.encode() + b"\0")
    for path in sorted(set(ingredients(root, environment))):
        name = path.relative_to(root).as_posix()
        digest.update(name.encode(errors="surrogateescape") + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
