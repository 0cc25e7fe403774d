"""The directories that the CI adds to PYTHONPATH and to PATH."""

from __future__ import annotations

from collections.abc import Iterator

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.project_ci import ProjectCI
from heroci_action.detection.ci.test_runs import Runner, TestRun
from heroci_action.repository.files import RepositoryFiles

_VALUED = frozenset({"--pythonpath"})


def import_paths(tree: RepositoryFiles, ci: ProjectCI) -> tuple[str, ...]:
    """Return the directories where the tests find modules that the repository has or the job makes.

    They are in PYTHONPATH, or a test command of Django adds them, and Django's other commands need them as well.
    """
    made = set(_made_directories(ci))
    runs = ci.suite.runs if ci.suite else ()
    added = (path for run in runs for path in added_paths(run))
    entries = dict.fromkeys((*path_entries("PYTHONPATH", ci), *added))
    return tuple(path for path in entries if path in made or tree.has_directory(path))


def added_paths(run: TestRun) -> Iterator[str]:
    """Yield the directories of the repository in `manage.py test --pythonpath ../shared`."""
    if run.runner is Runner.DJANGO:
        values = Options.split(run.arguments, _VALUED).values("--pythonpath")
        places = (locate(value, run.command.directory) for value in values)
        yield from filter(None, places)


def _made_directories(ci: ProjectCI) -> Iterator[str | None]:
    for command in ci.suite.job.commands if ci.suite else ():
        if command.call.name == "mkdir" and not command.conditional:
            yield from (locate(word, command.directory) for word in command.call.arguments)


def path_entries(variable: str, ci: ProjectCI) -> tuple[str, ...]:
    """Return the paths of the repository in a variable of the tests."""
    found: dict[str, None] = {}
    for run in ci.suite.runs if ci.suite else ():
        for env in (run.command.call.env, run.command.env):
            for entry in env.get(variable, "").split(":"):
                path = locate(entry, run.command.directory) if entry else None
                if path is not None:
                    found[path] = None
    return tuple(found)
