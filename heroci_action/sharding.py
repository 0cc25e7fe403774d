"""Shards: the part of the tests that one of several jobs runs, such as `2/5`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MAX_JOBS = 256
"""The jobs of a matrix: docs.github.com/actions/reference/limits."""
_SHARD = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One of `total` shards; `number` counts from 1."""

    number: int
    total: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Parse a text such as `2/5`. Raise ValueError with the reason if it is invalid."""
        match = _SHARD.fullmatch(text)
        if match is None:
            raise ValueError("is not a shard such as 2/5, the second of five")
        number, total = int(match[1]), int(match[2])
        if not total:
            raise ValueError("is not a shard: there must be at least one, 1/1")
        if not 1 <= number <= total:
            raise ValueError(f"is not a shard: the valid ones are 1/{total} to {total}/{total}")
        return cls(number=number, total=total)

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"


def matrix(shards: int | None, versions: Sequence[Mapping[str, str]] = ()) -> list[dict[str, str]]:
    """Return a job for each combination of versions and shard, with a name that is valid for an artifact.

    `versions` are the values of each job by name; a `name` among them begins the name of the job.
    """
    parts = [{"shard": f"{number}/{shards}"} for number in range(1, (shards or 0) + 1)] or [{}]
    return [
        {**version, **part, "name": _name(version, part)}
        for version in (versions or [{}])
        for part in parts
        if version or part
    ]


def _name(version: Mapping[str, str], part: Mapping[str, str]) -> str:
    pairs = version if "name" not in version else {}
    words = [version.get("name", ""), *(f"{key}-{value}" for key, value in pairs.items())]
    words += [f"{key}-{value.replace('/', '-of-')}" for key, value in part.items()]
    return "-".join(filter(None, words))
