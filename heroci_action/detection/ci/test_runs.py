"""Recognise the commands that run tests."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.django_program import starts_django
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import Command
from heroci_action.detection.ci.yaml_file import table, texts
from heroci_action.repository.files import RepositoryFiles, ancestors, join

_DJANGO_MODULES = frozenset({"django", "manage", "django.core.management"})
_VALUED = ("--settings", "--pythonpath", "-v", "--verbosity")
# Options with which a runner executes no test: it prepares a database, lists something, or explains itself.
_WITHOUT_TESTS = frozenset(
    {
        "--setup-only", "--setup-plan", "--collect-only", "--co", "--fixtures", "--fixtures-per-test", "--markers",
        "--cache-show", "--dead-fixtures", "--version", "--help", "-h", "-V",
    }
)  # fmt: skip
# `runtests.py --lintonly`
_LINTING = re.compile(r"--lint(-?only)?")
# Code that sets up Django and runs tests, as a package's runtests.py does.
_TEST_SCRIPT = re.compile(
    r"\bget_runner\b|\bDiscoverRunner\b|\brun_tests\(|call_command\(\s*[\"']test|\bpytest\.main\(|"
    r"execute_from_command_line\([^)]*[\"']test[\"']"
)


class Runner(Enum):
    """The kinds of programs that run tests."""

    DJANGO = "django"
    PYTEST = "pytest"
    SCRIPT = "script"
    UNITTEST = "unittest"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRun:
    """A command that runs tests, with the arguments of the runner."""

    command: Command
    runner: Runner
    arguments: tuple[str, ...]
    program: str | None = None  # the file of manage.py or of the script, from the repository's root


def find_test_run(command: Command, tree: RepositoryFiles) -> TestRun | None:
    """Return the run of tests that a command is; None if it is anything else."""
    runner = _runner_of(command, tree)
    if runner is None or _WITHOUT_TESTS.intersection(command.call.arguments):
        return None
    arguments = command.call.arguments
    if runner is Runner.DJANGO:
        arguments = _behind_test(arguments) or ()
    program = program_file(command, tree) if runner in {Runner.DJANGO, Runner.SCRIPT} else None
    return TestRun(command=command, runner=runner, arguments=arguments, program=program)


def runs_scenarios(command: Command) -> bool:
    """Return whether a command runs tests of another kind: `behave`, `manage.py behave`, `robot`."""
    return bool({command.call.name, *command.call.arguments[:1]} & {"behave", "robot"})


def runs_nothing(command: Command, tree: RepositoryFiles) -> bool:
    """Return whether a command starts a test runner that executes no test: `pytest --collect-only`."""
    without = _WITHOUT_TESTS.intersection(command.call.arguments)
    return bool(without) and _runner_of(command, tree) is not None


def _runner_of(command: Command, tree: RepositoryFiles) -> Runner | None:
    call = command.call
    if call.name in {"pytest", "py.test"} and not call.program.endswith(".py"):
        return Runner.PYTEST
    if _behind_test(call.arguments) is not None and is_django(command, tree):
        return Runner.DJANGO
    if call.module and call.program == "unittest":
        return Runner.UNITTEST
    return Runner.SCRIPT if _is_test_script(command, tree) else None


def _is_test_script(command: Command, tree: RepositoryFiles) -> bool:
    path = program_file(command, tree)
    lints = any(map(_LINTING.fullmatch, command.call.arguments))
    if path is None or lints or not (command.call.python or path.endswith(".py")):
        return False
    return _TEST_SCRIPT.search(tree.text(path)) is not None


def _behind_test(arguments: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the arguments of `manage.py test`; options may come first."""
    words = Options.lead(arguments, _VALUED).words
    options = arguments[: len(arguments) - len(words)]
    return (*options, *words[1:]) if words[:1] == ("test",) else None


def is_django(command: Command, tree: RepositoryFiles) -> bool:
    """Return whether a command starts Django's command line: manage.py, django-admin, `python -m django`."""
    call = command.call
    if call.name in {"django-admin", "django-admin.py"} or (
        call.module and call.program in _DJANGO_MODULES
    ):
        return True
    path = program_file(command, tree)
    if call.name == "manage.py":
        return True
    return path is not None and starts_django(tree, path)


def program_file(command: Command, tree: RepositoryFiles) -> str | None:
    """Return the file of the repository that a command runs as a program."""
    call = command.call
    if call.module:
        return _module_file(call.program, command.directory, tree, ("", "/__main__"))
    path = locate(call.program, command.directory) if call.program else None
    if path and tree.has(path):
        return path
    # `shopctl`, `.venv/bin/shopctl`
    installed = call.program == call.name or call.program.endswith(f"bin/{call.name}")
    return _console_script(command, tree) if installed else None


def _module_file(
    name: str, directory: str, tree: RepositoryFiles, endings: tuple[str, ...]
) -> str | None:
    module = name.replace(".", "/")
    places = (directory, join(directory, "src"))
    return tree.first(*(join(place, f"{module}{end}.py") for place in places for end in endings))


def _console_script(command: Command, tree: RepositoryFiles) -> str | None:
    """Return the file of a console script of the project, such as `shop = "shop.cli:main"`."""
    name = command.call.name
    for directory in ancestors(command.directory) if not command.directory.startswith("/") else ():
        target = _script_target(name, directory, tree)
        if target is not None:
            module = re.split(r"[:\s]", target)[0]
            return _module_file(module, directory, tree, ("", "/__init__"))
        if file := _script_file(name, directory, tree):
            return file
    return None


def _script_file(name: str, directory: str, tree: RepositoryFiles) -> str | None:
    """Return the file that setuptools installs as a program: `script-files = ["bin/shop"]`."""
    tool = table(tree.toml(join(directory, "pyproject.toml")).get("tool"))
    config = join(directory, "setup.cfg")
    options = tree.ini(config).get("options", {}) if name in tree.text(config) else {}
    named = (
        *texts(table(tool.get("setuptools")).get("script-files")),
        *options.get("scripts", "").split(),
    )
    found = (join(directory, path) for path in named if path.rpartition("/")[2] == name)
    return next(filter(tree.has, found), None)


def _script_target(name: str, directory: str, tree: RepositoryFiles) -> str | None:
    """Return the entry point of a script in pyproject.toml, setup.cfg or setup.py."""
    pyproject = tree.toml(join(directory, "pyproject.toml"))
    poetry = table(table(pyproject.get("tool")).get("poetry"))
    scripts = {
        **table(poetry.get("scripts")),
        **table(table(pyproject.get("project")).get("scripts")),
    }
    if isinstance(target := scripts.get(name), str):
        return target
    line = re.compile(rf"(?m)^\s*{re.escape(name)}\s*=\s*([\w.]+:\w+)")
    found = map(line.search, _console_scripts(name, directory, tree))
    return next((match[1] for match in found if match), None)


def _console_scripts(name: str, directory: str, tree: RepositoryFiles) -> Iterator[str]:
    """Yield the lists of console scripts in setup.cfg, also those of pbr, and the texts of setup.py.

    A file that gives the name no value is not parsed: every program of the CI is looked up.
    """
    config, setup = (join(directory, file) for file in ("setup.cfg", "setup.py"))
    value = re.compile(rf"{re.escape(name)}\s*=")
    sections = tree.ini(config) if value.search(tree.text(config)) else {}
    for section in ("options.entry_points", "entry_points"):
        yield sections.get(section, {}).get("console_scripts", "")
    for node in ast.walk(tree.python(setup)) if value.search(tree.text(setup)) else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
