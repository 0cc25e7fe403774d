"""What is known of a project becomes a plan: one file per stage, all of it pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from heroci_action.detection.facts import Loaded
from heroci_action.pipeline import base, image, integration, lint, publish, tests
from heroci_action.pipeline.extra import adapted, extra_stages
from heroci_action.pipeline.run_context import Surroundings
from heroci_action.plan.stages import Plan, Service, Stage

STAGES: tuple[Callable[[Loaded, Surroundings], Stage], ...] = (
    base.stage,
    lint.stage,
    tests.stage,
    image.stage,
    integration.stage,
)


def build_plan(loaded: Loaded, surroundings: Surroundings) -> Plan:
    """The plan for a project, with every stage in it: those with nothing to do say why they are skipped.

    Raises ConfigurationError where the stages do not fit together.
    """
    config = loaded.config
    built_in = tuple(_finished(make(loaded, surroundings), loaded) for make in STAGES)
    own = tuple(_placed(stage, surroundings) for stage in extra_stages(loaded))
    return Plan(
        project=loaded.root.name,
        directory=config.working_directory,
        environment=base.environment(loaded),
        services={
            name: Service(name=name, **service.model_dump())
            for name, service in config.services.items()
        },
        stages=(*built_in, *own, *publish.stages(loaded, built_in)),
        fail_fast=config.fail_fast,
        max_parallel=config.max_parallel,
        timeout=config.timeout,
    )


def _finished(stage: Stage, loaded: Loaded) -> Stage:
    """The stage with what the configuration says about it, and with the reason that detection has against it."""
    reason = stage.skip or loaded.facts.skips.get(stage.name)
    return adapted(replace(stage, skip=reason), loaded)


def _placed(stage: Stage, surroundings: Surroundings) -> Stage:
    """A stage in an image of its own is skipped where there are no containers."""
    reason = surroundings.no_containers if stage.image else None
    return replace(stage, skip=stage.skip or reason)
