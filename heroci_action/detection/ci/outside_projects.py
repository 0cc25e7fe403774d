"""Tell the tests of the Django projects from those of other programs in the repository."""

from __future__ import annotations

import itertools

from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.selection import (
    select,
)
from heroci_action.detection.ci.test_runs import Runner, TestRun
from heroci_action.repository.files import RepositoryFiles, ancestors, parent


def tests_outside_projects(run: TestRun, tree: RepositoryFiles) -> bool:
    """Return whether a run tests directories that are neither around a manage.py nor below the directory of one."""
    places = _tested_places(run, tree)
    if run.runner is Runner.DJANGO or "." in places:
        return False
    homes = {parent(path) for path in tree.matching(r"(.*/)?manage\.py")}
    pairs = itertools.product(homes, places)
    return bool(homes) and not any(_are_related(home, place) for home, place in pairs)


def _tested_places(run: TestRun, tree: RepositoryFiles) -> list[str]:
    """Return the directories that a run names, else the one in which it starts."""
    paths = (locate(word, run.command.directory) for word in select(run))
    named = [path for path in paths if path and tree.has_directory(path)]
    return named or [run.command.directory]


def _are_related(first: str, second: str) -> bool:
    return first in ancestors(second) or second in ancestors(first)
