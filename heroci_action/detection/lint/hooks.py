"""Read the hooks of pre-commit or prek as calls of lint tools."""

from __future__ import annotations

import fnmatch
import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from heroci_action.detection.ci.calls import parse_call
from heroci_action.detection.ci.command_line import Options, split_words
from heroci_action.detection.ci.expand import Context, run
from heroci_action.detection.ci.left_out import CHECKS, reason_of_program
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import Command, Script
from heroci_action.detection.ci.working_tree import WorkingTree
from heroci_action.detection.ci.yaml_file import items, read_yaml, table, texts
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.repository.files import RepositoryFiles, join, parent

_PROGRAMS = frozenset({"pre-commit", "pre_commit", "prek"})
_STAGE = ("--hook-stage", "--stage")
_CONFIG = ("-c", "--config")
# Both names of each option: https://pre-commit.com/#pre-commit-run
_OF_CHANGE = ("--from-ref", "--source", "-s", "--to-ref", "--origin", "-o", "--last-commit")
# Languages of hooks whose entry is a pattern or a message: https://pre-commit.com/#pygrep
_NO_PROGRAM = frozenset({"pygrep", "fail"})
# Languages of hooks for which pre-commit makes no environment, with their later names.
_OF_SYSTEM = frozenset({"system", "unsupported", "script", "unsupported_script"})
# Its hook of Flake8, which versions before 3 have, does not fix a version.
_OF_MANY = re.compile(r"pre-commit/pre-commit-hooks(\.git)?/?")
_USUAL_STAGE = "pre-commit"
# prek prefers its own format: https://prek.j178.dev/reference/workspace/#discovery
_FILES = ("prek.toml", ".pre-commit-config.yaml", ".pre-commit-config.yml")
# https://pre-commit.com/#confining-hooks-to-run-at-certain-stages
_FORMER_STAGES = {"commit": "pre-commit", "push": "pre-push", "merge-commit": "pre-merge-commit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A hook with the version of its repository; `wanted` and `unwanted` are patterns of the files that it sees.

    `entry` are the words of the command of a local hook; `repository` is where any other hook comes from. Without
    `stages`, it runs at every stage of git. If it `uses_system`, pre-commit makes no environment for it.
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
    uses_system: bool = False

    def runs_at(self, stage: str) -> bool:
        """Return whether the hook runs at a stage of git."""
        return not self.stages or stage in self.stages


@once
def read_hooks(project: ProjectFiles) -> tuple[Hook, ...]:
    """Return the hooks of the usual configuration, and of those that the CI names or has in its directories."""
    named = (_file_of(command, project) for command in project.ci.commands if _runs_hooks(command))
    files = dict.fromkeys(filter(None, (hooks_file(project), *named)))
    return tuple(hook for path in files for hook in _read(project.tree, path))


def hooks_file(project: ProjectFiles) -> str | None:
    """Return the configuration of the hooks: the one in the root, else the one next to the application."""
    places = (".", *project.layout.directories)
    return next(filter(None, (_file_in(project.tree, place) for place in places)), None)


def _file_in(tree: RepositoryFiles, directory: str) -> str | None:
    return tree.first(*(join(directory, name) for name in _FILES))


def _file_of(command: Command, project: ProjectFiles) -> str | None:
    """Return the configuration that a call reads: its directory's, although the hooks start in the root.

    Source: pre-commit/pre-commit, `_adjust_args_and_chdir`
    """
    named = _options(command).value(*_CONFIG)
    if named:
        places = (locate(named, directory) for directory in (command.directory, "."))
        return next((path for path in places if path and project.tree.has(path)), None)
    return _file_in(project.tree, command.directory) or hooks_file(project)


def _read(tree: RepositoryFiles, path: str) -> Iterator[Hook]:
    document = _document(tree, path)
    for repository in map(table, items(document.get("repos"))):
        version = re.fullmatch(r"v?(\d+(?:\.\w+)+)", str(repository.get("rev", "")))
        source = str(repository.get("repo", ""))
        for hook in map(table, items(repository.get("hooks"))):
            found = Hook(
                id=str(hook.get("id", "")),
                path=path,
                repository=source,
                version=None if version is None or _OF_MANY.search(source) else version[1],
                arguments=tuple(texts(hook.get("args"))),
                dependencies=tuple(texts(hook.get("additional_dependencies"))),
                wanted=_patterns(document.get("files"), hook.get("files")),
                unwanted=_patterns(document.get("exclude"), hook.get("exclude")),
                stages=_stages(hook.get("stages", document.get("default_stages"))),
                alias=str(hook.get("alias", hook.get("id", ""))),
                entry=_entry(hook),
                passes_files=str(hook.get("pass_filenames")).lower() != "false",
                uses_system=str(hook.get("language")) in _OF_SYSTEM,
            )
            yield from _unfold(tree, found)


def _unfold(tree: RepositoryFiles, hook: Hook) -> tuple[Hook, ...]:
    """Return the linters that the task or script of a local hook calls, as hooks: `make lint`, `bash -c "flake8"`.

    If it does anything else, it is one hook whose purpose is not known. It may ask which files changed, which is not
    read.
    """
    script = parse_call(hook.entry).script if hook.entry else None
    ignores_files = script is not None and "$" not in script
    if not hook.entry or hook.arguments or (hook.passes_files and not ignores_files):
        return (hook,)
    text = Script(text=shlex.join(hook.entry), source=hook.path)
    commands = list(run(text, Context(files=WorkingTree(tree))))
    if not (commands and all(map(_is_linter, commands))):
        return (hook,)
    return tuple(replace(hook, entry=each.words, passes_files=False) for each in commands)


def _is_linter(command: Command) -> bool:
    """Return whether a command of a hook is a linter that must pass and that a step can call from the root."""
    known = reason_of_program(command.call.name) == CHECKS and command.directory == "."
    free = not (command.environment or command.writes or command.piped or command.is_contained)
    return known and free and not (command.may_fail or command.conditional or command.env)


def _stages(value: object) -> frozenset[str]:
    return frozenset(_FORMER_STAGES.get(name, name) for name in texts(value))


def _entry(hook: Mapping[str, Any]) -> tuple[str, ...]:
    entry, language = str(hook.get("entry") or ""), str(hook.get("language", ""))
    return (
        (language, entry) if language in _NO_PROGRAM else tuple(split_words(entry, comments=True))
    )


def is_found_from(path: str, directories: Collection[str]) -> bool:
    """Return whether pre-commit finds a configuration by itself if it is called in one of the directories."""
    return parent(path) in directories and path.rpartition("/")[2] in _FILES


def _document(tree: RepositoryFiles, path: str) -> Mapping[str, Any]:
    return tree.toml(path) if path.endswith(".toml") else read_yaml(tree, path)


def _patterns(*values: object) -> tuple[str, ...]:
    patterns = (_any_of(table(each)["glob"]) if "glob" in table(each) else each for each in values)
    return tuple(each for each in patterns if isinstance(each, str) and each not in {"", "^$"})


def _any_of(globs: object) -> str:
    """Return the pattern of prek's globs, whose `*` matches slashes as well."""
    return "|".join(f"^{fnmatch.translate(glob.replace('**/', '*'))}" for glob in texts(globs))


def hooks_of(command: Command, project: ProjectFiles) -> tuple[Hook, ...]:
    """Return the hooks that a command runs: `pre-commit run --all-files`, or only one by its id."""
    if not _runs_hooks(command):
        return ()
    options = _options(command)
    hooks = tuple(_read(project.tree, _file_of(command, project) or ""))
    asked = [hook for hook in hooks if {hook.id, hook.alias} & set(options.words[1:])]
    (stage,) = _stages(options.value(*_STAGE) or _USUAL_STAGE)
    return _without_skipped(
        asked or hooks, stage, re.split(r"\s*,\s*", command.env.get("SKIP", ""))
    )


def _runs_hooks(command: Command) -> bool:
    return command.call.name in _PROGRAMS and _options(command).words[:1] == ("run",)


def checks_changes(command: Command, project: ProjectFiles) -> bool:
    """Return whether a command runs hooks only on the files between two commits."""
    return _options(command).has(*_OF_CHANGE) and bool(hooks_of(command, project))


def runs_unknown_hooks(command: Command, project: ProjectFiles) -> bool:
    """Return whether a command runs the hooks of a file that the repository lacks."""
    return _runs_hooks(command) and _file_of(command, project) is None


def _options(command: Command) -> Options:
    return Options.split(command.call.arguments, (*_STAGE, *_CONFIG))


def hooks_of_ci(project: ProjectFiles) -> Iterator[Hook]:
    """Yield the hooks whose failure fails the project's CI."""
    for command in project.ci.commands:
        if not command.may_fail:
            yield from hooks_of(command, project)
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
    path = _file_in(project.tree, ".") or ""
    document = _document(project.tree, path)
    skipped = texts(table(document.get("ci")).get("skip"))
    usual = _without_skipped(_read(project.tree, path), _USUAL_STAGE, skipped)
    return usual if _run_by_service(project, document) else ()


def _run_by_service(project: ProjectFiles, document: Mapping[str, Any]) -> bool:
    """Return whether pre-commit.ci runs the hooks: it needs no configuration, but projects show its badge."""
    readme = project.tree.first("README.md", "README.rst", "README")
    badge = "results.pre-commit.ci" in project.tree.text(readme) if readme else False
    return badge or "ci" in document
