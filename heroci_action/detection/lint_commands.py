"""How a project calls its lint tools: the options and paths in the commands of its CI, tox, make and commit hooks."""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from heroci_action.detection.evidence import Command, read_yaml
from heroci_action.detection.project_files import ProjectFiles, words
from heroci_action.detection.tox import lines as tox_lines
from heroci_action.readers.format import LintTool
from heroci_action.repository.files import ancestors, join
from heroci_action.repository.targets import PYTHON, lint_targets

# What may stand in front of a tool's name without making it the argument of something else (`pip install black`).
_LAUNCHERS = re.compile(
    r"poetry|pdm|pipenv|uvx?|pipx|hatch|rye|run|python3?|time|\w+=.*|-(?!-with$).*"
)
_CONTAINERS = re.compile(r"docker(-compose)?|podman|\$[({]?\w+[)}]?|compose")
# Options that say how the tool reports, or that make it change files: that is ours to say.
_REPORTING = re.compile(
    r"--(check(-only)?|diff|quiet|verbose|(no-)?color|(no-)?fix|exit-non-zero-on-fix|fix-only|show-fixes|statistics|"
    r"count|(no-)?show-source|benchmark|tee|version-check|filter-files|atomic|interactive|unsafe-fixes|"
    r"show-files|recursive)|--(output-format|format|output-file|workers|jobs)=.*|-(c|q|v|vv|vb|rc|df|ns|y)"
)
_REPORTING_WITH_VALUE = re.compile(r"--(output-format|format|output-file|workers|jobs)|-[Wj]")
_WITH_VALUE = re.compile(
    r"--((extend-|force-)?exclude|include|filename|src|project|required-version|enable-extensions|target-version|"
    r"(max-)?line-(length|width)|max-complexity|max-doc-length|(extend-)?(select|ignore|per-file-ignores)|profile|"
    r"(extend-)?skip(-glob)?|sg|known-(first|third)-party|multi-line)|-[ltwmposk]"
)
_PLACES = re.compile(r"--(config|settings-path|settings-file|settings|sp|append-config)")
_CHECKING = frozenset({"--check", "--check-only", "-c", "--diff", "--df"})
_DEVELOPERS = frozenset({"tox.ini", "Makefile"})  # their targets may be there to change files
_FIXING = re.compile(r"fmt|format|fix|pretty|style-fix|reformat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One way in which the project calls a tool; paths are relative to the repository's root, none means `directory`.

    `program` is the name it is called by (`pflake8` for flake8). `wanted` and `unwanted` are what a commit hook says of
    the files it looks at, as regular expressions.
    """

    why: str
    program: str
    directory: str = "."
    options: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()


Source = Callable[[LintTool], list[Call]]


def by_ci(project: ProjectFiles) -> Source:
    """The calls of the project's CI; tox, make and the commit hooks are part of it where it runs them."""
    ci = " ".join(command.line for command in project.evidence.commands)
    tox, make = tuple(_tox(project)), tuple(_make(project))
    targets = frozenset(re.findall(r"\bmake ([\w./-]+)", ci))
    commands = (
        *project.evidence.commands,
        *(tox if re.search(r"\btox\b", ci) else ()),
        *(command for target, command in make if target in targets),
    )
    hooks = bool(re.search(r"pre-commit|\bprek\b", ci)) or _hosted(project)
    return lambda tool: [
        *_in_commands(project, commands, tool),
        *(_in_hooks(project, tool) if hooks else ()),
    ]


def by_developers(project: ProjectFiles) -> tuple[Source, ...]:
    """The calls of tox, make and the commit hooks, the strongest first."""
    tox, make = tuple(_tox(project)), tuple(command for _, command in _make(project))
    return (
        lambda tool: list(_in_commands(project, tox, tool)),
        lambda tool: list(_in_commands(project, make, tool)),
        lambda tool: list(_in_hooks(project, tool)),
    )


def _hosted(project: ProjectFiles) -> bool:
    """Whether pre-commit.ci runs the hooks: it needs no configuration, but projects show its badge."""
    readme = project.tree.first("README.md", "README.rst", "README")
    badge = "results.pre-commit.ci" in project.tree.text(readme) if readme else False
    return badge or "ci" in _hooks_document(project)


def _in_commands(
    project: ProjectFiles, commands: Iterable[Command], tool: LintTool
) -> Iterator[Call]:
    for command in commands:
        yield from _in_command(project, command, tool)


def command_of(project: ProjectFiles, tool: LintTool, found: list[Call]) -> tuple[str, ...]:
    """The tool's command with our way of reporting and the project's options and paths; those of equal calls united."""
    first = found[0]
    same = [
        call for call in found if (call.program, call.options) == (first.program, first.options)
    ]
    targets = dict.fromkeys(target for call in same for target in _targets(project, call))
    outermost = (target for target in targets if not set(ancestors(target)[1:]) & set(targets))
    paths = (_from_working_directory(project, target) for target in outermost)
    return (first.program, *tool.command[1:-1], *first.options, *paths)


def _targets(project: ProjectFiles, call: Call) -> Iterator[str]:
    """The call's paths without what a hook leaves out, and without what git does not track."""
    strays = list(project.tree.strays)
    files = _python(project)
    if call.wanted or call.unwanted:
        kept = [file for file in files if _passes(file, call)]
        strays += set(files) - set(kept)
        files = kept
    for path in call.paths or (call.directory,):
        yield from _narrowed(project, path, files, strays)


def _narrowed(
    project: ProjectFiles, path: str, files: list[str], strays: list[str]
) -> tuple[str, ...]:
    """A directory without its strays; a file, or a name we do not know, as it is."""
    near = _below(strays, path)
    if not near or not (path == "." or project.tree.has_directory(path)):
        return (path,)
    inside = [os.path.relpath(file, path) for file in _below(files, path)]
    outside = [os.path.relpath(stray, path) + "/" * stray.endswith("/") for stray in near]
    return tuple(join(path, target) for target in lint_targets(inside, outside))


def _python(project: ProjectFiles) -> list[str]:
    """The Python files that git tracks or that are somebody's new work, as `python_targets` has it."""
    directories = tuple(stray for stray in project.tree.strays if stray.endswith("/"))
    return [
        file
        for file in project.tree.files
        if PurePosixPath(file).suffix in PYTHON and not file.startswith(directories)
    ]


def _below(files: Iterable[str], path: str) -> list[str]:
    return [file for file in files if path in (".", file) or file.startswith(f"{path}/")]


def _passes(file: str, call: Call) -> bool:
    return all(_found(pattern, file) for pattern in call.wanted) and not any(
        _found(pattern, file) for pattern in call.unwanted
    )


def _found(pattern: str, file: str) -> bool:
    """As pre-commit searches; a pattern that Python does not understand finds nothing."""
    try:
        return re.search(pattern, file) is not None
    except re.error:
        return False


def _from_working_directory(project: ProjectFiles, path: str) -> str:
    return os.path.relpath(path, project.layout.directory).replace(os.sep, "/")


def _tox(project: ProjectFiles) -> Iterator[Command]:
    """The commands of every environment of tox."""
    yield from project.tox_commands
    for path in (project.layout.beside("tox.ini"), "tox.ini"):
        for section, options in project.tree.ini(path).items():
            if section.startswith("testenv:") and not _FIXING.search(section):
                for line in tox_lines(options.get("commands", "")):
                    yield Command(line=line.lstrip("-! "), source="tox.ini")


def _make(project: ProjectFiles) -> Iterator[tuple[str, Command]]:
    """The recipes of the Makefile with their targets, those that change files left out."""
    path = project.tree.first(project.layout.beside("Makefile"), "Makefile")
    target = ""
    for line in project.tree.text(path).splitlines() if path else ():
        if match := re.match(r"([\w./-]+)\s*:(?!=)", line):
            target = match[1]
        elif line.startswith("\t") and path and not _FIXING.search(target):
            directory = path.rpartition("/")[0] or "."
            recipe = line.strip().lstrip("@-+")
            yield target, Command(line=recipe, source=path, directory=directory)


def _in_command(project: ProjectFiles, command: Command, tool: LintTool) -> Iterator[Call]:
    for expanded in project.expanded(command):
        for part in re.split(r"\s*(?:&&|;|(?<!\|)\|(?!\|)|\d?>)\s*", expanded.line):
            call, _, rescue = part.partition("||")
            arguments = _arguments(call, tool)
            if arguments is not None and not rescue.strip().startswith(("true", ":", "exit 0")):
                yield from _parsed(project, replace(expanded, line=""), tool, arguments)


def _arguments(line: str, tool: LintTool) -> list[str] | None:
    """The words behind the tool's name, the name included; None where the line does not call the tool."""
    tokens = list(words(line))
    for index, token in enumerate(tokens):
        name = token.rpartition("/")[2].partition("@")[0]
        if name in tool.programs:
            rest = [name, *tokens[index + 1 :]]
            usual = _is_launched(tokens[:index]) and _is_mode(rest, tool)
            return rest if usual and not {"--version", "--help"} & set(rest) else None
    return None


def _is_launched(before: list[str]) -> bool:
    if before and _CONTAINERS.fullmatch(before[0]):
        return "install" not in before
    return all(_LAUNCHERS.fullmatch(word) for word in before)


def _is_mode(rest: list[str], tool: LintTool) -> bool:
    """Ruff is two tools: `ruff format` is the other one; a formatter that is not told to check changes files."""
    if tool.distribution != "ruff":
        return True
    mode = next((word for word in rest[1:] if not word.startswith("-")), "")
    if tool.name == "ruff-format":
        return mode == "format"
    return mode not in {"format", "clean", "rule", "version", "linter", "config", "server"}


def _parsed(
    project: ProjectFiles, command: Command, tool: LintTool, arguments: list[str]
) -> Iterator[Call]:
    if "--exit-zero" in arguments:  # only for information
        return
    if command.source in _DEVELOPERS and tool.fixes and not _CHECKING & set(arguments):
        return
    program, *rest = arguments
    mode = tool.command[1] if tool.distribution == "ruff" else ""
    options, paths = _sorted(project, command, [word for word in rest if word != mode])
    yield Call(
        why=f"run by {command.source}",
        program=program,
        directory=join(command.directory),
        options=tuple(options),
        paths=tuple(path for path in paths if path != join(command.directory)),
    )


def _sorted(
    project: ProjectFiles, command: Command, tokens: list[str]
) -> tuple[list[str], list[str]]:
    """Options that stay, and paths from the repository's root."""
    options: list[str] = []
    paths: list[str] = []
    pending = iter(_posargs(tokens))
    for token in pending:
        name = token.partition("=")[0]
        if _REPORTING.fullmatch(token) or token in {"-", "."}:
            continue
        if _REPORTING_WITH_VALUE.fullmatch(token):
            next(pending, None)
        elif _PLACES.fullmatch(name):
            value = token.partition("=")[2] or next(pending, "")
            place = join(command.directory, value)
            known = project.tree.has(place) or project.tree.has_directory(place)
            options += [name, _from_working_directory(project, place) if known else value]
        elif _WITH_VALUE.fullmatch(token):
            options += [token, next(pending, "")]
        elif token.startswith("-"):
            options.append(token)
        elif not re.search(r"[${]", token):
            paths.append(join(command.directory, token))
    return options, paths


def _posargs(tokens: list[str]) -> list[str]:
    """`{posargs:src tests}` as what it holds."""
    line = " ".join(tokens) if any("{posargs" in token for token in tokens) else ""
    line = re.sub(r"\{posargs:?([^}]*)\}", r"\1", line).replace("{toxinidir}/", "")
    tokens = list(words(line)) if line else tokens
    return [word.replace("{toxinidir}", ".") for word in tokens]


def _hooks_file(project: ProjectFiles) -> str | None:
    return project.tree.first(".pre-commit-config.yaml", ".pre-commit-config.yml")


def _hooks_document(project: ProjectFiles) -> Mapping[str, Any]:
    path = _hooks_file(project)
    return read_yaml(project.tree, path) if path else {}


def _in_hooks(project: ProjectFiles, tool: LintTool) -> Iterator[Call]:
    path, document = _hooks_file(project), _hooks_document(project)
    for hook in (hook for _, hooks in repositories(project) for hook in hooks):
        if hook.get("id") in tool.hooks and "manual" not in _texts(hook.get("stages")):
            here = Command(line="", source=str(path))
            options, paths = _sorted(project, here, _texts(hook.get("args")))
            yield Call(
                why=f"a hook in {path}",
                program=tool.command[0],
                options=tuple(options),
                paths=tuple(paths),
                wanted=_patterns(document.get("files"), hook.get("files")),
                unwanted=_patterns(document.get("exclude"), hook.get("exclude")),
            )


def _patterns(*values: object) -> tuple[str, ...]:
    return tuple(value for value in values if isinstance(value, str) and value not in {"", "^$"})


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def repositories(project: ProjectFiles) -> Iterator[tuple[str, tuple[Mapping[str, Any], ...]]]:
    """The repositories of .pre-commit-config.yaml: revision and hooks."""
    listed = _hooks_document(project).get("repos")
    for repository in listed if isinstance(listed, list) else ():
        if isinstance(repository, Mapping) and isinstance(repository.get("hooks"), list):
            hooks = tuple(hook for hook in repository["hooks"] if isinstance(hook, Mapping))
            yield str(repository.get("rev", "")), hooks
