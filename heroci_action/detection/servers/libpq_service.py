"""A connection that a file of libpq names."""

from __future__ import annotations

from collections.abc import Iterator

from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.servers.database_record import Database


def warn_of_service(way: Database) -> Iterator[Finding]:
    """Warn of a connection in a file of libpq, which HeroCI does not write."""
    # https://www.postgresql.org/docs/current/libpq-pgservice.html
    if way.service:
        yield Warn(
            f"{way.file} connects to the database by the service {way.service!r} of libpq, which is in the file "
            "~/.pg_service.conf or $PGSERVICEFILE; let `tests.before` write one with {postgres.host}, {postgres.port}, "
            "{postgres.user}, {postgres.password} and {postgres.db}, and set PGSERVICEFILE in `env` to it",
            ('env.PGSERVICEFILE = "…"',),
        )
