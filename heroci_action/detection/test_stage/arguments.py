"""The arguments of the project's test commands that the plan keeps."""

from __future__ import annotations

from collections.abc import Iterator

from heroci_action.detection.ci.arguments import is_parallel, keep
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.selection import (
    find_choice,
    find_exclusions,
    find_inclusions,
    known_arguments,
    project_options,
)
from heroci_action.detection.ci.settings_of_runs import named_settings
from heroci_action.detection.ci.test_runs import TestRun
from heroci_action.detection.ci.tool_variables import may_change_tests
from heroci_action.detection.findings import Finding, Found
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.test_runner.choice import main_run
from heroci_action.detection.test_runner.pytest_config import file_of_run, pytest_config
from heroci_action.detection.test_stage.repeated_runs import Choice, drop_repetitions
from heroci_action.repository.files import relative_path


def find_arguments(project: ProjectFiles, runs: tuple[TestRun, ...]) -> Iterator[Finding]:
    """Yield the arguments of each run; one with other settings or variables does not belong to this stage."""
    main = main_run(project)
    if main is None:
        return
    surroundings = surroundings_of(project, main)
    same = [run for run in runs if surroundings_of(project, run) == surroundings]
    kept = _distinct(project, same)
    source = main.command.source
    if len(kept) > 1:
        yield Found("tests.args", [list(words) for words in kept], f"the test commands in {source}")
    elif kept[0]:
        yield Found("tests.args", list(kept[0]), f"the test command in {source}")
    # A part that the CI runs in one process may fail in several.
    counted = {is_parallel(run.arguments) for run in same if kept_words(project, run) in kept}
    if len(counted) == 1 and (parallel := counted.pop()) is not None:
        yield Found("tests.parallel", parallel, f"the test command in {source}")


def _distinct(project: ProjectFiles, runs: list[TestRun]) -> list[tuple[str, ...]]:
    """Return the arguments of the runs that choose different tests.

    A run that another one contains is a repetition, except for tests that pytest's configuration excludes, and for
    options that no runner knows: they may add tests, or run the same ones in another way.
    """
    kept: dict[Choice, tuple[str, ...]] = {}
    further = set[Choice]()
    excluded = find_exclusions(pytest_config(project).addopts)
    for run in runs:
        words = kept_words(project, run)
        choice = find_choice(words)
        kept.setdefault(choice, words)
        if find_inclusions(words) & excluded or project_options(run):
            further.add(choice)
    different = drop_repetitions(project, kept, further)
    return [words for choice, words in kept.items() if choice in different]


def surroundings_of(project: ProjectFiles, run: TestRun) -> tuple[object, ...]:
    """Return what two runs of one stage have in common."""
    env = {name: value for name, value in run.command.env.items() if may_change_tests(name)}
    return env, named_settings(run), run.program, file_of_run(project, run)


def kept_words(project: ProjectFiles, run: TestRun) -> tuple[str, ...]:
    """Return the arguments of a run that the plan keeps, with paths from the working directory."""
    return tuple(_moved(project, run, word) for word in keep(known_arguments(run)))


def _moved(project: ProjectFiles, run: TestRun, word: str) -> str:
    """Return a path of the command's directory as a path of the working directory."""
    path, separator, node = word.partition("::")
    there = locate(path, run.command.directory) if not path.startswith("-") else None
    known = there is not None and (
        there == "." or project.tree.has(there) or project.tree.has_directory(there)
    )
    if known and there is not None:
        path = relative_path(there, project.layout.directory)
    return f"{path}{separator}{node}"
