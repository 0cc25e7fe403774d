"""Which settings module the tests run with."""

from __future__ import annotations

import re
from collections.abc import Iterator

from heroci_action.detection.ci.django_program import entry_files
from heroci_action.detection.ci.dotenv import parse_dotenv
from heroci_action.detection.ci.records import Command
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.settings.candidates import (
    TEST_NAMES,
    find_settings_modules,
    find_test_settings,
)
from heroci_action.detection.sources.environment_reads import COMPUTED
from heroci_action.detection.sources.named_settings import (
    VARIABLE,
    NamedSettings,
    find_named_settings,
)
from heroci_action.detection.test_runner.choice import main_run, uses_pytest
from heroci_action.detection.test_runner.pytest_config import pytest_config
from heroci_action.repository.files import join

# `--settings=shop.settings`, `--ds shop.settings`
_OPTION = re.compile(r"--(?:settings|ds)[= ]['\"]?([A-Za-z_][\w.-]*)")
# The last part of a computed name, the likeliest first.
_USUAL_NAMES = ("production", "prod", "base", "local", "development", "dev")
_DOTENV = (
    ".env.test", ".env.ci", ".env.example", ".env.sample", ".env.dist", ".env.template", ".env",
)  # fmt: skip
# What a settings module defines, or the modules and classes that it builds on.
_SETTINGS = re.compile(
    r"^(INSTALLED_APPS|DATABASES|SECRET_KEY)\b|import \*|\binclude\(|^class (Test|CI)\w*\(",
    re.MULTILINE,
)
_CONFTEST = r"((.*/)?tests?/)?conftest\.py"

Choice = tuple[str | None, str]


@once
def choose_settings(project: ProjectFiles) -> Choice:
    """Return the settings module that the tests run with, and its origin in words."""
    for module, why in _choices(project):
        if module:
            return module, why
    return None, ""


def settings_file(project: ProjectFiles) -> str | None:
    """Return the file of the settings module that the tests run with."""
    module = project.configured("settings") or choose_settings(project)[0]
    return project.module(module) if isinstance(module, str) else None


def _choices(project: ProjectFiles) -> Iterator[Choice]:
    pytest = uses_pytest(project)
    config = pytest_config(project)
    if pytest:
        yield settings_option(config.options.get("addopts", "")), f"--ds in {config.file}"
    yield from _in_ci(project)
    if pytest:
        yield config.settings, f"{VARIABLE} in {config.file}"
        yield from _in_conftest(project)
    entry = _entry(project)
    yield settings_in_manage(project, testing=True), f"the settings for tests in {entry}"
    yield from _next_to_usual(project)
    yield settings_in_manage(project, testing=False), f"the settings in {entry}"
    yield from _in_dotenv(project)
    yield from ((module, "a settings module for tests") for module in find_test_settings(project))
    modules = find_settings_modules(project)
    if len(modules) == 1:
        yield modules[0], "the only settings module"


def settings_of(project: ProjectFiles, command: Command) -> str | None:
    """Return the settings module with which the CI runs a command of Django; None if it is not in the repository."""
    named = settings_option(" ".join(command.words)) or command.env.get(VARIABLE)
    return _known(project, named or settings_in_manage(project, testing=False))


def settings_option(line: str) -> str | None:
    """Return the module in `--settings=shop.settings`, `--ds shop.settings`."""
    match = _OPTION.search(line)
    return match[1] if match else None


def _in_ci(project: ProjectFiles) -> Iterator[Choice]:
    """Yield the choices of the plan's test command; a variable counts only if the module is in the repository."""
    main = main_run(project)
    others = project.ci.suite.runs if project.ci.suite else ()
    for run in (main,) if main else others:
        command = run.command
        yield settings_option(" ".join(run.arguments)), f"the test command in {command.source}"
        inline = command.call.env.get(VARIABLE)
        yield inline, f"the test command in {command.source}"
        yield _known(project, command.env.get(VARIABLE)), f"{VARIABLE} in {command.source}"
    value, source = project.evidence.env.get(VARIABLE, ("", ""))
    yield _known(project, value), f"{VARIABLE} in {source}"
    yield _known(project, project.tox_env.get(VARIABLE)), f"{VARIABLE} in tox.ini"


def _known(project: ProjectFiles, module: str | None) -> str | None:
    return module if module and project.module(module) else None


def _in_conftest(project: ProjectFiles) -> Iterator[Choice]:
    for path in project.tree.matching(_CONFTEST, under=project.layout.directory):
        for named in find_named_settings(project.tree.python(path)):
            yield _known(project, named.module), f"{VARIABLE} in {path}"


def _in_dotenv(project: ProjectFiles) -> Iterator[Choice]:
    for directory in project.layout.directories:
        for name in _DOTENV:
            path = join(directory, name)
            value = parse_dotenv(project.tree.text(path)).get(VARIABLE)
            yield _known(project, value), f"{VARIABLE} in {path}"


def _entry(project: ProjectFiles) -> str | None:
    return project.layout.entry or project.layout.manage


@once
def _named_in_entry(project: ProjectFiles) -> list[NamedSettings]:
    """Return the settings that the first file of the entry names, in which there are any."""
    entry = _entry(project)
    files = (entry_files(project.tree, entry) or (entry,)) if entry else ()
    every = (list(find_named_settings(project.tree.python(file))) for file in files)
    return next(filter(None, every), [])


def settings_in_manage(project: ProjectFiles, *, testing: bool) -> str | None:
    """Return the settings module that manage.py names, for tests or for every other command."""
    named = _named_in_entry(project)
    usual = [found for found in named if not found.for_tests]
    chosen = [found for found in named if found.for_tests is testing]
    if chosen and not chosen[-1].is_computed:
        return chosen[-1].module
    return _completed(project, usual[-1:], TEST_NAMES if testing else _USUAL_NAMES)


def _completed(
    project: ProjectFiles, named: list[NamedSettings], endings: tuple[str, ...]
) -> str | None:
    """Return the existing module for a name whose last part is computed: `config.settings.{environment}`."""
    modules = (
        found.module.removesuffix(COMPUTED) + ending
        for found in named
        if found.is_computed
        for ending in endings
    )
    return next((module for module in modules if project.module(module)), None)


def _next_to_usual(project: ProjectFiles) -> Iterator[Choice]:
    """Yield `settings/test.py` next to the usual settings, unless the CI runs the tests without naming it."""
    usual = settings_in_manage(project, testing=False)
    if usual is None or project.ci.suite is not None:
        return
    is_package = (project.module(usual) or "").endswith("__init__.py")
    package = usual if is_package else usual.rpartition(".")[0]
    for name in TEST_NAMES:
        module = f"{package}.{name}" if package else name
        file = project.module(module)
        if file and not _holds_tests(module, file) and _holds_settings(project, module, file):
            yield module, f"{file} is in the repository"


def _holds_settings(project: ProjectFiles, module: str, file: str) -> bool:
    """Return whether a module has settings by its name or content: `testing.py` may hold helpers of the tests."""
    return "settings" in module or _SETTINGS.search(project.tree.text(file)) is not None


def _holds_tests(module: str, file: str) -> bool:
    """Return whether a module contains tests: a package, or tests.py outside a settings package."""
    named = "settings" not in module and module.rpartition(".")[2] in {"test", "tests"}
    return named or file.endswith("__init__.py")
