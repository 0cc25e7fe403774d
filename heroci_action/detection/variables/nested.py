"""Variables whose names are paths into a structure: `ADMIN_DB__HOST` is the entry HOST of the variable ADMIN_DB.

Libraries such as pydantic-settings and Dynaconf read them so, and no code contains their whole names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from heroci_action.detection.findings import Finding, Found
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.servers.ci_servers import ServerKind, kind_of

_SEPARATOR = "__"
# The entries of a server's address and account, with the placeholders for them; the database keeps its name.
_PARTS = {
    "HOST": "host",
    "HOSTNAME": "host",
    "PORT": "port",
    "USER": "user",
    "USERNAME": "user",
    "PASS": "password",
    "PASSWORD": "password",
}


def is_nested(names: Iterable[str], variable: str) -> bool:
    """Return whether one of the names is an entry of a variable, which then needs no value itself."""
    return any(name.startswith(variable + _SEPARATOR) for name in names)


def point_nested(project: ProjectFiles, name: str) -> Iterator[Finding]:
    """Yield an entry of a server that the suite's job starts, pointed at HeroCI's; others keep the CI's value."""
    value, origin = project.evidence.env[name]
    structure, separator, entry = name.rpartition(_SEPARATOR)
    if not (separator and value):
        return
    server = _server_of(project, structure)
    part = _PARTS.get(entry.upper())
    pointed = f"{{{server.name}.{part}}}" if server and part else value
    yield Found(f"env.{name}", pointed, f"{name} in {origin}", otherwise=value)


def _server_of(project: ProjectFiles, structure: str) -> ServerKind | None:
    """Return the server that the CI gives the name in the entry HOST of a structure."""
    hosts = {
        project.evidence.env.get(structure + _SEPARATOR + entry, ("", ""))[0]
        for entry, part in _PARTS.items()
        if part == "host"
    }
    named = (image for image in project.ci.services if image.alias in hosts)
    return next(filter(None, map(kind_of, named)), None)
