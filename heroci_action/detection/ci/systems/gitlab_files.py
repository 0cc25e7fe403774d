"""Find the jobs of GitLab's CI that make files for another job: it gets their artifacts, or only reads their cache.

https://docs.gitlab.com/ci/yaml/#needs, https://docs.gitlab.com/ci/yaml/#dependencies
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from heroci_action.detection.ci.yaml_file import items, table, texts

# https://docs.gitlab.com/ci/yaml/#stages
_STAGES = ("build", "test", "deploy")


def sources_of_files(job: Mapping[str, Any]) -> list[str]:
    """Return the names of the jobs of the same pipeline whose artifacts a job asks for, in its order.

    If it has `needs`, `dependencies` choose from them.
    """
    needed = list(_needed(job))
    if "dependencies" not in job:
        return needed
    named = texts(job.get("dependencies"))
    return [name for name in named if name in needed or "needs" not in job]


def gets_all_files(job: Mapping[str, Any]) -> bool:
    """Return whether a job gets the artifacts of all earlier stages, whether it uses them or not."""
    return not {"needs", "dependencies"} & set(job)


def jobs_before(
    job: Mapping[str, Any], jobs: Mapping[str, Mapping[str, Any]], stages: list[str]
) -> list[str]:
    """Return the names of the jobs in earlier stages, in the order of the stages."""
    order = [".pre", *(stages or _STAGES), ".post"]
    places = {
        name: order.index(_stage(other)) for name, other in jobs.items() if _stage(other) in order
    }
    own = order.index(_stage(job)) if _stage(job) in order else 0
    return sorted((name for name in places if places[name] < own), key=lambda name: places[name])


def _stage(job: Mapping[str, Any]) -> str:
    return str(job.get("stage", "test"))


def hands_over(maker: Mapping[str, Any], job: Mapping[str, Any]) -> bool:
    """Return whether a job leaves files as artifacts, or fills a cache that another job only reads."""
    kept = texts(table(maker.get("artifacts")).get("paths"))
    filled = {_identity(cache) for cache in _caches(maker) if _policy(cache) != "pull"}
    read = {_identity(cache) for cache in _caches(job) if _policy(cache) == "pull"}
    return bool(kept) or not filled.isdisjoint(read)


def _needed(job: Mapping[str, Any]) -> Iterator[str]:
    """Yield the jobs of `needs`, except those whose artifacts it declines, and those of other pipelines."""
    for entry in items(job.get("needs")):
        options = {"job": entry} if isinstance(entry, str) else table(entry)
        is_here = not {"project", "pipeline"} & set(options)
        if is_here and options.get("artifacts", "true") == "true":
            yield str(options.get("job", ""))


def _caches(job: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    value = job.get("cache")
    yield from map(table, value if isinstance(value, list) else [value])


def _policy(cache: Mapping[str, Any]) -> str:
    return str(cache.get("policy", "pull-push"))


def _identity(cache: Mapping[str, Any]) -> tuple[str, str]:
    return str(cache.get("key", "")), str(cache.get("paths", ""))
