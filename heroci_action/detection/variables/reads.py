"""The reads of variables in the settings: all of them, or those for the values of some settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from heroci_action.detection.sources.environment_reads import Read, reads
from heroci_action.detection.sources.required_reads import find_required
from heroci_action.detection.sources.source import SettingsSource
from heroci_action.detection.sources.statements import Statement


def all_reads(source: SettingsSource) -> Iterator[tuple[Read, Statement]]:
    """Yield every read; a read that another read of the variable guards is not required: `if env("X", default="")`."""
    needed = find_required(source)
    guarded = {read.name for read, _ in source.reads if not read.required}
    for read, statement in source.reads:
        required = read.name in needed or (read.required and read.name not in guarded)
        yield replace(read, required=required), statement


def names_for(source: SettingsSource, *settings: str) -> set[str]:
    """Return the names of the variables that the settings read for some of their values."""
    return {read.name for setting in settings for read, _ in reads_for(source, setting)}


def reads_for(source: SettingsSource, setting: str) -> Iterator[tuple[Read, Statement]]:
    """Yield the reads for the values of a setting, each with its statement."""
    for statement in source.assigned(setting):
        value = getattr(statement.node, "value", None)
        found = [*reads(statement.node), *(source.reads_in(value) if value is not None else ())]
        found += (read for each in source.called(statement) for read in reads(each.node))
        for read in found:
            yield read, statement
