"""Stages that the configuration defines, and its changes to the built-in ones."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import replace

from heroci_action.config.model import StageConfig
from heroci_action.pipeline.variables import stage_env
from heroci_action.plan.actions import CollectReports, Command
from heroci_action.plan.built_in_stages import BUILT_IN_STAGES, DEFAULT_NEEDS, DEFAULT_TIME_LIMIT
from heroci_action.plan.report_kinds import Report
from heroci_action.plan.stages import Stage, Step
from heroci_action.project import ProjectConfig
from heroci_action.readers.format import Category
from heroci_action.readers.registry import BY_KIND


def configured_stages(loaded: ProjectConfig) -> tuple[Stage, ...]:
    """Return the stages that exist only in the configuration."""
    return tuple(
        _stage(name, stage, loaded)
        for name, stage in loaded.config.stages.items()
        if name not in BUILT_IN_STAGES
    )


def _stage(name: str, config: StageConfig, loaded: ProjectConfig) -> Stage:
    services = config.services or ()
    stage = Stage(
        name=name,
        emoji="🔧",
        needs=DEFAULT_NEEDS,
        services=services,
        env=stage_env(loaded, services),
        image=config.image,
        parallel=config.parallel,
        timeout=DEFAULT_TIME_LIMIT,
    )
    return configure(stage, loaded)


def configure(stage: Stage, loaded: ProjectConfig) -> Stage:
    """Return the stage with its configuration applied; configured steps come after the built-in ones."""
    config = loaded.config.stages.get(stage.name)
    if config is None:
        return stage
    steps = _steps(config)
    # The image is built without the base environment, but steps that are added to it run there.
    added = DEFAULT_NEEDS if steps and stage.name not in DEFAULT_NEEDS else ()
    default = tuple(dict.fromkeys((*stage.needs, *added)))
    return replace(
        stage,
        needs=default if config.needs is None else config.needs,
        services=stage.services if config.services is None else config.services,
        env={**stage.env, **{name: f"{{env.{name}}}" for name in config.secrets}, **config.env},
        caches=(*stage.caches, *config.caches),
        secrets=config.secrets,
        outputs=config.outputs,
        steps=(*stage.steps, *steps),
        confined_to=None if steps else stage.confined_to,
        timeout=config.timeout or stage.timeout,
        optional=stage.optional if config.optional is None else config.optional,
    )


def _check_outputs(paths: Iterable[str]) -> str:
    """Return a line of shell that fails if an output is missing."""
    names = " ".join(map(shlex.quote, paths))
    return (
        f"for path in {names}; do "
        '[ -e "$path" ] || { echo "the stage did not create the output $path" >&2; exit 1; }; done'
    )


def _steps(config: StageConfig) -> tuple[Step, ...]:
    """Return the configured steps and the check of the outputs; the reports are collected even if they failed."""
    steps = tuple(Step(name=step.title, action=Command(line=step.run)) for step in config.steps)
    if config.outputs:
        steps = (*steps, Step(name="outputs", action=Command(line=_check_outputs(config.outputs))))
    declared = tuple(
        Report(kind=kind, path=report.path, required=not report.optional)
        for kind, reports in config.reports.items()
        for report in reports
    )
    collect = Step(
        name="reports",
        action=CollectReports(),
        reports=declared,
        must_report=any(map(_must_contain_tests, declared)),
        always=True,
    )
    return (*steps, collect) if declared else steps


def _must_contain_tests(report: Report) -> bool:
    return report.required and BY_KIND[report.kind].category is Category.TESTS
