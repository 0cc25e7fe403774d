"""The Django projects of a repository, and which of them a name means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from heroci_action.detection.ci.territory import Territory
from heroci_action.detection.ci.yaml_file import table
from heroci_action.detection.layout import is_side, manage_files, pytest_directories
from heroci_action.errors import UsageError
from heroci_action.repository.files import RepositoryFiles, ancestors, join, parent
from heroci_action.text import suggest

# `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")`
_NAMED = re.compile(r"DJANGO_SETTINGS_MODULE[\"']\s*\]?\s*[,=]\s*[\"']([\w.]+)[\"']")


def find_projects(tree: RepositoryFiles) -> tuple[str, ...]:
    """Return the directories of the projects; an example or a test project counts only if there is no other."""
    managed = [parent(path) for path in manage_files(tree) if not _repeats_outer(tree, path)]
    found = dict.fromkeys([*managed, *_tested(tree, managed)])
    usual = tuple(place for place in found if not is_side(join(place, "manage.py")))
    return usual or tuple(found)


def _repeats_outer(tree: RepositoryFiles, path: str) -> bool:
    """Return whether a manage.py above starts the settings next to this one: both are the same project."""
    settings = _settings(tree, path)
    outer = (join(place, "manage.py") for place in ancestors(parent(path))[1:])
    above = [other for other in outer if settings and _settings(tree, other) == settings]
    return bool(above) and not any(_has_settings(tree, other, settings) for other in above)


def _settings(tree: RepositoryFiles, path: str) -> str:
    match = _NAMED.search(tree.text(path))
    return match[1] if match else ""


def _has_settings(tree: RepositoryFiles, path: str, settings: str) -> bool:
    package = join(parent(path), settings.partition(".")[0])
    return tree.has_directory(package) or tree.has(f"{package}.py")


def _tested(tree: RepositoryFiles, managed: list[str]) -> Iterator[str]:
    """Yield the directories with a pytest configuration for Django, unless they are part of another project."""
    for place in pytest_directories(tree):
        below = any(place in ancestors(directory) for directory in managed)
        if not below and not set(ancestors(place)) & set(managed):
            yield place


def find_territory(tree: RepositoryFiles, directory: str) -> Territory:
    """Return what belongs to the project in `directory`."""
    own = join(directory)
    projects = find_projects(tree)
    # A directory without a manage.py is part of a project above it, or contains its project.
    near = (
        set()
        if own in projects
        else {place for place in projects if own in ancestors(place)} | {*ancestors(own)}
    )
    return Territory(directory=own, others=frozenset(projects) - near - {own})


def choose_project(tree: RepositoryFiles, name: str, *, place: str = ".") -> str:
    """Return the directory of the project that a name or path means. Raises UsageError with the candidates.

    A name is the name of the directory, or of the distribution in its pyproject.toml. A path, also of manage.py, is
    relative to the root or to `place`.
    """
    known = {parent(path) for path in manage_files(tree)} | set(find_projects(tree))
    for start in (".", place):
        path = join(start, name)
        directory = parent(path) if path.endswith("manage.py") else path
        if directory in known:
            return directory
    found = find_projects(tree)
    matches = [directory for directory in found if name in _names(tree, directory)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise UsageError(
            f"--project {name!r} matches several projects: {', '.join(matches)}",
            remedy="write the path of one of them",
        )
    raise UsageError(
        f"no project {name!r} in {tree.root.name!r}{suggest(name, found)}",
        remedy=_candidates(found),
    )


def _candidates(found: Sequence[str]) -> str:
    match found:
        case ():
            return "there is no Django project"
        case (only,):
            return f"the only project is {only!r}"
        case _:
            return f"the projects are {', '.join(found)}"


def _names(tree: RepositoryFiles, directory: str) -> set[str]:
    pyproject = tree.toml(join(directory, "pyproject.toml"))
    poetry = table(table(pyproject.get("tool")).get("poetry"))
    names = (table(pyproject.get("project")).get("name"), poetry.get("name"))
    own = tree.root.name if directory == "." else directory.rpartition("/")[2]
    return {own, *(name for name in names if isinstance(name, str))}
