"""A database whose name the settings compute, such as one with a random part for each process."""

from __future__ import annotations

from collections.abc import Iterator

from heroci_action.detection.findings import Fact, Finding, Warn
from heroci_action.detection.servers.database_record import Database
from heroci_action.detection.sources.environment_reads import COMPUTED


def detect_computed_name(way: Database) -> Iterator[Finding]:
    """Note in the plan that no server can have the database before the tests: `f"shop_{uuid4()}"`."""
    if "NAME" not in way.variables and COMPUTED in way.literals.get("NAME", ""):
        yield Fact("computed_name", True)
        yield Warn(
            f"{way.file} computes the name of the database, so the migrations only run when the tests create theirs; "
            "to run them before, let the settings read the name from the environment"
        )
