"""Servers of the suite's job for which HeroCI has no program: containers with the CI's image, variables and port."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from heroci_action.detection.ci.records import UNKNOWN, Image, Job
from heroci_action.detection.findings import Finding, FixedAddress, Found, Warn
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.servers import application_parts as parts
from heroci_action.detection.servers.ci_servers import (
    DATABASES,
    MARIADB,
    MYSQL,
    REDIS,
    ServerKind,
    container_port,
    container_ports,
    declare,
    kind_of,
    port_of,
    published_for,
    published_port,
)
from heroci_action.detection.servers.hard_coded import (
    LOCAL,
    file_with_local_address,
    file_with_name,
    fix_redis,
    host_of,
    machine_hosts,
)
from heroci_action.detection.servers.programs import warn_of_programs
from heroci_action.detection.settings.source import settings_source

# `0.0.0.0:8000` alone is where the application listens.
_REACHED = r"localhost|127\.0\.0\.1|(?<=[/@])0\.0\.0\.0"
_NEVER = "(?!)"  # a pattern that matches nothing
# Images that build other images, or run the steps of the job.
_NO_SERVERS = re.compile(r"|docker|dind|python|node|alpine|ubuntu|debian|busybox|buildx?")
# `rabbitmq`
_NAME = re.compile(r"[A-Za-z_][\w-]*")
# The names that mean a server of HeroCI's own.
_DATABASE_NAMES = frozenset(kind.name for kind in DATABASES)
_BUILT_IN = _DATABASE_NAMES | {REDIS.name}

_Variables = Mapping[str, tuple[str, str]]
"""Variables that may contain an address, each with its value and origin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    """A server with its name in the plan, the port in its container, and a pattern for the hosts of the machine."""

    name: str
    image: Image
    port: int
    machine: str = LOCAL

    @property
    def ports(self) -> frozenset[str]:
        """The ports that an address in the CI may have."""
        return frozenset({str(self.port), str(published_port(self.image) or self.port)})

    @property
    def local_ports(self) -> frozenset[str]:
        """The ports that an address on this machine may have, where another server may have the container's.

        What a container of the same network does not reach under the server's own name must have been published.
        """
        own = self.ports if self.machine == LOCAL else frozenset()
        return published_for(self.image, self.port) or own

    @property
    def addresses(self) -> str:
        """A pattern for the host and the port of the server."""
        local = rf"(?:{self.machine}):(?:{'|'.join(self.local_ports) or _NEVER})"
        alias = self.image.alias
        named = rf"|{re.escape(alias)}:(?:{'|'.join(self.ports)})"
        return f"(?:{local}{named if alias not in {'', 'localhost'} else ''})"

    @property
    def hosts(self) -> str:
        """A pattern for the names under which the CI reaches the server."""
        alias = self.image.alias
        return f"{self.machine}|{re.escape(alias)}" if alias else self.machine

    def findings(self, project: ProjectFiles) -> Iterator[Finding]:
        """Yield the service, and the variables that contain its address."""
        key, why = f"services.{self.name}", self.image.source
        yield Found(f"{key}.image", self.image.reference, why)
        yield Found(f"{key}.port", self.port, why)
        if env := self.environment(project):
            yield Found(f"{key}.env", env, why)
        if self.image.arguments:
            yield Found(f"{key}.arguments", list(self.image.arguments), why)
        known = dict(_known_addresses(project))
        pointed = {name: self.address(name, value, known) for name, (value, _) in known.items()}
        for name, address in pointed.items():
            if address:
                value, origin = known[name]
                yield Found(f"env.{name}", address, origin, otherwise=value)
        # In a network of containers, the machine in the code is for developers.
        is_local = host_of(project, self.image) == "localhost" and not any(pointed.values())
        if is_local and (file := file_with_local_address(project, self.local_ports)):
            yield FixedAddress(self.name, f"hard-coded in {file}")

    def environment(self, project: ProjectFiles) -> dict[str, str]:
        """Return its variables; GitLab adds every variable of the job, most of which do not concern the server."""
        stem, job = _stem(self.image), project.ci.env
        return {
            name: value
            for name, value in self.image.env.items()
            if UNKNOWN not in value
            and not project.ci.is_predefined(name, value)
            and (job.get(name) != value or name.startswith(stem))
        }

    def address(self, name: str, value: str, known: _Variables) -> str | None:
        """Return the value of a variable with the server's address in it replaced; None if it has none."""
        pointed = re.sub(
            rf"(?<![\w.-]){self.addresses}(?!\w)",
            f"{{{self.name}.host}}:{{{self.name}.port}}",
            value,
        )
        scheme = value.partition("://")[0]
        if pointed == value and _PORT_OF.get(scheme.removeprefix("py")) in self.ports:
            address = f"{{{self.name}.host}}:{{{self.name}.port}}"
            pointed = re.sub(rf"(?<=[/@])({self.hosts})(?=[/?]|$)", address, value)
        elif pointed == value and self._has_port_next_to(name, known):
            # The settings join `http://localhost` and the port of another variable.
            pointed = re.sub(rf"(?<=[/@])({self.hosts})(?=/|$)", f"{{{self.name}.host}}", value)
        if pointed != value:
            return pointed
        if value in self.ports and "PORT" in name.upper():
            return f"{{{self.name}.port}}"
        if re.fullmatch(self.hosts, value) and self._is_host(name, value, known):
            return f"{{{self.name}.host}}"
        return None

    def _is_host(self, name: str, value: str, known: _Variables) -> bool:
        """Return whether a variable contains this server's host: by its alias, its name, or a matching port."""
        if _CREDENTIAL.search(name):
            return False
        own = self.name.upper().replace("-", "_") in name.upper()
        return (
            value == self.image.alias != "localhost" or own or self._has_port_next_to(name, known)
        )

    def _has_port_next_to(self, name: str, known: _Variables) -> bool:
        """Return whether the variable for the port to this address contains that of the server: `ES_URL`, `ES_PORT`."""
        beside = re.sub(r"HOST(NAME)?|SERVER|ADDRESS|UR[LI]$", "PORT", name)
        return known.get(beside, ("", ""))[0] in self.ports


# The ports that URLs leave out, `pyamqp://rabbit//` too.
_PORT_OF = {"amqp": "5672", "http": "80", "mongodb": "27017", "mqtt": "1883", "smtp": "25"}
# A user may be called like the server.
_CREDENTIAL = re.compile(r"(?i)key|user|pass|secret|token|bucket")


def find_other_servers(project: ProjectFiles, planned: Collection[str]) -> Iterator[Finding]:
    """Yield the servers of the suite's job that are not `planned` yet, and warn of servers that cannot be planned."""
    servers = [image for image in project.ci.services if not _is_part_of_job(image)]
    known = [image for image in servers if kind_of(image) is not None]
    yield from _second_ones(project, known, planned)
    yield from _built_ones(project)
    yield from warn_of_programs(project)
    names = set(planned)
    for image in servers:
        server = _server(project, image)
        yield from _by_name(project, image, kind_of(image), server)
        if kind := kind_of(image):
            yield from _without_files(image, kind.name)
        if kind or (server and server.name in names):
            continue
        if server is None:
            rest = _left_out(project, image, "its port is not known")
            yield from parts.warn_of_part(image) if parts.runs_application(project, image) else rest
        else:
            names.add(server.name)
            yield from server.findings(project)
            yield from _without_files(image, server.name)


def _by_name(
    project: ProjectFiles, image: Image, kind: ServerKind | None, server: _Server | None
) -> Iterator[Finding]:
    """Yield the name under which the settings reach a server; that of a database is known from its settings."""
    known = kind or server
    if known is None or kind in DATABASES:
        return
    if file := file_with_name(project, image, known.port):
        yield FixedAddress(known.name, f"hard-coded in {file}", host=image.alias)


def _without_files(image: Image, name: str) -> Iterator[Finding]:
    """Warn of files of the repository that a container of the CI sees, and one of HeroCI does not."""
    if image.mounts:
        yield Warn(
            f"{image.source} mounts {', '.join(image.mounts)} in {image.reference}, which HeroCI does not; if the "
            f"tests need it, build an image that contains the files and set services.{name}.image to it"
        )


def _is_part_of_job(image: Image) -> bool:
    name = image.name.rpartition("/")[2]
    return image.built or bool(_NO_SERVERS.fullmatch(name))


def _second_ones(
    project: ProjectFiles, images: list[Image], planned: Collection[str]
) -> Iterator[Finding]:
    """Yield Redis if the plan lacks it, and warn of every server of which it has one already."""
    free = list(map(_family, planned))
    has_database = not _DATABASE_NAMES.isdisjoint(planned)
    first_redis = next((image for image in images if kind_of(image) is REDIS), None)
    for image in images:
        kind = kind_of(image) or REDIS
        if _family(kind.name) in free:
            free.remove(_family(kind.name))
        elif REDIS.name not in planned and image is first_redis:
            yield from declare(kind, image, f"{image.source} starts it")
            yield from fix_redis(project, image, "no variable contains its address")
        elif kind is REDIS or has_database:
            why = "it has one server of a kind, for the settings' default database"
            yield from _left_out(project, image, why)


def _built_ones(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of servers whose image the CI builds; one whose address nothing contains is a part of the application.

    If the user has declared it, only its address matters.
    """
    values = [value for _, (value, _) in _known_addresses(project)]
    for image in project.ci.services:
        host = re.compile(rf"(?:.*[/@])?{re.escape(image.alias)}(?::\d+)?(?:[/?].*)?")
        addressed = any(map(host.fullmatch, values)) or _is_on_machine(project, image)
        if not image.built or kind_of(image) is not None:
            yield from parts.warn_of_base(image)
        elif not addressed:
            yield from parts.warn_of_part(image)
        elif _is_declared(project, image):
            server = _Server(name=_name(image), image=image, port=port_of(image) or 0)
            if file := file_with_local_address(project, server.local_ports):
                yield FixedAddress(server.name, f"hard-coded in {file}")
        else:
            yield Warn(
                f"{image.source} builds {image.alias} and starts it for its tests, and the plan does not; if the "
                "tests need it, declare it in `services` with an image and its port",
                _proposal(project, image),
            )


def _is_declared(project: ProjectFiles, image: Image) -> bool:
    return _name(image) in (project.configured("services") or {})


def _proposal(project: ProjectFiles, image: Image) -> tuple[str, ...]:
    """Return the line of the configuration for a server; a port that is not known has to be filled in."""
    server = _Server(name=_name(image), image=image, port=port_of(image) or 1234)
    env = server.environment(project)
    pairs = ", ".join(f"{json.dumps(key)} = {json.dumps(value)}" for key, value in env.items())
    values = f'image = "{image.reference}", port = {server.port}'
    return (f"services.{server.name} = {{ {values}{f', env = {{ {pairs} }}' if pairs else ''} }}",)


def _is_on_machine(project: ProjectFiles, image: Image) -> bool:
    """Return whether the settings contain the address under which the machine reaches a server, not the application."""
    port = published_port(image)
    is_server = port is not None and not _NO_SERVERS.fullmatch(image.name.rpartition("/")[2])
    return is_server and file_with_local_address(project, {str(port)}) is not None


def _server(project: ProjectFiles, image: Image) -> _Server | None:
    # What the plan publishes is the port that the tests use.
    ports = sorted(image.ports, key=lambda text: not _is_in_variable(project, image, text))
    image = replace(image, ports=tuple(ports))
    chosen = bool(ports) and _is_in_variable(project, image, ports[0])
    port = (container_port(image) if chosen else None) or _port(project, image)
    if port is None or not image.is_known:
        return None
    return _Server(name=_name(image), image=image, port=port, machine=machine_hosts(project))


def _port(project: ProjectFiles, image: Image) -> int | None:
    """Return the port of a server: the CI's address of it, else its usual one, else the port that no other has."""
    values = [value for value, _ in project.evidence.env.values()]
    if image.alias and image.alias != "localhost":
        lines = (command.line for command in project.commands)
        address = re.compile(rf"(?<![\w.-]){re.escape(image.alias)}:(\d{{3,5}})(?![\w.])")
        named = {found[1] for text in (*values, *lines) for found in address.finditer(text)}
        if len(named) == 1:
            return int(named.pop())
    usual = port_of(image)
    return (
        _port_published_instead(image, usual, values) or usual or _port_of_no_other(project, values)
    )


def _port_published_instead(image: Image, usual: int | None, values: list[str]) -> int | None:
    """Return the port in the container of the only local address of a server, if its usual one is not published."""
    text = "\n".join(values)
    published = {each: published_for(image, each) for each in container_ports(image)}
    addressed = [
        inner
        for inner, ports in published.items()
        if ports and re.search(rf"(?<![\w.-])(?:{LOCAL}):(?:{'|'.join(ports)})(?!\w)", text)
    ]
    return addressed[0] if usual not in published and len(addressed) == 1 else None


def _port_of_no_other(project: ProjectFiles, values: list[str]) -> int | None:
    """Return the only port of the machine in the CI's variables that is not another server's.

    If several servers have unknown ports, it could be the port of any of them. In a container, it is the application's.
    """
    if machine_hosts(project) != LOCAL:
        return None
    servers = [image for image in project.ci.services if not _is_part_of_job(image)]
    taken = {port for image in servers for port in (port_of(image), published_port(image))}
    unknown = [image for image in servers if port_of(image) is None]
    named = re.findall(rf"(?<![\w.-])(?:{_REACHED}):(\d+)(?!\w)", "\n".join(values))
    free = {int(port) for port in named} - taken
    return free.pop() if len(free) == len(unknown) == 1 else None


def _is_in_variable(project: ProjectFiles, image: Image, published: str) -> bool:
    """Return whether a variable of the CI for this server contains a port: `CLICKHOUSE_PORT: 9000`."""
    outer, _, inner = published.partition("/")[0].rpartition(":")
    return any(
        value in {inner, outer.rpartition(":")[2]} and name.upper().endswith("PORT")
        for name, (value, _) in project.evidence.env.items()
        if name.upper().startswith(_stem(image))
    )


def further_servers(
    project: ProjectFiles, job: Job, env: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the servers that another job than the suite's has in addition, and its variables with their addresses.

    Each server is a line of the configuration, by its name. A further database cannot be proposed.
    """
    own = {_name_of(image) for image in project.ci.services}
    lines: dict[str, str] = {}
    pointed, known = dict(env), {name: (value, "") for name, value in env.items()}
    for image in (each for each in job.services if each.is_known and not _is_part_of_job(each)):
        name, port = _name_of(image), port_of(image)
        if port and name not in own and kind_of(image) not in DATABASES:
            server = _Server(name=name, image=image, port=port)
            lines[name] = _proposal(project, image)[0]
            found = {key: server.address(key, value, known) for key, value in env.items()}
            pointed |= {key: address for key, address in found.items() if address}
    return lines, pointed


def _name_of(image: Image) -> str:
    kind = kind_of(image)
    return kind.name if kind else _name(image)


def _stem(image: Image) -> str:
    """Return the first word of an image's name as variables spell it."""
    return re.split(r"\W", image.name.rpartition("/")[2])[0].upper()


def _name(image: Image) -> str:
    """Return the name in the plan: the CI's alias if it is one, else the last part of the image's name."""
    alias = image.alias
    if _NAME.fullmatch(alias) and alias != "localhost" and alias not in _BUILT_IN:
        return alias
    return re.sub(r"[^\w-]", "-", image.name.rpartition("/")[2])


def _family(name: str) -> str:
    """Return the name of a server, the same one for MySQL and MariaDB, which replace each other."""
    return MYSQL.name if name == MARIADB.name else name


def _known_addresses(project: ProjectFiles) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the variables that may contain an address: of the CI, and with a default of the settings."""
    source = settings_source(project)
    for read, statement in source.reads if source else ():
        if read.default:
            yield read.name, (read.default, f"its default in {statement.file}")
    for name, (value, origin) in project.evidence.env.items():
        yield name, (value, f"{name} in {origin}")


def _left_out(project: ProjectFiles, image: Image, reason: str) -> Iterator[Warn]:
    if not _is_declared(project, image):
        yield Warn(
            f"{image.source} starts {image.reference} for its tests, and the plan does not: {reason}; "
            f"if the tests need it, declare it in `services` with its image and port",
            _proposal(project, image),
        )
