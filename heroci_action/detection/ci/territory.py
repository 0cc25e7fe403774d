"""Which commands of a CI belong to one of several projects in a repository."""

from __future__ import annotations

from dataclasses import dataclass, replace

from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import Command, Job
from heroci_action.detection.ci.test_runs import program_file
from heroci_action.repository.files import RepositoryFiles, ancestors, parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Territory:
    """The directory of a project, and the directories of the `others` in the repository."""

    directory: str = "."
    others: frozenset[str] = frozenset()

    def contains(self, path: str) -> bool:
        """Return whether a path belongs to the project, or to none: the nearest project around it counts."""
        known = {*self.others, self.directory}
        nearest = next((place for place in ancestors(path) if place in known), self.directory)
        # The root is where commands for every project run.
        return nearest == "." or nearest not in self.others


WHOLE = Territory()
"""The only project of a repository."""


def keep_own(job: Job, tree: RepositoryFiles, territory: Territory) -> Job:
    """Return the job without the commands of the other projects."""
    kept = (command for command in job.commands if _is_own(command, tree, territory))
    return replace(job, commands=tuple(kept)) if territory.others else job


def _is_own(command: Command, tree: RepositoryFiles, territory: Territory) -> bool:
    """Return whether a command runs in the project, with its manage.py, or on at least one of its paths."""
    if command.directory.startswith("/"):
        return True
    program = program_file(command, tree) or ""
    of_other = program.endswith("manage.py") and parent(program) in territory.others
    here = territory.contains(command.directory)
    return here and not of_other and _has_own_paths(command, tree, territory)


def _has_own_paths(command: Command, tree: RepositoryFiles, territory: Territory) -> bool:
    """Return whether a command has no path of the repository among its arguments, or one of the project."""
    paths = [
        locate(word, command.directory)
        for word in command.call.arguments
        if "/" in word or word[:1] != "-"
    ]
    known = [path for path in paths if path and (tree.has(path) or tree.has_directory(path))]
    return not known or any(map(territory.contains, known))
