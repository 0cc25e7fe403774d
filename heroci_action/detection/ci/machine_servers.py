"""Servers that a job starts on its own machine, without a container."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from heroci_action.detection.ci.records import Command, Image

# The images of servers, by the names of their programs and units; others have no image that runs as it is.
_IMAGES: Mapping[str, str] = {
    "postgresql": "postgres", "postgres": "postgres", "pg_ctlcluster": "postgres", "pg_ctl": "postgres",
    "mysql": "mysql", "mysqld": "mysql", "mysqld_safe": "mysql", "mariadb": "mariadb", "mariadbd": "mariadb",
    "redis": "redis", "redis-server": "redis", "valkey": "valkey", "valkey-server": "valkey",
    "rabbitmq": "rabbitmq", "rabbitmq-server": "rabbitmq", "memcached": "memcached",
    "mongo": "mongo", "mongod": "mongo", "mongodb": "mongo", "nats-server": "nats",
}  # fmt: skip
# Archives and packages name these with their whole version, without which their images cannot be used.
_ARCHIVED: Mapping[str, str] = {
    "elasticsearch": "elasticsearch", "opensearch": "opensearchproject/opensearch",
}  # fmt: skip
_ARCHIVE = r"(?:.*/)?{name}-(?:oss-|min-)?(\d+\.\d+\.\d+)(?:[-./].*)?"
SINGLE_NODE: Mapping[str, Mapping[str, str]] = {
    "elasticsearch": {"discovery.type": "single-node", "xpack.security.enabled": "false"},
    "opensearchproject/opensearch": {"discovery.type": "single-node", "DISABLE_SECURITY_PLUGIN": "true"},
}  # fmt: skip
"""Variables without which search servers look for others, or want certificates, by image."""
# Names that are also the names of clients: only a unit with such a name is a server.
_CLIENTS = frozenset({"mysql", "mariadb", "postgresql", "redis", "mongo", "mongodb", "rabbitmq"})
_CONTROLS = frozenset({"service", "systemctl", "rc-service", "brew", "sem-service"})
_STARTS = frozenset({"start", "restart"})
_DEBIAN_INSTALLERS = frozenset({"apt", "apt-get"})
_STARTED_BY_PACKAGE = frozenset({"redis", "redis-server", "rabbitmq-server", "memcached"})
_VERSION_MANAGERS = frozenset({"asdf", "mise", "rtx"})
# `postgresql@14`, `postgresql-16.service`
_VERSIONED = re.compile(
    r"([a-zA-Z_]+(?:-server|-[a-z]+)?)[@-]?(\d+(?:\.\d+)*)?(?:-main)?(?:\.service)?"
)
_VERSION = re.compile(r"\d+(\.\d+)*")


def find_server(command: Command, earlier: Iterable[Command]) -> Image | None:
    """Return the image of the server that a command starts; `earlier` commands may install its package."""
    name, version = _started(command)
    if name in _ARCHIVED:
        return _archived(name, command, earlier)
    image = _IMAGES.get(name)
    if image is None:
        return None
    version = version or _installed(name, earlier)
    parsed = Image.parse(f"{image}:{version}" if version else image, source=command.source)
    # Others have arguments for a machine: `memcached -d`.
    is_redis = image in {"redis", "valkey"} and command.call.name == name
    return replace(parsed, arguments=command.call.arguments if is_redis else ())


def find_installed_servers(command: Command) -> Iterator[Image]:
    """Yield the images of the servers that `apt-get install` starts: Debian's packages do so on a machine with an init.

    Clients have separate packages, so these are meant to run. PostgreSQL and MySQL are left out: GitHub's machine
    has them, and starts them only on demand.
    """
    if command.call.name in _DEBIAN_INSTALLERS and "install" in command.call.arguments:
        for name in _STARTED_BY_PACKAGE.intersection(command.call.arguments):
            yield Image.parse(_IMAGES[name], source=command.source)


def unit_of(command: Command) -> str:
    """Return the name of the unit that `service NAME start` and the like start; empty for any other command."""
    words = [word.rpartition("/")[2] for word in command.words]
    place = next((index for index, word in enumerate(words) if word in _CONTROLS), None)
    if "/init.d/" in command.call.program:
        return command.call.name if _STARTS & set(words) else ""
    if place is None or not _STARTS & set(words[place:]):
        return ""
    ignored = {"services", *_STARTS}
    named = (word for word in words[place + 1 :] if word not in ignored and word[:1] != "-")
    return next(named, "")


def _started(command: Command) -> tuple[str, str]:
    """Return the name and the version of the server that a command starts; empty if it starts none."""
    if unit := unit_of(command):
        match = _VERSIONED.fullmatch(unit)
        name, version = (match[1], match[2] or "") if match else (unit, "")
        behind = command.words[-1] if _VERSION.fullmatch(command.words[-1]) else ""
        return name, version or behind
    name, arguments = command.call.name, command.call.arguments
    asks = {"--version", "-V", "--help", "-h", "stop", "status"} & set(arguments)
    if asks or name in _CLIENTS or command.call.container is not None:
        return "", ""
    if name == "pg_ctlcluster":
        return name, next(iter(arguments), "")
    return name, ""


def _installed(name: str, earlier: Iterable[Command]) -> str:
    """Return the version in the package of a server: `apt-get install postgresql-14`, `asdf install postgres 16.2`."""
    form = re.compile(rf"{re.escape(_IMAGES[name])}(?:ql)?(?:-server)?[-@=]v?(\d+(?:\.\d+)?).*")
    found = (form.fullmatch(word) for command in earlier for word in _packages(command))
    return next((match[1] for match in found if match), "")


def _archived(name: str, command: Command, earlier: Iterable[Command]) -> Image | None:
    """Return the image of a server whose archive the job installs: `dpkg -i elasticsearch-7.2.0-amd64.deb`."""
    form = re.compile(_ARCHIVE.format(name=name))
    words = (word for each in (command, *earlier) for word in (each.call.program, *each.words))
    version = next((match[1] for word in words if (match := form.fullmatch(word))), None)
    image = _ARCHIVED[name]
    if version is None:
        return None
    return Image.parse(f"{image}:{version}", source=command.source, env=SINGLE_NODE[image])


def _packages(command: Command) -> Iterator[str]:
    """Yield the words of an installation; asdf and mise name the version in a separate word, or after `@`."""
    of_manager = command.call.name in _VERSION_MANAGERS
    if of_manager:
        yield from map("@".join, itertools.pairwise(command.words))
    if of_manager or "install" in command.words:
        yield from command.words


def created_account(commands: Iterable[Command]) -> dict[str, str]:
    """Return the database, user and password that commands create in PostgreSQL: `psql -c 'CREATE DATABASE shop'`."""
    found: dict[str, str] = {}
    for command in commands:
        if command.call.name == "createdb" and command.call.arguments:
            found.setdefault("POSTGRES_DB", command.call.arguments[-1])
        for name, form in _CREATED.items() if command.call.name == "psql" else ():
            if match := form.search(command.line):
                found.setdefault(name, match[1])
    return found


_CREATED = {
    "POSTGRES_DB": re.compile(r"""(?i)\bcreate\s+database\s+\\?"?([\w-]+)"""),
    "POSTGRES_USER": re.compile(r"""(?i)\bcreate\s+(?:user|role)\s+\\?"?([\w-]+)"""),
    "POSTGRES_PASSWORD": re.compile(r"""(?i)\bpassword\s+\\?'([^'\\]+)"""),
}
