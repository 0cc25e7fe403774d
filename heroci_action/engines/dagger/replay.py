"""Decide how much is replayed: the whole stage if its steps share more than a container, else each step."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict

import dagger

from heroci_action.engines.base import StepOutcome
from heroci_action.engines.dagger.replay_cache import Entry, digest
from heroci_action.engines.dagger.resources import RunResources
from heroci_action.plan.actions import Command, RunsIn, Serve
from heroci_action.plan.placeholders import fill
from heroci_action.plan.stages import Stage, Step


class StageReplay:
    """The replay of one stage.

    `whole`: its steps share a service, the application or the production image, so either all of them are replayed or
    none. `replayed`: the stage was found in the cache. `salt` is the salt of the whole stage.
    """

    def __init__(self, resources: RunResources, stage: Stage) -> None:
        self._resources = resources
        self._stage = stage
        self.whole = bool(stage.services) or any(_serves_or_in_image(step) for step in stage.steps)
        self.replayed = False
        self._entry: Entry | None = None
        self._attempt = 0
        self._container: dagger.Container | None = None

    @property
    def salt(self) -> str:
        """The salt of the whole stage, empty if its steps are replayed one by one."""
        return self._entry.salt if self._entry else ""

    @property
    def started(self) -> bool:
        """Whether the whole stage has been looked up."""
        return self._entry is not None

    def facts(self, step: Step) -> Mapping[str, str]:
        """Return the facts of a step of the stage that is replayed."""
        return self._entry.facts.get(step.name, {}) if self._entry else {}

    async def look_up(self, container: dagger.Container) -> None:
        """Look the whole stage up; its key is its description and the content of the container."""
        self._container = await self._add_image(container)
        await self._find(self._container)

    async def look_up_again(self) -> None:
        """Look for a later pass, because a part of the last one is no longer in the cache."""
        assert self._container is not None  # noqa: S101  the stage has been looked up
        self._attempt += 1
        await self._find(self._container)

    async def _find(self, container: dagger.Container) -> None:
        found = await self._resources.replay_cache.find(container, self._whole_key())
        self.replayed = found is not None
        self._entry = found or Entry(salt=self._resources.salt)

    async def store(self, outcomes: Mapping[str, StepOutcome]) -> None:
        """Remember the whole stage, which has passed, unless it was replayed."""
        if self._entry and self._container and not self.replayed:
            facts = {name: dict(outcome.facts) for name, outcome in outcomes.items()}
            entry = Entry(salt=self._entry.salt, facts=facts)
            await self._resources.replay_cache.store(self._container, self._whole_key(), entry)

    async def find_step(
        self, container: dagger.Container, step: Step, arguments: tuple[str, ...]
    ) -> Entry | None:
        """Return the entry of a single step."""
        key = self._step_key(step, arguments)
        return await self._resources.replay_cache.find(container, key)

    async def store_step(
        self, container: dagger.Container, step: Step, arguments: tuple[str, ...], *, salt: str
    ) -> None:
        """Remember that a single step has passed under this salt."""
        key = self._step_key(step, arguments)
        await self._resources.replay_cache.store(container, key, Entry(salt=salt))

    def _whole_key(self) -> str:
        """Return the key of the whole stage; an entry cannot be replaced, so a later pass has another key."""
        return digest(self._attempt, self._key())

    def _step_key(self, step: Step, arguments: tuple[str, ...]) -> str:
        return digest(step.name, arguments, dict(step.env), self._key())

    async def _add_image(self, container: dagger.Container) -> dagger.Container:
        if not any(in_image(step) for step in self._stage.steps):
            return container
        rootfs = await self._resources.image_files()
        return container.with_mounted_directory("/heroci/image", rootfs)

    def _key(self) -> str:
        """Return the key of the stage's description; the caller's values count, but cannot be read from it."""
        stage, plan = self._stage, self._resources.plan
        machine = {f"env.{name}": value for name, value in self._resources.settings.machine.items()}
        used = [*stage.env.values(), *(each for step in stage.steps for each in step.env.values())]
        filled = [fill(value, machine) for value in used if "{env." in value]
        return digest(
            stage.name,
            stage.image,
            [(str(step.action), asdict(step.action), dict(step.env)) for step in stage.steps],
            dict(stage.env),
            [asdict(plan.services[name]) for name in stage.services],
            plan.directory,
            [hashlib.sha256(value.encode()).hexdigest() for value in filled],
        )


def uses_environment(stage: Stage) -> bool:
    """Return whether a step of the stage runs in the base environment."""
    return any(
        isinstance(step.action, Command | Serve) and step.action.runs_in is RunsIn.ENVIRONMENT
        for step in stage.steps
    )


def in_image(step: Step) -> bool:
    """Return whether the step runs in the production image."""
    return isinstance(step.action, Command | Serve) and step.action.runs_in is RunsIn.IMAGE


def is_replayable(step: Step) -> bool:
    """Return whether the step is a command or starts the application."""
    return isinstance(step.action, Command | Serve)


def _serves_or_in_image(step: Step) -> bool:
    return isinstance(step.action, Serve) or in_image(step)
