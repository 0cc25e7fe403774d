"""The settings that test commands name, and the order of commands with different ones."""

from __future__ import annotations

import re

from heroci_action.detection.ci.selection import (
    find_files,
    locate_labels,
    narrowness,
    spell_as_paths,
)
from heroci_action.detection.ci.test_runs import Runner, TestRun
from heroci_action.repository.files import RepositoryFiles

# `--settings=shop.settings.readonly`, `--ds shop.settings`
_OPTION = re.compile(r"--(?:settings|ds)[= ](\S+)")
_VARIABLE = "DJANGO_SETTINGS_MODULE"
_TEST_FILE = r"(.*/)?(tests?[^/]*|[^/]*_tests?)\.py"


def named_settings(run: TestRun) -> list[str]:
    """Return the settings modules that the options of a run name."""
    return _OPTION.findall(" ".join(run.arguments))


def with_most_tests_first(runs: list[TestRun], tree: RepositoryFiles) -> list[TestRun]:
    """Return runs with those first whose settings most tests get: only one settings module is the plan's."""
    groups: dict[str, list[TestRun]] = {}
    for run in runs:
        groups.setdefault(_settings(run), []).append(run)
    if len(groups) == 1:
        return runs
    ordered = sorted(groups.values(), key=lambda group: _rank(group, tree))
    return [run for group in ordered for run in group]


def _settings(run: TestRun) -> str:
    return next(iter(named_settings(run)), run.command.env.get(_VARIABLE, ""))


def _rank(runs: list[TestRun], tree: RepositoryFiles) -> tuple[int, int]:
    files = {file for run in runs for place in _places(run) for file in _tests_in(tree, place)}
    return min(map(narrowness, runs)), -len(files)


def _places(run: TestRun) -> list[str]:
    """Return the files and directories that a run names, else the directory in which it starts."""
    labels = find_files(run)
    paths = labels if run.runner is Runner.PYTEST else spell_as_paths(labels)
    return locate_labels(paths, run.command.directory)


def _tests_in(tree: RepositoryFiles, place: str) -> tuple[str, ...]:
    return (place,) if tree.has(place) else tree.matching(_TEST_FILE, under=place)
