"""Workspaces of uv: one lock file for all members, and the root's groups in addition to a member's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from packaging.requirements import Requirement

from heroci_action.detection.ci.records import Command
from heroci_action.detection.ci.yaml_file import table, texts
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.requirements.files import distribution, parse_requirement
from heroci_action.detection.requirements.installs import Installs
from heroci_action.detection.requirements.metadata import Metadata, read_metadata
from heroci_action.repository.files import (
    RepositoryFiles,
    ancestors,
    join,
    parent,
    relative_path,
)

# Options with which `uv sync` installs something other than the project in its directory.
_ELSEWHERE = frozenset({"--package", "--all-packages", "--directory", "--project"})


def workspace_of(tree: RepositoryFiles, directory: str) -> Mapping[str, Any]:
    """Return the table of a workspace whose root is a directory; it is empty if there is none."""
    tool = table(tree.toml(join(directory, "pyproject.toml")).get("tool"))
    return table(table(tool.get("uv")).get("workspace"))


def lock_of_workspace(tree: RepositoryFiles, lock: str) -> str:
    """Return the lock file that uv reads in a directory with one: a member of a workspace has its root's."""
    member = parent(lock)
    for root in ancestors(member)[1:]:
        shared = join(root, "uv.lock")
        if _contains(tree, root, member) and tree.has(shared):
            return shared
    return lock


def _contains(tree: RepositoryFiles, root: str, member: str) -> bool:
    workspace, path = workspace_of(tree, root), relative_path(member, root)
    members, excluded = (texts(workspace.get(key)) for key in ("members", "exclude"))
    is_own = bool(workspace_of(tree, member))
    return not is_own and _fits(path, members) and not _fits(path, excluded)


def _fits(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(path, join(pattern)) for pattern in patterns)


def packages_of_root(
    project: ProjectFiles, root: str, installs: Installs, locked: Sequence[Requirement]
) -> Iterator[str]:
    """Yield the installations for the root in addition to a member: its groups, each in the locked version.

    uv installs no group of the root for a member.
    """
    metadata = read_metadata(project.tree, root)
    if metadata is None or not any(_syncs(command, root) for command in project.commands):
        return
    lines = (*metadata.dependencies, *_group_lines(installs, metadata))
    versions: dict[str, set[str]] = {}
    for requirement in locked:
        versions.setdefault(distribution(requirement), set()).add(str(requirement.specifier))
    for line in dict.fromkeys(lines):
        yield _pinned(line, versions)


def _group_lines(installs: Installs, metadata: Metadata) -> Iterator[str]:
    for group in installs.choose_groups(metadata) or ():
        yield from metadata.group(group)


def _syncs(command: Command, root: str) -> bool:
    """Return whether a command installs the root itself: `uv sync --group dev` in its directory."""
    words = {word.partition("=")[0] for word in command.words}
    return (
        command.call.name == "uv"
        and command.call.arguments[:1] == ("sync",)
        and join(command.directory) == root
        and words.isdisjoint(_ELSEWHERE)
    )


def _pinned(line: str, versions: Mapping[str, set[str]]) -> str:
    """Return a requirement in the locked version, if there is only one."""
    requirement = parse_requirement(line)
    found = versions.get(distribution(requirement), set()) if requirement else set()
    if requirement is None or len(found) != 1 or requirement.url:
        return line
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f"; {requirement.marker}" if requirement.marker else ""
    return f"{requirement.name}{extras}{next(iter(found))}{marker}"
