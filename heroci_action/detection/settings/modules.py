"""The settings modules of the tests and of the server, and the server's entry points."""

from __future__ import annotations

import re
from collections.abc import Iterator

from heroci_action.detection.ci.test_runs import Runner
from heroci_action.detection.findings import Fact, Finding, Found, Warn
from heroci_action.detection.layout import is_side
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.settings.candidates import dotted, find_settings_modules
from heroci_action.detection.settings.choice import choose_settings, settings_in_manage
from heroci_action.detection.settings.source import choose_configuration, settings_source
from heroci_action.detection.sources.named_settings import find_named_settings
from heroci_action.detection.sources.runner_process import asks_process

# Code that sets up Django without a settings module.
_CONFIGURES = re.compile(r"\bsettings\.configure\(|\bdjango\.setup\(\)")
_MAX_CANDIDATES = 5


def detect_settings(project: ProjectFiles) -> Iterator[Finding]:
    """Yield the settings module and configuration of the tests, and the settings and entry points of the server."""
    module, why = choose_settings(project)
    configured = project.configured("settings")
    used = configured or module
    if module:
        yield Found("settings", module, why)
    if used:
        yield from _check_existence(project, used, "" if configured else why)
    elif not _configures_itself(project):
        modules = find_settings_modules(project)
        lines = tuple(f'settings = "{module}"' for module in modules[:1])
        yield Warn(_no_settings(modules), lines or ('settings = "…"',))
    configuration, why = choose_configuration(project)
    if configuration:
        yield Found("env.DJANGO_CONFIGURATION", configuration, why)
    source = settings_source(project)
    files = source.files if source else ()
    yield Fact("asks_process", any(asks_process(project.tree.python(file)) for file in files))
    yield from _server(project, project.configured("settings") or module)


def _check_existence(project: ProjectFiles, module: str, why: str) -> Iterator[Warn]:
    """Warn of a settings module without a file; a configured one may be the product of `tests.before`."""
    is_generated = not why and project.configured("tests.before")
    if project.module(module) is None and not is_generated:
        yield _not_in_repository(project, module, why or "configured")


def _server(project: ProjectFiles, tested: str | None) -> Iterator[Finding]:
    """Yield the settings of the server, if they are not the tested ones, and its entry points."""
    server = server_settings(project)
    if server and server != tested:
        yield Fact("server_settings", server)
    for name in ("wsgi", "asgi"):
        if found := entry_point(project, name):
            yield Fact(name, found)


def _not_in_repository(project: ProjectFiles, module: str, why: str) -> Warn:
    """Return the warning about a settings module without a file, with the modules that exist."""
    modules = find_settings_modules(project)
    others = f" to one of the repository's modules ({_shown(modules)})" if modules else ""
    return Warn(
        f"the settings module {module!r} ({why}) was not found in the repository; "
        f"if it is generated, make it in `tests.before`, else set `settings`{others}",
        tuple(f'settings = "{other}"' for other in modules[:1]),
    )


def _shown(modules: tuple[str, ...]) -> str:
    return ", ".join(modules[:_MAX_CANDIDATES])


def _no_settings(modules: tuple[str, ...]) -> str:
    shown = _shown(modules) or "none that looks like one"
    return (
        "no settings module was found: neither manage.py nor the project's CI names DJANGO_SETTINGS_MODULE; "
        f"set `settings` to one of the repository's modules ({shown})"
    )


def _configures_itself(project: ProjectFiles) -> bool:
    """Return whether the tests run with a script or a conftest.py that configures Django."""
    suite = project.ci.suite
    if suite and any(run.runner in {Runner.SCRIPT, Runner.UNITTEST} for run in suite.runs):
        return True
    files = project.tree.matching(r"(.*/)?(conftest|run_?tests?)\.py")
    return any(_CONFIGURES.search(project.tree.text(file)) for file in files)


def server_settings(project: ProjectFiles) -> str | None:
    """Return the settings module that wsgi.py or asgi.py names, else the one of manage.py."""
    for name in ("wsgi", "asgi"):
        file = _entry_file(project, name)
        named = list(find_named_settings(project.tree.python(file))) if file else []
        if named and not named[-1].is_computed:
            return named[-1].module
    return settings_in_manage(project, testing=False)


def _entry_file(project: ProjectFiles, name: str) -> str | None:
    every = project.tree.matching(rf"(.*/)?{name}(/__init__)?\.py", under=project.layout.directory)
    paths = [path for path in every if f"get_{name}_application" in project.tree.text(path)]
    usual = settings_in_manage(project, testing=False) or ""
    package = usual.partition(".")[0]
    own = (path for path in paths if package in path.split("/"))
    return next(own, None) or next((path for path in paths if not is_side(path)), None)


def entry_point(project: ProjectFiles, name: str) -> str | None:
    """Return `config.wsgi:application` for `wsgi`, if there is such a module."""
    file = _entry_file(project, name)
    module = dotted(project, file) if file else None
    return f"{module}:application" if module else None
