"""Create the engine for a project."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from heroci_action.commands.cache_directory import below, cache_directory
from heroci_action.commands.plan import Project
from heroci_action.engines.base import Engine
from heroci_action.engines.registry import create_engine
from heroci_action.engines.secret_store import ignore
from heroci_action.engines.settings import EngineSettings
from heroci_action.github.commands import add_mask, write_line
from heroci_action.github.context import GitHubContext
from heroci_action.options import RunOptions


def engine_for(
    project: Project,
    options: RunOptions,
    machine: Mapping[str, str],
    *,
    notify: Callable[[str], None],
) -> Engine:
    """Create the chosen engine; `notify` receives its messages for the user."""
    settings = settings_for(project, options, machine, notify=notify)
    announce = _mask_on_github if GitHubContext.from_environ(machine) else ignore
    return create_engine(project.chosen.engine, settings, announce)


def settings_for(
    project: Project,
    options: RunOptions,
    machine: Mapping[str, str],
    *,
    notify: Callable[[str], None],
) -> EngineSettings:
    """Return what every engine of the run may need."""
    root, cache = project.loaded.root, cache_directory(machine)
    return EngineSettings(
        root=root,
        cache=cache,
        machine=machine,
        exclude=(*below(root, options.destination.output), *below(root, cache)),
        runner_host=options.runner_host,
        install_system_packages=options.install_system_packages,
        fresh=not options.use_cache,
        notify=notify,
    )


def _mask_on_github(line: str) -> None:
    """Have the runner mask the line in the whole log of the job."""
    write_line(sys.stdout, add_mask(line))
    sys.stdout.flush()
