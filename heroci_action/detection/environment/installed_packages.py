"""The packages that a line of the CI or of an image installs for the system."""

from __future__ import annotations

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.records import Command
from heroci_action.detection.environment.debian_packages import LOCALES

_INSTALLERS = (
    *((name, "install") for name in ("apt-get", "apt", "dnf", "yum", "microdnf", "zypper")),
    ("apk", "add"),
)
# What makes languages and formats for the C library, which are files of packages in Debian.
_MAKING_LOCALES = frozenset({"locale-gen", "localedef"})
# Options of apt-get and of apk with a value: `-o Dir::Cache::archives=DIR`, `--virtual .build`.
_VALUED = frozenset(
    {
        "-o", "--option", "-c", "--config-file", "-t", "--target-release", "--default-release", "-a",
        "--host-architecture", "--virtual", "-X", "--repository",
    }
)  # fmt: skip


def installed_packages(command: Command) -> list[str]:
    """Return what `apt-get install NAME…`, `apk add NAME…` and the like install, and the locales of `locale-gen`."""
    names = [word.rpartition("/")[2] for word in command.words]
    if _MAKING_LOCALES.intersection(names):
        return [LOCALES]
    for program, verb in _INSTALLERS:
        if program in names and verb in names[names.index(program) :]:
            start = names.index(verb, names.index(program)) + 1
            return list(Options.split(command.words[start:], _VALUED).words)
    return []
