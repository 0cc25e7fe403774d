"""The settings modules that Python code names, as manage.py and wsgi.py do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from heroci_action.detection.sources.environment_reads import COMPUTED, plain, text_of

VARIABLE = "DJANGO_SETTINGS_MODULE"
# `"test" in sys.argv`
_TEST = re.compile(r"""['"]test['"]""")
# `shop.settings`
_MODULE = re.compile(r"[\w-]+(\.[\w-]+)*(\.…)?")


@dataclass(frozen=True, slots=True)
class NamedSettings:
    """A settings module, and whether it is used for the tests only."""

    module: str
    for_tests: bool

    @property
    def is_computed(self) -> bool:
        """Return whether the last part of the name is not known."""
        return self.module.endswith(COMPUTED)


def find_named_settings(node: ast.AST, *, for_tests: bool = False) -> Iterator[NamedSettings]:
    """Find every value that code gives to DJANGO_SETTINGS_MODULE, in order."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If):
            tests = bool(_TEST.search(ast.unparse(child.test)))
            yield from _in_body(child.body, for_tests=for_tests or tests)
            yield from _in_body(child.orelse, for_tests=for_tests)
            continue
        if module := _assigned(child):
            yield NamedSettings(module, for_tests)
        yield from find_named_settings(child, for_tests=for_tests)


def _in_body(body: list[ast.stmt], *, for_tests: bool) -> Iterator[NamedSettings]:
    return find_named_settings(ast.Module(body=body, type_ignores=[]), for_tests=for_tests)


def _assigned(node: ast.AST) -> str | None:
    """Return the module of `os.environ.setdefault(VARIABLE, …)` and `os.environ[VARIABLE] = …`."""
    value: ast.expr | None = None
    match node:
        case ast.Call(func=ast.Attribute(attr="setdefault"), args=[key, default, *_]):
            value = default if text_of(key) == VARIABLE else None
        case ast.Assign(targets=[ast.Subscript(slice=key), *_], value=assigned):
            value = assigned if text_of(key) == VARIABLE else None
    if isinstance(value, ast.Call):
        value = _default(value)
    module = plain(value)
    return module if module and _MODULE.fullmatch(module) else None


def _default(call: ast.Call) -> ast.expr | None:
    """Return the default of `os.getenv("NAME", "config.settings")` and `config("NAME", default="…")`."""
    keywords = [keyword.value for keyword in call.keywords if keyword.arg == "default"]
    return next(iter((*keywords, *call.args[1:])), None)
