"""Which settings module the tests run with, and what is in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from heroci_action.detection.ci.django_program import entry_files
from heroci_action.detection.environment_reads import plain, text_of
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.pytest_config import pytest_config
from heroci_action.detection.runner_choice import uses_pytest
from heroci_action.repository.files import RepositoryFiles

_VARIABLE = "DJANGO_SETTINGS_MODULE"
_OPTION = re.compile(r"--(?:settings|ds)[= ]['\"]?([A-Za-z_][\w.]*)")
_TEST_MODULES = (
    "test",
    "tests",
    "testing",
    "ci",
    "test_settings",
    "settings_test",
    "settings_tests",
    "pytest",
)
_LOOSE = (
    r"(.*/)?(test_?settings|settings_?tests?|tests?/(test_)?settings|test_?project/settings)\.py"
)


@once
def choose_settings(project: ProjectFiles) -> tuple[str | None, str]:
    """Return the settings module that the tests run with, and its origin in words."""
    for module, why in _candidates(project):
        if module:
            return module, why
    return None, ""


def _candidates(project: ProjectFiles) -> Iterator[tuple[str | None, str]]:
    if uses_pytest(project):
        yield _option(
            pytest_config(project).options.get("addopts", "")
        ), f"--ds in {pytest_config(project).file}"
    yield from _from_commands(project)
    if uses_pytest(project):
        yield pytest_config(
            project
        ).settings, f"DJANGO_SETTINGS_MODULE in {pytest_config(project).file}"
    yield settings_in_manage(project, testing=True), "what manage.py names for tests"
    yield from _test_module_beside(project)
    if project.layout.manage or project.layout.entry:
        yield settings_in_manage(
            project, testing=False
        ), f"settings module from {project.layout.manage or project.layout.entry}"
    yield _loose(project), "a settings module for tests"


def _option(line: str) -> str | None:
    match = _OPTION.search(line)
    return match[1] if match else None


def _from_commands(project: ProjectFiles) -> Iterator[tuple[str | None, str]]:
    for command in project.commands:
        if re.search(r"manage\.py test|django(-admin)? test|pytest|coverage run", command.line):
            inline = re.search(rf"\b{_VARIABLE}=['\"]?([\w.]+)", command.line)
            yield _option(command.line), f"the test command in {command.source}"
            yield (inline[1] if inline else None), f"the test command in {command.source}"
            yield _known(project, command.env.get(_VARIABLE)), f"{_VARIABLE} in {command.source}"
    value, source = project.evidence.env.get(_VARIABLE, ("", ""))
    yield _known(project, value), f"{_VARIABLE} in {source}"
    yield _known(project, project.tox_env.get(_VARIABLE)), f"{_VARIABLE} in tox.ini"


def _known(project: ProjectFiles, module: str | None) -> str | None:
    return module if module and project.module(module) else None


def settings_in_manage(project: ProjectFiles, *, testing: bool) -> str | None:
    """Return the settings module that manage.py names, for tests or for every other command."""
    entry = project.layout.manage or project.layout.entry
    files = (entry_files(project.tree, entry) or (entry,)) if entry else ()
    named = (list(settings_named_by(project.tree.python(file))) for file in files)
    found = next((modules for modules in named if modules), [])
    special = [module for module, for_tests in found if for_tests]
    usual = [module for module, for_tests in found if not for_tests]
    chosen = special if testing else usual
    if chosen and not chosen[-1].endswith("…"):
        return chosen[-1]
    return (
        _guessed(project, usual[-1], testing=testing) if usual and usual[-1].endswith("…") else None
    )


def _guessed(project: ProjectFiles, template: str, *, testing: bool) -> str | None:
    """The module for a name whose last part is computed: `config.settings.{environment}`."""
    names = (
        _TEST_MODULES if testing else ("production", "prod", "base", "local", "development", "dev")
    )
    modules = (template.removesuffix("…") + name for name in names)
    return next((module for module in modules if project.module(module)), None)


def settings_named_by(node: ast.AST, for_tests: bool = False) -> Iterator[tuple[str, bool]]:
    """Find the settings modules that code names, each with whether it is for tests only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If):
            is_test = bool(re.search(r"""['"]test['"]""", ast.unparse(child.test)))
            for inner in child.body:
                yield from settings_named_by(
                    ast.Module(body=[inner], type_ignores=[]), for_tests or is_test
                )
            yield from settings_named_by(ast.Module(body=child.orelse, type_ignores=[]), for_tests)
            continue
        if module := _set_by(child):
            yield module, for_tests
        yield from settings_named_by(child, for_tests)


def _set_by(node: ast.AST) -> str | None:
    value: ast.AST | None = None
    if (
        isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("environ.setdefault")
        and len(node.args) > 1
    ):
        value = node.args[1] if text_of(node.args[0]) == _VARIABLE else None
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        value = node.value if text_of(node.targets[0].slice) == _VARIABLE else None
    if isinstance(
        value, ast.Call
    ):  # os.getenv("…", "config.settings"), config("…", default="config.settings")
        defaults = [
            keyword.value for keyword in value.keywords if keyword.arg == "default"
        ] or value.args[1:]
        value = defaults[0] if defaults else None
    module = plain(value)
    return module if module and re.fullmatch(r"\w+(\.\w+)*(\.…)?", module) else None


def _test_module_beside(project: ProjectFiles) -> Iterator[tuple[str | None, str]]:
    """`settings/test.py` beside the usual settings, unless a test command is known that does not name it."""
    usual = settings_in_manage(project, testing=False)
    runs = any(re.search(r"manage\.py test|pytest", command.line) for command in project.commands)
    if usual is None or runs:
        return
    package = usual if _is_package(project, usual) else usual.rpartition(".")[0]
    for name in _TEST_MODULES:
        module = f"{package}.{name}" if package else name
        file = project.module(module)
        # `tests/__init__.py` beside settings.py holds tests.
        if (
            file
            and not file.endswith("__init__.py")
            and not ("settings" not in module and name in {"test", "tests"})
        ):
            yield module, f"{file} is there"


def _is_package(project: ProjectFiles, module: str) -> bool:
    return (project.module(module) or "").endswith("__init__.py")


def _loose(project: ProjectFiles) -> str | None:
    for path in project.tree.matching(_LOOSE):
        if _looks_like_settings(project.tree, path):
            return dotted(project, path)
    for path in project.tree.matching(r"(.*/)?settings(/__init__)?\.py"):
        if _looks_like_settings(project.tree, path):
            return dotted(project, path)
    return None


def _looks_like_settings(tree: RepositoryFiles, path: str) -> bool:
    return bool(re.search(r"^(INSTALLED_APPS|DATABASES)\b", tree.text(path), re.MULTILINE))


def dotted(project: ProjectFiles, path: str) -> str | None:
    """The module name of a file, from the deepest directory that imports start from."""
    for root in sorted(project.roots, key=len, reverse=True):
        inside = path if root == "." else path.removeprefix(f"{root}/")
        if root == "." or inside != path:
            name = inside.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            if re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", name):
                return name
    return None


def settings_file(project: ProjectFiles) -> str | None:
    """Return the file of the settings module that the tests run with."""
    module = project.configured("settings") or choose_settings(project)[0]
    return project.module(module) if isinstance(module, str) else None
