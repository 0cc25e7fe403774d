"""The database of settings that are not understood: the server and the variables of the project's own CI."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from heroci_action.detection.ci.machine_servers import created_account
from heroci_action.detection.ci.records import UNKNOWN, Image
from heroci_action.detection.facts import Vendor
from heroci_action.detection.findings import Fact, Finding, FixedAddress, Found, Warn
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.requirements.declared import distributions
from heroci_action.detection.servers.ci_servers import (
    DATABASES,
    MYSQL,
    POSTGRES,
    ServerKind,
    account_of,
    addressed_server,
    any_image,
    ci_image,
    declare,
    describe,
    is_own_host,
    kind_of,
    service_line,
    whole_account,
)
from heroci_action.detection.servers.database_choice import (
    MYSQL_DRIVERS,
    POSTGRES_DRIVERS,
    uses_server,
    vendor_of_server,
    wanted_vendor,
)
from heroci_action.detection.servers.database_record import ROLES
from heroci_action.detection.servers.extensions import detect_extensions
from heroci_action.detection.settings.source import settings_source

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


def detect_unread_database(project: ProjectFiles) -> Iterator[Finding]:
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
    """Warn of settings that are not understood if the CI starts a server on its machine, or a driver is installed."""
    vendor, source = wanted_vendor(project), settings_source(project)
    kind = POSTGRES if vendor is Vendor.POSTGRESQL else MYSQL
    command = next(filter(uses_server, project.evidence.testing), None)
    if command is not None:
        reason = f"{command.source} uses a server ({command.brief!r})"
    else:
        reason = f"a driver of {kind.name} is a dependency"
    if vendor and (command or (source and source.assigned("DATABASES"))):
        yield Warn(
            f"how the settings define their database was not understood, and {reason}; to give the tests a server, "
            f"declare services.{kind.name} with the port and the account that they expect",
            (f"services.{kind.name} = {{ port = {kind.port} }}",),
        )


def _as_in_ci(
    project: ProjectFiles, image: Image, variables: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield the server of the CI, with what names its address, and a warning."""
    kind = kind_of(image) or POSTGRES
    lines: tuple[str, ...] = ()
    if variables:
        yield from _by_variables(image, kind, variables)
        remedy = f"its variables point to HeroCI's server: {', '.join(variables)}"
    elif image in project.ci.services:
        yield from _at_usual_port(project, image, kind)
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
        lines = (service_line(image), *(f"env.{entry}" for entry in entries))
    yield Warn(
        f"how the settings define their database was not understood, and {image.source} starts {image.name}; {remedy}",
        lines,
    )


def _by_variables(
    image: Image, kind: ServerKind, variables: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield the server to which the CI's variables point."""
    yield Fact("vendor", vendor_of_server(kind))
    yield from declare(kind, image, describe(image))
    for name, attribute in variables.items():
        yield Found(f"env.{name}", f"{{{kind.name}.{attribute}}}", f"set in {image.source}")
    yield from _without_variables(image, kind, variables)


def _at_usual_port(project: ProjectFiles, image: Image, kind: ServerKind) -> Iterator[Finding]:
    """Yield the server with the CI's account at its usual port, because no variable contains its address."""
    yield Fact("vendor", vendor_of_server(kind))
    yield from declare(kind, image, describe(image))
    created = {} if image.env else created_account(project.commands)
    for name, value in {**whole_account(image, kind), **created}.items():
        yield Found(f"services.{kind.name}.env.{name}", value, describe(image))
    yield FixedAddress(kind.name, _NO_VARIABLE)
    yield Found(f"services.{kind.name}.port", kind.port, _NO_VARIABLE)


def _without_variables(
    image: Image, kind: ServerKind, variables: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield the parts of the CI's account, and its port, that no variable contains."""
    attributes = frozenset(variables.values())
    if "url" in attributes:
        return
    keys = [key for key, role in ROLES.items() if role not in attributes]
    for name, value in account_of(image, kind, keys).items():
        yield Found(f"services.{kind.name}.env.{name}", value, describe(image))
    if "PGHOST" in variables and "PGPORT" not in variables:
        yield Found("env.PGPORT", "{postgres.port}", "beside PGHOST")
    elif "port" not in attributes:
        yield Found(f"services.{kind.name}.port", kind.port, _NO_VARIABLE)


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
    given = account_of(image, kind, [key])
    return value in given.values() or not given
