"""Modules of the project that are not there: apps in git submodules, and what the settings import."""

from __future__ import annotations

import ast
import configparser
import json
import re
import shlex
from collections.abc import Iterator
from itertools import islice

from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.layout import PACKAGE_FILES
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.settings.choice import choose_settings
from heroci_action.detection.settings.source import settings_source
from heroci_action.detection.sources.imports import module_names
from heroci_action.detection.sources.named_settings import VARIABLE
from heroci_action.repository.files import join, parent, relative_path

_EXAMPLE = "(example|sample|template|tmpl|tpl|dist|default)"


def detect_missing_modules(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of apps and packages in an empty submodule, and of missing modules that the settings or the CI name."""
    yield from _submodules(project)
    yield from _imports(project)
    yield from _of_ci(project)


def _submodules(project: ProjectFiles) -> Iterator[Finding]:
    apps = _apps(project)
    for path in _empty_submodules(project):
        name = path.rpartition("/")[2].replace("-", "_")
        inside = path.replace("/", ".")
        used = [app for app in apps if app.partition(".")[0] == name or app.startswith(inside)]
        named = f"the app {used[0]!r}" if used else _package_in(project, path)
        if named:
            yield Warn(
                f"{named} is in the git submodule {path!r}, which is not checked out; "
                "run `git submodule update --init`, on GitHub with `submodules: true` for actions/checkout"
            )


def _package_in(project: ProjectFiles, submodule: str) -> str | None:
    """Return the package in a submodule that a package.json names: `"theme": "file:theme"`."""
    for file in project.tree.matching(r"(.*/)?package\.json"):
        place = re.escape(relative_path(submodule, parent(file)))
        if re.search(rf'"(file|link):(\./)?{place}/?"', project.tree.text(file)):
            return f"a package of {file}"
    return None


def _imports(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of modules of the project that the settings always import, and that neither git nor the CI has."""
    source = settings_source(project)
    for file in source.files if source else ():
        for node in project.tree.python(file).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                for name in _missing(project, node, file):
                    yield _no_module(project, name, file)


def _of_ci(project: ProjectFiles) -> Iterator[Finding]:
    """Warn if the CI names settings of the project that do not exist, so that the tests run with others."""
    name, source = project.evidence.env.get(VARIABLE, ("", ""))
    chosen, why = choose_settings(project)
    if name != chosen and _is_missing(project, name):
        yield Warn(
            f"{VARIABLE} in {source} is {name!r}, which is not in the repository; the tests run with {chosen!r} ({why})"
        )


def _is_missing(project: ProjectFiles, name: str) -> bool:
    """Return whether a module belongs to a package of the project that does not contain it."""
    package, _, rest = name.partition(".")
    own = (project.module(package) or "").endswith("__init__.py")
    return own and bool(rest) and not (_exists(project, name) or _is_built(project, name))


def _missing(project: ProjectFiles, node: ast.Import | ast.ImportFrom, file: str) -> Iterator[str]:
    names = module_names(node, file, project.roots)
    # What follows are mostly names in the module.
    for name in names if isinstance(node, ast.Import) else islice(names, 1):
        if _is_missing(project, name):
            yield name


def _exists(project: ProjectFiles, name: str) -> bool:
    """Return whether a module is in the repository or made by the CI; it may be compiled, or have no `__init__.py`."""
    path = name.replace(".", "/")
    places = [join(root, path) for root in project.roots]
    written = {write.path for command in project.commands for write in command.writes}
    if not written.isdisjoint(f"{place}.py" for place in places):
        return True
    compiled = any(
        project.tree.matching(rf"{re.escape(place)}\.[^/]*(so|pyd|pyx)") for place in places
    )
    return (
        project.module(name) is not None or compiled or any(map(project.tree.has_directory, places))
    )


def _is_built(project: ProjectFiles, name: str) -> bool:
    """Return whether the build of the package writes a module, such as `_version.py`."""
    file = f"{name.rpartition('.')[2]}.py"
    places = (*project.layout.directories, ".")
    files = (join(place, name) for place in places for name in PACKAGE_FILES)
    return any(file in project.tree.text(path) for path in files)


def _no_module(project: ProjectFiles, name: str, file: str) -> Warn:
    """Return the warning about a module, with the command that copies an example of it."""
    package = parent(parent(project.module(name.partition(".")[0]) or ""))
    path = join(package, f"{name.replace('.', '/')}.py")
    example = next(iter(_examples(project, path)), None)
    here = project.layout.directory
    words = ("cp", relative_path(example, here), relative_path(path, here)) if example else ()
    hint = f", for example with `{shlex.join(words)}`" if words else ""
    return Warn(
        f"{file} imports {name}, which is not in the repository; if nothing in `tests.before` makes it, do so{hint}",
        (f"tests.before = {json.dumps([shlex.join(words)])}",) if words else (),
    )


def _examples(project: ProjectFiles, path: str) -> tuple[str, ...]:
    """Return the files from which a file is made: `local.py.example`, `local.sample.py`, `example_local.py`."""
    stem = re.escape(path.rpartition("/")[2].removesuffix(".py"))
    form = rf"{stem}\.py[._-]{_EXAMPLE}|{stem}[._-]{_EXAMPLE}\.py|{_EXAMPLE}[._-]{stem}\.py"
    return project.tree.matching(form, under=parent(path))


def _empty_submodules(project: ProjectFiles) -> Iterator[str]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        # git indents the options of a section.
        parser.read_string(re.sub(r"(?m)^\s+", "", project.tree.text(".gitmodules")))
    except configparser.Error:
        return
    for section in parser.sections():
        path = parser.get(section, "path", fallback="")
        if path and not project.tree.has_directory(path) and not _has_files(project, path):
            yield join(path)


def _has_files(project: ProjectFiles, path: str) -> bool:
    """Return whether a submodule has files on disk, which git does not list as files of the repository."""
    directory = project.tree.root / path
    return directory.is_dir() and any(directory.iterdir())


def _apps(project: ProjectFiles) -> list[str]:
    source = settings_source(project)
    return [
        node.value
        for statement in (source.statements if source else ())
        if "APPS" in _target(statement.node)
        for node in ast.walk(statement.node)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def _target(node: ast.stmt) -> str:
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    return target.id if isinstance(target, ast.Name) else ""
