"""The directories and files in which the tests of the project are."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.selection import find_files, locate_labels, spell_as_paths
from heroci_action.detection.ci.test_runs import Runner, TestRun
from heroci_action.detection.import_paths import added_paths
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.test_runner.pytest_config import pytest_config
from heroci_action.repository.files import join, parent

# `tests/integration/browser.py`, `conftest.py`
OF_TESTS = re.compile(r"(^|[/_])(tests?|conftest)[/_.]")


def places_of(project: ProjectFiles, run: TestRun) -> list[str]:
    """Return the directories and files in which the tests of a run are."""
    labels = find_files(run)
    directory = run.command.directory
    if run.runner is Runner.DJANGO and not _named_directories(project, run, labels):
        paths = spell_as_paths(labels)
        added = _found_in_added_paths(project, run, paths)
        return added or locate_labels(paths, project.layout.directory)
    if not labels and directory == project.layout.directory:
        return list(_test_paths(project)) or [directory]
    return locate_labels(labels, directory)


def _found_in_added_paths(project: ProjectFiles, run: TestRun, labels: list[str]) -> list[str]:
    """Return the places of labels that are modules of `manage.py test --pythonpath ../shared`."""
    places = [join(path, label) for path in added_paths(run) for label in labels]
    has = (project.tree.has(f"{place}.py") or project.tree.has_directory(place) for place in places)
    return list(itertools.compress(places, has))


def _named_directories(project: ProjectFiles, run: TestRun, labels: list[str]) -> bool:
    """Return whether all labels are directories from where Django is called; it imports any other as a module."""
    paths = [locate(label, run.command.directory) for label in labels]
    return bool(paths) and all(path and project.tree.has_directory(path) for path in paths)


def _test_paths(project: ProjectFiles) -> Iterator[str]:
    """Yield the paths in which pytest looks for tests if its arguments name none, up to the first pattern in each."""
    config = pytest_config(project)
    for path in config.options.get("testpaths", "").split():
        plain = itertools.takewhile(lambda part: not re.search(r"[*?\[]", part), path.split("/"))
        yield join(parent(config.file or "."), "/".join(plain))
