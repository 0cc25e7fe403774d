"""The record of a database in the settings, and the vendors of servers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from heroci_action.detection.facts import Vendor
from heroci_action.detection.sources.environment_reads import Read
from heroci_action.detection.sources.json_entries import with_entries

# A client that connects to the unspecified address reaches the machine itself (Linux, ip(7): INADDR_ANY).
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "::"})  # noqa: S104
ROLES: Mapping[str, str] = {
    "HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password", "NAME": "db",
}  # fmt: skip
"""The keys of a database in the settings, and the attributes of a service."""

_ACCOUNT = ("USER", "PASSWORD", "NAME")
_VENDORS = (
    (("postg", "psql", "pgsql", "timescale", "cockroach"), Vendor.POSTGRESQL),
    (("sqlite", "spatialite"), Vendor.SQLITE),
    (("mysql", "mariadb"), Vendor.MYSQL),
    (("oracle",), Vendor.ORACLE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One way in which settings define the default database.

    `variables` and `literals` map a key such as HOST to the variable that is read for it, or to its value in the code;
    they override the `url`. `switches` are variables that must have a value for this way. `unread` are the keys whose
    values are not understood. `service` is the name of a connection in a file of libpq.
    """

    url: Read | None = None
    variables: Mapping[str, Read] = field(default_factory=dict)
    literals: Mapping[str, str] = field(default_factory=dict)
    file: str = ""
    conditional: bool = False
    switches: Mapping[str, str] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    service: str = ""

    @property
    def vendor(self) -> Vendor:
        """Return the vendor that the code itself names, defaults included."""
        engine = self.variables.get("ENGINE")
        text = self.literals.get("ENGINE") or (engine.default if engine else "") or ""
        found = vendor_of(text)
        if found is Vendor.UNKNOWN and self.url is not None:
            return vendor_of((self.url.default or "").partition(":")[0])
        return found

    @property
    def is_spatial(self) -> bool:
        """Return whether the code asks for a spatial database."""
        engine = self.variables.get("ENGINE")
        scheme = (self.url.default or "").partition(":")[0] if self.url else ""
        texts = (self.literals.get("ENGINE"), engine and engine.default, scheme)
        return any(text and ("gis" in text or "spatialite" in text) for text in texts)

    @property
    def reads_environment(self) -> bool:
        """Return whether a variable decides which server is used."""
        return self.url is not None or bool(
            {"HOST", "ENGINE", "NAME", "USER"} & set(self.variables)
        )

    @property
    def is_understood(self) -> bool:
        """Return whether anything is known about it."""
        return bool(self.url or self.variables or self.literals)

    @property
    def names(self) -> frozenset[str]:
        """Return the names of the variables that it reads."""
        return self.read_names | frozenset(self.switches)

    @property
    def read_names(self) -> frozenset[str]:
        """Return the same, without those in conditions."""
        urls = [self.url] if self.url else []
        return frozenset(read.name for read in (*self.variables.values(), *urls))

    @property
    def shared_names(self) -> frozenset[str]:
        """Return the variables that are more than one of the user, the password and the name of the database."""
        reads = (self.variables.get(key) for key in _ACCOUNT)
        uses = Counter(read.name for read in reads if read is not None and not read.entry)
        return frozenset(name for name, number in uses.items() if number > 1)

    def with_fixed(self, fixed: Mapping[str, str]) -> Database:
        """Return the same with the values of some variables in place of the variables."""
        of_account = {key: self.variables[key].name for key in _ACCOUNT if key in self.variables}
        literals = {key: fixed[name] for key, name in of_account.items() if name in fixed}
        others = {key: read for key, read in self.variables.items() if key not in literals}
        return replace(self, variables=others, literals={**self.literals, **literals})

    def values(
        self, value_of: Callable[[str], str | None], parts: Mapping[str, str]
    ) -> Iterator[tuple[str, str]]:
        """Yield the variables with their values for the `parts` of an address, by key; an object keeps its other items.

        `value_of` returns the value of a variable in the project's CI.
        """
        objects: dict[str, dict[tuple[str, ...], str]] = {}
        for key, read in self.variables.items():
            if key in parts and read.entry:
                objects.setdefault(read.name, {})[read.entry] = parts[key]
            elif key in parts:
                yield read.name, parts[key]
        for name, entries in objects.items():
            yield name, with_entries(value_of(name), entries)


def vendor_of(text: str) -> Vendor:
    """Return the vendor of an engine's name or of the scheme of a URL."""
    lowered = text.lower()
    for words, vendor in _VENDORS:
        if any(word in lowered for word in words):
            return vendor
    return Vendor.UNKNOWN
