"""Whether the container of a service ends by itself, judging by its command: `manage.py loaddata`, `npm run build`."""

from __future__ import annotations

from dataclasses import replace

from heroci_action.detection.ci.left_out import (
    PLACING,
    SERVICE,
    STAYS,
    reason_of_django,
    reason_of_package_manager,
    reason_of_program,
)
from heroci_action.detection.ci.records import Command, Script
from heroci_action.detection.ci.shell.script import read_script
from heroci_action.detection.ci.shell.state import ShellState
from heroci_action.detection.ci.task_runners.package_scripts import (
    PACKAGE_MANAGERS,
    split_directory,
)
from heroci_action.detection.ci.working_tree import WorkingTree

_DJANGO = frozenset({"manage.py", "django-admin", "django-admin.py", "django"})
# Commands of Django and of common packages that prepare something; those on the database are known elsewhere.
_ENDING = frozenset(
    {"collectstatic", "compilemessages", "compress", "compilescss", "build", "tailwind", "thumbnail"}
)  # fmt: skip
# Programs that end, unless they are told to wait.
_WAITING = frozenset({"sleep", "tail", "wait"})


def ends_by_itself(script: Script, files: WorkingTree) -> bool | None:
    """Return whether all commands of a script end; None if that is not known."""
    found: set[bool | None] = set()
    for command in read_script(script, ShellState.start(script, files)):
        # `sh -c TEXT`
        inner = command.call.script
        text = replace(script, text=inner) if inner and inner != script.text else None
        found.add(_ends(command) if text is None else ends_by_itself(text, files))
    if False in found:
        return False
    return True if found == {True} else None


def _ends(command: Command) -> bool | None:
    call = command.call
    if command.background or call.name in _WAITING:
        return False
    if call.name in _DJANGO:
        name = next((word for word in call.arguments if not word.startswith("-")), "")
        return _is_ending(reason_of_django(call.arguments), known=name in _ENDING)
    if call.name in PACKAGE_MANAGERS:
        words = split_directory(command)[0]
        return _is_ending(reason_of_package_manager(words, call.arguments), known=True)
    return _is_ending(reason_of_program(call.name), known=call.name in PLACING)


def _is_ending(reason: str | None, *, known: bool) -> bool | None:
    """Return whether a command ends, by the reason for which it would be left out; without one, it may be `known`."""
    if reason in {STAYS, SERVICE}:
        return False
    return True if known or reason is not None else None
