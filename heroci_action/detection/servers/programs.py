"""Programs and units that the suite's job leaves running, of which HeroCI does not know whether they are servers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from heroci_action.detection.ci.compose.calls import compose_words
from heroci_action.detection.ci.left_out import SERVICE, STAYS
from heroci_action.detection.ci.machine_servers import find_server, unit_of
from heroci_action.detection.ci.records import Command
from heroci_action.detection.ci.test_runs import find_test_run
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.preparation.line import find_kind, suggest_step
from heroci_action.detection.preparation.steps import FILE_PROGRAMS
from heroci_action.detection.project_files import ProjectFiles

# Units that run containers, or what every machine has.
_OWN_UNITS = frozenset({"docker", "containerd", "podman", "ssh", "sshd", "cron", "dbus", "xvfb"})
# A step in the background may consist of lines that end: `docker pull`, `mkdir logs`.
_ENDING = FILE_PROGRAMS | {"docker", "podman"}
# `8000`, `localhost:8000`, `--bind=:8000`
_PORT = re.compile(r"(?:[^\s/]*[:=])?(\d{2,5})")
_UNKNOWN_PORT = 1234  # to be filled in
_STEM = re.compile(r"\W+")


def warn_of_programs(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of the programs that the job leaves running for its tests, and of units, that are no known server."""
    earlier: list[Command] = []
    for command in project.commands:
        earlier.append(command)
        if find_test_run(command, project.tree):
            return
        name = _STEM.sub("-", unit_of(command) or command.call.name) or "server"
        known = find_server(command, earlier) or name in (project.configured("services") or {})
        if known or not _stays_unknown(project, command):
            continue
        line = json.dumps((suggest_step(project, command) or command.shown).removesuffix(" &"))
        port = _port_in(command) or _UNKNOWN_PORT
        yield Warn(
            f"{command.source} starts {command.brief!r} for its tests, and the plan does not; if the tests need it, "
            "declare it in `services` with its command and port",
            (f"services.{name} = {{ command = {line}, port = {port} }}",),
        )


def _port_in(command: Command) -> str | None:
    """Return the port on which a program listens by its arguments: `0.0.0.0:8000`, `--port 8000`; Django's is 8000."""
    words = command.call.arguments
    found = [match[1] for match in map(_PORT.fullmatch, words) if match]
    return found[-1] if found else ("8000" if words[:1] == ("runserver",) else None)


def _stays_unknown(project: ProjectFiles, command: Command) -> bool:
    """Return whether a command leaves something running that may be a server: no display, and no container."""
    if unit := unit_of(command):
        return unit.removesuffix(".service") not in _OWN_UNITS
    ends = command.call.name in _ENDING
    is_other = ends or command.call.container is not None or compose_words(command) is not None
    kind = find_kind(project, command)
    return (
        command.background
        and not is_other
        and kind in {None, SERVICE, STAYS}
        and not _is_display(command)
    )


def _is_display(command: Command) -> bool:
    return command.call.name in {"Xvfb", "Xvnc", "xvfb"}
