"""Find the files, packages, extras and groups to install for the tests."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from heroci_action.detection.ci.records import Command
from heroci_action.detection.ci.yaml_file import table
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.requirements.files import (
    choose_files,
    distribution,
    parse_requirements,
    read_constraints,
    read_requirements,
)
from heroci_action.detection.requirements.installs import Installs, read_installs, read_installs_of
from heroci_action.detection.requirements.metadata import (
    Metadata,
    find_metadata,
    must_install,
    read_metadata,
)
from heroci_action.detection.requirements.other_jobs import with_other_job
from heroci_action.detection.requirements.pixi import pixi_environment
from heroci_action.detection.requirements.poetry import requirement_lines
from heroci_action.detection.requirements.uv_workspace import (
    lock_of_workspace,
    packages_of_root,
    workspace_of,
)
from heroci_action.repository.files import RepositoryFiles, join, parent

_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
# Names of extras and groups: all of the first kind are for tests, one of the second kind is enough.
_TEST_NAMES = ("test", "tests", "testing")
_DEVELOPMENT_NAMES = ("dev", "develop", "development")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What to install; paths are relative to the repository's root, `why` names the source in words.

    `metadata` is the file in the directory `project` that names the dependencies; None if it has groups only.
    `direct` are the requirements that the project names itself, `exact` those and the locked ones. `declared` replace
    metadata and groups that only Poetry reads. `all_members` of uv's workspace are installed.
    """

    lock: str | None = None
    requirements: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    project: str | None = None
    metadata: str | None = None
    declared: tuple[str, ...] = ()
    install_project: bool = False
    all_members: bool = False
    direct: tuple[Requirement, ...] = ()
    exact: tuple[Requirement, ...] = ()
    why: str = ""

    @property
    def names(self) -> frozenset[str]:
        """Return the normalised names of the requirements that the project names itself."""
        return frozenset(distribution(requirement) for requirement in self.direct)

    @property
    def locked_names(self) -> frozenset[str]:
        """Return the normalised names of everything that a lock file contains."""
        found = self.exact if self.lock else ()
        return frozenset(distribution(requirement) for requirement in found)


def distributions(project: ProjectFiles) -> frozenset[str]:
    """Return the normalised names of every requested distribution, `packages` included."""
    packages = project.configured("packages")
    extra = parse_requirements(map(str, packages)) if isinstance(packages, list) else ()
    return find_dependencies(project).names | {distribution(package) for package in extra}


@once
def find_dependencies(project: ProjectFiles) -> Dependencies:
    """Follow the configuration, else the project's CI, else lock, requirements files, Pipfile and metadata."""
    lock, files = project.configured("lock"), project.configured("requirements")
    installs = with_other_job(project, read_installs(project))
    if isinstance(lock, str):
        return _from_lock(project, lock, installs)
    if isinstance(files, list) and all(isinstance(file, str) for file in files):
        return _from_files(project, replace(installs, files=tuple(files)), "configured")
    if pixi := _from_pixi(project, installs):
        return pixi
    if installs:
        return _from_ci(project, installs)
    return _without_ci(project, installs)


def _from_pixi(project: ProjectFiles, installs: Installs) -> Dependencies | None:
    found = pixi_environment(project)
    if found is None:
        return None
    metadata = find_metadata(project.tree, project.layout) if found.has_project else None
    packages = tuple(dict.fromkeys((*found.packages, *installs.packages)))
    direct = tuple(parse_requirements(packages))
    return Dependencies(
        packages=packages,
        project=metadata.directory if metadata else None,
        metadata=metadata.file if metadata else None,
        install_project=metadata is not None,
        direct=direct,
        exact=direct,
        why=f"the environment {found.name!r} of pixi in {found.path}",
    )


def installed_by(project: ProjectFiles, commands: Sequence[Command]) -> tuple[Requirement, ...]:
    """Return the requirements that commands install, the locked ones included."""
    installs = read_installs_of(project, commands)
    named = parse_requirements(installs.packages)
    return (*_from_ci(project, installs).exact, *named) if installs else ()


def _from_ci(project: ProjectFiles, installs: Installs) -> Dependencies:
    lock = _nearest(project, installs.locks)
    if lock:
        return _from_lock(project, lock, installs)
    if installs.manager == "pipenv" and (pipfile := _from_pipfile(project)):
        return _with_others(project, pipfile, installs)
    if installs.files:
        return _from_files(project, installs, f"what {installs.source} installs")
    if installs.project or installs.groups:
        return _from_metadata(project, installs)
    found = _without_ci(project, installs)
    packages = _from_packages(project, installs)
    # An environment with its own Django, such as tox's, is complete.
    is_complete = "django" in packages.names
    return packages if is_complete or not (found.direct or found.lock) else found


def _without_ci(project: ProjectFiles, installs: Installs) -> Dependencies:
    lock = _nearest(project, _LOCKS)
    if lock:
        return _from_lock(project, lock, installs)
    files = choose_files(project.tree, project.layout)
    elsewhere = all(_is_elsewhere(project, file) for file in files)
    pipfile = _from_pipfile(project) if elsewhere else None
    if files and pipfile is None:
        return _from_files(project, replace(installs, files=files), "the requirements files")
    return pipfile or _from_metadata(project, installs)


def _is_elsewhere(project: ProjectFiles, file: str) -> bool:
    """Return whether a requirements file is neither in a directory of the project nor in one named after such files."""
    place = parent(file)
    return place not in project.layout.directories and "requirements" not in place


def _nearest(project: ProjectFiles, names: Iterable[str]) -> str | None:
    """Return the first of these files in the working directory or above, by name before place."""
    directories = project.layout.directories
    found = project.tree.first(*(join(place, name) for name in names for place in directories))
    if found is None or found.rpartition("/")[2] != "uv.lock":
        return found
    return lock_of_workspace(project.tree, found)


def _from_packages(project: ProjectFiles, installs: Installs) -> Dependencies:
    direct = tuple(parse_requirements(installs.packages))
    why = f"what {installs.source} installs"
    return Dependencies(
        constraints=installs.constraints,
        packages=installs.packages,
        direct=direct,
        exact=(*direct, *read_requirements(project.tree, installs.constraints)),
        why=why,
    )


def _from_files(project: ProjectFiles, installs: Installs, why: str) -> Dependencies:
    tree = project.tree
    metadata = find_metadata(tree, project.layout)
    editable = any(re.search(r"(?m)^-e\s+\.", tree.text(file)) for file in installs.files)
    # The CI may install the project for the dependencies that it declares; configured files name all of them.
    by_ci = installs.project and why != "configured"
    is_installed = by_ci and metadata is not None and metadata.file is not None
    install = (is_installed or must_install(tree, project.layout, metadata)) and not editable
    declared = _Declared.of(project, metadata if install else None, installs)
    packages = installs.packages
    requirements = read_requirements(tree, installs.files)
    direct = (*requirements, *parse_requirements((*declared.lines, *packages)))
    return Dependencies(
        requirements=installs.files,
        constraints=installs.constraints,
        packages=packages,
        extras=declared.extras,
        groups=declared.groups,
        project=metadata.directory if metadata else None,
        metadata=metadata.file if metadata else None,
        install_project=install,
        direct=direct,
        exact=(
            *direct,
            *read_constraints(tree, (*installs.files, *installs.constraints)),
            *read_requirements(tree, installs.constraints),
        ),
        why=why if why == "configured" else f"{why}: {', '.join(installs.files)}",
    )


def _from_lock(project: ProjectFiles, lock: str, installs: Installs) -> Dependencies:
    tree, directory = project.tree, _locked_project(project, lock)
    metadata = read_metadata(tree, directory)
    declared = _Declared.of(project, metadata, installs)
    locked = tuple(_locked(tree, lock))
    # Files that the CI installs on top of the lock, not in place of it.
    files = installs.files if installs.locks else ()
    packages = installs.packages
    if directory != parent(lock) and installs.manager == "uv":
        packages += tuple(packages_of_root(project, parent(lock), installs, locked))
    named = (*declared.lines, *packages)
    # A lock contains the packages of every extra and group; only the direct ones are certainly installed.
    return Dependencies(
        lock=lock,
        requirements=files,
        packages=packages,
        extras=declared.extras,
        groups=declared.groups,
        project=directory,
        metadata=metadata.file if metadata else None,
        install_project=must_install(tree, project.layout, metadata),
        all_members=installs.every_member,
        direct=(*read_requirements(tree, files), *parse_requirements(named)) or locked,
        exact=(*locked, *read_requirements(tree, files)),
        why=f"the lock file {lock}",
    )


def _locked_project(project: ProjectFiles, lock: str) -> str:
    """Return the directory whose dependencies a lock file pins: for a workspace of uv, the project's own member."""
    root = parent(lock)
    if not workspace_of(project.tree, root):
        return root
    # The nearest directory comes first; those above the lock file do not belong to the workspace.
    inside = itertools.takewhile(lambda place: place != root, project.layout.directories)
    members = (p for p in inside if "project" in project.tree.toml(join(p, "pyproject.toml")))
    return next(members, root)


def _locked(tree: RepositoryFiles, lock: str) -> list[Requirement]:
    found = tree.toml(lock)
    packages = found.get("package", found.get("packages", []))
    return parse_requirements(
        f"{package['name']}=={package['version']}"
        for package in (packages if isinstance(packages, list) else ())
        if isinstance(package, Mapping) and "name" in package and "version" in package
    )


def _from_pipfile(project: ProjectFiles) -> Dependencies | None:
    """Return the packages that Pipfile.lock pins, else the packages that the Pipfile names."""
    path = _nearest(project, ("Pipfile.lock", "Pipfile"))
    sections = _pipfile_sections(project.tree, path) if path else ()
    if not sections:
        return None
    packages = {
        canonicalize_name(name): line
        for section in sections
        for name, lines in requirement_lines(section).items()
        for line in lines
    }
    direct = tuple(parse_requirements(packages.values()))
    return Dependencies(
        packages=tuple(packages.values()),
        direct=direct,
        exact=direct,
        why=f"the packages that {path} names",
    )


def _with_others(project: ProjectFiles, pipfile: Dependencies, installs: Installs) -> Dependencies:
    """Add the files and packages that the CI installs on top of the Pipfile: `pipenv run pip install -r FILE`."""
    direct = (
        *pipfile.direct,
        *read_requirements(project.tree, installs.files),
        *parse_requirements(installs.packages),
    )
    return replace(
        pipfile,
        requirements=installs.files,
        packages=tuple(dict.fromkeys((*pipfile.packages, *installs.packages))),
        direct=direct,
        exact=direct,
        why=", ".join((pipfile.why, *installs.files)),
    )


def _pipfile_sections(tree: RepositoryFiles, path: str) -> tuple[Mapping[str, Any], ...]:
    if not path.endswith(".lock"):
        pipfile = tree.toml(path)
        return tuple(table(pipfile.get(name)) for name in ("packages", "dev-packages"))
    try:
        lock = table(json.loads(tree.text(path)))
    except ValueError:
        return ()
    return tuple(table(lock.get(name)) for name in ("default", "develop"))


def _from_metadata(project: ProjectFiles, installs: Installs) -> Dependencies:
    tree = project.tree
    metadata = find_metadata(tree, project.layout)
    if metadata is None:
        return Dependencies(why="no file declares dependencies")
    declared = _Declared.of(project, metadata, installs)
    direct = tuple(parse_requirements((*declared.lines, *installs.packages)))
    place = "the root" if metadata.directory == "." else metadata.directory
    return Dependencies(
        constraints=installs.constraints,
        packages=installs.packages,
        extras=declared.extras,
        groups=declared.groups,
        project=metadata.directory,
        metadata=metadata.file,
        declared=declared.lines if metadata.uses_poetry else (),
        install_project=must_install(tree, project.layout, metadata),
        direct=direct,
        exact=(*direct, *read_requirements(tree, installs.constraints)),
        why=f"the project's metadata in {place}",
    )


@dataclass(frozen=True, slots=True)
class _Declared:
    """The extras and groups to install, and every requirement that they and the project itself name."""

    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()

    @classmethod
    def of(cls, project: ProjectFiles, metadata: Metadata | None, installs: Installs) -> _Declared:
        if metadata is None:
            return cls()
        extras = _configured(project, "extras") or installs.choose_extras(metadata)
        groups = _configured(project, "groups") or installs.choose_groups(metadata)
        if extras is None:
            extras = _for_tests(metadata.extras)
        if groups is None:
            groups = _default_groups(metadata, known=bool(installs))
        lines = [*metadata.dependencies]
        lines += [line for extra in extras for line in metadata.extras.get(extra, ())]
        lines += [line for group in groups for line in metadata.group(group)]
        return cls(extras, groups, tuple(lines))


def _configured(project: ProjectFiles, key: str) -> tuple[str, ...] | None:
    names = project.configured(key)
    return tuple(str(name) for name in names) if isinstance(names, list) else None


def _default_groups(metadata: Metadata, *, known: bool) -> tuple[str, ...]:
    """Return the groups that `poetry install` installs; with other tools, the groups that are named for tests.

    If it is not known how the CI installs them, Poetry's optional groups of such names belong to the tests, too.
    """
    if metadata.uses_poetry:
        wanted = () if known else _for_tests(metadata.groups)
        return tuple(
            name
            for name in metadata.groups
            if name not in metadata.optional_groups or name in wanted
        )
    return tuple(dict.fromkeys((*_for_tests(metadata.groups), *metadata.default_groups)))


def _for_tests(known: Mapping[str, Any]) -> tuple[str, ...]:
    tests = tuple(name for name in _TEST_NAMES if name in known)
    return tests + tuple(name for name in _DEVELOPMENT_NAMES if name in known)[:1]
