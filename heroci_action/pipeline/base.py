"""The stage `base`: the environment that the other stages run in."""

from __future__ import annotations

from packaging.requirements import Requirement

from heroci_action.detection.requirements.files import distribution
from heroci_action.pipeline.run_context import RunContext
from heroci_action.plan.actions import Customise, InstallDependencies, InstallSystemPackages
from heroci_action.plan.stages import Environment, Stage, Step
from heroci_action.project import ProjectConfig
from heroci_action.readers.registry import LINT_TOOLS

NAME = "base"
_PLUGGABLE = {"flake8", "mypy", "pylint", "black", "isort"}


def build(loaded: ProjectConfig, _: RunContext) -> Stage:
    """Install system packages, then the project's dependencies, then call the project's hook."""
    dependencies = Step(name="dependencies", action=InstallDependencies())
    steps = (*_system_packages(loaded), dependencies, *_hook(loaded))
    return Stage(name=NAME, steps=steps)


def _hook(loaded: ProjectConfig) -> tuple[Step, ...]:
    function = loaded.config.hook
    return (Step(name="hook", action=Customise(function=function)),) if function else ()


def _system_packages(loaded: ProjectConfig) -> tuple[Step, ...]:
    packages = loaded.config.apt
    # A Dockerfile or workflow may install more than the tests need, so detected packages are not required.
    action = InstallSystemPackages(packages=packages, required=not loaded.detected("apt"))
    return (Step(name="system packages", action=action),) if packages else ()


def environment(loaded: ProjectConfig) -> Environment:
    """Return the contents of the base environment."""
    config, facts = loaded.config, loaded.facts
    declares = (
        bool(facts.install_project or config.extras or config.groups) or not config.requirements
    )
    return Environment(
        python=config.python,
        python_pinned=not loaded.detected("python"),
        python_alternatives=facts.python_alternatives if loaded.detected("python") else (),
        requires_python=facts.requires_python,
        requirements=config.requirements,
        constraints=() if config.lock else config.constraints,
        packages=tuple(text for text in config.packages if text not in facts.replacing),
        extras=config.extras,
        groups=config.groups,
        lock=config.lock,
        project=facts.project if declares else None,
        metadata=facts.metadata,
        declared=facts.declared if declares else (),
        install_project=facts.install_project,
        all_members=facts.all_members,
        overlay=("coverage",) if config.tests.coverage else (),
        tools=_tools(loaded),
        overrides=_overrides(loaded),
        image=config.base_image,
    )


def _overrides(loaded: ProjectConfig) -> tuple[str, ...]:
    """Return the packages that replace others: those that the CI installs later, and the Django of a matrix's cell."""
    later = [text for text in loaded.config.packages if text in loaded.facts.replacing]
    if loaded.django is None:
        return tuple(later)
    others = (text for text in later if distribution(Requirement(text)) != "django")
    return (*others, loaded.django)


def _tools(loaded: ProjectConfig) -> tuple[str, ...]:
    """Return the requirements of the lint tools and of their plugins, with the project's pins if it has any."""
    built_in = {
        name: LINT_TOOLS[name].default_spec for name in loaded.config.lint if name in LINT_TOOLS
    }
    known = {**built_in, **loaded.facts.lint_specs}
    specs = (known[name] for name in loaded.config.lint if name in known)
    plugins = loaded.facts.lint_plugins if _PLUGGABLE & set(loaded.config.lint) else ()
    return tuple(dict.fromkeys((*specs, *plugins)))
