"""What HeroCI knows about the services that it knows by name, the same on every engine."""

from __future__ import annotations

from heroci_action.errors import EngineError
from heroci_action.plan import Service

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
    port = service.port or PORTS.get(service.name)
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


def postgres_values(host: str, port: int, password: str, database: str) -> dict[str, str]:
    """What `{postgres.host}` and the like stand for."""
    return {
        "host": host,
        "port": str(port),
        "user": POSTGRES_USER,
        "password": password,
        "db": database,
        "url": f"postgres://{POSTGRES_USER}:{password}@{host}:{port}/{database}",
    }
