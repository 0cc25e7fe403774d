"""Tests that start containers by themselves, and so need a Docker daemon."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from heroci_action.detection.ci.selection import find_exclusions
from heroci_action.detection.findings import Fact, Finding
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.settings.source import settings_source
from heroci_action.detection.sources.imports import imported_files
from heroci_action.detection.test_runner.choice import suite_runs, uses_pytest
from heroci_action.detection.test_runner.places import OF_TESTS, places_of
from heroci_action.detection.test_runner.pytest_config import pytest_config
from heroci_action.repository.files import ancestors, join, parent, relative_path

# Packages that only start containers; `docker` also has classes that a test of code with a fake client imports.
_PACKAGES = frozenset(
    {"testcontainers", "python_on_whales", "aiodocker", "pytest_docker_tools", "pytest_databases"}
)
_CLIENTS = frozenset({"from_env", "DockerClient", "APIClient"})
# Fixtures of pytest-docker and lovely-pytest-docker, which no module imports.
_FIXTURES = frozenset({"docker_services", "docker_compose_file", "docker_compose_files"})
_PROGRAMS = frozenset({"docker", "docker-compose"})
_STARTING = frozenset(
    {
        "run", "call", "check_call", "check_output", "Popen", "getoutput", "getstatusoutput", "system", "popen",
        "create_subprocess_exec", "create_subprocess_shell",
    }
)  # fmt: skip
# The modules of which a runner looks for tests: `tests.py`, `test_cart.py`, `cart_tests.py`
_TESTS = re.compile(r"tests?\w*\.py|\w*tests?\.py|__init__\.py")
# Commands of manage.py: `test_mail.py`
_COMMANDS = "/management/commands/"
_WORDS = ("docker", "docker-compose", *sorted(_PACKAGES | _FIXTURES))


def detect_docker_use(project: ProjectFiles) -> Iterator[Finding]:
    """Yield the place where the tests of the suite, or their settings, start containers."""
    source = settings_source(project)
    settings = source.files if source else ()
    places, excluded = frozenset(_places(project)), _exclusions(project)
    for file in project.tree.python_with(*_WORDS):
        of_suite = _belongs(file, places) and not _is_excluded(project, file, excluded)
        if file in settings or (of_suite and _is_loaded(project, file)):
            found = next(_uses(project.tree.python(file)), None)
            if found is not None:
                line, how = found
                yield Fact("docker_use", f"{how} in {file}:{line}")
                return


def _belongs(file: str, places: frozenset[str]) -> bool:
    """Return whether a file contains tests in one of these places, or code that they use."""
    if OF_TESTS.search(file) is None:
        return False
    inside = not places.isdisjoint(ancestors(file))
    around = any(parent(file) in ancestors(place) for place in places)
    return inside or (around and file.endswith("conftest.py"))


def _is_loaded(project: ProjectFiles, file: str) -> bool:
    """Return whether the tests load a file in their directories: as tests, as a conftest, or because one imports it."""
    name = file.rpartition("/")[2]
    if _COMMANDS in file:
        return False
    if name == "conftest.py":
        return uses_pytest(project)
    if _TESTS.fullmatch(name):
        return True
    importing = project.tree.python_with(name.removesuffix(".py"))
    return any(
        file in imported_files(project.tree, project.roots, other)
        for other in importing
        if other != file and OF_TESTS.search(other)
    )


def _places(project: ProjectFiles) -> Iterator[str]:
    """Yield the directories and files of the tests, as the configuration or else the suite names them."""
    here, given = project.layout.directory, project.configured("tests.args")
    if not isinstance(given, list):
        runs = suite_runs(project)
        yield from [place for run in runs for place in places_of(project, run)] or [here]
        return
    words = [word for each in given for word in (each if isinstance(each, list) else [each])]
    labels = [word.partition("::")[0] for word in map(str, words) if not word.startswith("-")]
    modules = [label.replace(".", "/") for label in labels]
    paths = [join(here, path) for path in (*labels, *modules, *(f"{each}.py" for each in modules))]
    # Others are values of options: `-k cart`.
    yield from [path for path in paths if _exists(project, path)] or [here]


def _exists(project: ProjectFiles, path: str) -> bool:
    return project.tree.has(path) or project.tree.has_directory(path)


def _exclusions(project: ProjectFiles) -> frozenset[str]:
    """Return the places and markers that every run of the suite leaves out."""
    by_config = find_exclusions(pytest_config(project).addopts)
    runs = suite_runs(project)
    left_out = [by_config | find_exclusions(run.arguments) for run in runs] or [by_config]
    return frozenset.intersection(*left_out)


def _is_excluded(project: ProjectFiles, file: str, words: frozenset[str]) -> bool:
    """Return whether the tests of a file are in these places or have these markers."""
    path = f"{relative_path(file, project.layout.directory)}/"
    text = project.tree.text(file)
    return any(
        path.startswith(word) if word.endswith("/") else f"mark.{word}" in text for word in words
    )


def _uses(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line of each statement that starts containers, with a description."""
    nodes = list(ast.walk(module))
    assigned = {
        target.id: node.value
        for node in nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in nodes:
        how = _import(node) or (_call(node, assigned) if isinstance(node, ast.Call) else None)
        if how is not None:
            yield getattr(node, "lineno", 1), how


def _import(node: ast.AST) -> str | None:
    """Return the imported package that starts containers, or the fixture that a function uses or replaces."""
    match node:
        case ast.ImportFrom(module="docker", names=names, level=0):
            clients = _CLIENTS.intersection(alias.name for alias in names)
            return f"`docker.{min(clients)}`" if clients else None
        case ast.Import(names=[ast.alias(name=name), *_]) | ast.ImportFrom(
            module=str(name), level=0
        ):
            return f"`{name}`" if name.partition(".")[0] in _PACKAGES else None
        case ast.arg(arg=name) | ast.FunctionDef(name=name):
            return f"the fixture `{name}`" if name in _FIXTURES else None
    return None


def _call(node: ast.Call, assigned: Mapping[str, ast.expr]) -> str | None:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="docker"), attr=name)):
            return f"`docker.{name}()`" if name in _CLIENTS else None
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=[first, *_]):
            line = _command(first, assigned) if name in _STARTING else None
            return f"`{line}`" if line else None
    return None


def _command(node: ast.expr, assigned: Mapping[str, ast.expr]) -> str | None:
    """Return the beginning of a command of Docker: the first words of a list or of a line."""
    if isinstance(node, ast.Name):
        node = assigned.get(node.id, node)
    match node:
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            found = [getattr(each, "value", None) for each in elements[:2]]
            words = [word for word in found if isinstance(word, str)]
        case ast.Constant(value=str(text)):
            words = text.split()[:2]
        case _:
            return None
    return " ".join(words) if words[:1] and words[0] in _PROGRAMS else None
