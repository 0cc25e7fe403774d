"""The settings module: what the tests run with, and what the server runs with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from heroci_action.detection.clues import Clues, Fact, Finding, Found, Warn
from heroci_action.detection.environment_reads import plain, text_of
from heroci_action.detection.layout import is_side
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


def detect_settings(clues: Clues) -> Iterator[Finding]:
    """The settings module of the tests and, where it differs, of the server; DJANGO_CONFIGURATION as well."""
    module, why = choose_settings(clues)
    if module:
        yield Found("settings", module, why)
        if clues.module(module) is None:
            yield Warn(
                f"the settings module {module!r} ({why}) was not found in the repository; "
                "if it is generated, make it in `tests.before`, else set `settings`"
            )
    server = server_settings(clues)
    if server and server != (clues.told("settings") or module):
        yield Fact("server_settings", server)
    yield from _configuration(clues)
    yield from _entry_points(clues)


def choose_settings(clues: Clues) -> tuple[str | None, str]:
    """The module and where it came from in words."""
    for module, why in _candidates(clues):
        if module:
            return module, why
    return None, ""


def _candidates(clues: Clues) -> Iterator[tuple[str | None, str]]:
    if uses_pytest(clues):
        yield _option(clues.ini[1].get("addopts", "")), f"--ds in {clues.ini[0]}"
    yield from _from_commands(clues)
    if uses_pytest(clues):
        yield clues.ini[1].get(
            "django_settings_module"
        ), f"DJANGO_SETTINGS_MODULE in {clues.ini[0]}"
    yield _in_manage(clues, testing=True), "what manage.py names for tests"
    yield from _test_module_beside(clues)
    if clues.layout.manage:
        yield _in_manage(clues, testing=False), f"settings module from {clues.layout.manage}"
    yield _loose(clues), "a settings module for tests"


def uses_pytest(clues: Clues) -> bool:
    """Whether pytest runs the tests."""
    from heroci_action.detection.runner import choose_runner  # noqa: PLC0415

    return (clues.told("tests.runner") or choose_runner(clues)[0]) == "pytest"


def _option(line: str) -> str | None:
    match = _OPTION.search(line)
    return match[1] if match else None


def _from_commands(clues: Clues) -> Iterator[tuple[str | None, str]]:
    for command in clues.commands:
        if re.search(r"manage\.py test|django(-admin)? test|pytest|coverage run", command.line):
            inline = re.search(rf"\b{_VARIABLE}=['\"]?([\w.]+)", command.line)
            yield _option(command.line), f"the test command in {command.source}"
            yield (inline[1] if inline else None), f"the test command in {command.source}"
            yield _known(clues, command.env.get(_VARIABLE)), f"{_VARIABLE} in {command.source}"
    value, source = clues.evidence.env.get(_VARIABLE, ("", ""))
    yield _known(clues, value), f"{_VARIABLE} in {source}"
    yield _known(clues, clues.tox_env.get(_VARIABLE)), f"{_VARIABLE} in tox.ini"


def _known(clues: Clues, module: str | None) -> str | None:
    return module if module and clues.module(module) else None


def _in_manage(clues: Clues, *, testing: bool) -> str | None:
    if clues.layout.manage is None:
        return None
    found = list(_named(clues.tree.python(clues.layout.manage)))
    special = [module for module, for_tests in found if for_tests]
    usual = [module for module, for_tests in found if not for_tests]
    chosen = special if testing else usual
    if chosen and not chosen[-1].endswith("…"):
        return chosen[-1]
    return (
        _guessed(clues, usual[-1], testing=testing) if usual and usual[-1].endswith("…") else None
    )


def _guessed(clues: Clues, template: str, *, testing: bool) -> str | None:
    """The module for a name whose last part is computed: `config.settings.{environment}`."""
    names = (
        _TEST_MODULES if testing else ("production", "prod", "base", "local", "development", "dev")
    )
    modules = (template.removesuffix("…") + name for name in names)
    return next((module for module in modules if clues.module(module)), None)


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


def _test_module_beside(clues: Clues) -> Iterator[tuple[str | None, str]]:
    """`settings/test.py` beside the usual settings, unless a test command is known that does not name it."""
    usual = _in_manage(clues, testing=False)
    runs = any(re.search(r"manage\.py test|pytest", command.line) for command in clues.commands)
    if usual is None or runs:
        return
    package = usual if _is_package(clues, usual) else usual.rpartition(".")[0]
    for name in _TEST_MODULES:
        module = f"{package}.{name}" if package else name
        file = clues.module(module)
        # `tests/__init__.py` beside settings.py holds tests.
        if (
            file
            and not file.endswith("__init__.py")
            and not ("settings" not in module and name in {"test", "tests"})
        ):
            yield module, f"{file} is there"


def _is_package(clues: Clues, module: str) -> bool:
    return (clues.module(module) or "").endswith("__init__.py")


def _loose(clues: Clues) -> str | None:
    for path in clues.tree.matching(_LOOSE):
        if _looks_like_settings(clues.tree, path):
            return dotted(clues, path)
    for path in clues.tree.matching(r"(.*/)?settings(/__init__)?\.py"):
        if _looks_like_settings(clues.tree, path):
            return dotted(clues, path)
    return None


def _looks_like_settings(tree: RepositoryFiles, path: str) -> bool:
    return bool(re.search(r"^(INSTALLED_APPS|DATABASES)\b", tree.text(path), re.MULTILINE))


def dotted(clues: Clues, path: str) -> str | None:
    """The module name of a file, from the deepest directory that imports start from."""
    for root in sorted(clues.roots, key=len, reverse=True):
        inside = path if root == "." else path.removeprefix(f"{root}/")
        if root == "." or inside != path:
            name = inside.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            if re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", name):
                return name
    return None


def server_settings(clues: Clues) -> str | None:
    """What wsgi.py or asgi.py names, else manage.py."""
    for name in ("wsgi", "asgi"):
        file = _entry_file(clues, name)
        named = list(_named(clues.tree.python(file))) if file else []
        if named and not named[-1][0].endswith("…"):
            return named[-1][0]
    return _in_manage(clues, testing=False)


def _entry_file(clues: Clues, name: str) -> str | None:
    paths = clues.tree.matching(rf"(.*/)?{name}(/__init__)?\.py", under=clues.layout.directory)
    usual = _in_manage(clues, testing=False) or ""
    top = usual.split(".", maxsplit=1)[0]
    paths = tuple(
        path for path in paths if re.search(rf"get_{name}_application", clues.tree.text(path))
    )
    own = (path for path in paths if top in path.split("/"))
    return next(own, None) or next((path for path in paths if not is_side(path)), None)


def _entry_points(clues: Clues) -> Iterator[Finding]:
    for name in ("wsgi", "asgi"):
        if found := entry_point(clues, name):
            yield Fact(name, found)


def entry_point(clues: Clues, name: str) -> str | None:
    """`config.wsgi:application` for `wsgi`, where there is such a module."""
    file = _entry_file(clues, name)
    module = dotted(clues, file) if file else None
    return f"{module}:application" if module else None


def _configuration(clues: Clues) -> Iterator[Finding]:
    """DJANGO_CONFIGURATION, which django-configurations cannot do without."""
    if "django-configurations" not in clues.distributions:
        return
    ini = clues.ini[1].get("django_configuration")
    manage = clues.tree.text(clues.layout.manage) if clues.layout.manage else ""
    default = re.search(r"""DJANGO_CONFIGURATION['"]\s*[,\]]\s*=?\s*['"](\w+)['"]""", manage)
    value, source = clues.evidence.env.get("DJANGO_CONFIGURATION", ("", ""))
    tox = clues.tox_env.get("DJANGO_CONFIGURATION", "")
    chosen = next(
        (
            pair
            for pair in ((value, source), (tox, "tox.ini"), (ini or "", clues.ini[0] or ""))
            if pair[0]
        ),
        None,
    )
    classes = _configuration_classes(clues)
    if chosen:
        yield Found(
            "env.DJANGO_CONFIGURATION", chosen[0], f"detected: DJANGO_CONFIGURATION in {chosen[1]}"
        )
    elif test := next(
        (name for name in classes if name.lower() in {"test", "testing", "tests", "ci"}), None
    ):
        yield Found(
            "env.DJANGO_CONFIGURATION", test, f"detected: class {test} in {clues.settings_file}"
        )
    elif default:
        yield Found(
            "env.DJANGO_CONFIGURATION", default[1], "detected: DJANGO_CONFIGURATION in manage.py"
        )


def _configuration_classes(clues: Clues) -> tuple[str, ...]:
    if clues.settings_file is None:
        return ()
    body = clues.tree.python(clues.settings_file).body
    return tuple(node.name for node in body if isinstance(node, ast.ClassDef))
