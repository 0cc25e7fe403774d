"""The circumstances of a run that its plan depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from heroci_action.sharding import Shard


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """The engine's abilities and the part of the tests to run.

    `no_image` is the reason why no image can be built and started, `no_containers` the reason why no stage can run in
    its own image; both are None if it is possible. `shard` is None if all tests run; `times` are the durations of an
    earlier run by indivisible unit (see `analysis.times`).
    """

    no_image: str | None = None
    no_containers: str | None = None
    shard: Shard | None = None
    times: Mapping[str, tuple[float, int]] = field(default_factory=dict)
