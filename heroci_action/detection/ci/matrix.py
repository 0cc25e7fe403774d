"""Expand a job's matrix, and choose the leg that HeroCI follows."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Any

from heroci_action.detection.ci.yaml_file import items, table
from heroci_action.plan.stages import NEWEST_PYTHON

MAX_LEGS = 1_000
MAX_SIMILAR_LEGS = 50

Leg = Mapping[str, Any]
# Values for versions that are no releases, and for other systems.
_ODD = re.compile(
    r"(?i)\b(main|master|latest|dev|nightly|alpha|beta|rc\d*|pypy\S*|macos\S*|windows\S*)\b"
)
# Values for tasks other than the tests.
_TASK = re.compile(
    r"(?i)\b(lint\w*|docs?|flake8|black|isort|ruff|mypy|pylint|style|quality|format(ting)?|pre-?commit|functional|"
    r"e2e)\b"
)
# `postgres:17`, `pg16`
POSTGRES = re.compile(r"(?i)postg|psql|pgsql|timescale|\bpg\d*\b")
# `python-3.12-slim`, `python3.12`
_IN_TAG = re.compile(r"\bpython-?(3\.\d+)")
# `jammy-3.10`
_LAST_PART = re.compile(r"[a-z]+-(\d+(?:\.\d+)+)")
# `sqlite`
_SQLITE = re.compile(r"(?i)sqlite")
# `mysql:8`
OTHER_DATABASE = re.compile(r"(?i)mysql|maria|oracle|mssql|sqlserver|cockroach")


def legs_of(matrix: object) -> list[Leg]:
    """Return the legs of GitHub's `matrix`, with `include` and `exclude`."""
    entries = table(matrix)
    axes = {
        key: values
        for key, value in entries.items()
        if key not in {"include", "exclude"} and (values := items(value))
    }
    excluded = [entry for entry in map(table, items(entries.get("exclude"))) if entry]
    legs = [leg for leg in combine(axes) if not any(_fits(entry, leg) for entry in excluded)]
    return _include([table(entry) for entry in items(entries.get("include"))], legs, axes)


def python_of(leg: Leg) -> str:
    """Return the value of the first axis that is named after Python, else the version in any: `python-3.12-slim`."""
    named = next((str(value) for key, value in leg.items() if "python" in key.lower()), "")
    found = (_IN_TAG.search(value) for value in _texts(leg))
    return named or next((match[1] for match in found if match), "")


def pythons_of(
    legs: Iterable[Leg],
    python: Callable[[Leg], str],
    may_fail: Callable[[Leg], bool] = lambda _: False,
) -> tuple[str, ...]:
    """Return the minor versions of Python of the legs that must pass, in ascending order."""
    found = {version_of(python(leg).partition("-")[0])[:2] for leg in legs if not may_fail(leg)}
    return tuple(".".join(map(str, version)) for version in sorted(found) if len(version) > 1)


def combine(axes: Mapping[str, list[Any]]) -> list[Leg]:
    """Return each combination of the values."""
    combined = itertools.islice(itertools.product(*axes.values()), MAX_LEGS)
    return [dict(zip(axes, values, strict=True)) for values in combined] if axes else []


def _include(entries: Iterable[Leg], legs: list[Leg], axes: Container[str]) -> list[Leg]:
    """Add the values of an entry to the legs that it does not contradict; it is a leg itself if there are none."""
    extended = [dict(leg) for leg in legs]
    for entry in entries:
        shared = {key: value for key, value in entry.items() if key in axes}
        fitting = [leg for leg, own in zip(extended, legs, strict=False) if _fits(shared, own)]
        for leg in fitting:
            leg.update(entry)
        if not fitting:
            extended.append(dict(entry))
    return list(extended)


def _fits(entry: Mapping[str, Any], leg: Mapping[str, Any]) -> bool:
    return all(leg.get(key) == value for key, value in entry.items())


def best_leg(
    legs: Iterable[Leg],
    *,
    python: Callable[[Leg], str],
    may_fail: Callable[[Leg], bool] = lambda _: False,
) -> Leg:
    """Return the leg that must pass, with the newest Python that HeroCI supports, on PostgreSQL rather than others.

    Empty if there are no legs.
    """

    def rank(leg: Leg) -> tuple[Any, ...]:
        values = list(_texts(leg))
        return (
            not may_fail(leg),
            not any(OTHER_DATABASE.search(value) for value in values),
            -sum(bool(_ODD.search(value) or _TASK.search(value)) for value in values),
            _supported(_python_version(python(leg))),
            any(POSTGRES.search(value) for value in values),
            # An empty value is the plain way: flags: ["", "-p no:randomly"].
            sum(value == "" for value in values),
            [version_of(_LAST_PART.sub(r"\1", value)) for value in values],
        )

    return max(legs, key=rank, default={})


def similar_legs(
    legs: Iterable[Leg], best: Leg, *, python: Callable[[Leg], str]
) -> tuple[Leg, ...]:
    """Return the other legs that may run other parts of the tests: those with the same Python, or with another task."""
    version = version_of(python(best))
    found = (
        leg
        for leg in legs
        if leg != best
        and (version_of(python(leg)) == version or any(map(_TASK.search, _texts(leg))))
    )
    return tuple(itertools.islice(found, MAX_SIMILAR_LEGS))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value


def version_of(text: str) -> tuple[int, ...]:
    """Return a version as numbers; empty if the text is not a version."""
    match = re.fullmatch(r"v?(\d+(?:\.\d+)*)(?:\.[x*])?(-.*)?", text.strip())
    return tuple(map(int, match[1].split("."))) if match else ()


def _python_version(text: str) -> tuple[int, ...]:
    """Return a version of Python; `3.x` is the newest."""
    return NEWEST_PYTHON if text.strip() in {"3", "3.x", "3.*"} else version_of(text)


def _supported(version: tuple[int, ...]) -> tuple[int, ...]:
    return version if version[:2] <= NEWEST_PYTHON else ()


def newest_python(versions: Iterable[str]) -> str | None:
    """Return the newest version that HeroCI supports, else the oldest one."""
    found = [version_of(version)[:2] for version in versions if re.match(r"3\.\d+", version)]
    chosen = max(filter(_supported, found), default=None) or min(found, default=None)
    return ".".join(map(str, chosen)) if chosen else None
