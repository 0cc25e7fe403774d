"""Build the plan for a project. There is one module per built-in stage; all of them are pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import cast

from heroci_action.config.checks import BUILT_IN_SERVICES
from heroci_action.pipeline import base, publish
from heroci_action.pipeline.configured import configure, configured_stages
from heroci_action.pipeline.run_context import RunContext
from heroci_action.plan.built_in_stages import BUILT_IN_STAGES, BuiltInStage
from heroci_action.plan.stages import Plan, Service, Stage
from heroci_action.project import ProjectConfig

Builder = Callable[[ProjectConfig, RunContext], Stage]


def build_plan(loaded: ProjectConfig, context: RunContext) -> Plan:
    """Return the plan for a project, with every stage in it. A stage that cannot run has the reason in `skip`.

    Raises ConfigurationError if the stages do not fit together.
    """
    config = loaded.config
    built_in = tuple(_build(declared, loaded, context) for declared in BUILT_IN_STAGES.values())
    own = tuple(_skip_without_containers(stage, context) for stage in configured_stages(loaded))
    return Plan(
        project=loaded.root.name,
        directory=config.working_directory,
        environment=base.environment(loaded),
        services={
            name: Service(name=name, **service.model_dump(), optional=_is_optional(name, loaded))
            for name, service in config.services.items()
        },
        stages=(*built_in, *own, *publish.stages(loaded, built_in)),
        public_variables=config.public_variables,
        largest_report=config.report.largest_file,
        fail_fast=config.fail_fast,
        max_parallel=config.max_parallel,
        timeout=config.timeout,
    )


def _is_optional(name: str, loaded: ProjectConfig) -> bool:
    """Return whether a service was only found in the project's CI: the tests may not need it."""
    table = f"services.{name}"
    keys = [key for key in loaded.origins if f"{key}.".startswith(f"{table}.")]
    # If the user wrote one of its keys, it is needed.
    return name not in BUILT_IN_SERVICES and bool(keys) and all(map(loaded.detected, keys))


def _build(declared: BuiltInStage, loaded: ProjectConfig, context: RunContext) -> Stage:
    """Return a built-in stage with the reason to skip it, if detection found one, and with its configuration."""
    stage = builder(declared.name)(loaded, context)
    stage = replace(
        stage,
        emoji=declared.emoji,
        needs=stage.needs or declared.needs,
        skip=stage.skip or loaded.facts.skips.get(stage.name),
        timeout=declared.time_limit,
    )
    return configure(stage, loaded)


def builder(name: str) -> Builder:
    """Return the function `build` of the module that is named after the stage."""
    # By name, so that adding a stage is one file and one line in the registry.
    return cast("Builder", import_module(f"{__package__}.{name}").build)


def _skip_without_containers(stage: Stage, context: RunContext) -> Stage:
    reason = context.no_containers if stage.image else None
    return replace(stage, skip=stage.skip or reason)
