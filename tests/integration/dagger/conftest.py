from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
import pytest

from heroci_action.engines.base import EngineSession, ReportFile, StepOutcome, Stream
from heroci_action.engines.dagger.engine import DaggerEngine
from heroci_action.engines.registry import ENGINES, create_engine
from heroci_action.engines.secret_store import ignore
from heroci_action.engines.settings import EngineSettings
from heroci_action.errors import HeroCIError
from heroci_action.options import EngineChoice
from heroci_action.plan.actions import BuildImage, InstallDependencies, PublishImage
from heroci_action.plan.stages import Environment, Plan, Stage, Step
from tests.end_to_end.projects import commit, git
from tests.integration.dagger import reach

BASE = Stage(name="base", steps=(Step(name="dependencies", action=InstallDependencies()),))


@dataclass
class Seen:
    """The outcomes, errors, output and reports of stages."""

    outcomes: dict[str, StepOutcome] = field(default_factory=dict)
    errors: dict[str, HeroCIError] = field(default_factory=dict)
    lines: list[tuple[Stream, str]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    reports: dict[str, tuple[ReportFile, ...]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(line for _, line in self.lines)

    def report(self, step: str) -> dict[str, bytes]:
        """Return the contents of a step's report files by name."""
        return {
            Path(file.path).name: file.content for file in self.reports[step] if not file.problem
        }


@dataclass
class Repository:
    """A small repository whose stages run on the engine."""

    root: Path
    machine: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    plan: Plan = field(
        default_factory=lambda: Plan(project="p", environment=Environment(python="3.13"))
    )

    def write(self, files: Mapping[str, str]) -> Repository:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return self

    def commit(self) -> Repository:
        git(self.root, "init", "--quiet", "--initial-branch", "main")
        commit(self.root)
        return self

    def with_plan(self, **changes: object) -> Repository:
        self.plan = replace(self.plan, **changes)  # type: ignore[arg-type]
        return self

    def publish(self, name: str, dockerfile: str) -> str:
        """Build an image, push it to a registry that the engine can reach, and return its reference."""
        address = f"{reach.registry()}/heroci-test/{name}:1"
        self.write({f"Dockerfile.{name}": dockerfile})
        steps = (
            Step(name="build", action=BuildImage(dockerfile=f"Dockerfile.{name}")),
            Step(name="push", action=PublishImage(address=address, push=True)),
        )
        seen = self.run(Stage(name="image", steps=steps))
        assert seen.outcomes["push"].exit_code == 0, seen.text
        return address

    def run(self, *stages: Stage, fresh: bool = False) -> Seen:
        """Run the base stage and these, one after the other in a new session, and return their results."""
        return anyio.run(self._run, stages, fresh)

    async def _run(self, stages: Sequence[Stage], fresh: bool) -> Seen:
        seen = Seen()

        async def body(session: EngineSession) -> None:
            for stage in stages:
                await take(session, stage, seen)

        await self.session(body, *stages, fresh=fresh)
        return seen

    def disk_space(self) -> int:
        """Return the bytes that the engine keeps for all programs."""

        async def measure() -> int:
            # Imported late because it loads the SDK.
            from heroci_action.engines.dagger.session import DaggerSession  # noqa: PLC0415

            settings = EngineSettings(root=self.root, cache=self.root, machine=self.machine)
            async with DaggerEngine(settings=settings).open(self.plan) as session:
                assert isinstance(session, DaggerSession)
                entries = session.resources.client.engine().local_cache().entry_set()
                return await entries.disk_space_bytes()

        return anyio.run(measure)

    async def session(
        self, body: Callable[[EngineSession], Awaitable[None]], *stages: Stage, fresh: bool = False
    ) -> None:
        settings = EngineSettings(
            root=self.root, cache=self.root / ".cache", machine=self.machine, fresh=fresh
        )
        engine = create_engine(ENGINES[EngineChoice.DAGGER], settings, ignore)
        async with engine.open(replace(self.plan, stages=(BASE, *stages))) as session:
            base = Seen()
            await take(session, BASE, base)
            assert base.outcomes["dependencies"].exit_code == 0, base.text
            await body(session)


async def take(session: EngineSession, stage: Stage, seen: Seen) -> None:
    """Run a stage's steps as the runner does."""
    async with session.stage(stage, lambda _, line: seen.log.append(line)) as scope:

        async def one(step: Step) -> None:
            try:
                seen.outcomes[step.name] = await scope.run(
                    step, lambda stream, line: seen.lines.append((stream, line))
                )
            except HeroCIError as error:
                seen.errors[step.name] = error
            seen.reports[step.name] = await scope.collect(step)

        for group in stage.groups():
            async with anyio.create_task_group() as tasks:
                for step in group:
                    tasks.start_soon(one, step)
        seen.warnings += scope.warnings


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    reach.require()
    root = tmp_path / "repository"
    root.mkdir()
    # Unique text, so that no test finds the results of another in the engine's cache.
    return Repository(root).write({"unique.txt": os.urandom(8).hex()})


@pytest.fixture
def published(repository: Repository) -> str:
    """An image with Python and its own user, in a registry that the engine can reach."""
    add = "RUN useradd --create-home --uid 1234 worker\nUSER worker\n"
    return repository.publish("user", f"FROM python:3.13-slim\n{add}")
