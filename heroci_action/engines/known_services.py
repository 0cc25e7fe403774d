"""The services that HeroCI knows by name: ports, images, accounts and placeholders; shared by all engines."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from heroci_action.errors import EngineError
from heroci_action.plan.stages import Service

POSTGRES_USER = "heroci"
# A test database need not survive a crash, so nothing has to be written to disk.
POSTGRES_UNSAFE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
MYSQL_UNSAFE = (
    "--skip-log-bin",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--character-set-server=utf8mb4",
)
_MYSQL_CLIENT = 'exec "$(command -v mariadb || command -v mysql)" -u"$1" -e "$2"'
_MYSQL_PING = '"$(command -v mariadb-admin || command -v mysqladmin)" ping -h 127.0.0.1 --silent'


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The variables in which an official image expects its account, and the user if none is set."""

    user: str
    user_variable: str
    password_variable: str
    database_variable: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownService:
    """A server that HeroCI knows; `{version}` in `image` is a placeholder, `scheme` is the first part of its URL.

    `command` are the arguments of its container; `ready` is a command in the container that succeeds once it is ready.
    `package` contains it on Debian.
    """

    name: str
    port: int
    image: str
    version: str
    scheme: str
    ready: tuple[str, ...]
    package: str
    account: Account | None = None
    command: tuple[str, ...] = ()


POSTGRES = KnownService(
    name="postgres",
    port=5432,
    image="postgres:{version}-alpine",
    version="17",
    package="postgresql",
    scheme="postgres",
    # Over TCP: while the image initializes the cluster, a server listens on a Unix socket only.
    ready=("pg_isready", "-q", "-h", "127.0.0.1", "-d", "postgres"),
    account=Account(
        user=POSTGRES_USER,
        user_variable="POSTGRES_USER",
        password_variable="POSTGRES_PASSWORD",  # noqa: S106  the name of a variable
        database_variable="POSTGRES_DB",
    ),
    command=(
        "postgres",
        *(word for name, value in POSTGRES_UNSAFE.items() for word in ("-c", f"{name}={value}")),
    ),
)
MYSQL = KnownService(
    name="mysql",
    port=3306,
    image="mysql:{version}",
    version="8.4",
    package="mariadb-server",
    scheme="mysql",
    ready=("sh", "-c", _MYSQL_PING),
    account=Account(
        user="root",
        user_variable="MYSQL_USER",
        password_variable="MYSQL_PASSWORD",  # noqa: S106  the name of a variable
        database_variable="MYSQL_DATABASE",
    ),
    command=MYSQL_UNSAFE,
)
MARIADB = KnownService(
    name="mariadb",
    port=3306,
    image="mariadb:{version}",
    version="11.8",
    package="mariadb-server",
    scheme="mysql",
    ready=("sh", "-c", _MYSQL_PING),
    account=MYSQL.account,
    command=MYSQL_UNSAFE,
)
REDIS = KnownService(
    name="redis",
    port=6379,
    image="redis:{version}-alpine",
    version="7",
    package="redis-server",
    scheme="redis",
    ready=("sh", "-c", '"$(command -v redis-cli || command -v valkey-cli)" ping'),
)
KNOWN: Mapping[str, KnownService] = {each.name: each for each in (POSTGRES, MYSQL, MARIADB, REDIS)}

# Images that contain a known server under another name, and the extension for which they are chosen.
_IMAGES = {
    "postgis": (POSTGRES, "postgis"),
    "pgvector": (POSTGRES, "vector"),
    "timescaledb": (POSTGRES, "timescaledb"),
    "timescaledb-ha": (POSTGRES, "timescaledb"),
    "postgresql": (POSTGRES, None),
    "valkey": (REDIS, None),
}


def known_service(service: Service) -> KnownService | None:
    """Return the known server that a service is, by its name or by its image."""
    name = _image_name(service)
    found = KNOWN.get(service.name) or KNOWN.get(name)
    return found or _IMAGES.get(name, (None, None))[0]


def extension_of(service: Service) -> str | None:
    """Return the PostgreSQL extension for which the service's image is chosen, None if it has no special one."""
    return _IMAGES.get(_image_name(service), (None, None))[1]


def _image_name(service: Service) -> str:
    return (service.image or "").partition("@")[0].rpartition("/")[2].partition(":")[0]


def service_image(service: Service) -> str:
    """Return the container image of a service. Raises EngineError if it has none and is not known."""
    known = known_service(service)
    pattern = service.image or (known.image if known else "")
    if not pattern:
        raise EngineError(
            f"service {service.name!r} has neither an image nor a command",
            remedy=f"set `services.{service.name}.image` or `services.{service.name}.command`",
        )
    return pattern.replace("{version}", service.version or (known.version if known else "latest"))


def service_port(service: Service) -> int:
    """Return the port on which a service listens in its container. Raises EngineError if it is unknown."""
    known = known_service(service)
    # For a known service, `port` is the port that the project expects on this machine.
    port = known.port if known else service.port
    if not port:
        raise EngineError(
            f"no port configured for service {service.name!r}",
            remedy=f"set `services.{service.name}.port`",
        )
    return port


def left_out_warning(service: Service, cause: str) -> str:
    """Return the warning for an optional service that a run lacks."""
    return (
        f"service {service.name!r} ({service.image}), which the project's CI starts, was left out: {cause}; "
        "tests that need it fail or are skipped"
    )


def address(service: Service, host: str, port: int) -> dict[str, str]:
    """Return the values of `{name.host}`, `{name.port}` and `{name.url}` for a service without accounts."""
    known = known_service(service)
    scheme = known.scheme if known else "http"
    found = {"host": host, "port": str(port), "url": f"{scheme}://{host}:{port}"}
    if known is not REDIS:
        return found
    password = redis_password(service)
    login = f":{quote(password, safe='')}@" if password else ""
    return {**found, "password": password, "url": f"{scheme}://{login}{host}:{port}/0"}


def redis_password(service: Service) -> str:
    """Return the password that a server of Redis requires, as in the variable of Bitnami's image; empty without one."""
    return service.env.get("REDIS_PASSWORD", "") if known_service(service) is REDIS else ""


def container_arguments(service: Service) -> tuple[str, ...]:
    """Return the arguments of a service's container; empty if its image's own apply."""
    known = known_service(service)
    password = redis_password(service)
    if service.arguments:
        return service.arguments
    # The entrypoint adds the name of the server.
    return ("--requirepass", password) if password else known.command if known else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The account with which a stage connects to a database server.

    `secret`: the password was generated for this run and is masked; a password in the project's configuration is not
    secret. `database` None means a separate database for each stage.
    """

    scheme: str
    user: str
    password: str = field(repr=False)
    secret: bool
    database: str | None = None

    @classmethod
    def of(cls, service: Service, known: KnownService = POSTGRES) -> Access:
        """Return the account that the service's variables declare, completed by defaults."""
        account = known.account
        assert account is not None  # noqa: S101  only database servers have an access
        user = service.env.get(account.user_variable, account.user)
        names = [account.password_variable]
        if user == "root":
            names = ["MYSQL_ROOT_PASSWORD", "MARIADB_ROOT_PASSWORD"]
        password = next((service.env[name] for name in names if name in service.env), None)
        return cls(
            scheme=known.scheme,
            user=user,
            password=secrets.token_urlsafe(24) if password is None else password,
            secret=password is None,
            database=service.env.get(account.database_variable),
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values to mask."""
        return (self.password,) if self.secret else ()

    def values(self, host: str, port: int, database: str) -> dict[str, str]:
        """Return the values of `{postgres.host}`, `{postgres.url}` and so on."""
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return {
            "host": host,
            "port": str(port),
            "user": self.user,
            "password": self.password,
            "db": database,
            "url": f"{self.scheme}://{login}@{host}:{port}/{database}",
        }

    def container_environment(self, known: KnownService, database: str) -> dict[str, str]:
        """Return the variables that create the account in the container of an official image."""
        if known is POSTGRES:
            return {
                "POSTGRES_USER": self.user,
                "POSTGRES_PASSWORD": self.password,
                "POSTGRES_DB": database,
            }
        if self.user == "root":
            return {"MYSQL_ROOT_PASSWORD": self.password, "MYSQL_DATABASE": database}
        return {
            "MYSQL_RANDOM_ROOT_PASSWORD": "yes",
            "MYSQL_USER": self.user,
            "MYSQL_PASSWORD": self.password,
            "MYSQL_DATABASE": database,
        }

    def create_database(self, known: KnownService, database: str) -> tuple[str, ...]:
        """Return the command that creates a database in the server's container.

        The password is expected in PGPASSWORD or MYSQL_PWD.
        """
        if known is POSTGRES:
            statement = f"CREATE DATABASE {quoted(database)}"
            return ("psql", "-XqAt", "-U", self.user, "-d", "postgres", "-c", statement)
        statement = f"CREATE DATABASE IF NOT EXISTS {quoted(database, '`')}"
        return ("sh", "-c", _MYSQL_CLIENT, "sh", self.user, statement)


def quoted(name: str, mark: str = '"') -> str:
    """Return a name as a quoted SQL identifier."""
    return f"{mark}{name.replace(mark, mark * 2)}{mark}"
