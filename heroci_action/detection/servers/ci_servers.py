"""The servers that a project's CI starts, as services of the plan."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from heroci_action.detection.ci.records import UNKNOWN, Image
from heroci_action.detection.findings import Finding, Found
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.servers.database_record import ROLES

# Words in names and tags of images that contain more than the plain server.
_EXTENDED = re.compile(
    r"gis|vector|stack|bundle|timescale|citus|cron|parade|supabase|\bage\b|zombodb|pgroonga"
)
# `postgresql-16`
_VERSION_IN_NAME = re.compile(r"\b(?:postgresql|redis)-(\d+)[\w-]*$")
_VERSION_IN_TAG = (re.compile(r"\bpg(\d+)"), re.compile(r"v?(\d+(?:\.\d+)?)"))
_OLDEST_POSTGRES = 8
_SYSTEMS = re.compile(
    r"ubuntu|debian|alpine|centos|rockylinux|almalinux|fedora|amazonlinux|oraclelinux|ubi\d.*"
)
# `db`, `test-db`
_DATABASE_ALIAS = re.compile(r"([\w-]+[-_])?(db|database)")
# `MOCK_SSO_PORT`
_PORT = re.compile(r"(^|_)PORT$")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerKind:
    """A server that HeroCI can start: its name in the plan, and its images by the last part of their name."""

    name: str
    images: str
    port: int
    # Whether the part of a version after the dot matters.
    minor: bool = False


POSTGRES = ServerKind(
    name="postgres",
    # Red Hat's images have the version in their names: postgresql-15-c9s.
    images=r"postgres\w*|postgresql-\d+[\w-]*|postgis\w*|pgvector|timescaledb\w*(-ha)?|citus|paradedb",
    port=5432,
)
MYSQL = ServerKind(name="mysql", images=r"mysql(-server)?|percona", port=3306, minor=True)
MARIADB = ServerKind(name="mariadb", images=r"mariadb", port=3306, minor=True)
REDIS = ServerKind(name="redis", images=r"redis(-\d+)?|redis-stack\w*(-server)?|valkey", port=6379)
DATABASES = (POSTGRES, MYSQL, MARIADB)


# Variables of the images: https://hub.docker.com/_/postgres, https://hub.docker.com/_/mysql
IMAGE_ENV: Mapping[str, Mapping[str, str]] = {
    "postgres": {"USER": "POSTGRES_USER", "PASSWORD": "POSTGRES_PASSWORD", "NAME": "POSTGRES_DB"},
    "mysql": {"USER": "MYSQL_USER", "PASSWORD": "MYSQL_PASSWORD", "NAME": "MYSQL_DATABASE"},
    "mariadb": {"USER": "MARIADB_USER", "PASSWORD": "MARIADB_PASSWORD", "NAME": "MARIADB_DATABASE"},
}
_KINDS = (*DATABASES, REDIS)
# Parts of the names of images that use a server.
_BESIDE_SERVERS = frozenset(
    {
        "admin", "backup", "backups", "cli", "client", "commander", "dump", "exporter", "gui", "init", "insight",
        "migrate", "migrations", "operator", "proxy", "restore", "sentinel", "ui", "web",
    }
)  # fmt: skip
# The ports of other servers, by the last part of the names of their images.
_PORTS: Mapping[str, int] = {
    "activemq": 61616, "azurite": 10000, "cassandra": 9042, "clickhouse": 8123, "clickhouse-server": 8123,
    "consul": 8500, "dynamodb-local": 8000, "elasticsearch": 9200, "elasticsearch-oss": 9200, "elasticmq": 9324,
    "etcd": 2379, "fake-gcs-server": 4443, "gotenberg": 3000, "greenmail": 3143, "influxdb": 8086, "kafka": 9092,
    "keycloak": 8080, "localstack": 4566, "mailcatcher": 1025, "mailhog": 1025, "mailpit": 1025, "meilisearch": 7700,
    "memcached": 11211, "minio": 9000, "mongo": 27017, "mongodb": 27017, "moto": 5000, "nats": 4222, "neo4j": 7687,
    "openldap": 389, "opensearch": 9200, "qdrant": 6333, "rabbitmq": 5672, "registry": 5000, "solr": 8983,
    "standalone-chrome": 4444, "standalone-chromium": 4444, "standalone-firefox": 4444, "tika": 9998, "typesense": 8108,
    "vault": 8200, "weaviate": 8080, "zookeeper": 2181,
}  # fmt: skip


def kind_of(image: Image) -> ServerKind | None:
    """Return the kind of server that an image contains: by its name, its port, or the name that the CI gives it.

    A database of an unknown image is known by the variables of its account: an application has these as well, but it
    is not called `db`.
    """
    name = image.name.rpartition("/")[2]
    port = container_port(image)
    for matches in (
        lambda kind: re.fullmatch(kind.images, name),
        lambda kind: kind.port == port,
        lambda kind: port is None and re.fullmatch(kind.images, image.alias),
        lambda kind: port is None and _names_server(name, kind),
        lambda kind: (
            port is None
            and _DATABASE_ALIAS.fullmatch(image.alias)
            and not image.env.keys().isdisjoint(IMAGE_ENV.get(kind.name, {}).values())
        ),
    ):
        if found := next(filter(matches, _KINDS), None):
            return found
    return None


def _names_server(name: str, kind: ServerKind) -> bool:
    """Return whether an image is somebody's own one of a server: `postgres-shop`, but not `postgres-exporter`."""
    parts = re.split(r"[-_.]", name)
    is_named = any(re.fullmatch(kind.images, part) for part in parts)
    return is_named and _BESIDE_SERVERS.isdisjoint(parts)


def container_port(image: Image) -> int | None:
    """Return the port in the container that the CI publishes first: 5672 for `25672:5672/tcp`."""
    return next(iter(container_ports(image)), None)


def container_ports(image: Image) -> tuple[int, ...]:
    """Return all ports in the container that the CI publishes."""
    ports = (port.partition("/")[0].rpartition(":")[2] for port in image.ports)
    return tuple(dict.fromkeys(int(port) for port in ports if port.isdigit()))


def published_port(image: Image) -> int | None:
    """Return the port of the machine under which the CI publishes it: 25672 for `127.0.0.1:25672:5672`."""
    hosts = (port.partition("/")[0].rpartition(":")[0].rpartition(":")[2] for port in image.ports)
    return next((int(port) for port in hosts if port.isdigit()), None)


def published_for(image: Image, port: int) -> frozenset[str]:
    """Return the ports of the machine under which the CI publishes this one: 8001 for 8000 and `8001:8000`."""
    pairs = (text.partition("/")[0].rpartition(":") for text in image.ports)
    hosts = (host.rpartition(":")[2] for host, _, inner in pairs if inner == str(port))
    return frozenset(host for host in hosts if host.isdigit())


def port_of(image: Image) -> int | None:
    """Return the port on which the server of an image listens; None if it is not known."""
    # Selenium's images for debugging publish a port for viewers first.
    name = image.name.rpartition("/")[2].removesuffix("-debug")
    kind = kind_of(image)
    known = _PORTS.get(name) or container_port(image) or (kind.port if kind else None)
    return known or _port_in_variables(image)


def _port_in_variables(image: Image) -> int | None:
    """Return the only port that the variables of an image name: `MOCK_SSO_PORT: 5000`.

    `DB_PORT` next to `DB_HOST` is the port of another server.
    """
    hosts = {name.removesuffix("HOST") for name in image.env if name.endswith("HOST")}
    ports = (
        (name.removesuffix("PORT"), text) for name, text in image.env.items() if _PORT.search(name)
    )
    named = [text for prefix, text in ports if prefix not in hosts]
    return int(named[0]) if len(named) == 1 and named[0].isdecimal() else None


def ci_image(project: ProjectFiles, *kinds: ServerKind) -> Image | None:
    """Return the image of the first of these servers that the job with the tests starts."""
    return next((image for image in project.ci.services if kind_of(image) in kinds), None)


def any_image(project: ProjectFiles, *kinds: ServerKind) -> Image | None:
    """Return the image that the tests' job uses, else the one of a compose file."""
    return next((image for image in project.evidence.images if kind_of(image) in kinds), None)


def describe(image: Image) -> str:
    """Return the reference of an image and the file that names it."""
    return f"{image.reference} in {image.source}"


def version_of(image: Image, kind: ServerKind) -> str | None:
    """Return the version in a tag: 17 for `17.2-alpine`, and for `2.20.3-pg17`; without one, the one in the name.

    Valkey has its own numbers.
    """
    if "valkey" in image.name or is_of_system(image):
        return None
    if match := _VERSION_IN_NAME.search(image.name):
        return match[1]
    for form in _VERSION_IN_TAG:
        if match := form.search(image.tag) if form is _VERSION_IN_TAG[0] else form.match(image.tag):
            # The tag of an image that contains more is not always the server's version: `shop-db:0.13`.
            if kind is POSTGRES and int(match[1].partition(".")[0]) < _OLDEST_POSTGRES:
                return None
            # Until 9.6, PostgreSQL's major version had two parts.
            keeps = kind.minor or match[1].startswith(("8.", "9."))
            return match[1] if keeps else match[1].partition(".")[0]
    return None


def is_of_system(image: Image) -> bool:
    """Return whether the repository installs the server in the image of an operating system: `FROM ubuntu:24.04`."""
    return image.built and bool(_SYSTEMS.fullmatch(image.name.rpartition("/")[2]))


def is_extended(image: Image) -> bool:
    """Return whether an image contains more than the plain server, such as PostGIS, or something unknown."""
    name = image.name.rpartition("/")[2]
    if not image.is_known or is_of_system(image):
        return False
    known = any(re.fullmatch(kind.images, name) for kind in _KINDS)
    # Without the registry: `supabase/postgres`.
    own = re.sub(r"^[\w-]+(\.[\w.-]+)+(:\d+)?/", "", image.reference)
    return not known or bool(_EXTENDED.search(own))


# `redis-server --requirepass secret`, and Redis's own variable in its image for developers
_REQUIRES_PASSWORD = re.compile(r"--requirepass[ =]([\"']?)([^\s\"']+)\1")
_NAME_OF_VARIABLE = re.compile(r"\$\{?(\w+)\}?")


def redis_password(image: Image) -> str | None:
    """Return the password that the CI's Redis requires: in its command, or a variable of Bitnami's or an own image."""
    line = " ".join((*image.arguments, image.env.get("REDIS_ARGS", "")))
    match = _REQUIRES_PASSWORD.search(line)
    password = match[2] if match else ""
    if variable := _NAME_OF_VARIABLE.fullmatch(password):
        password = image.env.get(variable[1], "")
    if not match and (image.built or "bitnami" in image.name):
        password = image.env.get("REDIS_PASSWORD", image.env.get("VALKEY_PASSWORD", ""))
    return password if password and UNKNOWN not in password else None


def declare(kind: ServerKind, image: Image | None, why: str) -> Iterator[Finding]:
    """Yield the service for a server, with the version or the image that the CI uses."""
    key = f"services.{kind.name}"
    version = version_of(image, kind) if image else None
    if image is not None:
        why = describe(image)
    yield Found(f"{key}.version", version, why) if version else Found(key, {}, why)
    if image is not None and is_extended(image):
        yield Found(f"{key}.image", image.reference, why)
    if image is not None and kind is REDIS and (password := redis_password(image)):
        yield Found(f"{key}.env.REDIS_PASSWORD", password, why)


def whole_account(image: Image, kind: ServerKind) -> dict[str, str]:
    """Return the account of an image, with the database that PostgreSQL's image creates if no other one is named."""
    account = account_of(image, kind, ROLES)
    user = account.get("POSTGRES_USER")
    return {"POSTGRES_DB": user, **account} if user else account


def account_of(image: Image, kind: ServerKind, keys: Iterable[str]) -> dict[str, str]:
    """Return the variables of an image with its user, password and database."""
    # The image's own default, and the names of Red Hat's images.
    given = {name.replace("POSTGRESQL_", "POSTGRES_"): text for name, text in image.env.items()}
    if "POSTGRES_DATABASE" in given:
        given["POSTGRES_DB"] = given["POSTGRES_DATABASE"]
    env = {"POSTGRES_USER": "postgres", **given} if kind is POSTGRES else image.env
    names = (IMAGE_ENV[kind.name].get(key, "") for key in keys)
    return {name: env[name] for name in names if UNKNOWN not in env.get(name, UNKNOWN)}


def service_line(image: Image) -> str:
    """Return the configuration of the server that an image contains."""
    kind = kind_of(image) or POSTGRES
    if is_extended(image):
        return f'services.{kind.name}.image = "{image.name}:{image.tag}"'
    version = version_of(image, kind)
    return f"services.{kind.name} = " + (f'"{version}"' if version else "{}")


_SCHEMES: Mapping[str, ServerKind] = {
    "postgres": POSTGRES, "postgresql": POSTGRES, "psql": POSTGRES, "pgsql": POSTGRES, "postgis": POSTGRES,
    "timescale": POSTGRES, "mysql": MYSQL, "mariadb": MARIADB, "redis": REDIS, "rediss": REDIS, "valkey": REDIS,
}  # fmt: skip
# `postgres://user:secret@db:5432/shop`, `db+postgresql+psycopg2://db/shop` for the results of Celery
_ADDRESS = re.compile(
    r"(?:(?:db|sqla|sqlalchemy)\+)?([a-z0-9]+)(?:\+\w+)?://(?:[^@/\s]*@)?([\w.-]+)(?::\d+)?(?:/\S*)?",
    re.ASCII,
)
# `localhost`
_LOCAL = re.compile(r"localhost|127\.0\.0\.1|0\.0\.0\.0|172\.17\.0\.1|host\.docker\.internal|::1")
# The names of servers in networks that are not described anywhere.
_USUAL_HOSTS = frozenset({*(kind.name for kind in _KINDS), "postgresql", "valkey", "db", "cache"})


@once
def server_hosts(project: ProjectFiles) -> frozenset[str]:
    """Return the names under which the CI and the compose files of a project reach their servers."""
    images = project.evidence.images
    return _USUAL_HOSTS.union(*({image.alias, image.name.rpartition("/")[2]} for image in images))


def is_own_host(project: ProjectFiles, host: str) -> bool:
    """Return whether a host is this machine or a server of the CI; `bad-host` is neither."""
    return bool(_LOCAL.fullmatch(host)) or host in server_hosts(project)


def addressed_server(project: ProjectFiles, value: str) -> ServerKind | None:
    """Return the server whose address a value is, such as `postgres://user@localhost:5432/shop`."""
    match = _ADDRESS.fullmatch(value)
    return _SCHEMES.get(match[1]) if match and is_own_host(project, match[2]) else None
