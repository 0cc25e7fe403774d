"""The chain of stages that decided how long the run took."""

from __future__ import annotations

from collections.abc import Sequence

from heroci_action.results.records import StageResult, Status


def critical_path(stages: Sequence[StageResult]) -> tuple[StageResult, ...]:
    """The heaviest chain of needs, first stage first; empty where nothing ran.

    The weight of a chain is the sum of its stages' times: no number of cores makes the run shorter than that. Stages
    may come in any order; a need that is no stage of these is passed over.
    """
    ran = {stage.name: stage for stage in stages if stage.status is not Status.SKIPPED}
    chains: dict[str, tuple[float, tuple[StageResult, ...]]] = {}

    def chain(stage: StageResult) -> tuple[float, tuple[StageResult, ...]]:
        if stage.name not in chains:
            chains[stage.name] = (stage.duration, (stage,))  # a circle in a damaged file ends here
            before = [chain(ran[need]) for need in stage.needs if need in ran]
            weight, path = max(before, key=lambda found: found[0], default=(0.0, ()))
            chains[stage.name] = (weight + stage.duration, (*path, stage))
        return chains[stage.name]

    return max(map(chain, ran.values()), key=lambda found: found[0], default=(0.0, ()))[1]
