"""Checks of the CI whose output HeroCI does not read: they run as the CI runs them, and their exit code counts."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from heroci_action.detection.ci.calls import parse_call
from heroci_action.detection.ci.formatters import only_formats
from heroci_action.detection.ci.left_out import TIDIES
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import UNKNOWN, Command, LeftOut
from heroci_action.detection.ci.task_runners.package_scripts import (
    PACKAGE_MANAGERS,
    split_directory,
)
from heroci_action.detection.lint.commands import (
    ASKING,
    NEVER_FAILS,
    by_ci,
    is_judged,
    reads_pipe,
    runs_built_in,
)
from heroci_action.detection.lint.hooks import Hook, hooks_of, hooks_of_ci, hosted_hooks
from heroci_action.detection.lint.known_programs import NOT_RUN, PROGRAMS, Program
from heroci_action.detection.lint.options import with_values
from heroci_action.detection.lint.other_environments import needs_other_packages
from heroci_action.detection.lint.paths import find_targets, passes
from heroci_action.detection.lint.pins import find_pin_with, find_pins
from heroci_action.detection.lint.versions import find_installed_pin, pin_in
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.readers.registry import LINT_TOOLS
from heroci_action.repository.files import join, relative_path

# Options with a file that is not checked: the configuration, or lists of words of codespell.
_TAKES_FILE = re.compile(r"-[cSIxD]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A call of a program: the step's name, its command, its requirement, and the source of the call.

    It is `apart` from the project's packages if pre-commit installs the program in an environment of its own.
    """

    name: str
    command: str | tuple[str, ...]
    requirement: str
    why: str
    apart: bool = False


def find_checks(project: ProjectFiles) -> tuple[Check, ...]:
    """Return the calls that the plan contains, each once; further calls of one program have a number.

    Calls that may fail in the project's CI count only if it requires no check at all: then the stage is optional.
    """
    checks = _required_checks(project) if requires_lint(project) else find_allowed_checks(project)
    found: dict[tuple[str, str | tuple[str, ...]], Check] = {}
    for check in checks:
        found.setdefault((check.name, check.command), check)
    return tuple(_numbered(found.values()))


@once
def requires_lint(project: ProjectFiles) -> bool:
    """Return whether the project's CI fails if one of the tools and programs finds something."""
    source = by_ci(project)
    return bool(_required_checks(project)) or any(source(tool) for tool in LINT_TOOLS.values())


@once
def _required_checks(project: ProjectFiles) -> tuple[Check, ...]:
    commands = (command for command in project.ci.commands if not command.may_fail)
    hosted = (check for hook in hosted_hooks(project) for check in _of_hook(project, hook))
    return (*_checks(project, commands), *hosted)


@once
def find_allowed_checks(project: ProjectFiles) -> tuple[Check, ...]:
    """Return the calls that may fail in the project's CI."""
    return tuple(_checks(project, (each for each in project.ci.commands if each.may_fail)))


def _numbered(checks: Iterable[Check]) -> Iterator[Check]:
    used: dict[str, int] = {}
    for check in checks:
        number = used[check.name] = used.get(check.name, 0) + 1
        name = check.name if number == 1 else f"{check.name}-{number}"
        yield replace(check, name=name)


def find_left_out(project: ProjectFiles) -> dict[str, list[Command]]:
    """Return the calls of programs that cannot run, or that would change files, by program."""
    found: dict[str, list[Command]] = {}
    for command in project.ci.commands:
        if not command.may_fail and _is_left_out(project, command):
            found.setdefault(tool_name(command), []).append(command)
    return found


def tool_name(command: Command) -> str:
    """Return the name of the program, also if a package manager starts it from node_modules: `yarn prettier`."""
    if command.call.name not in PACKAGE_MANAGERS:
        return command.call.name
    words = (word for word in split_directory(command)[0] if word not in {"run", "exec", "dlx"})
    return next(words, command.call.name)


def find_unknown_hooks(project: ProjectFiles) -> tuple[Hook, ...]:
    """Return the hooks that the CI runs and the plan does not contain, except hooks that tidy files of any kind."""
    return without_planned(project, hooks_of_ci(project))


def without_planned(project: ProjectFiles, hooks: Iterable[Hook]) -> tuple[Hook, ...]:
    """Return the hooks, each once, that neither the plan nor the line about tidying hooks contains."""
    return tuple(hook for hook in dict.fromkeys(hooks) if not _is_planned(project, hook))


def find_tidying_hooks(project: ProjectFiles) -> Iterator[LeftOut]:
    """Yield one line with the hooks of the CI that tidy files of any kind: trailing-whitespace, check-yaml."""
    found = [hook for hook in hooks_of_ci(project) if _tidies(hook)]
    if found:
        yield LeftOut(
            line=", ".join(dict.fromkeys(hook.id for hook in found)),
            source=found[0].path,
            reason=TIDIES,
            harmless=True,
        )


def _tidies(hook: Hook) -> bool:
    # prek contains some of these hooks: https://prek.j178.dev/builtin/
    return hook.repository == "builtin" or hook.repository.endswith("/pre-commit-hooks")


def _is_planned(project: ProjectFiles, hook: Hook) -> bool:
    contained = runs_built_in(hook) or _checks_django(hook) or any(_of_hook(project, hook))
    if _tidies(hook) or contained:
        return True
    # A hook for which the repository has no file does nothing.
    program = PROGRAMS.get(_program_of(hook)[0])
    return program is not None and hook.passes_files and not _files_of(project, program, hook)


def _checks_django(hook: Hook) -> bool:
    """Return whether a hook is a check of Django that the tests' stage contains: system checks, or migrations."""
    call = parse_call(hook.entry)
    verb, *options = (*call.arguments, *hook.arguments) or ("",)
    is_own = (verb == "check" and not options) or verb == "makemigrations"
    return is_own and call.name in {"manage.py", "django-admin"}


def _is_left_out(project: ProjectFiles, command: Command) -> bool:
    name = tool_name(command)
    if ASKING & set(command.call.arguments) or only_formats(name, command.call.arguments):
        return False
    own = command.call.name
    is_tool = any(own in tool.programs for tool in LINT_TOOLS.values())
    is_fed = is_tool and (reads_pipe(command) or is_judged(command))
    # The programs in node_modules do not belong to a Python package.
    of_node = name != own and name in PROGRAMS
    changes = own in PROGRAMS and not _can_be_step(command)
    elsewhere = needs_other_packages(project, command)
    return is_fed or of_node or changes or elsewhere or name in NOT_RUN


def only_checks(command: Command) -> bool:
    """Return whether a command is a call of a program that a step of the plan can be."""
    return command.call.name in PROGRAMS and _can_be_step(command)


def is_check(project: ProjectFiles, command: Command) -> bool:
    """Return whether a command is a call of a program that the stage lint repeats, in the project's environment."""
    return only_checks(command) and not needs_other_packages(project, command)


def _checks(project: ProjectFiles, commands: Iterable[Command]) -> Iterator[Check]:
    for command in commands:
        if is_check(project, command):
            yield _check(project, command)
        for hook in hooks_of(command, project):
            yield from _of_hook(project, hook)


def _can_be_step(command: Command) -> bool:
    """Return whether a call of a known program only checks, and all of its arguments are known and hold here."""
    arguments = command.call.arguments
    if any(UNKNOWN in word for word in arguments) or command.directory.startswith("/"):
        return False
    # `bandit -r /app` in a container would be another directory here.
    if command.is_contained and any(word.startswith("/") for word in arguments):
        return False
    is_fed = command.reads_pipe and not _has_words_of_xargs(command)
    if is_fed or is_judged(command) or {*ASKING, NEVER_FAILS} & set(arguments):
        return False
    return _only_checks(PROGRAMS[command.call.name], arguments)


def _has_words_of_xargs(command: Command) -> bool:
    """Return whether the files are known that xargs adds: `git ls-files '*.html' | xargs djhtml --check`."""
    last = command.call.arguments[-1:]
    return "xargs" in command.call.launchers and bool(last) and not last[0].startswith("-")


def _only_checks(program: Program, arguments: tuple[str, ...]) -> bool:
    if program.check is None or {program.check, "-c"} & set(arguments):
        return True
    return program.changes is not None and program.changes not in arguments


def _check(project: ProjectFiles, command: Command) -> Check:
    name, arguments = command.call.name, command.call.arguments
    here, there = project.layout.directory, join(command.directory)
    words = [moved for word in arguments for moved in _moved(project, name, there, word)]
    line: str | tuple[str, ...] = (name, *words)
    if here != there and not _names_paths(project, there, arguments):
        # Without paths, the program checks the directory in which it starts, and reads its configuration.
        place = relative_path(there, here)
        line = f"cd {shlex.quote(place)} && {shlex.join((name, *arguments))}"
    requirement = _requirement(project, name, None)
    return Check(name=name, command=line, requirement=requirement, why=f"run by {command.source}")


def _names_paths(project: ProjectFiles, directory: str, arguments: tuple[str, ...]) -> bool:
    """Return whether one of the arguments is a path to check; the value of `--skip ./uv.lock` is none."""
    previous = ""
    for word, _ in with_values(arguments):
        path = (
            None
            if word.startswith("-") or _TAKES_FILE.fullmatch(previous)
            else locate(word, directory)
        )
        if path is not None and (project.tree.has(path) or project.tree.has_directory(path)):
            return True
        previous = word
    return False


def _moved(project: ProjectFiles, name: str, directory: str, word: str) -> Iterator[str]:
    """Yield a path from the working directory; instead of a whole checkout, what git tracks in it."""
    path = None if word.startswith("-") else locate(word, directory)
    if path is None or not (project.tree.has(path) or project.tree.has_directory(path)):
        yield word
    elif word in {".", "./", "**", "*"}:
        yield from _targets(project, PROGRAMS[name], path)
    else:
        yield relative_path(path, project.layout.directory)


def _targets(project: ProjectFiles, program: Program, path: str) -> Iterator[str]:
    """Yield the outermost directories and files with files of the program's type, from the working directory."""
    if program.checks_python:
        found = find_targets(project, (path,), wanted=(), unwanted=())
    else:
        found = tuple(dict.fromkeys(_outermost(project, program, path)))
    for target in found or (path,):
        yield relative_path(target, project.layout.directory)


def _outermost(project: ProjectFiles, program: Program, path: str) -> Iterator[str]:
    start = "" if path == "." else f"{path}/"
    for file in project.tree.files:
        first, slash, rest = file.removeprefix(start).partition("/")
        own = project.ci.territory.contains(file) and f"{first}/" not in project.tree.strays
        if (
            own
            and file.startswith(start)
            and (program.hidden or first[:1] != ".")
            and re.search(program.files, rest or first)
        ):
            yield join(path, first) if slash else file


def _of_hook(project: ProjectFiles, hook: Hook) -> Iterator[Check]:
    """Yield the check that a hook is, with the files that it would get."""
    name, arguments = _program_of(hook)
    program = PROGRAMS.get(name)
    if program is None or any(UNKNOWN in word for word in arguments):
        return
    if not _only_checks(program, arguments):
        arguments = tuple(filter(None, (*arguments, program.check)))
    words = (moved for word in arguments for moved in _moved(project, name, ".", word))
    given = _files_of(project, program, hook) if hook.passes_files else []
    if given or not hook.passes_files:
        yield Check(
            name=name,
            command=(name, *words, *given),
            requirement=_of_hooks_environment(hook, name)
            or _requirement(project, name, hook.version),
            why=f"a hook in {hook.path}",
            apart=bool(hook.version) and not (hook.entry or hook.uses_system),
        )


def _files_of(project: ProjectFiles, program: Program, hook: Hook) -> list[str]:
    return [
        relative_path(file, project.layout.directory)
        for file in project.tree.files
        if re.search(program.files, file) and passes(file, hook.wanted, hook.unwanted)
    ]


def _program_of(hook: Hook) -> tuple[str, tuple[str, ...]]:
    """Return the program of a hook with its built-in arguments, followed by the configured ones."""
    if hook.entry:
        call = parse_call(hook.entry)
        return call.name, (*call.arguments, *hook.arguments)
    if hook.id.startswith("djlint"):
        own = ("--profile=django",) if hook.id.endswith("django") else ()
        return "djlint", (*own, *(("--reformat",) * ("reformat" in hook.id)), *hook.arguments)
    names = (name for name, program in PROGRAMS.items() if hook.id in {name, *program.hooks})
    return next(names, ""), hook.arguments


def _of_hooks_environment(hook: Hook, name: str) -> str | None:
    """Return the version that pre-commit installs for a local hook."""
    return pin_in(hook.dependencies, PROGRAMS[name].distribution or name) if hook.entry else None


def _requirement(project: ProjectFiles, name: str, version: str | None) -> str:
    distribution = PROGRAMS[name].distribution or name
    if version:
        return f"{distribution}=={version}"
    pinned = find_pin_with(project, {name}, distribution)
    return (
        pinned
        or find_pins(project).get(distribution)
        or find_installed_pin(project, distribution)
        or distribution
    )
