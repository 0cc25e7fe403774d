"""The stage `base`: what every other stage needs to be there."""

from __future__ import annotations

from heroci_action.config.facts import Loaded
from heroci_action.config.lint_tools import LINT_TOOLS
from heroci_action.pipeline.surroundings import Surroundings
from heroci_action.plan import (
    Environment,
    InstallDependencies,
    InstallSystemPackages,
    Stage,
    Step,
)

NAME = "base"


def stage(loaded: Loaded, _: Surroundings) -> Stage:
    """System packages, then the project's dependencies."""
    apt = loaded.config.apt
    system = (
        (Step(name="system packages", action=InstallSystemPackages(packages=apt)),) if apt else ()
    )
    return Stage(
        name=NAME,
        emoji="📦",
        steps=(*system, Step(name="dependencies", action=InstallDependencies())),
    )


def environment(loaded: Loaded) -> Environment:
    """What the environment is made of."""
    config, facts = loaded.config, loaded.facts
    declares = (
        bool(facts.install_project or config.extras or config.groups) or not config.requirements
    )
    return Environment(
        python=config.python,
        python_pinned=not loaded.origins.get("python", "defaults").startswith(
            ("defaults", "detected")
        ),
        requirements=config.requirements,
        packages=config.packages,
        extras=config.extras,
        groups=config.groups,
        lock=config.lock,
        project=facts.project if declares else None,
        install_project=facts.install_project,
        overlay=("coverage",) if config.tests.coverage else (),
        tools=_tools(loaded),
    )


def _tools(loaded: Loaded) -> tuple[str, ...]:
    """The requirements of the built-in lint tools; the project's pin wins over ours."""
    return tuple(
        loaded.facts.lint_specs.get(name, LINT_TOOLS[name].default_spec)
        for name in loaded.config.lint
        if name in LINT_TOOLS
    )
