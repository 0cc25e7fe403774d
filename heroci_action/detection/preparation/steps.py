"""Write a command of the project's CI as a line that a step of the plan runs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from heroci_action.detection.ci.left_out import PLACING
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import ROOT, Call, Command
from heroci_action.detection.ci.shell.globs import BRACES
from heroci_action.detection.ci.task_runners.package_scripts import PACKAGE_MANAGERS
from heroci_action.detection.ci.test_runs import is_django
from heroci_action.detection.ci.tool_variables import is_named_after_service
from heroci_action.detection.preparation.node import call_with_npx
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.repository.files import ancestors, relative_path

# `> FILE`, but none of `>&2`, `2>/dev/null` and `>/dev/null`.
TO_FILE = re.compile(r"(?:^|[^\d&>])>>?(?![&>]|\s*/dev/null\b)")
# A word that is a path from the checkout's directory.
_IN_CHECKOUT = re.compile(rf"(?<=\s)'?{re.escape(ROOT)}(?:/([\w./*-]*))?'?(?=\s|$)")
# Programs that read no variables: the shell has replaced those of their words.
_WITHOUT_VARIABLES = PLACING | {"echo", "printf"}
FILE_PROGRAMS = _WITHOUT_VARIABLES | {"tee", "cat"}
SYSTEM_PROGRAMS = (
    FILE_PROGRAMS
    | PACKAGE_MANAGERS
    | {
        "node",
        "sh",
        "bash",
        "sed",
        "awk",
        "chmod",
        "tar",
        "zip",
        "unzip",
        "gzip",
        "gunzip",
        "patch",
    }
)
# `#!/usr/bin/env python3`
_STARTS_PYTHON = re.compile(r"#!.*\bpython[\d.]*\b")
NODE_LAUNCHERS = frozenset({"npx", "bunx"})
_ENVIRONMENTS = frozenset({"venv", "virtualenv"})


def write_step(project: ProjectFiles, command: Command) -> str:
    """Return a command as a line for the working directory, with the variables that only it has."""
    step = _Step(project, command)
    return step.in_directory(step.text())


def program_name(command: Command) -> str:
    """Return the name of a program, without the ending of a Python archive: `virtualenv.pyz`."""
    return command.call.name.removesuffix(".pyz")


@once
def find_environments(project: ProjectFiles) -> frozenset[str]:
    """Return the directories in which the job creates virtual environments."""
    calls = (command for command in project.commands if program_name(command) in _ENVIRONMENTS)
    words = [(word, call.directory) for call in calls for word in call.call.arguments]
    for command in project.commands:
        match command.call.arguments:
            case ("venv", *given) if command.call.name == "uv":
                words += [(word, command.directory) for word in (*given, ".venv")]
    found = (locate(word, directory) for word, directory in words if not word.startswith("-"))
    return frozenset(filter(None, found)) - {"."}


@dataclass(frozen=True, slots=True)
class _Step:
    project: ProjectFiles
    command: Command

    @property
    def call(self) -> Call:
        return self.command.call

    def text(self) -> str:
        """Return the line without launchers; HeroCI's own environment is active."""
        if self.call.name == "mkdir" and not self.command.writes:
            words = [word for word in self.call.arguments if word not in {"-p", "--parents"}]
            return shlex.join(["mkdir", "-p", *words])
        program = self._program()
        if program is None:
            return self._without_braces()
        reads = "<" in self.command.line
        if not (self.command.writes or self.command.piped or reads):
            return shlex.join([*program, *self.call.arguments])
        start = self.command.line.find(self.call.program)
        return f"{shlex.join(program)}{self.command.line[start + len(self.call.program):]}"

    def _without_braces(self) -> str:
        """Return the line with `{a,b}` expanded: the shell of a step is not Bash."""
        line = self.command.line
        plain = self.command.piped or "<" in line or TO_FILE.search(line)
        braces = not plain and BRACES.search(line)
        return shlex.join(self.command.words) if braces else line

    def _program(self) -> list[str] | None:
        """Return how HeroCI starts a program of Python."""
        manage = self.project.layout.manage
        if is_django(self.command, self.project.tree) and manage:
            return ["python", relative_path(manage, self._place())]
        if self.call.python:
            program = ["-m", self.call.program] if self.call.module else [self.call.program]
            # The interpreter itself: `python3.12 -c "…"`.
            return program if program == ["python"] else ["python", *program]
        if set(self.call.launchers) & NODE_LAUNCHERS:
            return ["npx", self.call.program] if len(self.call.launchers) > 1 else None
        if npx := call_with_npx(self.project, self.command):
            return npx
        if self._is_of_node():
            return ["npx", self.call.program]
        return self._file() or ([self.call.program] if self.call.launchers else None)

    def _file(self) -> list[str] | None:
        """Return how a file of the checkout starts; None if the line can start it as it is."""
        path = locate(self.call.program, self.command.directory)
        if path and "/" in self.call.program and _STARTS_PYTHON.match(self.project.tree.text(path)):
            # The file may lack the mode that the CI gives it.
            return ["python", self.call.program]
        in_environment = path and find_environments(self.project).intersection(ancestors(path))
        return [self.call.name] if in_environment else None

    def _is_of_node(self) -> bool:
        """Return whether a script of package.json calls a program that npm finds in node_modules."""
        named = "/" not in self.call.program and self.call.name not in SYSTEM_PROGRAMS
        return named and any(outer.call.name in PACKAGE_MANAGERS for outer in self.command.via)

    def _place(self) -> str:
        """Return the directory of the line; Django's commands run in the working directory."""
        here = self.project.layout.directory
        return here if is_django(self.command, self.project.tree) else self.command.directory

    def in_directory(self, text: str) -> str:
        here = self._place()
        place = relative_path(here, self.project.layout.directory)
        # The target of a symbolic link counts from the place of the link.
        if self.call.name != "ln":
            text = _IN_CHECKOUT.sub(lambda found: relative_path(found[1] or ".", here), text)
        line = self._allowed_to_fail(f"{self._variables(text)}{text}")
        return line if place == "." else f"cd {shlex.quote(place)} && {line}"

    def _allowed_to_fail(self, line: str) -> str:
        """Return a line that may fail if the CI continues after it; a heredoc ends with its own line."""
        suite = self.project.ci.suite
        of_job = suite is not None and suite.job.may_fail
        if of_job or not (self.command.may_fail or self.command.decides):
            return line
        return f"{{\n{line}\n}} || true" if "<<" in line else f"{line} || true"

    def _variables(self, text: str) -> str:
        """Return the variables of this line only, such as NODE_ENV of a step, that its text does not set itself."""
        ci = self.project.ci
        env = {} if self.call.name in _WITHOUT_VARIABLES else self.command.env
        return "".join(
            f"{name}={shlex.quote(value)} "
            for name, value in env.items()
            # A step has its own PATH.
            if not (ci.env.get(name) == value or name == "PATH" or ci.is_of_service(name, value))
            and not is_named_after_service(name)
            and not re.match(rf"(\w+=\S* )*{name}=", text)
        )


def find_steps_of_image(project: ProjectFiles) -> Iterator[Command]:
    """Yield the lines of the Dockerfile of the tests' image that make files in the checkout: `cp a.example a.py`."""
    for command in project.image_commands:
        words = [word for word in command.call.arguments if not word.startswith("-")]
        paths = [locate(word, command.directory) for word in words]
        inside = [path for path in paths if path and not path.startswith("/")]
        known = command.call.name == "mkdir" or (
            command.call.name == "cp" and all(map(project.tree.has, inside[:-1]))
        )
        if known and len(inside) == len(paths) and not command.conditional:
            yield command
