"""Files that a tool leaves out of a directory, but not if they are named, as HeroCI names them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping

from heroci_action.detection.ci.yaml_file import table, texts
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.readers.format import LintTool
from heroci_action.repository.files import join, relative_path


def without_excluded(
    project: ProjectFiles, tool: LintTool, options: tuple[str, ...], paths: list[str]
) -> list[str]:
    """Return the paths without the files that the tool's settings exclude; all of them if nothing would be left."""
    patterns = exclusions_of(project, tool, options)
    kept = [path for path in paths if not _is_excluded(project, path, patterns)]
    return kept or paths


def exclusions_of(
    project: ProjectFiles, tool: LintTool, options: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Return the regular expressions of a tool that does not apply them to named files; none for any other tool."""
    read = _READERS.get(tool.name)
    if read is None:
        return ()
    pairs = itertools.pairwise(options)
    given = {name: value for name, value in pairs if "exclude" in name}
    given |= dict(word.split("=", 1) for word in options if "exclude" in word and "=" in word)
    return tuple(filter(None, read(project, given)))


def _is_excluded(project: ProjectFiles, path: str, patterns: tuple[str, ...]) -> bool:
    # Black's paths begin with a slash; mypy's are relative to the working directory.
    here = relative_path(path, project.layout.directory)
    found = (_finds(pattern, text) for pattern in patterns for text in (f"/{path}", here))
    return project.tree.has(path) and any(found)


def _finds(pattern: str, text: str) -> bool:
    """Search as Black does: a pattern of several lines is verbose. An invalid pattern finds nothing."""
    try:
        return re.search(pattern, text, re.VERBOSE if "\n" in pattern else 0) is not None
    except re.error:
        return False


def _black(project: ProjectFiles, given: Mapping[str, str]) -> Iterator[str]:
    section = _section(project, "black")
    for key in ("exclude", "extend-exclude"):
        yield given.get(f"--{key}") or str(section.get(key, ""))


def _mypy(project: ProjectFiles, given: Mapping[str, str]) -> Iterator[str]:
    if "--exclude" in given:
        yield given["--exclude"]
        return
    yield from texts(_section(project, "mypy").get("exclude"))
    for directory in project.layout.directories:
        for name in ("mypy.ini", ".mypy.ini", "setup.cfg"):
            yield project.tree.ini(join(directory, name)).get("mypy", {}).get("exclude", "")


def _section(project: ProjectFiles, name: str) -> Mapping[str, object]:
    files = (join(directory, "pyproject.toml") for directory in project.layout.directories)
    sections = (table(table(project.tree.toml(file).get("tool")).get(name)) for file in files)
    return next(filter(None, sections), {})


_READERS: Mapping[str, Callable[[ProjectFiles, Mapping[str, str]], Iterator[str]]] = {
    "black": _black,
    "mypy": _mypy,
}
