"""Find the chain of stages that determined the duration of a run."""

from __future__ import annotations

from collections.abc import Sequence

from heroci_action.results.records import StageResult, Status


def critical_path(stages: Sequence[StageResult]) -> tuple[StageResult, ...]:
    """Return the chain of needs with the longest total duration, first stage first; empty if nothing ran.

    More cores cannot make a run shorter than this chain. The order of `stages` is irrelevant, and needs that are not
    among them are ignored.
    """
    ran = {stage.name: stage for stage in stages if stage.status is not Status.SKIPPED}
    chains: dict[str, tuple[float, tuple[StageResult, ...]]] = {}

    def chain(stage: StageResult) -> tuple[float, tuple[StageResult, ...]]:
        if stage.name not in chains:
            # Ends the recursion if a damaged file contains a dependency cycle.
            chains[stage.name] = (stage.duration, (stage,))
            before = [chain(ran[need]) for need in stage.needs if need in ran]
            weight, path = max(before, key=lambda found: found[0], default=(0.0, ()))
            chains[stage.name] = (weight + stage.duration, (*path, stage))
        return chains[stage.name]

    return max(map(chain, ran.values()), key=lambda found: found[0], default=(0.0, ()))[1]


def engine_start(stages: Sequence[StageResult]) -> float | None:
    """Return the seconds before the first stage, in which the engine was started or connected to; None if below one."""
    first = min((each.started for each in stages if each.status is not Status.SKIPPED), default=0.0)
    return first if first >= 1 else None
