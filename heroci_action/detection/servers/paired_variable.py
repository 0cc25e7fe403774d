"""A database whose address is in one variable of the CI: `DB=ENGINE=django.db.backends.postgresql:HOST=localhost`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from heroci_action.detection.facts import Vendor
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.servers.database_record import ROLES, Database, vendor_of
from heroci_action.detection.settings.source import settings_source
from heroci_action.detection.sources.environment_reads import Read
from heroci_action.detection.sources.paired_entries import parse_pairs

_KEYS = {**{key: key for key in (*ROLES, "ENGINE")}, "DBNAME": "NAME", "DATABASE": "NAME"}
# What tells the address of a database from other pairs.
_NEEDED = frozenset({"NAME", "HOST"})


def with_paired_variable(
    project: ProjectFiles, way: Database | None, vendor: Vendor
) -> Database | None:
    """Return a database with the parts that a variable of the CI has as pairs, if the settings read the variable.

    The settings take the text apart in their own way. Settings that name the host by themselves do not need it. The
    `vendor` is that of the database without the variable.
    """
    source = settings_source(project)
    if source is None or (way and (way.url or "HOST" in way.variables)):
        return way
    for name, pairs in _paired(project, dict.fromkeys(read.name for read, _ in source.reads)):
        _, engine = pairs.get("ENGINE", ("", ""))
        found = way
        if engine:
            found = Database(file=source.file, literals={"ENGINE": engine})
            vendor = vendor_of(engine)
        if found and vendor in {Vendor.POSTGRESQL, Vendor.MYSQL}:
            written = {key: each for key, (each, _) in pairs.items() if key in ROLES}
            reads = {key: Read(name=name, entry=(each,)) for key, each in written.items()}
            literals = {key: text for key, text in found.literals.items() if key not in reads}
            return replace(found, variables={**found.variables, **reads}, literals=literals)
    return way


def _paired(
    project: ProjectFiles, names: Iterable[str]
) -> Iterator[tuple[str, Mapping[str, tuple[str, str]]]]:
    """Yield the variables with pairs of a database, each with the written names and the values by key."""
    for name in names:
        text = project.evidence.env.get(name, ("", ""))[0]
        pairs = {
            _KEYS.get(each.upper(), ""): (each, value) for each, value in parse_pairs(text).items()
        }
        if _NEEDED.issubset(pairs):
            yield name, pairs
