"""The Python version that the project wants."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from heroci_action.detection.findings import Finding, Found
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.requirements import find_dependencies
from heroci_action.repository.files import join

NEWEST = (3, 13)
_OLDEST = (3, 6)
# https://docs.djangoproject.com/en/stable/faq/install/: the newest Python of each series of Django.
_DJANGO = {
    (1, 8): (3, 7), (2, 0): (3, 7), (2, 1): (3, 7), (2, 2): (3, 9), (3, 0): (3, 9), (3, 1): (3, 9),
    (3, 2): (3, 10), (4, 0): (3, 10), (4, 1): (3, 11), (4, 2): (3, 12), (5, 0): (3, 12), (5, 1): (3, 13),
}  # fmt: skip
Version = tuple[int, int]


def detect_python(project: ProjectFiles) -> Iterator[Finding]:
    """The first source that names a version; else the newest one that the metadata and Django allow."""
    for version, why in _stated(project):
        yield Found("python", f"{version[0]}.{version[1]}", why)
        return
    allowed = list(_allowed(project))
    if allowed:
        (major, minor), why = max(allowed)
        yield Found("python", f"{major}.{minor}", why)


def _stated(project: ProjectFiles) -> Iterator[tuple[Version, str]]:
    tree = project.tree
    for directory in project.layout.directories:
        for name in (".python-version", "runtime.txt", ".tool-versions"):
            path = join(directory, name)
            for version in _versions(
                re.sub(r"^(?!python)[a-z]\w* .*$", "", tree.text(path), flags=re.MULTILINE)
            ):
                yield version, f"{path}"
                break
    yield from _by_ci(project)
    yield from _by_dockerfile(project)
    for directory in project.layout.directories:
        requires = tree.toml(join(directory, "Pipfile")).get("requires")
        for version in _versions(
            str(requires.get("python_version", "")) if isinstance(requires, Mapping) else ""
        ):
            yield version, join(directory, "Pipfile")


def _versions(text: str) -> list[Version]:
    found = (
        tuple(map(int, match))
        for match in re.findall(r"(?<!pypy)(?<![\d.])(3)\.(\d{1,2})(?!\d)", text)
    )
    return [(major, minor) for major, minor in found if (major, minor) >= _OLDEST]


def _by_ci(project: ProjectFiles) -> Iterator[tuple[Version, str]]:
    by_source: dict[str, list[Version]] = {}
    for text, source in project.evidence.pythons:
        by_source.setdefault(source, []).extend(_versions(text))
    for source, versions in by_source.items():
        fitting = [version for version in versions if version <= NEWEST]
        if fitting or versions:
            yield (max(fitting) if fitting else min(versions)), f"python-version in {source}"


def _by_dockerfile(project: ProjectFiles) -> Iterator[tuple[Version, str]]:
    from heroci_action.detection.image import find_dockerfile  # noqa: PLC0415

    path = find_dockerfile(project)
    text = project.tree.text(path) if path else ""
    found = re.search(
        r"^FROM\s+(?:--\S+\s+)?\S*\bpython:(3\.\d+)", text, re.MULTILINE | re.IGNORECASE
    ) or re.search(r"^ARG\s+PYTHON\w*VERSION\w*=[\"']?(?:python:)?(3\.\d+)", text, re.MULTILINE)
    for version in _versions(found[1]) if found else ():
        yield version, f"the base image in {path}"


def _allowed(project: ProjectFiles) -> Iterator[tuple[Version, str]]:
    """Versions that nothing forbids, each with what bounds it."""
    metadata_dir = find_dependencies(project).project or project.layout.directory
    pyproject = project.tree.toml(join(metadata_dir, "pyproject.toml"))
    metadata, poetry = _table(pyproject.get("project")), _table(
        _table(pyproject.get("tool")).get("poetry")
    )
    setup = project.tree.ini(join(metadata_dir, "setup.cfg"))
    requires = (
        metadata.get("requires-python")
        or _table(poetry.get("dependencies")).get("python")
        or setup.get("options", {}).get("python_requires", "")
    )
    classifiers = _classified(metadata.get("classifiers", ())) or _classified(
        re.findall(
            r"Programming Language :: Python :: 3\.\d+",
            project.tree.text(join(metadata_dir, "setup.py")),
        )
        + setup.get("metadata", {}).get("classifiers", "").split("\n")
    )
    newest = _newest_for_django(project)
    why = (
        f"the newest that {'requires-python' if requires else 'the classifiers'} allow"
        if requires or classifiers
        else ""
    )
    if newest < NEWEST:
        why = "the newest that the pinned Django supports"
    for minor in range(_OLDEST[1], newest[1] + 1):
        version = (3, minor)
        listed = not classifiers or version in classifiers or max(classifiers) > NEWEST
        if why and listed and satisfies(version, str(requires)):
            yield version, why


def _classified(lines: Iterable[object]) -> list[Version]:
    return [
        version for line in lines for version in _versions(str(line)) if ":: Python ::" in str(line)
    ]


def _newest_for_django(project: ProjectFiles) -> Version:
    pin = (find_dependencies(project).pins or {}).get("django", "")
    match = re.search(r"==(\d+)\.(\d+)", pin)
    if match is None:
        return NEWEST
    series = (int(match[1]), int(match[2]))
    fitting = [python for django, python in sorted(_DJANGO.items()) if django <= series]
    return fitting[-1] if fitting and series <= max(_DJANGO) else NEWEST


def satisfies(version: Version, specifier: str) -> bool:
    """Whether a minor version fits `>=3.9,<4`, `^3.9`, `~3.9`, `3.9.*` and the like (poetry's forms too)."""
    for part in re.split(r"[,\s]+(?=[<>=!~^\d])", specifier.split("||", maxsplit=1)[0].strip()):
        match = re.fullmatch(
            r"(>=|<=|==|!=|~=|>|<|\^|~|)\s*(\d+)(?:\.(\d+))?(?:\.(?:\d+|\*)\w*)*(?:\.\*)?",
            part.strip(),
        )
        if match is None:
            continue
        operator, bound = match[1], (int(match[2]), int(match[3] or 0))
        if not _fits(version, operator, bound, part):
            return False
    return True


def _fits(version: Version, operator: str, bound: Version, part: str) -> bool:
    """One clause; `part` tells whether it names a patch version (`<3.13.1` leaves 3.13 open, `>3.9.1` too)."""
    same_major = version[0] == bound[0]
    has_patch = part.count(".") > 1 and not part.endswith((".0", ".*"))
    whole_major = "." not in part or part.split(".")[1].startswith("*")
    fits = {
        ">=": version >= bound,
        ">": version >= bound if has_patch else version > bound,
        "<": version < bound or (has_patch and version == bound),
        "<=": version <= bound,
        "!=": not (part.endswith("*") and version == bound),
        "^": version >= bound and same_major,
        "~=": version == bound if part.count(".") > 1 else version >= bound and same_major,
    }
    return fits.get(operator, same_major if whole_major else version == bound)


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
