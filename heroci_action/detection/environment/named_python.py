"""The Python that lines of the suite's job name for the tests' environment."""

from __future__ import annotations

import re
from collections.abc import Iterable

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.records import Command
from heroci_action.detection.project_files import ProjectFiles

# `3.12`, `3.12.4`, `python3.12`, `cpython@3.12`, `/usr/bin/python3.12`
_PYTHON = re.compile(r"(?:(?:.*/)?(?:c?python)?@?)(3\.\d+)(?:\.\d+)?")
_OPTIONS = frozenset({"-p", "--python"})


def find_named_python(project: ProjectFiles) -> tuple[str, str] | None:
    """Return the version that the tests' own line names, else the line that makes their environment, with the file.

    Unlike the Python that the job installs, it is the one that runs the tests.
    """
    suite = project.ci.suite
    main = suite.main.command if suite else None
    if main is None:
        return None
    own = _named_by_run(main)
    makers = ((_named_by_maker(command), command) for command in project.commands)
    return next(
        ((version, command.source) for version, command in ((own, main), *makers) if version), None
    )


def find_installed_python(project: ProjectFiles) -> tuple[str, str] | None:
    """Return the only version that the suite's job installs with uv, which then prefers it, with the file."""
    versions = {
        (version, command.source)
        for command in project.commands
        if command.words[:3] == ("uv", "python", "install")
        for word in command.words[3:]
        if (version := _version(word))
    }
    return versions.pop() if len(versions) == 1 else None


def _named_by_run(command: Command) -> str | None:
    """Return the Python of `UV_PYTHON=3.12 uv run pytest`, `uv run --python 3.12 pytest` or `python3.12 manage.py`."""
    program, *words = command.words
    if program == "uv":
        return _by_uv(command, words)
    return _of_program(program)


def _by_uv(command: Command, options: Iterable[str]) -> str | None:
    return _value(options) or _version(command.env.get("UV_PYTHON"))


def _named_by_maker(command: Command) -> str | None:
    """Return the Python of a call that makes a virtual environment; None for another call, or if it names none."""
    words = command.words
    match (words[0].rpartition("/")[2], *words[1:]) if words else ():
        case ("uv", "venv" | "sync", *options):
            return _by_uv(command, options)
        case (
            ("virtualenv", *options) | (_, "-m", "virtualenv", *options) | ("pipenv", *options)
        ) if version := _value(options):
            return version
        case (program, "-m", "venv" | "virtualenv", *_):
            return _of_program(program)
        case ("poetry" | "pdm", "env" | "use", *rest):
            return _version(next((word for word in rest if word != "use"), None))
    return None


def _value(words: Iterable[str]) -> str | None:
    return _version(Options.split(words, _OPTIONS).value(*_OPTIONS))


def _of_program(program: str) -> str | None:
    """Return the version in the name of an interpreter: `python3.12`, but not `python3`."""
    name = program.rpartition("/")[2]
    return _version(name) if name.startswith("python") else None


def _version(text: str | None) -> str | None:
    found = _PYTHON.fullmatch(text or "")
    return found[1] if found else None
