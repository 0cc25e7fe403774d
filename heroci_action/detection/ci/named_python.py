"""The Python that lines of a job name for themselves or for an environment, whatever the job has installed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.records import Command

# `3.12`, `3.12.4`, `python3.12`, `cpython@3.12`, `/usr/bin/python3.12`
_PYTHON = re.compile(r"(?:(?:.*/)?(?:c?python)?@?)(3\.\d+)(?:\.\d+)?")
_OPTIONS = frozenset({"-p", "--python"})


def chosen_python(commands: Iterable[Command]) -> str | None:
    """Return the version that a line chooses for the others: `pyenv global 3.12.4`, `sem-version python 3.12`."""
    return next(filter(None, map(_of_choice, commands)), None)


def python_of_environment(commands: Iterable[Command]) -> str | None:
    """Return the Python of the first virtual environment that a line makes and names a Python for."""
    return next(filter(None, map(_of_maker, commands)), None)


def python_of_run(command: Command) -> str | None:
    """Return the Python of `UV_PYTHON=3.12 uv run pytest`, `uv run --python 3.12 pytest` or `python3.12 manage.py`."""
    program, *words = command.words
    return _of_uv(command, words) if program == "uv" else _of_program(program)


def installed_python(commands: Iterable[Command]) -> str | None:
    """Return the only version that lines install with uv, which then prefers it to other Pythons."""
    versions = {
        version
        for command in commands
        if command.words[:3] == ("uv", "python", "install")
        for word in command.words[3:]
        if (version := _version(word))
    }
    return versions.pop() if len(versions) == 1 else None


def _of_choice(command: Command) -> str | None:
    match _named_words(command):
        case (
            ("pyenv", "global" | "local" | "shell", version, *_)
            | ("sem-version", "python", version, *_)
            | ("uv", "python", "pin", version, *_)
        ):
            return ".".join(version.split(".")[:2])
    return None


def _of_maker(command: Command) -> str | None:
    match _named_words(command):
        case ("uv", "venv" | "sync", *options):
            return _of_uv(command, options)
        case (
            ("virtualenv", *options) | (_, "-m", "virtualenv", *options) | ("pipenv", *options)
        ) if version := _value(options):
            return version
        case (program, "-m", "venv" | "virtualenv", *_):
            return _of_program(program)
        case ("poetry", "env", "use", version, *_) | ("pdm", "use", version, *_):
            return _version(version)
    return None


def _named_words(command: Command) -> tuple[str, ...]:
    """Return the words of a command with the name of its program: `/opt/pyenv/bin/pyenv` is pyenv."""
    return (command.words[0].rpartition("/")[2], *command.words[1:]) if command.words else ()


def _of_uv(command: Command, options: Iterable[str]) -> str | None:
    return _value(options) or _version(command.env.get("UV_PYTHON"))


def _value(words: Iterable[str]) -> str | None:
    return _version(Options.split(words, _OPTIONS).value(*_OPTIONS))


def _of_program(program: str) -> str | None:
    """Return the version in the name of an interpreter: `python3.12`, but not `python3`."""
    name = program.rpartition("/")[2]
    return _version(name) if name.startswith("python") else None


def _version(text: str | None) -> str | None:
    found = _PYTHON.fullmatch(text or "")
    return found[1] if found else None
