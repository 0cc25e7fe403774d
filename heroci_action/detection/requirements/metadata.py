"""The declarations of a project in pyproject.toml, setup.cfg and setup.py."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from packaging.dependency_groups import resolve_dependency_groups
from packaging.utils import canonicalize_name

from heroci_action.detection.ci.yaml_file import table, texts
from heroci_action.detection.layout import Layout
from heroci_action.detection.requirements.files import requirement_texts
from heroci_action.detection.requirements.poetry import requirement_lines, usual_lines
from heroci_action.detection.sources.environment_reads import text_of
from heroci_action.detection.sources.own_metadata import needs_own_metadata
from heroci_action.repository.files import RepositoryFiles, join, parent

_OF_METADATA = ("importlib.metadata", "importlib import metadata", "pkg_resources")
_METADATA_READERS = r"(src/)?[^/]+/(__init__|apps|_*version_*|conf|settings)\.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The declarations in a directory.

    `file` is the file that names the dependencies; None if there are only dependency groups. Requirements are texts.
    `groups` contains Poetry's groups too; `poetry install` skips the `optional_groups`.
    """

    directory: str
    name: str = ""
    file: str | None = None
    dependencies: tuple[str, ...] = ()
    extras: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    groups: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    optional_groups: frozenset[str] = frozenset()
    default_groups: tuple[str, ...] = ()
    requires_python: str = ""
    classifiers: tuple[str, ...] = ()
    is_package: bool = False
    is_package_explicitly: bool = False
    uses_poetry: bool = False

    def group(self, name: str) -> tuple[str, ...]:
        """Return the requirements of a group and of the groups that it includes; nothing if an entry is invalid."""
        try:
            return resolve_dependency_groups(self.groups, name)
        except ExceptionGroup:
            # An installer refuses it as well, with a message about the entry.
            return ()


def find_metadata(tree: RepositoryFiles, layout: Layout) -> Metadata | None:
    """Return the declarations nearest to the working directory, from there upwards."""
    return next(
        (found for place in layout.directories if (found := read_metadata(tree, place))), None
    )


def read_metadata(tree: RepositoryFiles, directory: str) -> Metadata | None:
    """Return the declarations in a directory; None if there are none."""
    pyproject = tree.toml(join(directory, "pyproject.toml"))
    project, tool = table(pyproject.get("project")), table(pyproject.get("tool"))
    poetry, uv = table(tool.get("poetry")), table(tool.get("uv"))
    groups = _groups(pyproject, tool)
    setup = _Setup.read(tree, directory)
    if not (project or poetry.get("dependencies") or groups or setup.exists):
        return None
    requirements = dict(table(poetry.get("dependencies")))
    poetry_python = requirements.pop("python", "")
    return Metadata(
        directory=directory,
        name=canonicalize_name(str(project.get("name", poetry.get("name", "")))),
        file="pyproject.toml" if project or poetry else setup.file,
        dependencies=(
            *_texts(project.get("dependencies")),
            *_dynamic_dependencies(tree, directory, table(pyproject.get("tool"))),
            *setup.dependencies,
            *usual_lines(requirements),
        ),
        extras={**setup.extras, **_extras(project, poetry)},
        groups=groups,
        optional_groups=_optional_groups(poetry),
        default_groups=_default_groups(uv, groups),
        requires_python=str(
            project.get("requires-python") or poetry_python or setup.requires_python
        ),
        classifiers=(*_texts(project.get("classifiers")), *setup.classifiers),
        is_package=_is_package(pyproject, setup),
        is_package_explicitly=uv.get("package") is True,
        uses_poetry=bool(poetry.get("dependencies") or poetry.get("group")),
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _dynamic_dependencies(
    tree: RepositoryFiles, directory: str, tool: Mapping[str, Any]
) -> Iterator[str]:
    """Yield the requirements in the files that setuptools reads: `dependencies = {file = ["requirements.txt"]}`."""
    dynamic = table(table(tool.get("setuptools")).get("dynamic"))
    for file in texts(table(dynamic.get("dependencies")).get("file")):
        yield from requirement_texts(tree.text(join(directory, file)))


def _extras(project: Mapping[str, Any], poetry: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    optional = requirement_lines(table(poetry.get("dependencies")))
    named = {name: _texts(names) for name, names in table(poetry.get("extras")).items()}
    of_poetry = {
        extra: tuple(line for name in names for line in optional.get(name, (name,)))
        for extra, names in named.items()
    }
    standard = table(project.get("optional-dependencies"))
    return {**of_poetry, **{name: _texts(lines) for name, lines in standard.items()}}


def _is_package(pyproject: Mapping[str, Any], setup: _Setup) -> bool:
    """Return whether the project can be built and is not configured as an application only."""
    tool = table(pyproject.get("tool"))
    refusals = (table(tool.get("poetry")).get("package-mode"), table(tool.get("uv")).get("package"))
    return (setup.has_script or "build-system" in pyproject) and False not in refusals


def _groups(pyproject: Mapping[str, Any], tool: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
    groups = dict(table(pyproject.get("dependency-groups")))
    poetry, uv, pdm = (table(tool.get(name)) for name in ("poetry", "uv", "pdm"))
    for name, group in table(poetry.get("group")).items():
        groups.setdefault(name, usual_lines(table(table(group).get("dependencies"))))
    if "dev-dependencies" in poetry:
        groups.setdefault("dev", usual_lines(table(poetry["dev-dependencies"])))
    if "dev-dependencies" in uv:
        groups.setdefault("dev", _texts(uv["dev-dependencies"]))
    for name, lines in table(pdm.get("dev-dependencies")).items():
        # PDM alone accepts options such as `-e` here.
        groups[name] = tuple(line for line in _texts(lines) if not line.startswith("-"))
    return groups


def _optional_groups(poetry: Mapping[str, Any]) -> frozenset[str]:
    groups = table(poetry.get("group")).items()
    return frozenset(name for name, group in groups if table(group).get("optional") is True)


def _default_groups(uv: Mapping[str, Any], groups: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what `uv sync` installs without further options."""
    wanted = uv.get("default-groups", ["dev"])
    if wanted == "all":
        return tuple(groups)
    return tuple(name for name in _texts(wanted) if name in groups)


@dataclass(frozen=True)
class _Setup:
    """setup.cfg and setup.py in a directory, with the lines of requirements.txt, which pbr reads.

    https://docs.openstack.org/pbr/latest/user/using.html
    """

    script: ast.Module
    has_script: bool
    options: Mapping[str, Mapping[str, str]]
    listed: tuple[str, ...]

    @classmethod
    def read(cls, tree: RepositoryFiles, directory: str) -> _Setup:
        script = join(directory, "setup.py")
        return cls(
            script=tree.python(script),
            has_script=tree.has(script),
            options=tree.ini(join(directory, "setup.cfg")),
            listed=tuple(requirement_texts(tree.text(join(directory, "requirements.txt")))),
        )

    @property
    def uses_pbr(self) -> bool:
        """Whether setup.py hands everything over to pbr: `setup(setup_requires=["pbr"], pbr=True)`."""
        value = self._keyword("pbr")
        return isinstance(value, ast.Constant) and value.value is True

    @property
    def exists(self) -> bool:
        return self.has_script or "metadata" in self.options

    @property
    def file(self) -> str | None:
        if self.has_script:
            return "setup.py"
        return "setup.cfg" if "metadata" in self.options else None

    @property
    def dependencies(self) -> tuple[str, ...]:
        return (
            *self._lines("options", "install_requires"),
            *_constants(self._keyword("install_requires")),
            *(self.listed if self.uses_pbr else ()),
        )

    @property
    def extras(self) -> dict[str, tuple[str, ...]]:
        section = "extras" if self.uses_pbr else "options.extras_require"
        extras = {name: self._lines(section, name) for name in self.options.get(section, {})}
        keyword = self._keyword("extras_require")
        if isinstance(keyword, ast.Dict):
            for key, value in zip(keyword.keys, keyword.values, strict=True):
                if name := text_of(key):
                    extras[name] = _constants(self._resolved(value))
        return extras

    @property
    def requires_python(self) -> str:
        written = self.options.get("options", {}).get("python_requires")
        return written or text_of(self._keyword("python_requires")) or ""

    @property
    def classifiers(self) -> tuple[str, ...]:
        return (*self._lines("metadata", "classifiers"), *_constants(self._keyword("classifiers")))

    def _lines(self, section: str, option: str) -> tuple[str, ...]:
        text = self.options.get(section, {}).get(option, "")
        lines = (line.strip() for line in text.splitlines())
        return tuple(line for line in lines if line and not line.startswith("#"))

    def _keyword(self, name: str) -> ast.expr | None:
        """Return the value of a keyword argument of `setup(…)`."""
        for call in ast.walk(self.script):
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("setup"):
                for keyword, value in self._entries(call):
                    if keyword == name:
                        return self._resolved(value)
        return None

    def _entries(self, node: ast.expr) -> Iterator[tuple[str | None, ast.expr]]:
        """Yield the keywords of a call, and the items of the dictionaries that it unpacks: `setup(**INFO)`."""
        match node:
            case ast.Dict(keys=keys, values=values):
                yield from zip((key and text_of(key) for key in keys), values, strict=True)
            case ast.Call(keywords=keywords):
                for keyword in keywords:
                    if keyword.arg is None and isinstance(keyword.value, ast.Name):
                        yield from self._entries(self._resolved(keyword.value))
                    else:
                        yield keyword.arg, keyword.value

    def _resolved(self, node: ast.expr) -> ast.expr:
        """Return the value that the script assigns to a name; any other expression is unchanged."""
        if not isinstance(node, ast.Name):
            return node
        for statement in self.script.body:
            if isinstance(statement, ast.Assign) and node.id in map(_target, statement.targets):
                return statement.value
        return node


def _target(node: ast.expr) -> str | None:
    return node.id if isinstance(node, ast.Name) else None


def _constants(node: ast.AST | None) -> tuple[str, ...]:
    if isinstance(node, ast.List | ast.Tuple):
        return tuple(text for item in node.elts if (text := text_of(item)))
    return ()


def must_install(tree: RepositoryFiles, layout: Layout, metadata: Metadata | None) -> bool:
    """Return whether the tests can import the project only if it is installed.

    An application next to its manage.py can be imported from there; packages in other directories cannot, and
    reusable apps often read their own metadata.
    """
    if metadata is None or not metadata.is_package:
        return False
    if metadata.is_package_explicitly or layout.manage is None or _reads_metadata(tree, metadata):
        return True
    packages = tree.matching(r"(src/)?[^/]+/__init__\.py", under=metadata.directory)
    sources = {parent(parent(file)) for file in packages}
    return bool(sources) and parent(layout.manage) not in sources


def _reads_metadata(tree: RepositoryFiles, metadata: Metadata) -> bool:
    """Return whether the project asks for its own version, which only an installed distribution has."""
    usual = tree.matching(_METADATA_READERS, under=metadata.directory)
    return any(
        needs_own_metadata(tree.python(file), metadata.name)
        for file in itertools.chain(usual, tree.python_with(*_OF_METADATA))
        if any(word in tree.text(file) for word in _OF_METADATA)
    )
