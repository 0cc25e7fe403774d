"""The paths that a lint tool checks: as the project names them, without what git does not track."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from heroci_action.detection.ci.records import UNKNOWN
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.repository.files import ancestors, join, relative_path
from heroci_action.repository.targets import is_python, lint_targets

MAX_FILES = 30  # named one by one; more become directories, because a command line has an end


def find_targets(
    project: ProjectFiles,
    paths: tuple[str, ...],
    *,
    wanted: tuple[str, ...],
    unwanted: tuple[str, ...],
) -> tuple[str, ...]:
    """Return the paths without what git does not track; the patterns come from a hook.

    All paths are relative to the repository's root.
    """
    return tuple(dict.fromkeys(_narrow(project, paths, wanted, unwanted)))


def relative(project: ProjectFiles, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the outermost of these paths, relative to the working directory."""
    unique = dict.fromkeys(paths)
    outermost = (path for path in unique if not set(ancestors(path)[1:]) & set(unique))
    directory = project.layout.directory
    return tuple(relative_path(path, directory) for path in outermost)


def move_patterns(project: ProjectFiles, directory: str, names: str) -> str:
    """Return the paths and patterns in a list with commas relative to the working directory, not to another one.

    A name without a slash matches everywhere: `--exclude=migrations,client/templates/`.
    """
    here = project.layout.directory
    if join(directory) == here or UNKNOWN in names:
        return names
    moved = (
        relative_path(join(directory, name), here) if re.match(r"[^/~{]+/", name) else name
        for name in map(str.strip, names.split(","))
    )
    return ",".join(moved)


def _narrow(
    project: ProjectFiles,
    paths: tuple[str, ...],
    wanted: tuple[str, ...],
    unwanted: tuple[str, ...],
) -> Iterator[str]:
    own = [file for file in _python(project) if project.ci.territory.contains(file)]
    files = [file for file in own if passes(file, wanted, unwanted)]
    strays = [*_strays(project), *(set(own) - set(files))]
    if len(paths) > MAX_FILES:
        named = {file for path in paths for file in _below(files, path)}
        yield from lint_targets(sorted(named), [*strays, *(set(files) - named)])
        return
    for path in paths:
        yield from _without_strays(project, path, files, strays)


def _strays(project: ProjectFiles) -> Iterator[str]:
    """Yield untracked files, files that the CI creates, and the other projects of the repository."""
    yield from project.tree.strays
    yield from filter(is_python, project.tree.created)
    yield from (f"{other}/" for other in project.ci.territory.others if other != ".")


def _without_strays(
    project: ProjectFiles, path: str, files: list[str], strays: list[str]
) -> tuple[str, ...]:
    """Return a directory without its strays; a file, or a name that is not known, as it is."""
    near = _below(strays, path)
    if not near or not (path == "." or project.tree.has_directory(path)):
        return (path,)
    inside = [relative_path(file, path) for file in _below(files, path)]
    outside = [relative_path(stray, path) + "/" * stray.endswith("/") for stray in near]
    return tuple(join(path, target) for target in lint_targets(inside, outside))


@once
def _python(project: ProjectFiles) -> tuple[str, ...]:
    """Return the Python files that git tracks, and new ones outside of new directories."""
    directories = tuple(stray for stray in project.tree.strays if stray.endswith("/"))
    return tuple(
        file
        for file in project.tree.files
        if is_python(file) and not file.startswith(directories) and file not in project.tree.created
    )


def _below(files: Iterable[str], path: str) -> list[str]:
    return [file for file in files if path in (".", file) or file.startswith(f"{path}/")]


def passes(file: str, wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> bool:
    """Return whether a hook with these patterns sees a file."""
    return all(_finds(pattern, file) for pattern in wanted) and not any(
        _finds(pattern, file) for pattern in unwanted
    )


def _finds(pattern: str, file: str) -> bool:
    """Search as pre-commit does; a pattern that Python does not understand finds nothing."""
    try:
        return re.search(pattern, file) is not None
    except re.error:
        return False
