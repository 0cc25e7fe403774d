"""The exact versions that a project requires, for its version of Python."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping

from packaging.requirements import Requirement

from heroci_action.detection.ci.records import Job
from heroci_action.detection.environment.python_version import choose_python
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.requirements.declared import find_dependencies, installed_by
from heroci_action.detection.requirements.files import distribution
from heroci_action.detection.requirements.markers import applicable, is_bounded, is_exact

# `ruff@0.9.1`, `isort==5.13.2`
_VERSION = re.compile(r"[\w-]+(?:@|==)v?(\d+(?:\.\w+)+)")


@once
def find_pins(project: ProjectFiles) -> Mapping[str, str]:
    """Return `name==version` by normalised name, for the project's Python on Linux."""
    return _exact(project, find_dependencies(project).exact)


def find_pin_with(project: ProjectFiles, programs: Container[str], package: str) -> str | None:
    """Return the version of a package with which the CI calls one of these programs: `uvx ruff@0.9.1`, or installed."""
    for job in project.ci.jobs:
        calls = (each.call.program for each in job.commands if each.call.name in programs)
        for match in filter(None, map(_VERSION.fullmatch, calls)):
            return f"{package}=={match[1]}"
        pin = _exact(project, _installed_with(project, job, programs)).get(package)
        if pin:
            return pin
    return None


def find_range_with(project: ProjectFiles, programs: Container[str], package: str) -> str | None:
    """Return the range of versions that the CI allows for calls of one of these programs: `flake8<4`."""
    python = choose_python(project)[0]
    for requirement in applicable(installed_with(project, programs), python):
        if distribution(requirement) == package and is_bounded(requirement):
            return f"{package}{requirement.specifier}"
    return None


def installed_with(project: ProjectFiles, programs: Container[str]) -> Iterator[Requirement]:
    """Yield the requirements that the CI installs in the environments in which it calls one of these programs."""
    for job in project.ci.jobs:
        yield from _installed_with(project, job, programs)


def _installed_with(
    project: ProjectFiles, job: Job, programs: Container[str]
) -> tuple[Requirement, ...]:
    used = {each.environment for each in job.commands if each.call.name in programs}
    own = [each for each in job.commands if each.environment in used]
    return installed_by(project, own) if own else ()


def _exact(project: ProjectFiles, requirements: Iterable[Requirement]) -> dict[str, str]:
    python = choose_python(project)[0]
    return {
        distribution(pin): f"{distribution(pin)}{pin.specifier}"
        for pin in applicable(requirements, python)
        if is_exact(pin)
    }
