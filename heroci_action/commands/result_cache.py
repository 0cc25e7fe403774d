"""Give an engine the results of earlier runs, as the configuration and the options request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from heroci_action.cache.content import read_content
from heroci_action.cache.replay import CachedEngine, CacheSettings
from heroci_action.cache.store import Store
from heroci_action.commands.plan import Project
from heroci_action.engines.base import Engine
from heroci_action.engines.settings import EngineSettings
from heroci_action.options import RunOptions
from heroci_action.plan.stages import Plan
from heroci_action.readers.registry import LINT_TOOLS
from heroci_action.repository.git import Checkout
from heroci_action.results.provenance import Origin

_VERSIONED = re.compile(r"@sha256:|:[^/:]*\d[^/:]*$")
"""An image that is named by digest, or whose tag contains a version."""

ONE_DAY = 24 * 3600.0
"""Seconds for which a result is good if the same plan may install other versions."""


def with_results(
    engine: Engine, project: Project, options: RunOptions, settings: EngineSettings
) -> Engine:
    """Return an engine that replays results of earlier runs, unless the cache is disabled."""
    if not (options.use_cache and project.loaded.config.cache.enabled):
        return engine
    return CachedEngine(engine, _cache_settings(project, options, settings))


def _cache_settings(
    project: Project, options: RunOptions, settings: EngineSettings
) -> CacheSettings:
    config, kind = project.loaded.config.cache, project.chosen.engine
    return CacheSettings(
        store=Store(cache=settings.cache, size=config.size),
        root=settings.root,
        machine=settings.machine,
        # Containers receive nothing that git ignores.
        read_content=lambda: read_content(
            settings.root, exclude=settings.exclude, settings=not kind.has_containers
        ).without(config.ignore),
        facts=lambda plan: kind.facts(plan, settings.machine),
        inherited=kind.inherited,
        origin=Origin(
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
            commit=Checkout.of(settings.root).commit(),
            url=_run_page(settings.machine),
        ),
        max_age=(
            config.max_age
            if is_pinned(project.plan, project.loaded.root)
            else min(config.max_age, ONE_DAY)
        ),
        reads=not options.refresh,
        notify=settings.notify,
    )


def is_pinned(plan: Plan, root: Path) -> bool:
    """Return whether the same plan always installs the same packages and starts the same images."""
    environment = plan.environment
    if not all(map(_VERSIONED.search, _images(plan))):
        return False
    if environment.lock:
        return True
    if environment.project or environment.extras or environment.groups:
        return False
    files = (root / path for path in environment.requirements)
    required = (line for file in files for line in _required(file))
    # The default tools have an upper bound, which HeroCI was tested with.
    tools = set(environment.tools) - {tool.default_spec for tool in LINT_TOOLS.values()}
    named = (*required, *environment.packages, *environment.overrides, *tools)
    return all(map(_is_exact, named))


def _is_exact(text: str) -> bool:
    """Return whether a requirement allows one version only: `==5.2.1` or an address, but not `==5.2.*`."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return False
    versions = (
        specifier.version
        for specifier in requirement.specifier
        if specifier.operator in ("==", "===")
    )
    return requirement.url is not None or any(not version.endswith(".*") for version in versions)


def _images(plan: Plan) -> Iterator[str]:
    of_services = (service.image for service in plan.services.values())
    of_stages = (stage.image for stage in plan.stages)
    return filter(None, (plan.environment.image, *of_services, *of_stages))


def _required(file: Path) -> Iterator[str]:
    """Yield the lines of a requirements file, without comments and hashes."""
    for line in file.read_text(errors="replace").replace("\\\n", " ").splitlines():
        text = f" {line}".partition(" #")[0].partition(" --hash")[0].strip()
        if text:
            yield text


def _run_page(machine: Mapping[str, str]) -> str | None:
    """Return the page of the run on GitHub."""
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (machine.get(name) for name in names)
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else None
