"""The registry of built-in stages. CONTRIBUTING.md explains how to add one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT_NEEDS = ("base",)
"""The needs of a stage if the configuration does not list them."""
DEFAULT_TIME_LIMIT = 600.0
"""Seconds that a stage may take if neither the registry nor the configuration has another limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltInStage:
    """What every part of HeroCI may know about a built-in stage before a plan exists.

    The module `heroci_action.pipeline.NAME` builds the stage. `needs` are the stages that must pass first; a builder
    omits a stage that the project does not have. `table` is the configuration table of the stage, if it has one.
    `time_limit` is the default in seconds.
    """

    name: str
    emoji: str
    needs: tuple[str, ...] = ()
    table: str | None = None
    time_limit: float = DEFAULT_TIME_LIMIT


BUILT_IN_STAGES: Mapping[str, BuiltInStage] = {
    stage.name: stage
    for stage in (
        BuiltInStage(name="base", emoji="📦"),
        BuiltInStage(name="lint", emoji="🖤📦🐍", needs=("base",), table="lint"),
        BuiltInStage(name="tests", emoji="🧪", needs=("base",), table="tests", time_limit=1800.0),
        BuiltInStage(name="image", emoji="🐳", table="image"),
        BuiltInStage(name="integration", emoji="🔗", needs=("base", "image"), table="integration"),
    )
}
"""By name, in the order in which plans and reports list them."""
