"""Detect how a Django project is tested by reading its files; nothing in it is imported or run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from heroci_action.detection.ci.project_ci import read_ci
from heroci_action.detection.ci.territory import WHOLE
from heroci_action.detection.ci.test_runs import Runner
from heroci_action.detection.environment.dependencies import detect_dependencies
from heroci_action.detection.environment.python_version import detect_python
from heroci_action.detection.environment.search_paths import find_search_paths
from heroci_action.detection.facts import Facts, Suggestion
from heroci_action.detection.findings import Fact, Finding, FixedAddress, Found, Skip, Warn
from heroci_action.detection.image.production import detect_image
from heroci_action.detection.import_paths import import_paths
from heroci_action.detection.layout import find_layout, import_roots, module_file
from heroci_action.detection.lint.tools import detect_lint
from heroci_action.detection.preparation.needed_tables import find_import_queries
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.projects import find_territory
from heroci_action.detection.pytest_file import find_python_paths
from heroci_action.detection.servers.database import detect_database
from heroci_action.detection.servers.docker_use import detect_docker_use
from heroci_action.detection.servers.further_databases import detect_further_databases
from heroci_action.detection.servers.others import find_other_servers
from heroci_action.detection.settings.choice import choose_settings
from heroci_action.detection.settings.missing_modules import detect_missing_modules
from heroci_action.detection.settings.modules import detect_settings
from heroci_action.detection.test_runner.choice import suite_runs, uses_pytest
from heroci_action.detection.test_runner.pytest_config import pytest_config
from heroci_action.detection.test_stage.coverage_limits import detect_coverage_limits
from heroci_action.detection.test_stage.stage import detect_test_stage
from heroci_action.detection.variables.of_settings import detect_variables
from heroci_action.errors import UsageError
from heroci_action.repository.files import RepositoryFiles, join, parent
from heroci_action.text import some


def detect_layout(project: ProjectFiles) -> Iterator[Finding]:
    """Yield the working directory, manage.py, and the directories to import from."""
    layout = project.layout
    yield Found("working-directory", layout.directory, layout.why)
    yield Fact("manage", layout.manage)
    yield Fact("starts_django", layout.starts_django)
    yield Fact("source_paths", tuple(dict.fromkeys(_source_paths(project))))
    others = project.ci.territory.others
    yield Fact("other_projects", others)
    if others and project.configured("working-directory") is None:
        used, *unused = (_name(project, place) for place in (layout.directory, *sorted(others)))
        yield Warn(
            f"there are several projects: {used} is used, not {some(unused, limit=2)}; "
            "choose another one with --project"
        )


def _name(project: ProjectFiles, directory: str) -> str:
    """Return the manage.py of a project, else its directory."""
    manage = join(directory, "manage.py")
    return manage if project.tree.has(manage) else directory


def _source_paths(project: ProjectFiles) -> Iterator[str]:
    layout = project.layout
    if layout.manage and parent(layout.manage) != layout.directory:
        yield parent(layout.manage)
    elif _installs_src(project):
        yield layout.path_of("src")
    paths = import_paths(project.tree, project.ci)
    # Python imports from the directory of manage.py, else from the working directory.
    usual = parent(layout.manage) if layout.manage else layout.directory
    yield from (path for path in paths if path != usual)
    yield from _paths_of_pytest(project)


def _paths_of_pytest(project: ProjectFiles) -> Iterator[str]:
    """Yield the directories of pytest's `pythonpath` if Django finds the settings of the tests only with them."""
    tree, layout = project.tree, project.layout
    module = choose_settings(project)[0]
    roots = (*import_roots(tree, layout), *import_paths(tree, project.ci))
    if module and module_file(tree, roots, module) is None and project.module(module):
        yield from find_python_paths(tree, layout.directories)


_PACKAGE = r"[^/]+/__init__\.py"


def _installs_src(project: ProjectFiles) -> bool:
    """Return whether the project's installation makes packages below src importable, next to a manage.py or not."""
    tree, layout = project.tree, project.layout
    pyproject = tree.toml(layout.path_of("pyproject.toml"))
    is_built = "build-system" in pyproject or tree.has(layout.path_of("setup.py"))
    is_package = layout.manage is None or is_built
    return is_package and bool(tree.matching(_PACKAGE, under=layout.path_of("src")))


DETECTORS: tuple[Callable[[ProjectFiles], Iterator[Finding]], ...] = (
    detect_layout,
    detect_python,
    detect_dependencies,
    detect_settings,
    detect_missing_modules,
    detect_test_stage,
    detect_coverage_limits,
    detect_database,
    detect_docker_use,
    detect_variables,
    find_search_paths,
    detect_lint,
    detect_image,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """Values by dotted key with their origin in words, facts, and warnings.

    `alternatives` are values for keys whose value refers to a service that the run does not have.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    alternatives: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    warnings: tuple[str, ...] = ()


def find_project(tree: RepositoryFiles, given: Mapping[str, Any]) -> ProjectFiles:
    """Find the Django project; `given` is the configuration as the user wrote it, which detection respects.

    Raises UsageError if nothing looks like a Django project.
    """
    directory = given.get("working-directory")
    place = directory if isinstance(directory, str) else None
    ci = read_ci(tree, find_territory(tree, place) if place is not None else WHOLE)
    layout = find_layout(tree.with_files(ci.created), place, ci)
    if layout is None:
        raise UsageError(
            f"no Django project was found in {tree.root.name!r}: there is no manage.py, no pytest configuration with "
            "DJANGO_SETTINGS_MODULE, and no package that depends on Django",
            remedy="name the directory of manage.py: heroci run PATH, or working-directory in [tool.heroci]",
        )
    territory = find_territory(tree, layout.directory)
    if place is None and territory.others:
        ci = read_ci(tree, territory)
    tree = tree.with_files(ci.created)
    return _at_pytest_root(ProjectFiles(tree=tree, given=given, layout=layout, ci=ci))


def detect(project: ProjectFiles) -> Detected:
    """Run every detector."""
    found = [finding for detector in DETECTORS for finding in detector(project)]
    # The addresses of these servers and databases replace the CI's.
    services = _services(found)
    others = find_other_servers(project, services)
    queries = find_import_queries(project, services)
    return _collected((*detect_further_databases(project, services), *others, *queries, *found))


def _services(findings: Iterable[Finding]) -> frozenset[str]:
    """Return the names of the services in the findings."""
    keys = (finding.key.split(".") for finding in findings if isinstance(finding, Found))
    return frozenset(key[1] for key in keys if key[0] == "services" and len(key) > 1)


def _at_pytest_root(project: ProjectFiles) -> ProjectFiles:
    """Return the project with the directory of pytest's configuration, to which its paths are relative.

    The directory in which the CI calls pytest counts more: pytest finds a configuration above it.
    """
    config = pytest_config(project)
    file = None if config.given else config.file
    runs = (run for run in suite_runs(project) if run.runner is Runner.PYTEST)
    called = {run.command.directory for run in runs}
    if (
        file is None
        or project.configured("working-directory") is not None
        or not uses_pytest(project)
        or called == {project.layout.directory}
    ):
        return project
    layout = replace(
        project.layout, directory=parent(file), why=f"the directory of {file}, for pytest"
    )
    return (
        project if layout.directory == project.layout.directory else replace(project, layout=layout)
    )


def _collected(findings: Collection[Finding]) -> Detected:
    values: dict[str, object] = {}
    alternatives: dict[str, str] = {}
    origins: dict[str, str] = {}
    facts: dict[str, Any] = {}
    skips: dict[str, str] = {}
    fixed: dict[tuple[str, str], FixedAddress] = {}
    warnings: list[str] = []
    suggestions: dict[str, Suggestion] = {}
    services = _services(findings)
    for finding in findings:
        match finding:
            case Found(key=key, value=value, why=why, otherwise=otherwise):
                if key not in values and otherwise is not None:
                    alternatives[key] = otherwise
                values.setdefault(key, value)
                origins.setdefault(key, f"detected: {why}")
            case Skip(stage=stage, why=why):
                skips[stage] = why
            case Fact(name=name, value=value):
                facts[name] = value
            case FixedAddress(service=service, host=host):
                fixed[service, host] = finding
            case Warn(text=text, lines=lines, unless=service) if service not in services:
                warnings.append(text)
                if lines:
                    suggestions[text] = Suggestion(why=text, lines=lines)
    return Detected(
        values=values,
        alternatives=alternatives,
        origins=origins,
        facts=Facts(
            **facts,
            skips=skips,
            fixed_addresses=tuple(fixed.values()),
            suggestions=tuple(suggestions.values()),
        ),
        warnings=tuple(dict.fromkeys(warnings)),
    )
