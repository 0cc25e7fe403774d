"""Runs of tests that another run of the same job contains: `pytest shop --ignore=shop/ui` beside `pytest shop`."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from fnmatch import fnmatchcase

from heroci_action.detection.ci.selection import spell_as_paths
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.test_runner.choice import uses_pytest
from heroci_action.detection.test_runner.pytest_config import pytest_config
from heroci_action.repository.files import ancestors, join, parent

Choice = tuple[tuple[str, str], ...]
"""The options with their values, and the labels (with an empty name), that choose the tests of a run."""
# Pytest's own value of `norecursedirs`.
_NOT_ENTERED = ("*.egg", ".*", "_darcs", "build", "CVS", "dist", "node_modules", "venv", "{arch}")


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
    return all(any(_finds(project, place, label) for place in places) for label in wanted)


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


def _finds(project: ProjectFiles, place: str, label: str) -> bool:
    """Return whether a run of a place has the tests of a label."""
    if label == place:
        return True
    around = () if label.startswith("/") else ancestors(label)
    below = tuple(itertools.takewhile(lambda each: not _is_of(each, place), around))
    return (
        len(below) < len(around) and _is_entered(project, below) and _is_collected(project, label)
    )


def _is_of(path: str, place: str) -> bool:
    # The places of `testpaths` may be patterns.
    return path == "." if place == "." else fnmatchcase(path, place)


def _is_entered(project: ProjectFiles, below: Iterable[str]) -> bool:
    """Return whether a run goes down through directories which another run may name: not into `build`."""
    paths = {each: project.layout.path_of(each) for each in below}
    directories = {each: path for each, path in paths.items() if project.tree.has_directory(path)}
    if not uses_pytest(project):
        return all(project.tree.has(join(path, "__init__.py")) for path in directories.values())
    named = pytest_config(project).options.get("norecursedirs", "").split()
    names = {each.rpartition("/")[2] for each in directories}
    left_out = any(fnmatchcase(name, each) for name in names for each in named or _NOT_ENTERED)
    return not left_out and not any(_may_ignore(project, path) for path in paths.values())


def _may_ignore(project: ProjectFiles, path: str) -> bool:
    """Return whether a conftest.py around a path leaves out some: `collect_ignore = ["ui"]`."""
    files = (join(place, "conftest.py") for place in ancestors(parent(path)))
    return any("collect_ignore" in project.tree.text(file) for file in files)


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
