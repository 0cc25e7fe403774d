"""The settings module: what the tests run with, and what the server runs with."""

from __future__ import annotations

import re
from collections.abc import Iterator

from heroci_action.detection.findings import Fact, Finding, Found, Warn
from heroci_action.detection.layout import is_side
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.settings_choice import (
    choose_settings,
    dotted,
    settings_in_manage,
    settings_named_by,
)
from heroci_action.detection.settings_source import choose_configuration


def detect_settings(project: ProjectFiles) -> Iterator[Finding]:
    """The settings module of the tests and, where it differs, of the server; DJANGO_CONFIGURATION as well."""
    module, why = choose_settings(project)
    if module:
        yield Found("settings", module, why)
        if project.module(module) is None:
            yield Warn(
                f"the settings module {module!r} ({why}) was not found in the repository; "
                "if it is generated, make it in `tests.before`, else set `settings`"
            )
    server = server_settings(project)
    if server and server != (project.configured("settings") or module):
        yield Fact("server_settings", server)
    configuration, why = choose_configuration(project)
    if configuration:
        yield Found("env.DJANGO_CONFIGURATION", configuration, why)
    yield from _entry_points(project)


def server_settings(project: ProjectFiles) -> str | None:
    """What wsgi.py or asgi.py names, else manage.py."""
    for name in ("wsgi", "asgi"):
        file = _entry_file(project, name)
        named = list(settings_named_by(project.tree.python(file))) if file else []
        if named and not named[-1][0].endswith("…"):
            return named[-1][0]
    return settings_in_manage(project, testing=False)


def _entry_file(project: ProjectFiles, name: str) -> str | None:
    paths = project.tree.matching(rf"(.*/)?{name}(/__init__)?\.py", under=project.layout.directory)
    usual = settings_in_manage(project, testing=False) or ""
    top = usual.split(".", maxsplit=1)[0]
    paths = tuple(
        path for path in paths if re.search(rf"get_{name}_application", project.tree.text(path))
    )
    own = (path for path in paths if top in path.split("/"))
    return next(own, None) or next((path for path in paths if not is_side(path)), None)


def _entry_points(project: ProjectFiles) -> Iterator[Finding]:
    for name in ("wsgi", "asgi"):
        if found := entry_point(project, name):
            yield Fact(name, found)


def entry_point(project: ProjectFiles, name: str) -> str | None:
    """`config.wsgi:application` for `wsgi`, where there is such a module."""
    file = _entry_file(project, name)
    module = dotted(project, file) if file else None
    return f"{module}:application" if module else None
