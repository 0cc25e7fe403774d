"""How a project calls its lint tools: the options and paths in the commands of its CI, tox, make and commit hooks."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from heroci_action.detection.ci.calls import parse_call
from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import Command
from heroci_action.detection.lint.configuration import (
    checks_by_settings,
    find_config,
    names_files,
)
from heroci_action.detection.lint.excludes import without_excluded
from heroci_action.detection.lint.hooks import Hook, hooks_of, hosted_hooks, read_hooks
from heroci_action.detection.lint.missing_paths import lacks_every_path, without_missing
from heroci_action.detection.lint.options import EXCLUDING, PLACES, is_dropped, with_values
from heroci_action.detection.lint.other_environments import needs_other_packages
from heroci_action.detection.lint.paths import find_targets, move_patterns, passes, relative
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.readers.format import LintTool
from heroci_action.readers.registry import LINT_TOOLS
from heroci_action.repository.files import ancestors, join, parent, relative_path
from heroci_action.repository.targets import is_python

# Mypy's options that name what it checks and exclude paths: `-p shop`, `--module=shop.models`
_PACKAGES = re.compile(r"-[pm]|--(package|module)(=.*)?")
# Source: pre-commit/mirrors-mypy, .pre-commit-hooks.yaml
_HOOK_DEFAULTS = {"mypy": ("--ignore-missing-imports", "--scripts-are-modules")}
# Mypy's options that choose the packages it sees.
_SEEING = ("--python-executable", "--no-site-packages")
_SHOWING = frozenset({"--diff", "--df"})
# Programs after a pipe that do not judge their input.
_KEEPING = frozenset(
    {
        "awk", "cat", "column", "cut", "head", "less", "more", "sed", "sort", "tail", "tee", "tr", "ts", "uniq", "wc",
    }
)  # fmt: skip
_CHECKING = _SHOWING | {"--check", "--check-only", "-c"}
# Options with which a program only describes itself, and the one with which a linter never fails.
ASKING = frozenset({"--version", "--help"})
NEVER_FAILS = "--exit-zero"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One way in which the project calls a tool; paths are relative to the repository's root.

    `program` is the name it is called by (`pflake8` for flake8). Without paths it checks `directory`. `wanted` and
    `unwanted` are a hook's patterns of the files that it sees. `version` is the hook's. `place` is the directory if the
    tool finds something else from another one, such as its configuration.
    """

    why: str
    program: str
    directory: str = "."
    options: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    version: str | None = None
    place: str = ""

    @property
    def is_hook(self) -> bool:
        """Return whether a commit hook makes the call, which starts it in the repository's root."""
        return self.version is not None or self.why.startswith("a hook")


Source = Callable[[LintTool], list[Call]]


def by_ci(project: ProjectFiles) -> Source:
    """Return the calls of the project's CI, and of the commit hooks if it runs them."""
    commands = project.ci.commands
    hosted = hosted_hooks(project)
    return lambda tool: [*_calls(project, commands, tool), *_hook_calls(project, hosted, tool)]


def by_developers(project: ProjectFiles) -> tuple[Source, ...]:
    """Return the calls that may fail in the CI, and calls of tox, make and the commit hooks, the strongest first."""
    allowed = tuple(replace(c, may_fail=False) for c in project.ci.commands if c.may_fail)
    hooks = read_hooks(project)
    usual = [hook for hook in hooks if hook.runs_at("pre-commit") or hook.runs_at("pre-push")]
    return (
        *(partial(_listed, project, commands) for commands in (allowed, *project.local_checks)),
        lambda tool: list(_hook_calls(project, usual, tool)),
    )


def _listed(project: ProjectFiles, commands: tuple[Command, ...], tool: LintTool) -> list[Call]:
    return list(_calls(project, commands, tool))


def _calls(project: ProjectFiles, commands: Iterable[Command], tool: LintTool) -> Iterator[Call]:
    for command in commands:
        if command.may_fail:
            continue
        if runs(project, command, tool):
            yield read_call(project, command, tool)
        yield from _hook_calls(project, hooks_of(command, project), tool)


def runs(project: ProjectFiles, command: Command, tool: LintTool) -> bool:
    """Return whether a command checks with a tool; a formatter that changes files never fails."""
    call = command.call
    arguments = set(call.arguments)
    if call.name not in tool.programs or {*ASKING, NEVER_FAILS} & arguments:
        return False
    if reads_pipe(command) or is_judged(command) or only_shows(project, command):
        return False
    if needs_other_packages(project, command) or lacks_every_path(project, command):
        return False
    # Ruff's short form of --exit-zero
    if tool.distribution == "ruff" and "-e" in arguments:
        return False
    if not _is_mode(call.arguments, tool):
        return False
    checks = not tool.fixes or _CHECKING & arguments
    return bool(checks) or checks_by_settings(project, tool, command.directory)


def only_shows(project: ProjectFiles, command: Command) -> bool:
    """Return whether a formatter shows its changes and passes: `isort --diff`; Ruff's formatter fails."""
    name, arguments = command.call.name, set(command.call.arguments)
    shows = bool(_SHOWING & arguments) and not (_CHECKING - _SHOWING) & arguments
    if name not in {"black", "isort"} or not shows:
        return False
    return not checks_by_settings(project, LINT_TOOLS[name], command.directory)


def reads_pipe(command: Command) -> bool:
    """Return whether a command checks only the output of another one: `git diff | flake8 --diff`."""
    return command.reads_pipe and "xargs" not in command.call.launchers


def is_judged(command: Command) -> bool:
    """Return whether another program judges the findings of a command: `mypy shop | mypy-baseline filter`."""
    return not _KEEPING.issuperset(command.feeds)


def _is_mode(arguments: tuple[str, ...], tool: LintTool) -> bool:
    """Return whether `ruff` is called as a linter or as a formatter, which are two tools."""
    if tool.distribution != "ruff":
        return True
    mode = next((word for word in arguments if not word.startswith("-")), "")
    if tool.name == "ruff-format":
        return mode == "format"
    return mode not in {"format", "clean", "rule", "version", "linter", "config", "server"}


def _without_mode(arguments: Iterable[str], tool: LintTool) -> list[str]:
    """Return the arguments without `check` or `format`, the name of Ruff's subcommand."""
    mode = tool.command[1] if tool.distribution == "ruff" else ""
    return [word for word in arguments if word != mode]


def read_call(project: ProjectFiles, command: Command, tool: LintTool) -> Call:
    """Return how a command calls a tool, without the words that only the CI knows."""
    directory = "." if command.directory.startswith("/") else join(command.directory)
    options, paths = _sort(
        project, directory, _without_mode(without_missing(project, command), tool), tool
    )
    return Call(
        why=f"run by {command.source}",
        program=command.call.name,
        directory=directory,
        options=tuple(options),
        paths=tuple(path for path in paths if path != directory),
        place=directory if _depends_on_directory(project, tool, directory) else "",
    )


def _depends_on_directory(project: ProjectFiles, tool: LintTool, directory: str) -> bool:
    """Return whether a tool would find something else if it were started elsewhere.

    Mypy and Pylint import from their directory. Ruff looks for the configuration of each file, the others for the
    directory's.
    """
    if tool.distribution == "ruff":
        return False
    return tool.only_by_name or find_config(project, tool, directory) is not None


def config_options(project: ProjectFiles, tool: LintTool, call: Call) -> tuple[str, ...]:
    """Return the option for the configuration that a tool finds in the directory in which the CI starts it, or none."""
    option = tool.config_option
    place = (call.place or ".") if call.is_hook else call.directory
    given = {word.partition("=")[0] for word in call.options}
    if option is None or option in given or place == project.layout.directory:
        return ()
    found = find_config(project, tool, place)
    if found is None:
        return _isolation(project, tool, call, place)
    # Flake8 reads TOML only with a plugin, which has its own option.
    if tool.name == "flake8" and found[0].endswith(".toml"):
        return ()
    files = _ignores_of_files(project, found[0], place) if tool.name == "flake8" else ()
    return option, relative_path(found[0], project.layout.directory), *files


def _ignores_of_files(project: ProjectFiles, config: str, place: str) -> tuple[str, ...]:
    """Return flake8's option for its `per-file-ignores`, whose paths count from the directory in which it starts."""

    def moved(match: re.Match[str]) -> str:
        path = match[0]
        inside = "/" in path and not path.startswith(("*", "/"))
        return relative_path(join(place, path), project.layout.directory) if inside else path

    section = project.tree.ini(config).get("flake8", {})
    given = section.get("per-file-ignores", section.get("per_file_ignores", ""))
    text = re.sub(r"[^\s:,]+", moved, " ".join(given.split()))
    return (f"--per-file-ignores={text}",) if text != " ".join(given.split()) else ()


def _isolation(project: ProjectFiles, tool: LintTool, call: Call, place: str) -> tuple[str, ...]:
    """Return the option against a configuration that a tool finds in the working directory, but not in the CI's."""
    if tool.isolated_option is None or find_config(project, tool, project.layout.directory) is None:
        return ()
    # Flake8 looks for its configuration in the directories above, too.
    seen = any(find_config(project, tool, directory) for directory in ancestors(place))
    # Alone, Flake8 would not read the appended configuration either.
    appended = Options.split(call.options, ("--append-config",)).values("--append-config")[:1]
    isolated = (tool.config_option, *appended) if appended and tool.config_option else ()
    return () if seen else isolated or (tool.isolated_option,)


def _hook_calls(project: ProjectFiles, hooks: Iterable[Hook], tool: LintTool) -> Iterator[Call]:
    for hook in hooks:
        arguments = _arguments_of(hook, tool)
        if arguments is not None:
            # `uv run --directory backend mypy shop`
            start = join(parse_call(hook.entry).directory or ".")
            options, paths = _sort(project, start, _without_mode(arguments, tool), tool)
            elsewhere = start != "." and not hook.passes_files
            yield Call(
                why=f"a hook in {hook.path}",
                program=tool.command[0],
                directory=start if elsewhere else _around_files(project, hook),
                place=start if elsewhere and _depends_on_directory(project, tool, start) else "",
                options=tuple(options),
                # A hook that receives the names of all files checks no less than these.
                paths=() if hook.passes_files else tuple(paths),
                wanted=hook.wanted,
                unwanted=hook.unwanted,
                version=None if hook.uses_system else hook.version,
            )


def _around_files(project: ProjectFiles, hook: Hook) -> str:
    """Return the directory around all files of a hook: Black and isort look for their settings from there."""
    files = [file for file in project.tree.files if is_python(file)]
    own = {parent(file) for file in files if passes(file, hook.wanted, hook.unwanted)}
    return posixpath.commonpath(own or {"."}) or "."


def runs_built_in(hook: Hook) -> bool:
    """Return whether a hook runs one of the tools whose output HeroCI reads."""
    return any(_arguments_of(hook, tool) is not None for tool in LINT_TOOLS.values())


def _arguments_of(hook: Hook, tool: LintTool) -> tuple[str, ...] | None:
    """Return the arguments of a tool in a hook; None if the hook runs another program."""
    if not hook.entry:
        given = hook.arguments or _HOOK_DEFAULTS.get(hook.id, ())
        return (*given, *_unseen_packages(hook, given)) if hook.id in tool.hooks else None
    call = parse_call(hook.entry)
    words = (*call.arguments, *hook.arguments)
    return words if call.name in tool.programs and _is_mode(words, tool) else None


def _unseen_packages(hook: Hook, arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Return mypy's option to ignore the project's packages, which the environment of a hook does not contain.

    With the packages, mypy knows more types and finds more. A hook with `additional_dependencies` may need them.
    """
    chosen = any(word.partition("=")[0] in _SEEING for word in arguments)
    alone = hook.id in LINT_TOOLS["mypy"].hooks and not (hook.dependencies or hook.uses_system)
    return () if chosen or not alone else ("--no-site-packages",)


def _sort(
    project: ProjectFiles, directory: str, words: list[str], tool: LintTool
) -> tuple[list[str], list[str]]:
    """Return the options that stay, and the paths from the repository's root; drop unknown words."""
    options: list[str] = []
    paths: list[str] = []
    for word, value in with_values(words):
        if is_dropped(word, value):
            continue
        if tool.name == "flake8" and EXCLUDING.fullmatch(word.partition("=")[0]):
            name, _, given = word.partition("=")
            text = move_patterns(project, directory, given if value is None else value)
            options += [f"{name}={text}"] if value is None else [word, text]
        elif PLACES.fullmatch(word.partition("=")[0]):
            options += _place(project, directory, word if value is None else f"{word}={value}")
        elif word.startswith("-"):
            options += [word] if value is None else [word, value]
        elif (path := locate(word, directory)) is not None and not _is_glob(project, path):
            paths.append(path)
    return options, paths


def _is_glob(project: ProjectFiles, path: str) -> bool:
    """Return whether a word is a pattern that matched no file."""
    return bool(re.search(r"[*?\[]", path)) and not project.tree.has(path)


def _place(project: ProjectFiles, directory: str, option: str) -> list[str]:
    """Return an option for a configuration file, which is relative to the command's directory."""
    name, _, value = option.partition("=")
    path = locate(value, directory)
    known = path is not None and (project.tree.has(path) or project.tree.has_directory(path))
    if path is None or not known:
        return [name, value]
    return [name, relative_path(path, project.layout.directory)]


def command_of(
    project: ProjectFiles, tool: LintTool, found: list[Call], *more: str
) -> tuple[str, ...]:
    """Return the tool's command with HeroCI's reporting, the project's options and more; equal calls' paths united."""
    first = found[0]
    same = [call for call in found if _form(call) == _form(first)]
    paths = [path for call in same for path in _targets(project, call)]
    named = {path for call in same for path in _named(call)}
    chosen = without_excluded(project, tool, first.options, [p for p in paths if p not in named])
    paths = [path for path in paths if path in named or path in chosen]
    narrowed = not named.issuperset(paths)
    options = (*(tool.narrowed_options if narrowed else ()), *more, *first.options)
    if _leaves_choice(project, tool, same):
        paths = []
    return (first.program, *tool.command[1:-1], *options, *relative(project, paths))


def _leaves_choice(project: ProjectFiles, tool: LintTool, calls: list[Call]) -> bool:
    """Return whether calls without a path leave it to options, or to the settings in the working directory."""
    here = project.layout.directory
    if tool.name == "mypy" and any(map(_PACKAGES.fullmatch, calls[0].options)):
        return True
    plain = all(not (call.paths or call.is_hook) and call.directory == here for call in calls)
    return plain and names_files(project, tool, here)


def _form(call: Call) -> tuple[str, tuple[str, ...], str]:
    """Return what calls must have in common to be one call."""
    return call.program, call.options, call.place


def further_calls(project: ProjectFiles, found: list[Call]) -> tuple[list[Call], ...]:
    """Return the equal calls for each further program and set of options.

    Hooks repeat the CI's own calls, so they count only for other places.
    """
    own = {path for call in found if not call.is_hook for path in _targets(project, call)}
    further: dict[tuple[str, tuple[str, ...], str], list[Call]] = {}
    for call in found[1:]:
        repeats = call.is_hook and all(
            own.intersection(ancestors(path)) for path in _targets(project, call)
        )
        if _form(call) != _form(found[0]) and not repeats:
            further.setdefault(_form(call), []).append(call)
    return tuple(further.values())


def _targets(project: ProjectFiles, call: Call) -> tuple[str, ...]:
    return find_targets(project, _named(call), wanted=call.wanted, unwanted=call.unwanted)


def _named(call: Call) -> tuple[str, ...]:
    return call.paths or (call.directory,)
