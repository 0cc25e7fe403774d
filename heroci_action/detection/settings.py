"""The settings module: what the tests run with, and what the server runs with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from heroci_action.detection.environment_reads import plain, text_of
from heroci_action.detection.findings import Fact, Finding, Found, Warn
from heroci_action.detection.layout import is_side
from heroci_action.detection.project_files import ProjectFiles
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


def choose_settings(project: ProjectFiles) -> tuple[str | None, str]:
    """The module and where it came from in words."""
    for module, why in _candidates(project):
        if module:
            return module, why
    return None, ""


def _candidates(project: ProjectFiles) -> Iterator[tuple[str | None, str]]:
    if uses_pytest(project):
        yield _option(project.ini[1].get("addopts", "")), f"--ds in {project.ini[0]}"
    yield from _from_commands(project)
    if uses_pytest(project):
        yield project.ini[1].get(
            "django_settings_module"
        ), f"DJANGO_SETTINGS_MODULE in {project.ini[0]}"
    yield _in_manage(project, testing=True), "what manage.py names for tests"
    yield from _test_module_beside(project)
    if project.layout.manage:
        yield _in_manage(project, testing=False), f"settings module from {project.layout.manage}"
    yield _loose(project), "a settings module for tests"


def uses_pytest(project: ProjectFiles) -> bool:
    """Whether pytest runs the tests."""
    from heroci_action.detection.runner import choose_runner  # noqa: PLC0415

    return (project.configured("tests.runner") or choose_runner(project)[0]) == "pytest"


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


def _in_manage(project: ProjectFiles, *, testing: bool) -> str | None:
    if project.layout.manage is None:
        return None
    found = list(_named(project.tree.python(project.layout.manage)))
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


def _named(node: ast.AST, for_tests: bool = False) -> Iterator[tuple[str, bool]]:
    """The modules that code puts into the variable, and whether it does so for tests only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If):
            is_test = bool(re.search(r"""['"]test['"]""", ast.unparse(child.test)))
            for inner in child.body:
                yield from _named(ast.Module(body=[inner], type_ignores=[]), for_tests or is_test)
            yield from _named(ast.Module(body=child.orelse, type_ignores=[]), for_tests)
            continue
        if module := _set_by(child):
            yield module, for_tests
        yield from _named(child, for_tests)


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
    usual = _in_manage(project, testing=False)
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


def server_settings(project: ProjectFiles) -> str | None:
    """What wsgi.py or asgi.py names, else manage.py."""
    for name in ("wsgi", "asgi"):
        file = _entry_file(project, name)
        named = list(_named(project.tree.python(file))) if file else []
        if named and not named[-1][0].endswith("…"):
            return named[-1][0]
    return _in_manage(project, testing=False)


def _entry_file(project: ProjectFiles, name: str) -> str | None:
    paths = project.tree.matching(rf"(.*/)?{name}(/__init__)?\.py", under=project.layout.directory)
    usual = _in_manage(project, testing=False) or ""
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
    if "django-configurations" not in project.distributions:
        return
    ini = project.ini[1].get("django_configuration")
    manage = project.tree.text(project.layout.manage) if project.layout.manage else ""
    default = re.search(r"""DJANGO_CONFIGURATION['"]\s*[,\]]\s*=?\s*['"](\w+)['"]""", manage)
    value, source = project.evidence.env.get("DJANGO_CONFIGURATION", ("", ""))
    tox = project.tox_env.get("DJANGO_CONFIGURATION", "")
    chosen = next(
        (
            pair
            for pair in ((value, source), (tox, "tox.ini"), (ini or "", project.ini[0] or ""))
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
        yield Found("env.DJANGO_CONFIGURATION", test, f"class {test} in {project.settings_file}")
    elif default:
        yield Found("env.DJANGO_CONFIGURATION", default[1], "DJANGO_CONFIGURATION in manage.py")


def _configuration_classes(project: ProjectFiles) -> tuple[str, ...]:
    if project.settings_file is None:
        return ()
    body = project.tree.python(project.settings_file).body
    return tuple(node.name for node in body if isinstance(node, ast.ClassDef))
