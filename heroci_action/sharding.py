"""The part of the tests that one of several jobs runs: `2/5` is the second of five."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SHARD = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """`number` counts from 1 to `total`."""

    number: int
    total: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """The shard of a text such as `2/5`. Raises ValueError that says what is wrong with it."""
        match = _SHARD.fullmatch(text)
        if match is None:
            raise ValueError("is not a shard such as 2/5, the second of five")
        number, total = int(match[1]), int(match[2])
        if not total:
            raise ValueError("is not a shard: there must be at least one, 1/1")
        if not 1 <= number <= total:
            raise ValueError(f"is not a shard: those of {total} are 1/{total} to {total}/{total}")
        return cls(number=number, total=total)

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"
