"""The settings modules in the repository, found by their content."""

from __future__ import annotations

import ast
import re

from heroci_action.detection.layout import MODULE, is_side
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.repository.files import RepositoryFiles, parent

TEST_NAMES = (
    "test", "tests", "testing", "ci", "test_settings", "settings_test", "settings_tests", "pytest",
)  # fmt: skip
"""The last part of the names of settings modules for tests, the best one first."""

# `config.settings.unit_test`, `shop.settings_ci`
_OF_TESTS = re.compile(r"(?:^|[._])(?:(?:unit)?tests?|testing|ci|pytest)(?:[._]|$)")
_MAX_FILES = 5_000
_FOR_TESTS = (
    r"(.*/)?(test_?settings|settings_?tests?|tests?/(test_)?settings|test_?project/settings)\.py"
)
_USUAL = r"(.*/)?settings(/__init__)?\.py"
# `shop/migrations/0001_initial.py`
_ELSEWHERE = re.compile(r"(^|/)(migrations|node_modules|management)/")
# `INSTALLED_APPS = []`
_DEFINES = re.compile(r"^(INSTALLED_APPS|DATABASES)\b", re.MULTILINE)


def find_test_settings(project: ProjectFiles) -> tuple[str, ...]:
    """Return the settings modules with a usual name, those for tests first, and none of another project."""
    tree, territory = project.tree, project.ci.territory
    paths = filter(territory.contains, (*tree.matching(_FOR_TESTS), *tree.matching(_USUAL)))
    found = (dotted(project, path) for path in paths if _DEFINES.search(tree.text(path)))
    return tuple(filter(None, found))


@once
def find_settings_modules(project: ProjectFiles) -> tuple[str, ...]:
    """Return every module that defines INSTALLED_APPS, or imports everything from one next to it.

    Those for tests come first, because the first one is proposed.
    """
    tree = project.tree
    paths = [path for path in tree.matching(r".*\.py") if _is_own(project, path)][:_MAX_FILES]
    defining = [path for path in paths if _defines_apps(tree, path)]
    importing = _importing(tree, paths, defining)
    names = filter(None, (dotted(project, path) for path in (*importing, *defining)))
    return tuple(sorted(names, key=lambda name: _OF_TESTS.search(name) is None))


def _is_own(project: ProjectFiles, path: str) -> bool:
    elsewhere = _ELSEWHERE.search(path) or is_side(path)
    return not elsewhere and project.ci.territory.contains(path)


def _defines_apps(tree: RepositoryFiles, path: str) -> bool:
    """Return whether a module assigns to INSTALLED_APPS, or a class in it does (django-configurations)."""
    if "INSTALLED_APPS" not in tree.text(path):
        return False
    body = tree.python(path).body
    classes = [node for node in body if isinstance(node, ast.ClassDef)]
    statements = (*body, *(inner for cls in classes for inner in cls.body))
    return any("INSTALLED_APPS" in _assigned_names(node) for node in statements)


def _assigned_names(node: ast.stmt) -> set[str]:
    if not isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return set()
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _importing(tree: RepositoryFiles, paths: list[str], defining: list[str]) -> list[str]:
    """Return the files that import everything from one of the defining files next to them."""
    places = {parent(path) for path in defining}
    names = {path.rpartition("/")[2].removesuffix(".py") for path in defining}
    near = (path for path in paths if parent(path) in places and path not in defining)
    return [path for path in near if _imports_all(tree, path, names)]


def _imports_all(tree: RepositoryFiles, path: str, names: set[str]) -> bool:
    found = re.findall(r"^from\s+[\w.]*?(\w+)\s+import\s+\*", tree.text(path), re.MULTILINE)
    return bool(names.intersection(found))


def dotted(project: ProjectFiles, path: str) -> str | None:
    """Return the module name of a file, from the deepest directory in which imports start."""
    for root in sorted(project.roots, key=len, reverse=True):
        inside = path if root == "." else path.removeprefix(f"{root}/")
        if root == "." or inside != path:
            name = inside.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            if MODULE.fullmatch(name):
                return name
    return None
