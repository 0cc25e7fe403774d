"""What a plan depends on besides the project: the place where it is going to run, and the part of the tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from heroci_action.sharding import Shard


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """`no_image` is the reason in words why images will not be built and started, None where they will.

    `no_containers` is the same for stages that run in an image of their own. `shard` is the part of the tests to run,
    None for all; `times` are those of an earlier run, by what is never split (see `analysis.times`).
    """

    no_image: str | None = None
    no_containers: str | None = None
    shard: Shard | None = None
    times: Mapping[str, tuple[float, int]] = field(default_factory=dict)
