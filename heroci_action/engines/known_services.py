"""What HeroCI knows about the services that it knows by name, the same on every engine."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from urllib.parse import quote

from heroci_action.errors import EngineError
from heroci_action.plan.stages import Service

PORTS = {"postgres": 5432, "redis": 6379}
IMAGES = {"postgres": "postgres:{version}-alpine", "redis": "redis:{version}-alpine"}
DEFAULT_VERSIONS = {"postgres": "17", "redis": "7"}
POSTGRES_USER = "heroci"
# Nothing of a test database must survive a crash, so nothing has to reach a disk.
POSTGRES_UNSAFE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def service_image(service: Service) -> str:
    """The container image of a service. Raises EngineError for one without, whose name is not known."""
    pattern = service.image or IMAGES.get(service.name)
    if not pattern:
        raise EngineError(
            f"service {service.name!r} has neither an image nor a command",
            remedy=f"set `services.{service.name}.image` or `services.{service.name}.command`",
        )
    return pattern.replace(
        "{version}", service.version or DEFAULT_VERSIONS.get(service.name, "latest")
    )


def service_port(service: Service) -> int:
    """The port that a service listens on in its container. Raises EngineError where nobody knows it."""
    # For a service of ours, `port` is where a project wants it on this machine, not in its container.
    known = None if service.image else PORTS.get(service.name)
    port = known or service.port or PORTS.get(service.name)
    if not port:
        raise EngineError(
            f"nobody knows the port of service {service.name!r}",
            remedy=f"set `services.{service.name}.port`",
        )
    return port


def address(name: str, host: str, port: int) -> dict[str, str]:
    """What `{name.host}` and the like stand for."""
    scheme = "redis" if name == "redis" else "http"
    path = "/0" if name == "redis" else ""
    return {"host": host, "port": str(port), "url": f"{scheme}://{host}:{port}{path}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresAccess:
    """Who may connect to a server; a project that has this in its code gets what stands there.

    `secret`: the password was made for this run, and is masked; one that stands in the project's code is none.
    `database` None is one of its own for each stage.
    """

    user: str
    password: str = field(repr=False)
    secret: bool
    database: str | None = None

    @classmethod
    def of(cls, service: Service) -> PostgresAccess:
        """By the variables that PostgreSQL's official image reads."""
        written = service.env.get("POSTGRES_PASSWORD")
        return cls(
            user=service.env.get("POSTGRES_USER", POSTGRES_USER),
            password=written or secrets.token_urlsafe(24),
            secret=written is None,
            database=service.env.get("POSTGRES_DB"),
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """What has to be masked."""
        return (self.password,) if self.secret else ()

    def values(self, host: str, port: int, database: str) -> dict[str, str]:
        """What `{postgres.host}` and the like stand for."""
        return postgres_values(host, port, self.password, database, user=self.user)


def postgres_values(
    host: str, port: int, password: str, database: str, *, user: str = POSTGRES_USER
) -> dict[str, str]:
    """What `{postgres.host}` and the like stand for."""
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return {
        "host": host,
        "port": str(port),
        "user": user,
        "password": password,
        "db": database,
        "url": f"postgres://{login}@{host}:{port}/{database}",
    }
