"""Expand `sh -c "…"` and shell scripts of the repository."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

from heroci_action.detection.ci.paths import locate, spell
from heroci_action.detection.ci.records import Command, Script
from heroci_action.detection.ci.working_tree import WorkingTree

# `#!/usr/bin/env bash`
_SHEBANG = re.compile(r"#!.*\b(sh|bash|zsh|dash)\b")
_SHELLS = frozenset({"sh", "bash", "zsh", "dash"})
# `-e`, `-euo`, `-o errexit`
_ERREXIT = re.compile(r"-\w*e\w*|errexit")
# `python`, `python3 -u {0}`
_PYTHON = re.compile(r"python[\d.]*(\s.*)?")
# `pwsh`, `powershell -command ". '{0}'"`
_POWERSHELL = re.compile(r"(pwsh|powershell)(\s.*)?")
# `$rate = 1`, `Get-Content`: without them, lines of PowerShell are those of any shell.
_OF_POWERSHELL = re.compile(r"(?m)^\s*\$\w+\s*[-+]?=|\b[A-Z][a-z]+-[A-Z]\w+")


def quote_code(text: str, shell: str) -> str:
    """Return the text of a step as a line of the shell, even if Python or PowerShell runs it: `shell: python`."""
    if _PYTHON.fullmatch(shell):
        return shlex.join(("python", "-c", text))
    is_own = _POWERSHELL.fullmatch(shell) and _OF_POWERSHELL.search(text)
    return shlex.join(("pwsh", "-c", text)) if is_own else text


def expand_text(command: Command) -> tuple[Script, ...] | None:
    """Return the text that `sh -c` runs."""
    text = command.call.script
    return None if text is None else (_script(command, text),)


def expand_file(command: Command, files: WorkingTree) -> tuple[Script, ...] | None:
    """Return a shell script of the repository; None if the program is anything else."""
    call = command.call
    path = locate(call.program, command.directory) if call.program and not call.python else None
    text = files.text(path) if path else None
    # A bare name is looked for in PATH, unless a shell is called with it.
    called = "/" in call.program or bool({"sh", "bash"} & set(call.launchers))
    if path is None or text is None or not called:
        return None
    is_shell = "bash" in call.launchers or _is_shell(path, text)
    return (_script(command, text, path),) if is_shell else None


def call_as_shell(script: Script, files: WorkingTree) -> Script:
    """Return a script with the shell before its first line if that starts a shell script of the repository.

    A program before `python manage.py test` would only launch it otherwise.
    """
    path = locate(script.text.partition(" ")[0], script.directory)
    text = files.text(path) if path else None
    is_shell = path is not None and text is not None and _is_shell(path, text)
    return replace(script, text=f"bash {script.text}") if is_shell else script


def _is_shell(path: str, text: str) -> bool:
    return path.endswith((".sh", ".bash")) or _SHEBANG.match(text) is not None


def _script(command: Command, text: str, path: str | None = None) -> Script:
    return Script(
        text=text,
        source=path or command.source,
        directory=command.directory,
        env=command.env,
        path=spell(path) if path else "",
        arguments=command.call.arguments,
        goes_on=not _ends_early(command, text if path else ""),
    )


def _ends_early(command: Command, text: str) -> bool:
    """Return whether the shell is called with `-e`, or its script, called by itself, starts with `#!/bin/sh -e`."""
    launched = bool(_SHELLS.intersection(command.call.launchers))
    options = command.words if launched else text.partition("\n")[0].split()
    return any(map(_ERREXIT.fullmatch, options))
