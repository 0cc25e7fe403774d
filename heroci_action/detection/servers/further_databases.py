"""The databases other than the chosen one: on its server, with their own names, as the project's CI has them.

They have other aliases, or are the definitions of an alias under other conditions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from heroci_action.detection.ci.records import UNKNOWN
from heroci_action.detection.facts import Vendor
from heroci_action.detection.findings import Finding, FixedAddress, Found, Warn
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.servers.ci_servers import MARIADB, MYSQL, POSTGRES
from heroci_action.detection.servers.database_choice import (
    choose_database,
    choose_further_database,
    choose_vendor,
    find_alternatives,
    value_of,
)
from heroci_action.detection.servers.database_record import (
    LOCAL_HOSTS,
    ROLES,
    Database,
    vendor_of,
)
from heroci_action.detection.servers.database_settings import DEFAULT, find_further_aliases
from heroci_action.detection.settings.source import settings_source
from heroci_action.detection.sources.environment_reads import Read, parts_of_url
from heroci_action.detection.sources.json_entries import entry_of

_SERVERS = frozenset({Vendor.POSTGRESQL, Vendor.MYSQL})


def detect_further_databases(project: ProjectFiles, services: frozenset[str]) -> Iterator[Finding]:
    """Yield the variables of the other databases, if these are of the kind of the default one."""
    source, first = settings_source(project), choose_database(project)
    vendor = choose_vendor(project, first) if first else Vendor.UNKNOWN
    if source is None or first is None:
        return
    aliases = tuple(find_further_aliases(source))
    for alias in aliases:
        yield from _warn_of_fixed_server(project, alias)
    if vendor not in _SERVERS:
        return
    name = POSTGRES.name if vendor is Vendor.POSTGRESQL else MYSQL.name
    service = MARIADB.name if MARIADB.name in services else name
    default = _Further(project, DEFAULT, first, service)
    yield from default.alternatives(default)
    for alias in aliases:
        way = choose_further_database(project, alias)
        further = _Further(project, alias, way, service) if way else None
        if further and further.names - first.names and further.may_be(vendor):
            yield from further.findings(default)
            yield from further.alternatives(default)


def _warn_of_fixed_server(project: ProjectFiles, alias: str) -> Iterator[Finding]:
    """Warn of a database on another machine, which no variable can move to the plan's server."""
    way = choose_further_database(project, alias)
    host = way.literals.get("HOST", "") if way and "HOST" not in way.variables else ""
    if way and host.strip("/") and host not in LOCAL_HOSTS and not way.conditional:
        yield Warn(
            f"{way.file} hard-codes the database {alias!r} at {host}, which the plan does not start; "
            "let it read the environment, or replace it for the tests"
        )


@dataclass(frozen=True, slots=True)
class _Further:
    """A database of the settings, and the service whose server it uses in the plan."""

    project: ProjectFiles
    alias: str
    way: Database
    service: str

    @property
    def names(self) -> frozenset[str]:
        return self.way.names

    @property
    def vendor(self) -> Vendor:
        url = self.way.url
        scheme = (self._value(url) or "").partition(":")[0] if url else ""
        return vendor_of(scheme) if scheme else self.way.vendor

    def may_be(self, vendor: Vendor) -> bool:
        """Return whether the server may be one of a vendor; HeroCI may not know the engine that the code names."""
        is_open = self.vendor is Vendor.UNKNOWN and "ENGINE" not in self.way.literals
        return self.vendor is vendor or is_open

    def findings(self, default: _Further) -> Iterator[Finding]:
        """Yield the variables, and warn of another server."""
        yield from self.variables(default, default.names)
        places = (default.place, self.place)
        if None not in places and places[0] != places[1]:
            yield Warn(
                f"in the CI, the databases {DEFAULT!r} and {self.alias!r} of {self.way.file} are on different servers "
                f"({places[0]}, {places[1]}); in the plan, both are on the server {self.service!r}"
            )

    def alternatives(self, default: _Further) -> Iterator[Finding]:
        """Yield the variables of the same database under other conditions, of which one may hold in the tests."""
        for way in find_alternatives(self.project, self.alias, self.way):
            found = list(replace(self, way=way).variables(default, default.names | self.names))
            yield from found
            if found and way.literals.get("HOST") in LOCAL_HOSTS:
                yield FixedAddress(self.service, f"hard-coded in {way.file}")

    def variables(self, default: _Further, taken: frozenset[str]) -> Iterator[Finding]:
        """Yield the values of the variables that are not `taken` by another database or definition."""
        why = f"read in {self.way.file} for the database {self.alias!r}"
        url = self.way.url
        if url and self._is_used(url, taken, required=url.required or bool(url.default)):
            yield Found(f"env.{url.name}", self._url(default), why)
        used = {
            key: self._role(key, default)
            for key, read in self.way.variables.items()
            if key in ROLES and self._is_used(read, taken, required=True)
        }
        for name, value in self.way.values(value_of(self.project), used):
            yield Found(f"env.{name}", value, why)

    def _is_used(self, read: Read, taken: frozenset[str], *, required: bool) -> bool:
        """Return whether a variable has a value: the settings may do without the database if the CI sets none."""
        given = value_of(self.project)(read.name)
        # An empty value switches the database off.
        needed = required and not self.way.conditional if given is None else bool(given)
        return needed and read.name not in taken

    def _role(self, key: str, default: _Further) -> str:
        return self._name(default) if key == "NAME" else f"{{{self.service}.{ROLES[key]}}}"

    def _url(self, default: _Further) -> str:
        """Return the URL of the CI with another server and account; its scheme and options stay."""
        given = urlsplit(self._value(self.way.url) or "")
        name, service = self._name(default), self.service
        usual = "postgres" if service == POSTGRES.name else "mysql"
        login = f"{{{service}.user}}:{{{service}.password}}"
        query = f"?{given.query}" if given.query else ""
        return (
            f"{given.scheme or usual}://{login}@{{{service}.host}}:{{{service}.port}}/{name}{query}"
        )

    def _name(self, default: _Further) -> str:
        """Return the database's name: the CI's, unless that would be another database with the same name."""
        if self.alias == DEFAULT:
            return f"{{{self.service}.db}}"
        own, other = self._part("NAME"), default._part("NAME")
        if own and (own, self.place) == (other, default.place):
            return f"{{{self.service}.db}}"
        return own if own and own != other else f"{other or self.service}_{self.alias}"

    @property
    def place(self) -> str | None:
        """The host and port in the CI, if both are known."""
        host, port = self._part("HOST"), self._part("PORT")
        usual = "5432" if self.service == POSTGRES.name else "3306"
        return f"{host}:{port or usual}" if host else None

    def _part(self, key: str) -> str | None:
        """Return a part of the address as the CI or the code has it."""
        if read := self.way.variables.get(key):
            value = self._value(read)
            return entry_of(value, read.entry) or read.default if read.entry else value
        if self.way.url:
            return parts_of_url(self._value(self.way.url) or "").get(key)
        return self.way.literals.get(key)

    def _value(self, read: Read | None) -> str | None:
        value = (value_of(self.project)(read.name) or read.default) if read else None
        return value if value and UNKNOWN not in value else None
