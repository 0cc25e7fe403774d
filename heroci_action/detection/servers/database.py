"""The database of the tests: its server as a service, and the variables that point to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from heroci_action.detection.ci.machine_servers import created_account
from heroci_action.detection.ci.postgis import postgis_image
from heroci_action.detection.ci.records import UNKNOWN, Image
from heroci_action.detection.facts import Vendor
from heroci_action.detection.findings import Fact, Finding, FixedAddress, Found, Warn
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.requirements.declared import distributions
from heroci_action.detection.servers.ci_servers import (
    DATABASES,
    MARIADB,
    MYSQL,
    POSTGRES,
    ServerKind,
    addressed_server,
    any_image,
    ci_image,
    declare,
    describe,
    is_extended,
    is_own_host,
    kind_of,
    version_of,
)
from heroci_action.detection.servers.computed_name import detect_computed_name
from heroci_action.detection.servers.database_choice import (
    MYSQL_DRIVERS,
    POSTGRES_DRIVERS,
    choose_database,
    choose_vendor,
    uses_server,
    value_of,
    vendor_of_server,
    wanted_vendor,
)
from heroci_action.detection.servers.database_record import LOCAL_HOSTS, ROLES, Database, vendor_of
from heroci_action.detection.servers.encryption import warn_of_encryption
from heroci_action.detection.servers.extensions import detect_extensions
from heroci_action.detection.servers.libpq_service import warn_of_service
from heroci_action.detection.settings.source import settings_source, uses_geodjango
from heroci_action.detection.sources.environment_reads import COMPUTED, Read

# What libpq reads if the settings leave a key out.
_LIBPQ = {"HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER", "PASSWORD": "PGPASSWORD"}
# Variables of the images: https://hub.docker.com/_/postgres, https://hub.docker.com/_/mysql
_IMAGE_ENV: Mapping[str, Mapping[str, str]] = {
    "postgres": {"USER": "POSTGRES_USER", "PASSWORD": "POSTGRES_PASSWORD", "NAME": "POSTGRES_DB"},
    "mysql": {"USER": "MYSQL_USER", "PASSWORD": "MYSQL_PASSWORD", "NAME": "MYSQL_DATABASE"},
    "mariadb": {"USER": "MARIADB_USER", "PASSWORD": "MARIADB_PASSWORD", "NAME": "MARIADB_DATABASE"},
}
_NO_VARIABLE = "no variable contains its address"
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
            yield from _not_understood(project)


def _server_or_ci(project: ProjectFiles, way: Database, kind: ServerKind) -> Iterator[Finding]:
    """Yield the server; if the host is not understood, the CI's with its account, or a warning."""
    unread = "HOST" in way.unread
    if unread and ci_image(project, *DATABASES):
        yield from _not_understood(project)
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
    in_tox = {name: (value, "tox.ini") for name, value in project.tox_env.items()}
    given = {**in_tox, **project.evidence.env}
    for read in filter(None, (way.url, *way.variables.values())):
        if read.name in given:
            value, origin = given[read.name]
            yield Found(f"env.{read.name}", value, f"{read.name} in {origin}")
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
        account = _whole_account(image, POSTGRES)
        for key, name in _IMAGE_ENV["postgres"].items():
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


def _key(way: Database, kind: ServerKind, key: str, address: str) -> Iterator[Finding]:
    """Yield what an address that no variable contains demands of the server, or of the variables of libpq."""
    if key in way.variables:
        return
    literal, of_image = way.literals.get(key, ""), _IMAGE_ENV[kind.name].get(key)
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
    if host and host not in LOCAL_HOSTS and not host.startswith("/"):
        yield Warn(
            f"{way.file} hard-codes the database at {host}:{port or kind.port}; let it read the environment, "
            'for example "HOST": os.environ.get("DB_HOST", "localhost") and the same for PORT, '
            "so that HeroCI can point it to its own server"
        )
        return
    if host in LOCAL_HOSTS:
        yield FixedAddress(kind.name, f"hard-coded in {way.file}")
    if port.isdigit():
        yield Found(f"services.{kind.name}.port", int(port), f"hard-coded in {way.file}")
    elif kind is not POSTGRES and way.url is None and "PORT" not in way.variables:
        yield Found(f"services.{kind.name}.port", kind.port, f"the default port in {way.file}")


def _not_understood(project: ProjectFiles) -> Iterator[Finding]:
    """Yield the server and the variables of the CI if the settings are not understood."""
    source = settings_source(project)
    text = "".join(project.tree.text(file) for file in source.files) if source else ""
    if wanted_vendor(project) is Vendor.POSTGRESQL and "DATABASE_URL" in text:
        why = "the settings mention DATABASE_URL, and a driver for PostgreSQL is a dependency"
        yield Fact("vendor", Vendor.POSTGRESQL)
        yield from declare(POSTGRES, any_image(project, POSTGRES), why)
        yield Found("env.DATABASE_URL", "{postgres.url}", "the settings mention DATABASE_URL")
        yield from detect_extensions(project)
        return
    for name, (value, origin) in project.evidence.env.items():
        if re.match(r"(sqlite3?|spatialite)://", value):
            yield Found("services", {}, f"the tests use SQLite ({name} in {origin})")
            return
    image = any_image(project, *DATABASES)
    drivers = distributions(project) & (POSTGRES_DRIVERS | MYSQL_DRIVERS)
    if image is None or not (drivers or ci_image(project, *DATABASES)):
        yield Found("services", {}, "the settings name no database that needs a server")
        yield from _on_machine(project)
        return
    yield from _as_in_ci(project, image, _variables_of_ci(project))
    if kind_of(image) is POSTGRES and image in project.ci.services:
        yield from detect_extensions(project)


def _on_machine(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of a server of the machine that the CI starts for settings that are not understood."""
    command = next(filter(uses_server, project.evidence.testing), None)
    if command is not None and (vendor := wanted_vendor(project)):
        kind = POSTGRES if vendor is Vendor.POSTGRESQL else MYSQL
        yield Warn(
            f"how the settings define their database was not understood, and {command.source} uses a server "
            f"({command.brief!r}); to give them one, declare services.{kind.name} with the port and the account that "
            "they expect",
            (f"services.{kind.name} = {{ port = {kind.port} }}",),
        )


def _as_in_ci(
    project: ProjectFiles, image: Image, variables: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield the server of the CI, with what names its address, and a warning."""
    kind = kind_of(image) or POSTGRES
    lines: tuple[str, ...] = ()
    if variables:
        yield Fact("vendor", vendor_of_server(kind))
        yield from declare(kind, image, describe(image))
        for name, attribute in variables.items():
            yield Found(f"env.{name}", f"{{{kind.name}.{attribute}}}", f"set in {image.source}")
        yield from _without_variables(image, kind, variables)
        remedy = f"its variables point to HeroCI's server: {', '.join(variables)}"
    elif image in project.ci.services:
        yield Fact("vendor", vendor_of_server(kind))
        yield from declare(kind, image, describe(image))
        created = {} if image.env else created_account(project.commands)
        for name, value in {**_whole_account(image, kind), **created}.items():
            yield Found(f"services.{kind.name}.env.{name}", value, describe(image))
        yield FixedAddress(kind.name, _NO_VARIABLE)
        yield Found(f"services.{kind.name}.port", kind.port, _NO_VARIABLE)
        account = "with the same account " if image.env else ""
        remedy = f"HeroCI starts it {account}on port {kind.port}"
        if not image.env:
            remedy += f"; if the tests expect another account, set it in services.{kind.name}.env"
    else:
        yield Found("services", {}, "the settings name no database that needs a server")
        read = _variables_of_settings(project) or {"DATABASE_URL": "url"}
        entries = [f'{name} = "{{{kind.name}.{role}}}"' for name, role in read.items()]
        remedy = (
            f'to give them a server, set services = {{ {kind.name} = "…" }} and '
            f"env = {{ {', '.join(entries)} }}, or whatever the settings read"
        )
        lines = (_service_line(image), *(f"env.{entry}" for entry in entries))
    yield Warn(
        f"how the settings define their database was not understood, and {image.source} starts {image.name}; {remedy}",
        lines,
    )


def _without_variables(
    image: Image, kind: ServerKind, variables: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield the parts of the CI's account, and its port, that no variable contains."""
    attributes = frozenset(variables.values())
    if "url" in attributes:
        return
    keys = [key for key, role in ROLES.items() if role not in attributes]
    for name, value in _account(image, kind, keys).items():
        yield Found(f"services.{kind.name}.env.{name}", value, describe(image))
    if "PGHOST" in variables and "PGPORT" not in variables:
        yield Found("env.PGPORT", "{postgres.port}", "beside PGHOST")
    elif "port" not in attributes:
        yield Found(f"services.{kind.name}.port", kind.port, _NO_VARIABLE)


def _whole_account(image: Image, kind: ServerKind) -> dict[str, str]:
    """Return the account of an image, with the database that PostgreSQL's image creates if no other one is named."""
    account = _account(image, kind, ROLES)
    user = account.get("POSTGRES_USER")
    return {"POSTGRES_DB": user, **account} if user else account


def _account(image: Image, kind: ServerKind, keys: Iterable[str]) -> dict[str, str]:
    """Return the variables of an image with its user, password and database."""
    # The image's own default, and the names of Red Hat's images.
    given = {name.replace("POSTGRESQL_", "POSTGRES_"): text for name, text in image.env.items()}
    if "POSTGRES_DATABASE" in given:
        given["POSTGRES_DB"] = given["POSTGRES_DATABASE"]
    env = {"POSTGRES_USER": "postgres", **given} if kind is POSTGRES else image.env
    names = (_IMAGE_ENV[kind.name].get(key, "") for key in keys)
    return {name: env[name] for name in names if UNKNOWN not in env.get(name, UNKNOWN)}


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
    image = ci_image(project, *DATABASES)
    for name, (value, _) in project.evidence.env.items() if image else ():
        match = _VARIABLE.search(name)
        attribute = _ATTRIBUTES[match[1]] if match else None
        if image and attribute and _belongs(project, value, attribute, image):
            found[name] = attribute
    return found


def _variables_of_settings(project: ProjectFiles) -> dict[str, str]:
    """Return the variables that the settings read and that are named like a database's."""
    source = settings_source(project)
    names = (read.name for read, _ in source.reads) if source else ()
    matches = ((name, _VARIABLE.search(name)) for name in names)
    return {name: _ATTRIBUTES[match[1]] for name, match in matches if match}


def _belongs(project: ProjectFiles, value: str, attribute: str, image: Image) -> bool:
    """Return whether the value of a variable is about the CI's server: it may belong to another database."""
    if attribute == "port":
        return value.isdigit()
    if attribute == "host":
        return is_own_host(project, value) or UNKNOWN in value
    if attribute == "url":
        return addressed_server(project, value) is not None or UNKNOWN in value
    if not image.env:
        return True
    kind = kind_of(image) or POSTGRES
    key = next(key for key, role in ROLES.items() if role == attribute)
    given = _account(image, kind, [key])
    return value in given.values() or not given
