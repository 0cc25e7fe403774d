"""The layout of a project: manage.py, the working directory, and the directories to import from."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from heroci_action.detection.ci.django_program import entry_files, starts_django
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.project_ci import ProjectCI
from heroci_action.detection.ci.records import Command
from heroci_action.detection.ci.test_runs import Runner, TestRun, is_django, program_file
from heroci_action.detection.pytest_file import PYTEST_FILES
from heroci_action.repository.files import RepositoryFiles, ancestors, join, parent

# Django imports modules by name, so a part may contain a hyphen.
MODULE = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*")
# Directories whose manage.py belongs to something other than the project.
_SIDE = re.compile(
    r"tests?|testing|testproject|test_?project|examples?|demo\w*|sample\w*|sandbox|docs?|.*template.*|"
    r"cookiecutter.*|\{\{.*|"
    r"fixtures|vendor|third_party|project_name|benchmarks?|playground|contrib",
    re.IGNORECASE,
)
# `execute_from_command_line(sys.argv)`
_DJANGO_MANAGE = re.compile(
    r"execute_from_command_line|DJANGO_SETTINGS_MODULE|configurations\.management"
)
# `bin/production.py`
_LIVE = re.compile(r"prod|stag|live|deploy", re.IGNORECASE)
# `#!/usr/bin/env python3`
_PYTHON_SHEBANG = re.compile(r"#!.*\bpython")
_ADDS_PATH = frozenset({"sys.path.insert", "sys.path.append", "path.insert", "path.append"})
# Files in which a directory declares a package.
PACKAGE_FILES = ("pyproject.toml", "setup.cfg", "setup.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The location of the project; all paths are relative to the repository's root.

    `directory` is where commands run, `manage` is manage.py. `entry` is a module that starts Django in its place.
    """

    directory: str
    manage: str | None
    why: str
    entry: str | None = None

    @property
    def starts_django(self) -> bool:
        """Return whether a program of the project starts Django, so that there are settings other than of its tests."""
        return self.manage is not None or (self.entry is not None and not is_side(self.entry))

    def path_of(self, name: str) -> str:
        """Return the path of a file in the working directory."""
        return join(self.directory, name)

    @property
    def directories(self) -> tuple[str, ...]:
        """Return the working directory and its parents, any of which may contain configuration files."""
        return ancestors(self.directory)


def find_layout(
    tree: RepositoryFiles, given: str | None, ci: ProjectCI | None = None
) -> Layout | None:
    """Return the layout; None if nothing in the repository looks like Django.

    A working directory that was given is kept. The manage.py that the CI tests with counts, else the shallowest one;
    examples and tests come last.
    """
    candidates = manage_files(tree)
    if given is not None:
        return _given(candidates, join(given))
    ranked = list(candidates)
    used = _used_by_ci(ci, tree, ranked)
    if used is not None and (
        not ranked or used.entry or is_side(used.manage or "") or used.manage in ranked[1:]
    ):
        return used
    if ranked and not is_side(ranked[0]):
        return _around_script(_next_to(ranked[0]), ci)
    found = _without_manage(tree, ranked) or _tested_by_ci(tree, ci) or _launched(tree)
    return _with_entry(found, tree, ci)


def manage_files(tree: RepositoryFiles) -> tuple[str, ...]:
    """Return every manage.py of Django, the shallowest first, examples and tests last.

    A module of this name that another manage.py calls, or that is in a package of another project, does not count.
    """
    found = [path for path in tree.matching(r"(.*/)?manage\.py") if _is_manage(tree, path)]
    called = {file for path in found for file in entry_files(tree, path)[1:]}
    places = {parent(path) for path in found}
    own = (path for path in found if path not in called and not _is_packaged(tree, path, places))
    return tuple(sorted(own, key=_rank))


def _is_packaged(tree: RepositoryFiles, path: str, places: set[str]) -> bool:
    """Return whether a manage.py is a module of a package below another manage.py."""
    directory = parent(path)
    is_package = tree.has(join(directory, "__init__.py"))
    return is_package and not places.isdisjoint({*ancestors(directory)} - {directory})


def _is_manage(tree: RepositoryFiles, path: str) -> bool:
    return bool(_DJANGO_MANAGE.search(tree.text(path))) or starts_django(tree, path)


def _next_to(manage: str) -> Layout:
    return Layout(directory=parent(manage), manage=manage, why=f"the directory of {manage}")


def _used_by_ci(ci: ProjectCI | None, tree: RepositoryFiles, ranked: list[str]) -> Layout | None:
    """Return the layout of the program with which the CI runs Django's tests.

    A manage.py of a test or example project runs in the same directory as in the CI. Any other program, such as a
    console script, is replaced by the manage.py that is nearest to the directory of the call.
    """
    for run in ci.suite.runs if ci and ci.suite else ():
        path, directory = run.program, run.command.directory
        if run.runner is not Runner.DJANGO or path is None or directory.startswith("/"):
            continue
        named = run.command.call.name == "manage.py"
        manage = None if named else _nearest(ranked, directory)
        if manage:
            return replace(_next_to(manage), entry=path)
        return _of_program(path, run.command, tree)
    return None


def _tested_by_ci(tree: RepositoryFiles, ci: ProjectCI | None) -> Layout | None:
    """Return the directory in which the CI runs the tests with `django-admin test` or a script that sets up Django."""
    for run in ci.suite.runs if ci and ci.suite else ():
        directory = run.command.directory
        if _is_about_django(tree, run) and not directory.startswith("/"):
            why = f"the test command in {run.command.source}"
            return Layout(directory=directory, manage=None, why=why)
    return None


def _is_about_django(tree: RepositoryFiles, run: TestRun) -> bool:
    script = run.program if run.runner is Runner.SCRIPT else None
    return run.runner is Runner.DJANGO or (script is not None and "django" in tree.text(script))


def _launched(tree: RepositoryFiles) -> Layout | None:
    """Return the layout of a launcher under another name, `bin/develop.py`, which runs from the repository's root.

    A module of a package is none, as it may import from its package. Of several, those for a live system come last.
    """
    own = [
        path
        for path in tree.python_with("execute_from_command_line")
        if not (is_side(path) or tree.has(join(parent(path), "__init__.py")))
    ]
    if not own:
        return None
    path = min(own, key=lambda each: (bool(_LIVE.search(each)), *_rank(each)))
    return Layout(directory=".", manage=path, why=f"{path} starts Django")


def _nearest(ranked: list[str], directory: str) -> str | None:
    """Return the manage.py in a directory or above it, none of an example or test."""
    near = (path for path in ranked if parent(path) in ancestors(directory))
    return next((path for path in near if not is_side(path)), None)


def _of_program(path: str, command: Command, tree: RepositoryFiles) -> Layout:
    """Return the layout of a manage.py or of another program that the CI calls."""
    why = f"the test command in {command.source}"
    if not _is_called_as_file(path, command, tree):
        return Layout(directory=command.directory, manage=None, entry=path, why=why)
    is_usual = command.call.name == "manage.py" and not is_side(path)
    directory = parent(path) if is_usual else command.directory
    return Layout(directory=directory, manage=path, why=why)


def _is_called_as_file(path: str, command: Command, tree: RepositoryFiles) -> bool:
    """Return whether a command starts a program of Python by its path, as in `bin/shop check`.

    A module of a package, which a console script may call, cannot import its package as a file.
    """
    is_python = path.endswith(".py") or _PYTHON_SHEBANG.match(tree.text(path))
    is_named = path == locate(command.call.program, command.directory)
    return bool(is_python and is_named and not command.call.module)


def _around_script(layout: Layout, ci: ProjectCI | None) -> Layout:
    """Return the layout with the directory in which the CI runs its test script, if that is above manage.py's."""
    for run in ci.suite.runs if ci and ci.suite else ():
        directory = run.command.directory
        if run.runner is Runner.SCRIPT and directory in ancestors(parent(layout.directory)):
            why = f"the test command in {run.command.source}"
            return replace(layout, directory=directory, why=why)
    return layout


def _with_entry(
    layout: Layout | None, tree: RepositoryFiles, ci: ProjectCI | None
) -> Layout | None:
    """Add the program with which the CI runs other commands of Django, if there is no manage.py."""
    if layout is None or layout.manage is not None or ci is None:
        return layout
    for command in ci.tests:
        entry = program_file(command, tree) if is_django(command, tree) else None
        if entry is not None:
            manage = entry if _is_called_as_file(entry, command, tree) else None
            return replace(layout, entry=entry, manage=manage)
    return layout


def _given(candidates: tuple[str, ...], directory: str) -> Layout:
    own = next((path for path in candidates if parent(path) == directory), None)
    prefix = "" if directory == "." else f"{directory}/"
    manage = own or next((path for path in candidates if path.startswith(prefix)), None)
    return Layout(directory=directory, manage=manage, why="configured")


def _without_manage(tree: RepositoryFiles, ranked: list[str]) -> Layout | None:
    configured = next(iter(pytest_directories(tree)), None)
    if configured is not None:
        return Layout(
            directory=configured, manage=None, why="the directory of the pytest configuration"
        )
    if any(map(tree.has, PACKAGE_FILES)) and _uses_django(tree):
        return Layout(directory=".", manage=None, why="a Django package without manage.py")
    if ranked:
        return _next_to(ranked[0])
    return None


def pytest_directories(tree: RepositoryFiles) -> tuple[str, ...]:
    """Return the directories whose pytest configuration names settings of Django, the shallowest first."""
    files = tree.matching(rf"(.*/)?({'|'.join(map(re.escape, PYTEST_FILES))})")
    named = (
        path for path in files if re.search(r"DJANGO_SETTINGS_MODULE|--ds[= ]", tree.text(path))
    )
    return tuple(dict.fromkeys(parent(path) for path in named if not is_side(path)))


def _uses_django(tree: RepositoryFiles) -> bool:
    texts = map(tree.text, (*PACKAGE_FILES, "tox.ini", "requirements.txt"))
    return any(re.search(r"\bdjango\b", text, re.IGNORECASE) for text in texts)


def is_side(path: str) -> bool:
    """Return whether a file belongs to an example, a test or a template."""
    return any(_SIDE.fullmatch(part) for part in path.split("/")[:-1])


def _rank(path: str) -> tuple[bool, int, str]:
    return (is_side(path), path.count("/"), path)


def import_roots(tree: RepositoryFiles, layout: Layout) -> tuple[str, ...]:
    """Return the directories in which to look for modules of the project, the likeliest first."""
    # Python imports from the directory of the file, also if a link to it is called.
    manage = tree.target(layout.manage) if layout.manage else None
    wanted = (
        *((parent(manage), *added_paths(tree, manage)) if manage else ()),
        layout.directory,
        join(layout.directory, "src"),
        ".",
        "src",
    )
    unique = dict.fromkeys(wanted)
    return tuple(directory for directory in unique if tree.has_directory(directory))


def added_paths(tree: RepositoryFiles, program: str) -> Iterator[str]:
    """Yield the directories that a program adds to `sys.path`, if it names them in the call or in its variables."""
    module = tree.python(program)
    variables = {
        node.targets[0].id: node.value
        for node in ast.walk(module)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in _ADDS_PATH:
            words = [word for each in node.args for word in _texts(each, variables)]
            path = join(parent(program), *words)
            if words and not path.startswith(("/", "..")):
                yield path


def _texts(node: ast.AST, variables: Mapping[str, ast.expr]) -> Iterator[str]:
    """Yield the texts in an expression, in their order, with those of the variables in it."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value
        elif isinstance(inner, ast.Name) and inner.id in variables:
            # `PATH = PATH + "x"` does not end.
            others = {name: value for name, value in variables.items() if name != inner.id}
            yield from _texts(variables[inner.id], others)


def module_file(tree: RepositoryFiles, roots: tuple[str, ...], module: str) -> str | None:
    """Return the file of a module of the project; None for any other module."""
    if not MODULE.fullmatch(module):
        return None
    path = module.replace(".", "/")
    hits = (tree.first(join(root, path, "__init__.py"), join(root, f"{path}.py")) for root in roots)
    return next((hit for hit in hits if hit), None)
