"""Which definition of the database the tests use, and the vendor of its server."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

from heroci_action.detection.ci.dotenv import parse_dotenv
from heroci_action.detection.ci.records import Command, Image
from heroci_action.detection.facts import Vendor
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.requirements.declared import distributions, find_dependencies
from heroci_action.detection.servers.ci_servers import (
    DATABASES,
    POSTGRES,
    ServerKind,
    any_image,
    ci_image,
    kind_of,
)
from heroci_action.detection.servers.database_record import Database, vendor_of
from heroci_action.detection.servers.database_settings import find_databases
from heroci_action.detection.servers.paired_variable import with_paired_variable
from heroci_action.detection.settings.source import settings_source, uses_geodjango
from heroci_action.detection.sources.source import SettingsSource

POSTGRES_DRIVERS = frozenset(
    {
        "psycopg", "psycopg2", "psycopg2-binary", "psycopg-binary", "psycopg-c", "psycopg2cffi", "pg8000",
    }
)  # fmt: skip
MYSQL_DRIVERS = frozenset({"mysqlclient", "pymysql", "mysql-connector-python"})
_DRIVERS = {Vendor.POSTGRESQL: POSTGRES_DRIVERS, Vendor.MYSQL: MYSQL_DRIVERS}
# Programs that need a running server, and words in the names of its unit.
_CLIENTS = frozenset(
    {
        "psql", "createdb", "createuser", "pg_ctl", "pg_ctlcluster", "pg_isready", "initdb", "mysql", "mysqladmin",
        "mysqld", "mysqld_safe", "mariadb", "mariadb-admin",
    }
)  # fmt: skip
# `django.db.backends.postgresql`
_SERVER = re.compile(r"postg|mysql|maria")


@once
def choose_database(project: ProjectFiles) -> Database | None:
    """Return the last definition that always holds, or a later one for a server that the project wants."""
    way = _choose(project, _find(project))
    vendor = choose_vendor(project, way) if way else Vendor.UNKNOWN
    return with_paired_variable(project, way, vendor)


def choose_further_database(project: ProjectFiles, alias: str) -> Database | None:
    """Return the same for a database other than the default one."""
    source = settings_source(project)
    return _choose(project, find_databases(source, value_of(project), alias) if source else [])


def find_alternatives(project: ProjectFiles, alias: str, chosen: Database) -> tuple[Database, ...]:
    """Return what else the settings define for a server of the same vendor under conditions that are not known."""
    source = settings_source(project)
    ways = find_databases(source, value_of(project), alias) if source else []
    others = (way for way in _possible(ways) if way != chosen and way.conditional)
    return tuple(way for way in others if way.vendor is chosen.vendor)


def _possible(ways: list[Database]) -> list[Database]:
    """Return the definitions that none overrides in every case."""
    last = max((index for index, way in enumerate(ways) if not way.conditional), default=0)
    return ways[last:]


def _choose(project: ProjectFiles, ways: list[Database]) -> Database | None:
    options = _possible(ways)
    # The last one overrides the others: a module for development changes what it imports.
    switched = (way for way in reversed(options) if way.switches and _is_switched_on(project, way))
    free = [way for way in options if not way.switches] or options
    return next(switched, None) or _choose_free(project, free)


def _choose_free(project: ProjectFiles, ways: list[Database]) -> Database | None:
    """Return the definition for the server that the project wants, else the one with SQLite, else the first."""
    sqlite = [way for way in ways if way.vendor is Vendor.SQLITE]
    wanted = None if sqlite and _tests_without_server(project) else wanted_vendor(project)
    on_server = _on_server(ways, wanted) if wanted else None
    return on_server or next(iter((*sqlite, *ways)), None)


def _on_server(ways: list[Database], wanted: Vendor) -> Database | None:
    """Return the definition that can use a server of this vendor; a URL decides before a name.

    If another one reads variables, a host from elsewhere belongs to a production system, such as a secret's.
    """
    urls = [way for way in ways if way.url and way.vendor is not Vendor.SQLITE]
    named = [way for way in ways if way.vendor is wanted]
    named.sort(key=lambda way: "HOST" in way.unread)
    variable = [way for way in ways if way.reads_environment]
    return next(iter((*urls, *named, *variable)), None)


def _find(project: ProjectFiles) -> list[Database]:
    """Return the definitions in the settings, else those in a module that a variable of the CI names."""
    source = settings_source(project)
    ways = find_databases(source, value_of(project)) if source else []
    if any(way.is_understood for way in ways):
        return ways
    for value, _ in project.evidence.env.values():
        file = project.module(value) if "." in value else None
        module = SettingsSource.read(project.tree, project.roots, file) if file else None
        if module and (found := find_databases(module, value_of(project))):
            return found
    return ways


def value_of(project: ProjectFiles) -> Callable[[str], str | None]:
    """Return a function for the values of the CI's variables, including variables that the service sets itself."""
    predefined = project.ci.suite.job.predefined if project.ci.suite else {}
    given = {name: value for name, (value, _) in project.evidence.env.items()}
    return {**predefined, **given}.get


def _is_switched_on(project: ProjectFiles, way: Database) -> bool:
    known = value_of(project)
    return all(known(name) == value for name, value in way.switches.items())


def wanted_vendor(project: ProjectFiles) -> Vendor | None:
    """Return the vendor whose driver is a dependency; if dependencies are unknown, the vendor of the CI's server."""
    names = distributions(project)
    if not names:
        return _vendor_of(any_image(project, *DATABASES))
    names |= find_dependencies(project).locked_names
    wanted = [vendor for vendor, drivers in _DRIVERS.items() if names & drivers]
    started = _vendor_of(ci_image(project, *DATABASES))
    return started if started in wanted else next(iter(wanted), None)


def _vendor_of(image: Image | None) -> Vendor | None:
    return vendor_of_server(kind_of(image)) if image else None


def vendor_of_server(kind: ServerKind | None) -> Vendor:
    """Return the vendor of a server; MariaDB is a MySQL."""
    return Vendor.POSTGRESQL if kind is POSTGRES else Vendor.MYSQL


def _tests_without_server(project: ProjectFiles) -> bool:
    """Return whether the project's CI runs the tests without a database server."""
    testing = project.evidence.testing
    created = (parse_dotenv(text).values() for text in project.ci.created.values())
    values = itertools.chain(project.ci.env.values(), *created)
    used = any(map(uses_server, testing)) or any(map(_SERVER.search, values))
    return bool(testing) and not used and ci_image(project, *DATABASES) is None


def _mentions_sqlite(project: ProjectFiles) -> bool:
    source = settings_source(project)
    return source is not None and any(
        re.search(r"sqlite|spatialite", project.tree.text(file)) for file in source.files
    )


def uses_server(command: Command) -> bool:
    """Return whether a command starts a database server of the machine, or connects to one."""
    call = command.call
    if call.name in {"service", "systemctl", "brew", "invoke-rc.d"}:
        return bool(_SERVER.search(command.line))
    return call.name in _CLIENTS or (
        call.name.startswith("wait") and bool(_SERVER.search(command.line))
    )


def choose_vendor(project: ProjectFiles, way: Database) -> Vendor:
    """Return the vendor; if it depends on a variable, the CI decides, else the driver."""
    is_free = way.url is not None or "ENGINE" in way.variables
    decided = _vendor_in_ci(project, way, is_free=is_free)
    if decided is not Vendor.UNKNOWN:
        return decided
    if way.vendor is Vendor.UNKNOWN and {"HOST", "USER"} & {*way.literals, *way.variables}:
        return wanted_vendor(project) or Vendor.UNKNOWN
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
    wanted = wanted_vendor(project)
    if wanted or not distributions(project):
        return wanted or Vendor.POSTGRESQL
    if vendor is not Vendor.UNKNOWN:
        return vendor
    # If no variable has the URL, the settings name another database.
    named = (way.vendor for way in _find(project) if way.vendor is not Vendor.UNKNOWN)
    return next(named, Vendor.SQLITE)


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
