"""The stage `base`: what every other stage needs to be there."""

from __future__ import annotations

from heroci_action.config.lint_tools import LINT_TOOLS
from heroci_action.detection.facts import Loaded
from heroci_action.pipeline.run_context import Surroundings
from heroci_action.plan.actions import Customise, InstallDependencies, InstallSystemPackages
from heroci_action.plan.stages import Environment, Stage, Step

NAME = "base"


def stage(loaded: Loaded, _: Surroundings) -> Stage:
    """System packages, then the project's dependencies, then what its hook makes of them."""
    dependencies = Step(name="dependencies", action=InstallDependencies())
    steps = (*_system_packages(loaded), dependencies, *_hook(loaded))
    return Stage(name=NAME, emoji="📦", steps=steps)


def _hook(loaded: Loaded) -> tuple[Step, ...]:
    function = loaded.config.hook
    return (Step(name="hook", action=Customise(function=function)),) if function else ()


def _system_packages(loaded: Loaded) -> tuple[Step, ...]:
    packages = loaded.config.apt
    # What a Dockerfile or workflow installs may be more than the tests need, so what was detected is only asked for.
    action = InstallSystemPackages(packages=packages, required=not loaded.detected("apt"))
    return (Step(name="system packages", action=action),) if packages else ()


def environment(loaded: Loaded) -> Environment:
    """What the environment is made of."""
    config, facts = loaded.config, loaded.facts
    declares = (
        bool(facts.install_project or config.extras or config.groups) or not config.requirements
    )
    return Environment(
        python=config.python,
        python_pinned=not loaded.detected("python"),
        requirements=config.requirements,
        packages=config.packages,
        extras=config.extras,
        groups=config.groups,
        lock=config.lock,
        project=facts.project if declares else None,
        metadata=facts.metadata,
        install_project=facts.install_project,
        overlay=("coverage",) if config.tests.coverage else (),
        tools=_tools(loaded),
        image=config.base_image,
    )


def _tools(loaded: Loaded) -> tuple[str, ...]:
    """The requirements of the built-in lint tools and of their plugins; the project's pin wins over ours."""
    specs = (
        loaded.facts.lint_specs.get(name, LINT_TOOLS[name].default_spec)
        for name in loaded.config.lint
        if name in LINT_TOOLS
    )
    plugins = loaded.facts.lint_plugins if "flake8" in loaded.config.lint else ()
    return tuple(dict.fromkeys((*specs, *plugins)))
