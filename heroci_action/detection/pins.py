"""The exact versions that a project requires, for its version of Python."""

from __future__ import annotations

from collections.abc import Mapping

from heroci_action.detection.markers import applicable, is_exact
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.python_version import choose_python
from heroci_action.detection.requirement_files import distribution
from heroci_action.detection.requirements import find_dependencies


@once
def find_pins(project: ProjectFiles) -> Mapping[str, str]:
    """Return `name==version` by normalised name, for the project's Python on Linux."""
    python = choose_python(project)[0]
    return {
        distribution(pin): f"{distribution(pin)}{pin.specifier}"
        for pin in applicable(find_dependencies(project).exact, python)
        if is_exact(pin)
    }
