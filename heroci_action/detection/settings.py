"""The settings module: what the tests run with, and what the server runs with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from heroci_action.detection.findings import Fact, Finding, Found, Warn
from heroci_action.detection.layout import is_side
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.pytest_config import pytest_config
from heroci_action.detection.requirements import distributions
from heroci_action.detection.settings_choice import (
    choose_settings,
    dotted,
    settings_file,
    settings_in_manage,
    settings_named_by,
)


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
    yield from _configuration(project)
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


def _configuration(project: ProjectFiles) -> Iterator[Finding]:
    """DJANGO_CONFIGURATION, which django-configurations cannot do without."""
    if "django-configurations" not in distributions(project):
        return
    ini = pytest_config(project).options.get("django_configuration")
    manage = project.tree.text(project.layout.manage) if project.layout.manage else ""
    default = re.search(r"""DJANGO_CONFIGURATION['"]\s*[,\]]\s*=?\s*['"](\w+)['"]""", manage)
    value, source = project.evidence.env.get("DJANGO_CONFIGURATION", ("", ""))
    tox = project.tox_env.get("DJANGO_CONFIGURATION", "")
    chosen = next(
        (
            pair
            for pair in (
                (value, source),
                (tox, "tox.ini"),
                (ini or "", pytest_config(project).file or ""),
            )
            if pair[0]
        ),
        None,
    )
    classes = _configuration_classes(project)
    if chosen:
        yield Found("env.DJANGO_CONFIGURATION", chosen[0], f"DJANGO_CONFIGURATION in {chosen[1]}")
    elif test := next(
        (name for name in classes if name.lower() in {"test", "testing", "tests", "ci"}), None
    ):
        yield Found("env.DJANGO_CONFIGURATION", test, f"class {test} in {settings_file(project)}")
    elif default:
        yield Found("env.DJANGO_CONFIGURATION", default[1], "DJANGO_CONFIGURATION in manage.py")


def _configuration_classes(project: ProjectFiles) -> tuple[str, ...]:
    file = settings_file(project)
    body = project.tree.python(file).body if file else []
    return tuple(node.name for node in body if isinstance(node, ast.ClassDef))
