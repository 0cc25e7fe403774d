"""Checks that import the checked code, with the packages of another project in the repository."""

from __future__ import annotations

from heroci_action.detection.ci.records import Command
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.readers.registry import LINT_TOOLS
from heroci_action.repository.files import ancestors, join, parent

# The lock files whose environment a launcher takes, from the directory of the command upwards.
_LOCKS = {"uv": "uv.lock", "poetry": "poetry.lock", "pdm": "pdm.lock"}
_IMPORTING = frozenset(
    {"basedpyright", "deptry", "lint-imports", "prospector", "pyright", "ty"}
).union(*(tool.programs for tool in LINT_TOOLS.values() if tool.only_by_name))


def needs_other_packages(project: ProjectFiles, command: Command) -> bool:
    """Return whether a check would miss packages in the environment of the plan: `cd tools && uv run mypy .`.

    A folder with its own lock file has other packages than the tests.
    """
    if command.call.name not in _IMPORTING or command.directory.startswith("/"):
        return False
    names = filter(None, map(_LOCKS.get, command.call.launchers))
    found = (
        project.tree.first(*(join(place, name) for place in ancestors(join(command.directory))))
        for name in names
    )
    homes = {parent(lock) for lock in found if lock}
    return bool(homes) and homes.isdisjoint(project.layout.directories)
