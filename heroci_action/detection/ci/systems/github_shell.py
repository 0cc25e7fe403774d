"""Steps that another program runs: `shell: ./in-container.sh {0}` receives the step's text as a file."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace

from heroci_action.detection.ci.command_line import split_words
from heroci_action.detection.ci.expand import Context, run
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import Command, Script, Write
from heroci_action.detection.ci.systems.service_files import service_file
from heroci_action.detection.ci.task_runners.shell_scripts import quote_code

_FILE = "{0}"
_STEP = service_file("step.sh")
# Shells and interpreters, which only run the text.
_PLAIN = frozenset({"sh", "bash", "zsh", "dash", "python", "python3", "pwsh", "powershell", "node"})


def run_in_shell(script: Script, shell: str, context: Context) -> list[Command]:
    """Return the commands of a step; if its shell does not lead to them, the commands of the text alone.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#custom-shell
    """
    script = replace(script, text=quote_code(script.text, shell))
    words = split_words(shell)
    if _FILE not in words or _is_plain(words):
        return list(run(script, context))
    place = locate(_STEP, ".") or ""
    context.files.write(Write(path=place, text=script.text))
    call = shlex.join(_STEP if word == _FILE else word for word in words)
    found = list(run(replace(script, text=call), context))
    if not any(command.source == place for command in found):
        return list(run(script, context))
    return list(_of_step(found, place, script.source))


def _is_plain(words: list[str]) -> bool:
    """Return whether a shell is one with options: `bash -leo pipefail {0}`, but not `bash ci/run.sh {0}`."""
    name = words[0].rpartition("/")[2]
    return name in _PLAIN and not any("/" in word for word in words[1:])


def _of_step(commands: list[Command], place: str, source: str) -> Iterator[Command]:
    """Yield the commands with the workflow as the source of the step's own lines."""
    for command in commands:
        yield replace(command, source=source) if command.source == place else command
