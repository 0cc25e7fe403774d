"""The environment variables of a stage, and Django's commands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from heroci_action.project import ProjectConfig

_SERVICE_VALUE = re.compile(r"\{(\w[\w-]*)\.[a-z]+\}")


def stage_env(loaded: ProjectConfig, services: Iterable[str]) -> dict[str, str]:
    """Return the common variables, except references to services that the stage does not have."""
    config, available = loaded.config, {*services, "env", "app"}
    env = {
        name: value
        for name, value in config.env.items()
        if set(_SERVICE_VALUE.findall(value)) <= available
    }
    if config.settings:
        env.setdefault("DJANGO_SETTINGS_MODULE", config.settings)
    return env


def server_env(loaded: ProjectConfig, services: Iterable[str]) -> dict[str, str]:
    """Return the variables of the running application, whose settings may differ from the tests' settings."""
    env = stage_env(loaded, services)
    server = loaded.facts.server_settings
    return {**env, "DJANGO_SETTINGS_MODULE": server} if server else env


def source_paths(loaded: ProjectConfig) -> Iterator[str]:
    """Yield the directories from which modules are imported, if they are not the working directory."""
    for path in loaded.facts.source_paths:
        yield "{root}" if path == "." else f"{{root}}/{path}"


def with_path(env: Mapping[str, str], *directories: str) -> dict[str, str]:
    """Return the variables with directories prepended to PYTHONPATH."""
    path = ":".join([*directories, *filter(None, [env.get("PYTHONPATH")])])
    return {**env, "PYTHONPATH": path}


def django(loaded: ProjectConfig, *arguments: str) -> tuple[str, ...]:
    """Return a Django command, run through the project's manage.py, which may do more than load the settings."""
    return ("python", *manage(loaded), *arguments)


def manage(loaded: ProjectConfig) -> tuple[str, ...]:
    """Return the arguments with which Python starts Django's command line."""
    if loaded.facts.manage is None:
        return ("-m", "django")
    path = PurePosixPath(loaded.facts.manage)
    directory = PurePosixPath(loaded.config.working_directory)
    return (
        str(path.relative_to(directory)) if path.is_relative_to(directory) else f"{{root}}/{path}",
    )
