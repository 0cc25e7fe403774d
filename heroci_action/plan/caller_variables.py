"""Variables of the caller that a plan refers to as `{env.NAME}`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from heroci_action.errors import UsageError
from heroci_action.plan.actions import PublishImage
from heroci_action.plan.stages import Plan, Stage

_REFERENCE = re.compile(r"\{env\.([A-Za-z_]\w*)\}")


def require_variables(plan: Plan, machine: Mapping[str, str]) -> None:
    """Raise UsageError if a stage that will run refers to a variable that is empty or not set.

    Variables that a stage declares as `secrets` are left to the engine.
    """
    for stage in plan.stages:
        missing = [name for name in _variables(plan, stage) if not machine.get(name)]
        if missing:
            names = ", ".join(f"{{env.{name}}}" for name in missing)
            raise UsageError(
                f"stage {stage.name!r} refers to {names}, but the variable is empty or not set",
                remedy="set it in the environment of HeroCI (on GitHub: `env:` of the step)",
            )


def _variables(plan: Plan, stage: Stage) -> dict[str, None]:
    if stage.skip or any(_is_dry_run(step.action) for step in stage.steps):
        return {}
    services = {name: plan.services[name] for name in stage.services}
    found = dict.fromkeys((*find_references(stage), *find_references(services)))
    return {name: None for name in found if name not in stage.secrets}


def _is_dry_run(action: object) -> bool:
    return isinstance(action, PublishImage) and not action.push


def find_references(value: object) -> Iterator[str]:
    """Find the NAME of each `{env.NAME}` in the texts of a record, mapping or tuple, at any depth."""
    if isinstance(value, str):
        yield from _REFERENCE.findall(value)
    elif isinstance(value, Mapping):
        yield from (name for inner in value.values() for name in find_references(inner))
    elif isinstance(value, tuple):
        yield from (name for inner in value for name in find_references(inner))
    elif is_dataclass(value):
        for field in fields(value):
            yield from find_references(getattr(value, field.name))
