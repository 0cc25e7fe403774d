"""Read the hooks of pre-commit or prek as calls of lint tools."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from heroci_action.detection.ci.command_line import Options, split_words
from heroci_action.detection.ci.records import Command
from heroci_action.detection.ci.yaml_file import items, read_yaml, table, texts
from heroci_action.detection.project_files import ProjectFiles, once

_PROGRAMS = frozenset({"pre-commit", "pre_commit", "prek"})
_STAGE = ("--hook-stage", "--stage")
_USUAL_STAGE = "pre-commit"
# prek prefers its own format: https://prek.j178.dev/reference/workspace/#discovery
_FILES = ("prek.toml", ".pre-commit-config.yaml", ".pre-commit-config.yml")
# https://pre-commit.com/#confining-hooks-to-run-at-certain-stages
_FORMER_STAGES = {"commit": "pre-commit", "push": "pre-push", "merge-commit": "pre-merge-commit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A hook with the version of its repository; `wanted` and `unwanted` are patterns of the files that it sees.

    `entry` are the words of the command of a local hook; `repository` is where any other hook comes from. Without
    `stages`, it runs at every stage of git.
    """

    id: str
    path: str
    repository: str
    version: str | None
    arguments: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    stages: frozenset[str] = frozenset()
    alias: str = ""
    entry: tuple[str, ...] = ()
    passes_files: bool = True

    def runs_at(self, stage: str) -> bool:
        """Return whether the hook runs at a stage of git."""
        return not self.stages or stage in self.stages


@once
def read_hooks(project: ProjectFiles) -> tuple[Hook, ...]:
    """Return the hooks of .pre-commit-config.yaml or prek.toml."""
    return tuple(_read(project))


def _read(project: ProjectFiles) -> Iterator[Hook]:
    path, document = hooks_file(project), _document(project)
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
                stages=_stages(hook.get("stages", document.get("default_stages"))),
                alias=str(hook.get("alias", hook.get("id", ""))),
                entry=tuple(split_words(str(hook.get("entry") or ""), comments=True)),
                passes_files=str(hook.get("pass_filenames")).lower() != "false",
            )


def _stages(value: object) -> frozenset[str]:
    return frozenset(_FORMER_STAGES.get(name, name) for name in texts(value))


def hooks_file(project: ProjectFiles) -> str | None:
    """Return the configuration of the hooks."""
    return project.tree.first(*_FILES)


def _document(project: ProjectFiles) -> Mapping[str, Any]:
    path = hooks_file(project) or ""
    return project.tree.toml(path) if path.endswith(".toml") else read_yaml(project.tree, path)


def _patterns(*values: object) -> tuple[str, ...]:
    patterns = (_any_of(table(each)["glob"]) if "glob" in table(each) else each for each in values)
    return tuple(each for each in patterns if isinstance(each, str) and each not in {"", "^$"})


def _any_of(globs: object) -> str:
    """Return the pattern of prek's globs, whose `*` matches slashes as well."""
    return "|".join(f"^{fnmatch.translate(glob.replace('**/', '*'))}" for glob in texts(globs))


def hooks_of(command: Command, hooks: tuple[Hook, ...]) -> tuple[Hook, ...]:
    """Return the hooks that a command runs: `pre-commit run --all-files`, or only one by its id."""
    options = Options.split(command.call.arguments, _STAGE)
    verb, *named = options.words or ("",)
    if command.call.name not in _PROGRAMS or verb != "run":
        return ()
    asked = [hook for hook in hooks if {hook.id, hook.alias} & set(named)]
    (stage,) = _stages(options.value(*_STAGE) or _USUAL_STAGE)
    return _without_skipped(
        asked or hooks, stage, re.split(r"\s*,\s*", command.env.get("SKIP", ""))
    )


def hooks_of_ci(project: ProjectFiles) -> Iterator[Hook]:
    """Yield the hooks whose failure fails the project's CI."""
    for command in project.ci.commands:
        if not command.may_fail:
            yield from hooks_of(command, read_hooks(project))
    yield from hosted_hooks(project)


def _without_skipped(
    hooks: Iterable[Hook], stage: str, skipped: Collection[str]
) -> tuple[Hook, ...]:
    """Return the hooks of a stage that are not skipped, as by the variable SKIP of pre-commit."""
    return tuple(
        hook for hook in hooks if hook.runs_at(stage) and not {hook.id, hook.alias} & set(skipped)
    )


def hosted_hooks(project: ProjectFiles) -> tuple[Hook, ...]:
    """Return the hooks that pre-commit.ci runs, except skipped ones."""
    document = _document(project)
    skipped = texts(table(document.get("ci")).get("skip"))
    usual = _without_skipped(read_hooks(project), _USUAL_STAGE, skipped)
    return usual if _run_by_service(project, document) else ()


def _run_by_service(project: ProjectFiles, document: Mapping[str, Any]) -> bool:
    """Return whether pre-commit.ci runs the hooks: it needs no configuration, but projects show its badge."""
    readme = project.tree.first("README.md", "README.rst", "README")
    badge = "results.pre-commit.ci" in project.tree.text(readme) if readme else False
    return badge or "ci" in document
