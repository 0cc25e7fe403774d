"""Which installer a command calls, and with which words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.records import Command

# The options of all installers that have a value.
VALUED = frozenset(
    {
        "-r", "--requirement", "--requirements", "-c", "--constraint", "--constraints", "-e", "--editable", "--group",
        "--only-group", "--no-group", "--extra", "--no-extra", "-E", "--extras", "-G", "--with", "--without", "--only",
        "-p", "--python", "-i", "--index-url", "--extra-index-url", "-f", "--find-links", "-t", "--target", "--prefix",
        "--root", "--timeout", "--retries", "--proxy", "--cache-dir", "--package", "--project", "--directory", "-C",
        "--config-settings", "--no-binary", "--only-binary", "--upgrade-strategy", "--lockfile", "--index",
        "--python-version", "--resolution", "--categories", "-P", "--upgrade-package", "--exists-action",
        "-w", "--wheel-dir",
        "--progress-bar", "--log", "--trusted-host", "--src", "--report", "--implementation", "--abi", "--platform",
    }
)  # fmt: skip


def calls_of(command: Command) -> Iterator[list[str]]:
    """Yield the words of a command, and the words after its launchers: `poetry run pip install mock` calls both."""
    yield list(command.words)
    if command.call.launchers and command.call.program:
        yield [command.call.name, *command.call.arguments]


def find_installer(call: list[str]) -> tuple[str, list[str]]:
    """Return the installer and its arguments: `python -m pip install` calls pip."""
    rest = list(call)
    while rest:
        name = rest[0].rpartition("/")[2]
        if re.fullmatch(r"\w+=.*|sudo|then|do|!", rest[0]):
            rest = rest[1:]
        elif re.fullmatch(r"python[\d.]*", name) and "-m" in rest[:4]:
            rest = rest[rest.index("-m") + 1 :]
        else:
            return name, rest[1:]
    return "", []


def words_from_verb(arguments: list[str]) -> list[str]:
    """Return the words from the verb on: `pip --quiet install` and `uv --quiet pip install` have options before it."""
    words = list(Options.lead(arguments, VALUED).words)
    return ["pip", *words_from_verb(words[1:])] if words[:1] == ["pip"] else words
