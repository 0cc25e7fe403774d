"""Packages that the CI installs after a file or a lock, in other versions than that pins."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.requirements import Requirement

from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.requirements.declared import Dependencies
from heroci_action.detection.requirements.files import distribution, parse_requirement
from heroci_action.detection.requirements.installs import read_installs


def find_replacing(project: ProjectFiles, found: Dependencies) -> Iterator[str]:
    """Yield the packages whose versions the other dependencies exclude: together, none of them could be installed."""
    later = read_installs(project).later
    for text in found.packages:
        package = parse_requirement(text) if text in later else None
        if package and any(_excludes(package, other) for other in found.exact):
            yield text


def _excludes(one: Requirement, other: Requirement) -> bool:
    """Return whether two requirements of one package pin different versions, or one excludes the other's version."""
    if distribution(one) != distribution(other):
        return False
    pairs = ((one, other), (other, one))
    return any(
        not wanted.specifier.contains(version, prereleases=True)
        for wanted, pinned in pairs
        for version in _pins(pinned)
    )


def _pins(requirement: Requirement) -> Iterator[str]:
    """Yield the exact versions of a requirement."""
    for specifier in requirement.specifier:
        if specifier.operator in {"==", "==="} and "*" not in specifier.version:
            yield specifier.version
