"""Check the results of shards: none may be missing, and all must have split the tests in the same way."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from heroci_action.results.records import Result, StageResult
from heroci_action.sharding import Shard

Sharded = tuple[Shard, Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardMismatch:
    """The reason why shards do not add up to all tests, and a remedy."""

    reason: str
    remedy: str


def find_mismatch(results: Iterable[Result]) -> ShardMismatch | None:
    """Return why the shards are not complete; None if they are, or if there is no shard.

    The shards of one Python version and of one total number belong together. A matrix may have other dimensions, such
    as versions of Django: then each shard must occur equally often.
    """
    for (python, total), parts in sorted(_groups(results).items()):
        times = Counter(shard.number for shard, _ in parts)
        most = max(times.values())
        missing = [f"{number}/{total}" for number in range(1, total + 1) if times[number] < most]
        if missing:
            several = len(missing) > 1
            return ShardMismatch(
                reason=f"the result{'s' * several} of shard{'s' * several} {', '.join(missing)}"
                f"{f' on Python {python}' if python else ''} {'are' if several else 'is'} missing",
                remedy="pass the heroci-result.json of every shard to merge; run shards without one again",
            )
        if not _fit(parts, total):
            return ShardMismatch(
                reason="the shards have split the tests in different ways, so that some may not have run",
                remedy="give all shards the same commit and the same baseline, or none of them a baseline",
            )
    return None


def is_sharded(stage: StageResult) -> bool:
    """Return whether one of its steps ran only a part of the tests."""
    return any(step.splits for step in stage.steps)


def _groups(results: Iterable[Result]) -> dict[tuple[str, int], list[Sharded]]:
    groups: dict[tuple[str, int], list[Sharded]] = defaultdict(list)
    for result in results:
        try:
            shard = Shard.parse(result.shard or "")
        except ValueError:
            continue
        minor = ".".join((result.python or "").split(".")[:2])
        groups[minor, shard.total].append((shard, result))
    return groups


def _fit(parts: Sequence[Sharded], total: int) -> bool:
    """Return whether every split of the tests has all of its shards, equally often.

    A step that ended before the split has failed anyway.
    """
    splits = [dict(_splits(result)) for _, result in parts]
    for step in set().union(*splits):
        if not all(step in one for one in splits):
            continue
        ways: dict[str, Counter[int]] = defaultdict(Counter)
        for (shard, _), one in zip(parts, splits, strict=True):
            ways[one[step]][shard.number] += 1
        if any(len(way) < total or len(set(way.values())) > 1 for way in ways.values()):
            return False
    return True


def _splits(result: Result) -> Iterator[tuple[str, str]]:
    for stage in result.stages:
        for step in stage.steps:
            if step.splits:
                fingerprints = " ".join(split.fingerprint for split in step.splits)
                yield f"{stage.name}/{step.name}", fingerprints
