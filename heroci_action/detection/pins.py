"""The exact versions that a project requires, for its version of Python."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping

from packaging.requirements import Requirement

from heroci_action.detection.markers import applicable, is_exact
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.python_version import choose_python
from heroci_action.detection.requirement_files import distribution
from heroci_action.detection.requirements import find_dependencies, installed_by

# `ruff@0.9.1`, `isort==5.13.2`
_VERSION = re.compile(r"[\w-]+(?:@|==)v?(\d+(?:\.\w+)+)")


@once
def find_pins(project: ProjectFiles) -> Mapping[str, str]:
    """Return `name==version` by normalised name, for the project's Python on Linux."""
    return _exact(project, find_dependencies(project).exact)


def find_pin_beside(project: ProjectFiles, programs: Container[str], package: str) -> str | None:
    """Return the version of a package with which the CI calls one of these programs: `uvx ruff@0.9.1`, or installed."""
    for job in project.ci.jobs:
        calls = [each for each in job.commands if each.call.name in programs]
        for match in filter(None, (_VERSION.fullmatch(each.call.program) for each in calls)):
            return f"{package}=={match[1]}"
        used = {each.environment for each in calls}
        own = [each for each in job.commands if each.environment in used]
        pin = _exact(project, installed_by(project, own)).get(package) if own else None
        if pin:
            return pin
    return None


def _exact(project: ProjectFiles, requirements: Iterable[Requirement]) -> dict[str, str]:
    python = choose_python(project)[0]
    return {
        distribution(pin): f"{distribution(pin)}{pin.specifier}"
        for pin in applicable(requirements, python)
        if is_exact(pin)
    }
