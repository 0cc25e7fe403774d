"""Commands that make one line together: the tasks of package managers, and pipelines."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from heroci_action.detection.ci.left_out import PRINTS, reason_of_git, reason_of_program
from heroci_action.detection.ci.records import Command
from heroci_action.detection.ci.task_runners.package_scripts import PACKAGE_MANAGERS


def unite_tasks(commands: Iterable[Command], around: Collection[int] = ()) -> list[Command]:
    """Return commands with each task and pipeline as one; tasks with an id in `around` stay apart."""
    found: list[Command] = []
    for command in commands:
        task = _task(command, around)
        # The commands of a pipeline share their line.
        if not (found and (task is found[-1] or (command.piped and found[-1].line == task.line))):
            found.append(task)
        elif _feeds(found[-1]) and not _feeds(task):
            found[-1] = task
    return found


def _feeds(command: Command) -> bool:
    """Return whether a command of a pipeline only prints what another one reads: `cat answers.txt | setup`."""
    prints = PRINTS in {reason_of_program(command.call.name), git_reason(command)}
    return command.piped and prints and not command.writes


def find_read_scripts(commands: Iterable[Command]) -> frozenset[int]:
    """Return the ids of the commands that print a script of which a shell's commands are among these: `cat a | sh`."""
    commands = tuple(commands)
    read = {
        (outer.line, outer.source) for each in commands for outer in each.via if outer.reads_pipe
    }
    found = (each for each in commands if (each.line, each.source) in read)
    return frozenset(id(each) for each in found if _feeds(each))


def git_reason(command: Command) -> str | None:
    """Return that a command of git checks whether files differ, or only prints; None for any other command."""
    return reason_of_git(command.call.arguments) if command.call.name == "git" else None


def _task(command: Command, around: Collection[int]) -> Command:
    """Return the outermost task of npm that a command is a part of, but none with the tests in it; else the command."""
    tasks = (outer for outer in command.via if outer.call.name in PACKAGE_MANAGERS)
    return next((task for task in tasks if id(task) not in around), command)
