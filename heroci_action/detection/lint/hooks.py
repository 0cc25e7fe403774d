"""Read the hooks of pre-commit or prek as calls of lint tools."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from heroci_action.detection.ci.command_line import Options, split_words
from heroci_action.detection.ci.records import Command
from heroci_action.detection.ci.yaml_file import items, read_yaml, table, texts
from heroci_action.detection.project_files import ProjectFiles, once

_PROGRAMS = frozenset({"pre-commit", "pre_commit", "prek"})
_STAGE = ("--hook-stage", "--stage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A hook with the version of its repository; `wanted` and `unwanted` are patterns of the files that it sees.

    `entry` are the words of the command of a local hook; `repository` is where any other hook comes from.
    """

    id: str
    path: str
    repository: str
    version: str | None
    arguments: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    manual: bool = False
    entry: tuple[str, ...] = ()
    passes_files: bool = True


@once
def read_hooks(project: ProjectFiles) -> tuple[Hook, ...]:
    """Return the hooks of .pre-commit-config.yaml."""
    return tuple(_read(project))


def _read(project: ProjectFiles) -> Iterator[Hook]:
    path = hooks_file(project)
    document = read_yaml(project.tree, path) if path else {}
    for repository in map(table, items(document.get("repos"))):
        version = re.fullmatch(r"v?(\d+(?:\.\w+)+)", str(repository.get("rev", "")))
        for hook in map(table, items(repository.get("hooks"))):
            yield Hook(
                id=str(hook.get("id", "")),
                path=str(path),
                repository=str(repository.get("repo", "")),
                version=version[1] if version else None,
                arguments=tuple(texts(hook.get("args"))),
                dependencies=tuple(texts(hook.get("additional_dependencies"))),
                wanted=_patterns(document.get("files"), hook.get("files")),
                unwanted=_patterns(document.get("exclude"), hook.get("exclude")),
                manual="manual" in texts(hook.get("stages")),
                entry=tuple(split_words(str(hook.get("entry") or ""), comments=True)),
                passes_files=str(hook.get("pass_filenames")).lower() != "false",
            )


def hooks_file(project: ProjectFiles) -> str | None:
    """Return the configuration of the hooks."""
    return project.tree.first(".pre-commit-config.yaml", ".pre-commit-config.yml")


def _patterns(*values: object) -> tuple[str, ...]:
    return tuple(value for value in values if isinstance(value, str) and value not in {"", "^$"})


def hooks_of(command: Command, hooks: tuple[Hook, ...]) -> tuple[Hook, ...]:
    """Return the hooks that a command runs: `pre-commit run --all-files`, or only one by its id."""
    options = Options.split(command.call.arguments, _STAGE)
    verb, *named = options.words or ("",)
    if command.call.name not in _PROGRAMS or verb != "run":
        return ()
    asked = tuple(hook for hook in hooks if hook.id in named)
    stage = options.value(*_STAGE)
    usual = tuple(hook for hook in hooks if stage == "manual" or not hook.manual)
    return _without_skipped(asked or usual, command.env)


def hooks_of_ci(project: ProjectFiles) -> Iterator[Hook]:
    """Yield the hooks whose failure fails the project's CI."""
    for command in project.ci.commands:
        if not command.may_fail:
            yield from hooks_of(command, read_hooks(project))
    yield from hosted_hooks(project)


def _without_skipped(hooks: tuple[Hook, ...], env: Mapping[str, str]) -> tuple[Hook, ...]:
    """Return the hooks that the variable SKIP of pre-commit does not name."""
    skipped = re.split(r"\s*,\s*", env.get("SKIP", ""))
    return tuple(hook for hook in hooks if hook.id not in skipped)


def hosted_hooks(project: ProjectFiles) -> tuple[Hook, ...]:
    """Return the hooks that pre-commit.ci runs."""
    usual = (hook for hook in read_hooks(project) if not hook.manual)
    return tuple(usual) if _run_by_service(project) else ()


def _run_by_service(project: ProjectFiles) -> bool:
    """Return whether pre-commit.ci runs the hooks: it needs no configuration, but projects show its badge."""
    path = hooks_file(project)
    document: Mapping[str, Any] = read_yaml(project.tree, path) if path else {}
    readme = project.tree.first("README.md", "README.rst", "README")
    badge = "results.pre-commit.ci" in project.tree.text(readme) if readme else False
    return badge or "ci" in document
