"""The results of a detector: configuration values, facts, skipped stages and warnings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Found:
    """A value for a dotted configuration key, and its origin in words.

    `otherwise` is used if the value refers to a service that the run does not have.
    """

    key: str
    value: object
    why: str
    otherwise: str | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A value for a field of `Facts`."""

    name: str
    value: object


@dataclass(frozen=True, slots=True)
class Skip:
    """A stage that has nothing to do, and the reason."""

    stage: str
    why: str


@dataclass(frozen=True, slots=True)
class Warn:
    """A warning for the user; the text contains the remedy, and `lines` are the configuration that it suggests.

    It does not hold if the plan has the service `unless`.
    """

    text: str
    lines: tuple[str, ...] = ()
    unless: str | None = None


@dataclass(frozen=True, slots=True)
class FixedAddress:
    """A service that the tests look for at a host, whatever the environment says, and where that is seen."""

    service: str
    why: str
    host: str = "localhost"


Finding = Found | Fact | Skip | Warn | FixedAddress
