"""Installations of which a part is only known while the CI runs: `pip install $(./list.sh)`."""

from __future__ import annotations

from collections.abc import Iterator

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.records import UNKNOWN, Command
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.requirements.installers import VALUED, calls_of, find_installer
from heroci_action.detection.requirements.installs import find_installing, upgrades_tools

_INSTALLING = frozenset({"install", "sync"})
_PROGRAMS = frozenset({"pip", "pip3", "uv", "poetry", "pdm", "pipenv"})
# Options that choose what is installed, except files, of which another warning speaks.
_CHOOSING = (
    "-e",
    "--editable",
    "-E",
    "--extras",
    "--extra",
    "-G",
    "--group",
    "--with",
    "--only",
    "--only-group",
)
# What the user sets if the CI leaves it open.
_KEYS = ("requirements", "packages", "extras", "groups")


def warn_of_unknown_installs(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of each installation of the tests' job with a part that only the CI knows, unless the user has set them."""
    if any(project.configured(key) is not None for key in _KEYS):
        return
    for command in find_installing(project):
        if not command.may_fail and _has_unknown_part(command):
            yield Warn(
                f"only the CI knows everything that {command.brief!r} ({command.source}) installs; "
                'if the tests need more than the plan has, set packages = ["…"] or extras = ["…"]'
            )


def _has_unknown_part(command: Command) -> bool:
    for call in calls_of(command):
        program, arguments = find_installer(call)
        options = Options.split(arguments[arguments[:1] == ["pip"] :], VALUED)
        verb, *words = options.words or ("",)
        if program not in _PROGRAMS or verb not in _INSTALLING:
            continue
        chosen = (*words, *options.values(*_CHOOSING))
        known = [word for word in words if UNKNOWN not in word]
        # `pip install --upgrade $OPTIONS pip`
        tools = bool(known) and upgrades_tools(known)
        is_fed = "xargs" in command.call.launchers and not words and not options.has("-r")
        if is_fed or (not tools and any(UNKNOWN in word for word in chosen)):
            return True
    return False
