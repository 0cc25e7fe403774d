"""The base environment: made by uv once, and used again while all that it is made of is the same."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import anyio

from heroci_action.engines.base import Sink, StepOutcome, Stream
from heroci_action.engines.host import interpreters
from heroci_action.engines.host.cache import project_directory
from heroci_action.engines.host.interpreters import Interpreter
from heroci_action.engines.host.locks import lock, try_lock
from heroci_action.engines.host.uv import Uv
from heroci_action.engines.requirements import export_arguments, ingredients, project_arguments
from heroci_action.errors import EngineError, UsageError
from heroci_action.plan.stages import Environment

KEPT = 8  # environments of one project in the cache; the least recently used go first
COMPLETE = "complete"
PROJECT, TOOLS = (
    "project",
    "tools",
)  # the two parts of an environment, also the names of their directories


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """An environment as steps use it; the project's own programs lead the PATH, the tools that HeroCI brings follow.

    `lock` keeps other runs from removing it; closing it lets go.
    """

    home: Path
    lock: IO[str]

    @property
    def python(self) -> Path:
        """The interpreter of the project's environment."""
        return self.home / PROJECT / "bin" / "python"

    @property
    def directories(self) -> tuple[Path, ...]:
        """What leads the PATH of a step."""
        return self.home / PROJECT / "bin", self.home / TOOLS / "bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """Makes environments of one repository below `cache`."""

    root: Path
    cache: Path
    uv: Uv

    async def install(
        self, environment: Environment, sink: Sink
    ) -> tuple[StepOutcome, Installed | None]:
        """The environment, made or found; None where a requirement cannot be installed.

        Raises UsageError where there is no such Python, EngineError where the cache cannot be written.
        """
        python, warnings = await self._python(environment)
        home = project_directory(self.cache, self.root) / _key(self.root, environment, python)
        try:
            home.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EngineError(
                f"the cache {str(self.cache)!r} cannot be written: {error.strerror}",
                remedy="set HEROCI_CACHE_DIR to a directory that can",
            ) from error
        facts = {"python": python.version}
        cached = True
        held = await lock(home.with_suffix(".lock"), shared=True)
        while not (home / COMPLETE).exists():
            cached = False
            held.close()
            with await lock(home.with_suffix(".lock")):
                code = await self._make(home, environment, python=python, sink=sink)
            if code:
                outcome = StepOutcome(
                    exit_code=code, facts=facts, python=python.version, warnings=warnings
                )
                return outcome, None
            held = await lock(home.with_suffix(".lock"), shared=True)
        if cached:
            sink(Stream.STDOUT, f"Nothing has changed: using the environment {home} again.")
        (home / COMPLETE).touch()
        self._remove_old(home.parent)
        outcome = StepOutcome(
            exit_code=0, cached=cached, facts=facts, python=python.version, warnings=warnings
        )
        return outcome, Installed(home=home, lock=held)

    async def _python(self, environment: Environment) -> tuple[Interpreter, tuple[str, ...]]:
        """The interpreter; where the version was only a guess that cannot be had, the best that is here."""
        wanted = environment.python or interpreters.SUPPORTED[0]
        try:
            return await interpreters.find(wanted, self.uv), ()
        except UsageError:
            here = await interpreters.available(self.uv)
            if environment.python_pinned or not here:
                raise
        warning = f"Python {wanted} is not installed; {here[0]} is used instead"
        return await interpreters.find(here[0], self.uv), (warning,)

    async def _make(
        self, home: Path, environment: Environment, *, python: Interpreter, sink: Sink
    ) -> int:
        if (home / COMPLETE).exists():  # another run made it while this one waited for the lock
            return 0
        shutil.rmtree(home, ignore_errors=True)
        codes: dict[str, int] = {}

        async def part(name: str, arguments: list[str]) -> None:
            codes[name] = await self._part(home / name, python.path, arguments, sink)

        requirements, code = await self._requirements(environment, sink)
        if code:
            return code
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(part, PROJECT, requirements)
            tasks.start_soon(part, TOOLS, list(environment.tools))
        failed = codes[PROJECT] or codes[TOOLS]
        if not failed:
            (home / COMPLETE).touch()
        return failed

    async def _part(self, home: Path, python: Path, arguments: list[str], sink: Sink) -> int:
        # Old projects expect setuptools in a virtual environment, as `python -m venv` puts it there before 3.12.
        seed = ("--seed",) if home.name == PROJECT else ()
        code = await self.uv.run(
            "venv", "--quiet", *seed, "--python", str(python), str(home), sink=sink
        )
        if code == 0 and arguments:
            # Compiled once here, by all cores, or in every process of the stages that then start at the same time.
            install = (
                "pip",
                "install",
                "--compile-bytecode",
                "--python",
                str(home / "bin" / "python"),
            )
            code = await self.uv.run(*install, *arguments, sink=sink)
        return code

    async def _requirements(self, environment: Environment, sink: Sink) -> tuple[list[str], int]:
        """The arguments of `uv pip install` for the project's part."""
        arguments: list[str] = []
        for file in environment.requirements:
            arguments += ["-r", file]
        if environment.lock:
            exported, code = await self._export(environment, environment.lock, sink)
            if code:
                return [], code
            arguments += ["-r", str(exported)]
        project = environment.project
        if project is not None:
            arguments += project_arguments(environment, project)
        return [*arguments, *environment.packages, *environment.overlay], 0

    async def _export(self, environment: Environment, name: str, sink: Sink) -> tuple[Path, int]:
        """The lock file in a form that `uv pip install` reads."""
        if Path(name).name.startswith("pylock."):
            return self.root / name, 0
        target = self.uv.workspace.directory("locks") / "requirements.txt"
        arguments = export_arguments(environment, name, target)
        uv = dataclasses.replace(self.uv, directory=(self.root / name).parent)
        lines: list[str] = []

        def keep(stream: Stream, line: str) -> None:
            # What pipenv exports goes to standard output; the others write the file themselves and are quiet.
            if stream is Stream.STDOUT:
                lines.append(line)
            else:
                sink(stream, line)

        code = await uv.run(*arguments, sink=keep)
        if code == 0 and not target.exists():
            target.write_text("\n".join(lines) + "\n")
        return target, code

    def _remove_old(self, directory: Path) -> None:
        """Remove the environments that were not used for the longest time, unless a run is using them."""
        complete = sorted(directory.glob(f"*/{COMPLETE}"), key=lambda path: path.stat().st_mtime)
        for marker in complete[:-KEPT]:
            with try_lock(marker.parent.with_suffix(".lock")) as got:
                if got:
                    marker.unlink(missing_ok=True)
                    shutil.rmtree(marker.parent, ignore_errors=True)


def _key(root: Path, environment: Environment, python: Interpreter) -> str:
    """A hash of everything that decides what the environment holds."""
    digest = hashlib.sha256()
    record = json.dumps(dataclasses.asdict(environment), sort_keys=True)
    for part in (platform.machine(), str(python.path), python.version, record):
        digest.update(part.encode() + b"\0")
    for path in sorted(set(ingredients(root, environment))):
        digest.update(
            path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0"
        )
    return digest.hexdigest()[:16]
