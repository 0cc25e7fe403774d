"""Runs of tests that another run of the same job contains: `pytest shop --ignore=shop/ui` beside `pytest shop`."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from heroci_action.detection.ci.selection import spell_as_paths
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.test_runner.choice import uses_pytest
from heroci_action.detection.test_runner.pytest_config import pytest_config
from heroci_action.repository.files import ancestors, join

Choice = tuple[tuple[str, str], ...]
"""The options with their values, and the labels (with an empty name), that choose the tests of a run."""


def drop_repetitions(
    project: ProjectFiles, choices: Iterable[Choice], further: Iterable[Choice]
) -> frozenset[Choice]:
    """Return the choices that no other one contains; the `further` ones may run other tests than they seem to."""
    kept = list(choices)
    for choice in reversed(list(kept)):
        others = (other for other in kept if other != choice)
        if choice not in further and any(_contains(project, other, choice) for other in others):
            kept.remove(choice)
    return frozenset(kept)


def _contains(project: ProjectFiles, outer: Choice, inner: Choice) -> bool:
    """Return whether a run has all tests of another one: it has no further option, and is for the same places."""
    if not set(_options(outer)).issubset(_options(inner)):
        return False
    places, labels = _places(project, outer), _places(project, inner)
    if not places and labels:
        places = _usual_places(project)
    # A run without labels is one of the whole directory.
    wanted = labels or ["."] * bool(places)
    return all(
        label in places or (_is_inside(label, places) and _is_collected(project, label))
        for label in wanted
    )


def _options(choice: Choice) -> list[tuple[str, str]]:
    return [(name, value) for name, value in choice if name]


def _places(project: ProjectFiles, choice: Choice) -> list[str]:
    """Return the labels as paths, with the nodes in files: `shop/tests/CartTests` for `shop.tests.CartTests`."""
    labels = [value.replace("::", "/") for name, value in choice if not name]
    modules = [label for label in labels if not (uses_pytest(project) or label.startswith("."))]
    return [join(spell_as_paths([each])[0] if each in modules else each) for each in labels]


def _usual_places(project: ProjectFiles) -> list[str]:
    """Return where a run without labels looks for tests."""
    paths = pytest_config(project).options.get("testpaths", "") if uses_pytest(project) else ""
    return [join(path) for path in paths.split()] or ["."]


def _is_inside(label: str, places: Iterable[str]) -> bool:
    around = () if label.startswith("/") else ancestors(label)
    return any(place == "." or any(fnmatchcase(each, place) for each in around) for place in places)


def _is_collected(project: ProjectFiles, label: str) -> bool:
    """Return whether a run of the directory finds the file of a label, which may have any name if it is named."""
    patterns = ["test*.py"]
    if uses_pytest(project):
        named = pytest_config(project).options.get("python_files", "").split()
        patterns = named or ["test_*.py", "*_test.py"]
    paths = map(project.layout.path_of, ancestors(label))
    files = (path if path.endswith(".py") else f"{path}.py" for path in paths)
    found = next(filter(project.tree.has, files), None)
    return found is None or any(fnmatchcase(found.rpartition("/")[2], each) for each in patterns)
