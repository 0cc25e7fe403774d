"""The database of the tests: its server as a service, and the variables that point to it."""

from __future__ import annotations

from collections.abc import Iterator

from heroci_action.detection.ci.postgis import postgis_image
from heroci_action.detection.ci.records import UNKNOWN, Image
from heroci_action.detection.facts import Vendor
from heroci_action.detection.findings import Fact, Finding, FixedAddress, Found, Warn
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.servers.ci_servers import (
    DATABASES,
    IMAGE_ENV,
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
    service_line,
    version_of,
    whole_account,
)
from heroci_action.detection.servers.computed_name import detect_computed_name
from heroci_action.detection.servers.database_choice import (
    choose_database,
    choose_vendor,
    value_of,
    vendor_of_server,
)
from heroci_action.detection.servers.database_record import LOCAL_HOSTS, ROLES, Database, vendor_of
from heroci_action.detection.servers.encryption import warn_of_encryption
from heroci_action.detection.servers.extensions import detect_extensions
from heroci_action.detection.servers.libpq_service import warn_of_service
from heroci_action.detection.servers.mysql_socket import warn_of_socket
from heroci_action.detection.servers.unread_database import detect_unread_database
from heroci_action.detection.settings.source import uses_geodjango
from heroci_action.detection.sources.environment_reads import COMPUTED, Read

# What libpq reads if the settings leave a key out.
_LIBPQ = {"HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER", "PASSWORD": "PGPASSWORD"}


def detect_database(project: ProjectFiles) -> Iterator[Finding]:
    """Yield the service, the variables that point to it, the vendor, and warnings about what cannot be helped."""
    way = choose_database(project)
    if way is None:
        yield from detect_unread_database(project)
        return
    vendor = choose_vendor(project, way)
    yield Fact("vendor", vendor)
    yield Fact("database_variable", way.url.name if way.url else None)
    for name, value in way.switches.items():
        yield Found(f"env.{name}", value, f"the condition of DATABASES in {way.file}")
    match vendor:
        case Vendor.POSTGRESQL | Vendor.MYSQL:
            kind = POSTGRES if vendor is Vendor.POSTGRESQL else _choose_mysql(project)
            yield from _server_or_ci(project, way, kind)
            yield from warn_of_encryption(project)
        case Vendor.SQLITE:
            yield from _sqlite(project, way)
        case Vendor.ORACLE:
            yield from _oracle(way)
        case Vendor.UNKNOWN:
            yield from detect_unread_database(project)


def _server_or_ci(project: ProjectFiles, way: Database, kind: ServerKind) -> Iterator[Finding]:
    """Yield the server; if the host is not understood, the CI's with its account, or a warning."""
    unread = "HOST" in way.unread
    if unread and ci_image(project, *DATABASES):
        yield from detect_unread_database(project)
        return
    if unread:
        yield Warn(
            f"how {way.file} chooses the host of the database was not understood; "
            f"if the tests cannot connect, set in `env` what the settings read to {{{kind.name}.host}}"
        )
    yield from _server(project, way, kind)


def _choose_mysql(project: ProjectFiles) -> ServerKind:
    return MARIADB if any_image(project, MARIADB) and not ci_image(project, MYSQL) else MYSQL


def _oracle(way: Database) -> Iterator[Finding]:
    yield Found("services", {}, f"the settings use Oracle ({way.file})")
    yield Warn(
        f"{way.file} uses Oracle, which HeroCI cannot start by itself; declare a service with an image, "
        'services.oracle = { image = "…", port = 1521 }, and point `env` to {oracle.host} and {oracle.port}'
    )


def _sqlite(project: ProjectFiles, way: Database) -> Iterator[Finding]:
    given = {name: (value, "tox.ini") for name, value in project.tox_env.items()}
    given |= project.evidence.env
    for read in filter(None, (way.url, *way.variables.values())):
        if read.name in given:
            value, origin = given[read.name]
            yield Found(f"env.{read.name}", value, f"{read.name} in {origin}")
    yield Found("services", {}, f"the tests use SQLite ({way.file})")
    if (image := ci_image(project, *DATABASES)) and (kind := kind_of(image)):
        yield Warn(
            f"{image.source} starts {image.name}, but the tests would use SQLite ({way.file}); "
            "if they need the server, declare it in `services` and set the variables of its address in `env`",
            (service_line(image),),
            unless=kind.name,  # another database of the settings may use the server
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
    yield from _keys(project, way, kind)
    yield from detect_computed_name(way)
    if kind is POSTGRES:
        yield from warn_of_service(way)
        yield from _account_of_ci(project, way)
        yield from detect_extensions(project)


def _account_of_ci(project: ProjectFiles, way: Database) -> Iterator[Finding]:
    """Yield the parts of the CI's account that the settings leave out: other code may contain them."""
    image = ci_image(project, POSTGRES)
    if image is not None:
        account = whole_account(image, POSTGRES)
        for key, name in IMAGE_ENV["postgres"].items():
            if name in account and _is_left_out(way, key):
                yield Found(f"services.postgres.env.{name}", account[name], describe(image))


def _is_left_out(way: Database, key: str) -> bool:
    """Return whether the settings name a part of the address neither in the code nor by a variable."""
    return way.url is None and key not in way.variables and not way.literals.get(key)


def _is_plain_in_ci(project: ProjectFiles, way: Database) -> bool:
    """Return whether the CI's own address of the database is one without PostGIS, and its server has none."""
    address = project.evidence.env.get(way.url.name, ("",))[0] if way.url else ""
    image = ci_image(project, POSTGRES)
    return address.startswith("postgres") and image is not None and not is_extended(image)


def _postgis(image: Image | None) -> str:
    """Return the image of PostGIS for the PostgreSQL of the CI."""
    return postgis_image((version_of(image, POSTGRES) if image else None) or "")


def _keys(project: ProjectFiles, way: Database, kind: ServerKind) -> Iterator[Finding]:
    """Yield a value for each variable, and the credentials in the code for the server."""
    engine = way.variables.get("ENGINE")
    if (
        engine is not None
        and not engine.entry
        and vendor_of_server(kind) is not vendor_of(engine.default or "")
    ):
        yield Found(f"env.{engine.name}", _engine_value(engine, kind), f"read in {way.file}")
    parts = {key: f"{{{kind.name}.{role}}}" for key, role in ROLES.items()}
    # One variable for several parts can only have one value, so the server's account has it.
    given = {name: value_of(project)(name) or UNKNOWN for name in way.shared_names}
    fixed = {name: "heroci" if UNKNOWN in text else text for name, text in given.items()}
    way = way.with_fixed(fixed)
    for name, value in (*way.values(value_of(project), parts), *fixed.items()):
        yield Found(f"env.{name}", value, f"read in {way.file}")
    for key, address in parts.items():
        yield from _key(way, kind, key, address)
    yield from _address_in_code(way, kind)
    yield from warn_of_socket(project, way, kind)


def _key(way: Database, kind: ServerKind, key: str, address: str) -> Iterator[Finding]:
    """Yield a part of the address that no variable contains, for the server or for a variable of libpq."""
    if key in way.variables:
        return
    literal, of_image = way.literals.get(key, ""), IMAGE_ENV[kind.name].get(key)
    if literal and of_image and COMPUTED not in literal:
        yield Found(f"services.{kind.name}.env.{of_image}", literal, f"hard-coded in {way.file}")
    elif kind is POSTGRES and key in _LIBPQ and _is_left_out(way, key):
        yield Found(f"env.{_LIBPQ[key]}", address, f"left out in {way.file}, so libpq reads it")


def _engine_value(engine: Read, kind: ServerKind) -> str:
    """Return the whole name of the engine, or only its last part (`django.db.backends.%s`)."""
    name = "postgresql" if kind is POSTGRES else "mysql"
    short = engine.default and "." not in engine.default
    return name if short else f"django.db.backends.{name}"


def _address_in_code(way: Database, kind: ServerKind) -> Iterator[Finding]:
    """Yield the port that the server must have, or a warning if the host cannot be reached."""
    host, port = way.literals.get("HOST", ""), way.literals.get("PORT", "")
    # In a network of containers, the server has the name that the plan gives it.
    if host in LOCAL_HOSTS or host == kind.name:
        named = "localhost" if host in LOCAL_HOSTS else host
        yield FixedAddress(kind.name, f"hard-coded in {way.file}", host=named)
    elif host and not host.startswith("/"):
        yield Warn(
            f"{way.file} hard-codes the database at {host}:{port or kind.port}; let it read the environment, "
            'for example "HOST": os.environ.get("DB_HOST", "localhost") and the same for PORT, '
            "so that HeroCI can point it to its own server"
        )
        return
    if port.isdigit():
        yield Found(f"services.{kind.name}.port", int(port), f"hard-coded in {way.file}")
    elif kind is not POSTGRES and way.url is None and "PORT" not in way.variables:
        yield Found(f"services.{kind.name}.port", kind.port, f"the default port in {way.file}")
