"""The order in which stages are started: it matters if there are fewer slots than stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from heroci_action.plan.stages import Stage


def longest_first(stages: Iterable[Stage], times: Mapping[str, float]) -> tuple[Stage, ...]:
    """Return the stages that begin the longest chain of needs first, given the seconds of an earlier run by name.

    Without times, the order stays as it is.
    """
    known = {stage.name: stage for stage in stages}
    lengths: dict[str, float] = {}

    def length(name: str) -> float:
        if name not in lengths:
            waiting = (other for other, stage in known.items() if name in stage.needs)
            lengths[name] = times.get(name, 0.0) + max(map(length, waiting), default=0.0)
        return lengths[name]

    return tuple(sorted(known.values(), key=lambda stage: length(stage.name), reverse=True))
