"""Find the jobs of GitLab's CI that make files for another job: it asks for their artifacts, or only reads their cache.

https://docs.gitlab.com/ci/yaml/#needs, https://docs.gitlab.com/ci/yaml/#dependencies
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from heroci_action.detection.ci.yaml_file import items, table, texts


def sources_of_files(job: Mapping[str, Any]) -> list[str]:
    """Return the names of the jobs of the same pipeline whose artifacts a job asks for, in its order.

    If it has `needs`, `dependencies` choose from them. Without both, it gets the artifacts of all earlier stages,
    whether it uses them or not.
    """
    needed = list(_needed(job))
    if "dependencies" not in job:
        return needed
    named = texts(job.get("dependencies"))
    return [name for name in named if name in needed or "needs" not in job]


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
