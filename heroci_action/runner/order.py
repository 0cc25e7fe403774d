"""The order in which stages are started: it matters if there are fewer slots than stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter

from heroci_action.plan.stages import Stage


def longest_first(stages: Iterable[Stage], times: Mapping[str, float]) -> tuple[Stage, ...]:
    """Return the stages that begin the longest chain of needs first, given the seconds of an earlier run by name.

    Without times, the order stays as it is.
    """
    known = {stage.name: stage for stage in stages}
    needs = {name: [need for need in stage.needs if need in known] for name, stage in known.items()}
    lengths = {name: times.get(name, 0.0) for name in known}
    # The stages that need a stage come before it, so their lengths are complete.
    for name in reversed(tuple(TopologicalSorter(needs).static_order())):
        for need in needs[name]:
            lengths[need] = max(lengths[need], times.get(need, 0.0) + lengths[name])
    return tuple(sorted(known.values(), key=lambda stage: lengths[stage.name], reverse=True))
