"""The database of the tests: its server as a service, and the variables that point to it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping

from heroci_action.detection.ci.dotenv import parse_dotenv
from heroci_action.detection.ci.records import UNKNOWN, Command, Image
from heroci_action.detection.database_settings import (
    ROLES,
    Database,
    find_databases,
    vendor_of,
)
from heroci_action.detection.environment_reads import Read
from heroci_action.detection.facts import Vendor
from heroci_action.detection.findings import Fact, Finding, FixedAddress, Found, Warn
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.requirements import distributions, find_dependencies
from heroci_action.detection.servers import (
    DATABASES,
    MARIADB,
    MYSQL,
    POSTGRES,
    ServerKind,
    any_image,
    ci_image,
    declare,
    describe,
    is_extended,
    kind_of,
    version_of,
)
from heroci_action.detection.settings_source import settings_source, uses_geodjango
from heroci_action.detection.source import SettingsSource

POSTGRES_DRIVERS = frozenset(
    {
        "psycopg", "psycopg2", "psycopg2-binary", "psycopg-binary", "psycopg-c", "psycopg2cffi", "pg8000",
    }
)  # fmt: skip
MYSQL_DRIVERS = frozenset({"mysqlclient", "pymysql", "mysql-connector-python"})
_DRIVERS = {Vendor.POSTGRESQL: POSTGRES_DRIVERS, Vendor.MYSQL: MYSQL_DRIVERS}
# The newest PostGIS for an old PostgreSQL; newer ones have 3.5: https://hub.docker.com/r/postgis/postgis
_POSTGIS_OF = {"9.6": "3.2", "10": "3.2", "11": "3.3", "12": "3.4"}
# What libpq reads if the settings leave a key out.
_LIBPQ = {"HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER", "PASSWORD": "PGPASSWORD"}
# Variables of the images: https://hub.docker.com/_/postgres, https://hub.docker.com/_/mysql
_IMAGE_ENV: Mapping[str, Mapping[str, str]] = {
    "postgres": {"USER": "POSTGRES_USER", "PASSWORD": "POSTGRES_PASSWORD", "NAME": "POSTGRES_DB"},
    "mysql": {"USER": "MYSQL_USER", "PASSWORD": "MYSQL_PASSWORD", "NAME": "MYSQL_DATABASE"},
    "mariadb": {"USER": "MARIADB_USER", "PASSWORD": "MARIADB_PASSWORD", "NAME": "MARIADB_DATABASE"},
}
_NO_VARIABLE = "no variable contains its address"
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
# Programs that need a running server, and words in the names of its unit.
_CLIENTS = frozenset(
    {
        "psql", "createdb", "createuser", "pg_ctl", "pg_ctlcluster", "pg_isready", "initdb", "mysql", "mysqladmin",
        "mysqld", "mysqld_safe", "mariadb", "mariadb-admin",
    }
)  # fmt: skip
_SERVER = re.compile(r"postg|mysql|maria")
# DB_HOST, POSTGRES_USER, MY_DATABASE_PASSWORD
_VARIABLE = re.compile(
    r"(?:^|_)(?:DB|DATABASE|POSTGRES|POSTGRESQL|PG|SQL|MYSQL|MARIADB)\w*?_?"
    r"(HOST|PORT|USER|USERNAME|PASSWORD|PASS|NAME|DB|URL)$"
)
_ATTRIBUTES = {
    "HOST": "host", "PORT": "port", "USER": "user", "USERNAME": "user", "PASSWORD": "password",
    "PASS": "password", "NAME": "db", "DB": "db", "URL": "url",
}  # fmt: skip


def detect_database(project: ProjectFiles) -> Iterator[Finding]:
    """Yield the service, the variables that point to it, the vendor, and warnings about what cannot be helped."""
    way = choose_database(project)
    if way is None:
        yield from _not_understood(project)
        return
    vendor = _effective_vendor(project, way)
    yield Fact("vendor", vendor)
    yield Fact("database_variable", way.url.name if way.url else None)
    for name, value in way.switches.items():
        yield Found(f"env.{name}", value, f"the condition of DATABASES in {way.file}")
    match vendor:
        case Vendor.POSTGRESQL:
            yield from _server(project, way, POSTGRES)
        case Vendor.MYSQL:
            yield from _server(project, way, _choose_mysql(project))
        case Vendor.SQLITE:
            yield from _sqlite(project, way)
        case Vendor.ORACLE:
            yield from _oracle(way)
        case Vendor.UNKNOWN:
            yield from _not_understood(project)


def _choose_mysql(project: ProjectFiles) -> ServerKind:
    return MARIADB if any_image(project, MARIADB) and not ci_image(project, MYSQL) else MYSQL


def _oracle(way: Database) -> Iterator[Finding]:
    yield Found("services", {}, f"the settings use Oracle ({way.file})")
    yield Warn(
        f"{way.file} uses Oracle, which HeroCI cannot start by itself; declare a service with an image, "
        'services.oracle = { image = "…", port = 1521 }, and point `env` to {oracle.host} and {oracle.port}'
    )


@once
def choose_database(project: ProjectFiles) -> Database | None:
    """Return the last definition that always holds, or a later one for a server that the project wants."""
    ways = _find(project)
    last = max((index for index, way in enumerate(ways) if not way.conditional), default=0)
    options = ways[last:]
    switched = (way for way in options if way.switches and _is_switched_on(project, way))
    free = [way for way in options if not way.switches] or options
    return next(switched, None) or _choose_free(project, free)


def _choose_free(project: ProjectFiles, ways: list[Database]) -> Database | None:
    """Return the definition for the server that the project wants, else the one with SQLite, else the first."""
    sqlite = [way for way in ways if way.vendor is Vendor.SQLITE]
    wanted = None if sqlite and _tests_without_server(project) else _wanted_vendor(project)
    on_server = _on_server(ways, wanted) if wanted else None
    return on_server or next(iter((*sqlite, *ways)), None)


def _on_server(ways: list[Database], wanted: Vendor) -> Database | None:
    """Return the definition that can use a server of this vendor; a URL decides before a name."""
    urls = [way for way in ways if way.url and way.vendor is not Vendor.SQLITE]
    named = [way for way in ways if way.vendor is wanted]
    variable = [way for way in ways if way.reads_environment]
    return next(iter((*urls, *named, *variable)), None)


def _find(project: ProjectFiles) -> list[Database]:
    """Return the definitions in the settings, else those in a module that a variable of the CI names."""
    source = settings_source(project)
    ways = find_databases(source, _value_of(project)) if source else []
    if any(way.is_understood for way in ways):
        return ways
    for value, _ in project.evidence.env.values():
        file = project.module(value) if "." in value else None
        module = SettingsSource.read(project.tree, project.roots, file) if file else None
        if module and (found := find_databases(module, _value_of(project))):
            return found
    return ways


def _value_of(project: ProjectFiles) -> Callable[[str], str | None]:
    return lambda name: project.evidence.env.get(name, (None, ""))[0]


def _is_switched_on(project: ProjectFiles, way: Database) -> bool:
    env = project.evidence.env
    return all(env.get(name, ("",))[0] == value for name, value in way.switches.items())


def _wanted_vendor(project: ProjectFiles) -> Vendor | None:
    """Return the vendor whose driver is a dependency; if dependencies are unknown, the vendor of the CI's server."""
    names = distributions(project)
    if not names:
        return _vendor_of(any_image(project, *DATABASES))
    names |= find_dependencies(project).locked_names
    wanted = [vendor for vendor, drivers in _DRIVERS.items() if names & drivers]
    started = _vendor_of(ci_image(project, *DATABASES))
    return started if started in wanted else next(iter(wanted), None)


def _vendor_of(image: Image | None) -> Vendor | None:
    return _vendor(kind_of(image)) if image else None


def _vendor(kind: ServerKind | None) -> Vendor:
    return Vendor.POSTGRESQL if kind is POSTGRES else Vendor.MYSQL


def _tests_without_server(project: ProjectFiles) -> bool:
    """Return whether the project's CI runs the tests without a database server."""
    testing = project.evidence.testing
    created = (parse_dotenv(text).values() for text in project.ci.created.values())
    values = itertools.chain(project.ci.env.values(), *created)
    used = any(map(_uses_server, testing)) or any(map(_SERVER.search, values))
    return bool(testing) and not used and ci_image(project, *DATABASES) is None


def _mentions_sqlite(project: ProjectFiles) -> bool:
    source = settings_source(project)
    return source is not None and any(
        re.search(r"sqlite|spatialite", project.tree.text(file)) for file in source.files
    )


def _uses_server(command: Command) -> bool:
    """Return whether a command starts a database server of the machine, or connects to one."""
    call = command.call
    if call.name in {"service", "systemctl", "brew", "invoke-rc.d"}:
        return bool(_SERVER.search(command.line))
    return call.name in _CLIENTS or (
        call.name.startswith("wait") and bool(_SERVER.search(command.line))
    )


def _effective_vendor(project: ProjectFiles, way: Database) -> Vendor:
    """Return the vendor; if it depends on a variable, the CI decides, else the driver."""
    is_free = way.url is not None or "ENGINE" in way.variables
    decided = _vendor_in_ci(project, way, is_free=is_free)
    if decided is not Vendor.UNKNOWN:
        return decided
    if way.vendor is Vendor.UNKNOWN and {"HOST", "USER"} & {*way.literals, *way.variables}:
        return _wanted_vendor(project) or Vendor.UNKNOWN
    if not is_free or _is_settled(project, way.vendor):
        return way.vendor
    return _vendor_by_driver(project, way.vendor)


def _is_settled(project: ProjectFiles, vendor: Vendor) -> bool:
    """Return whether the vendor of the code stays; GeoDjango on SQLite would need more than a plain PostgreSQL."""
    if vendor is Vendor.SQLITE:
        return uses_geodjango(project)
    return vendor in {Vendor.POSTGRESQL, Vendor.MYSQL}


def _vendor_by_driver(project: ProjectFiles, vendor: Vendor) -> Vendor:
    """Return the vendor whose driver is a dependency, else the vendor in the code, else SQLite."""
    wanted = _wanted_vendor(project)
    if wanted or not distributions(project):
        return wanted or Vendor.POSTGRESQL
    return Vendor.SQLITE if vendor is Vendor.UNKNOWN else vendor


def _vendor_in_ci(project: ProjectFiles, way: Database, *, is_free: bool) -> Vendor:
    """Return the vendor that the CI or tox selects with a variable, or with the servers that it starts."""
    for read in (way.variables.get("ENGINE"), way.url):
        if read is not None:
            value = project.evidence.env.get(read.name, (project.tox_env.get(read.name, ""), ""))[0]
            found = vendor_of(value.partition("://")[0])
            if found is not Vendor.UNKNOWN:
                return found
    if _tests_without_server(project) and _mentions_sqlite(project):
        return Vendor.SQLITE
    started = _vendor_of(ci_image(project, *DATABASES))
    return (is_free and started) or Vendor.UNKNOWN


def _sqlite(project: ProjectFiles, way: Database) -> Iterator[Finding]:
    for read in way.variables.values():
        if read.name in project.tox_env:
            yield Found(f"env.{read.name}", project.tox_env[read.name], f"{read.name} in tox.ini")
    yield Found("services", {}, f"the tests use SQLite ({way.file})")
    image = ci_image(project, *DATABASES)
    if image:
        yield Warn(
            f"{image.source} starts {image.name}, but the tests would use SQLite ({way.file}); "
            "if they need the server, declare it in `services` and set the variables of its address in `env`",
            (_service_line(image),),
        )


_POSTGIS_URL = (
    "postgis://{postgres.user}:{postgres.password}@{postgres.host}:{postgres.port}/{postgres.db}"
)


def _server(project: ProjectFiles, way: Database, kind: ServerKind) -> Iterator[Finding]:
    image = any_image(project, kind)
    why = f"the settings use {kind.name} ({way.file})"
    yield from declare(kind, image, why)
    spatial = kind is POSTGRES and (way.is_spatial or uses_geodjango(project))
    spatial = spatial and not _is_plain_in_ci(project, way)
    if spatial and not (image and is_extended(image)):
        yield Found("services.postgres.image", _postgis(image), "the settings use GeoDjango")
    if way.url is not None:
        by_scheme = spatial and "ENGINE" not in way.literals
        url = _POSTGIS_URL if by_scheme else f"{{{kind.name}.url}}"
        yield Found(f"env.{way.url.name}", url, f"read in {way.file}")
    yield from _keys(way, kind)


def _is_plain_in_ci(project: ProjectFiles, way: Database) -> bool:
    """Return whether the CI's own address of the database is one without PostGIS, and its server has none."""
    address = project.evidence.env.get(way.url.name, ("",))[0] if way.url else ""
    image = ci_image(project, POSTGRES)
    return address.startswith("postgres") and image is not None and not is_extended(image)


def _postgis(image: Image | None) -> str:
    """Return the image of PostGIS for the PostgreSQL of the CI."""
    version = (version_of(image, POSTGRES) if image else None) or "17"
    return f"postgis/postgis:{version}-{_POSTGIS_OF.get(version, '3.5')}"


def _keys(way: Database, kind: ServerKind) -> Iterator[Finding]:
    """Yield a value for each variable, and the credentials in the code for the server."""
    engine = way.variables.get("ENGINE")
    if engine is not None and _vendor(kind) is not vendor_of(engine.default or ""):
        yield Found(f"env.{engine.name}", _engine_value(engine, kind), f"read in {way.file}")
    for key in ROLES:
        yield from _key(way, kind, key)
    yield from _address_in_code(way, kind)


def _key(way: Database, kind: ServerKind, key: str) -> Iterator[Finding]:
    address = f"{{{kind.name}.{ROLES[key]}}}"
    literal, of_image = way.literals.get(key), _IMAGE_ENV[kind.name].get(key)
    if read := way.variables.get(key):
        yield Found(f"env.{read.name}", address, f"read in {way.file}")
    elif literal and of_image:
        yield Found(f"services.{kind.name}.env.{of_image}", literal, f"hard-coded in {way.file}")
    elif not literal and kind is POSTGRES and key in _LIBPQ and way.url is None:
        yield Found(f"env.{_LIBPQ[key]}", address, f"left out in {way.file}, so libpq reads it")


def _engine_value(engine: Read, kind: ServerKind) -> str:
    """Return the whole name of the engine, or only its last part (`django.db.backends.%s`)."""
    name = "postgresql" if kind is POSTGRES else "mysql"
    short = engine.default and "." not in engine.default
    return name if short else f"django.db.backends.{name}"


def _address_in_code(way: Database, kind: ServerKind) -> Iterator[Finding]:
    """Yield the port that the server must have, or a warning if the host cannot be reached."""
    host, port = way.literals.get("HOST", ""), way.literals.get("PORT", "")
    if host and host not in _LOCAL and not host.startswith("/"):
        yield Warn(
            f"{way.file} hard-codes the database at {host}:{port or kind.port}; let it read the environment, "
            'for example "HOST": os.environ.get("DB_HOST", "localhost") and the same for PORT, '
            "so that HeroCI can point it to its own server"
        )
    elif port.isdigit():
        if host in _LOCAL:
            yield FixedAddress(kind.name, f"hard-coded in {way.file}")
        yield Found(f"services.{kind.name}.port", int(port), f"hard-coded in {way.file}")
    elif kind is not POSTGRES and way.url is None and "PORT" not in way.variables:
        yield Found(f"services.{kind.name}.port", kind.port, f"the default port in {way.file}")


def _not_understood(project: ProjectFiles) -> Iterator[Finding]:
    """Yield the server and the variables of the CI if the settings are not understood."""
    source = settings_source(project)
    text = "".join(project.tree.text(file) for file in source.files) if source else ""
    if _wanted_vendor(project) is Vendor.POSTGRESQL and "DATABASE_URL" in text:
        why = "the settings mention DATABASE_URL, and a driver for PostgreSQL is a dependency"
        yield Fact("vendor", Vendor.POSTGRESQL)
        yield from declare(POSTGRES, any_image(project, POSTGRES), why)
        yield Found("env.DATABASE_URL", "{postgres.url}", "the settings mention DATABASE_URL")
        return
    image = any_image(project, *DATABASES)
    drivers = distributions(project) & (POSTGRES_DRIVERS | MYSQL_DRIVERS)
    if image is None or not (drivers or ci_image(project, *DATABASES)):
        yield Found("services", {}, "the settings name no database that needs a server")
        return
    yield from _as_in_ci(project, image, _variables_of_ci(project))


def _as_in_ci(
    project: ProjectFiles, image: Image, variables: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield the server of the CI, with what names its address, and a warning."""
    kind = kind_of(image) or POSTGRES
    lines: tuple[str, ...] = ()
    if variables:
        yield Fact("vendor", _vendor(kind))
        yield from declare(kind, image, describe(image))
        for name, attribute in variables.items():
            yield Found(f"env.{name}", f"{{{kind.name}.{attribute}}}", f"set in {image.source}")
        remedy = f"its variables point to HeroCI's server: {', '.join(variables)}"
    elif image in project.ci.services:
        yield Fact("vendor", _vendor(kind))
        yield from declare(kind, image, describe(image))
        for name, value in _account(image, kind).items():
            yield Found(f"services.{kind.name}.env.{name}", value, describe(image))
        yield FixedAddress(kind.name, _NO_VARIABLE)
        yield Found(f"services.{kind.name}.port", kind.port, _NO_VARIABLE)
        remedy = f"HeroCI starts it with the same account on port {kind.port}"
    else:
        yield Found("services", {}, "the settings name no database that needs a server")
        remedy = (
            f'to give them a server, set services = {{ {kind.name} = "…" }} and '
            f'env = {{ DATABASE_URL = "{{{kind.name}.url}}" }}, or whatever the settings read'
        )
        lines = (_service_line(image), f'env.DATABASE_URL = "{{{kind.name}.url}}"')
    yield Warn(
        f"how the settings define their database was not understood, and {image.source} starts {image.name}; {remedy}",
        lines,
    )


def _account(image: Image, kind: ServerKind) -> dict[str, str]:
    """Return the variables of an image with its user, password and database."""
    names = _IMAGE_ENV[kind.name].values()
    given = {name: image.env[name] for name in names if UNKNOWN not in image.env.get(name, UNKNOWN)}
    # The image's own default.
    return {"POSTGRES_USER": "postgres", **given} if kind is POSTGRES else given


def _service_line(image: Image) -> str:
    """Return the configuration of the server that an image contains."""
    kind = kind_of(image) or POSTGRES
    if is_extended(image):
        return f'services.{kind.name}.image = "{image.name}:{image.tag}"'
    version = version_of(image, kind)
    return f"services.{kind.name} = " + (f'"{version}"' if version else "{}")


def _variables_of_ci(project: ProjectFiles) -> dict[str, str]:
    """Return the variables of the tests that are named like a database's, with the attribute of the service."""
    found: dict[str, str] = {}
    if ci_image(project, *DATABASES) is not None:
        for name in project.evidence.env:
            match = _VARIABLE.search(name)
            if match:
                found[name] = _ATTRIBUTES[match[1]]
    return found
