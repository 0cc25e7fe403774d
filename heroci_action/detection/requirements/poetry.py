"""Declarations of dependencies by Poetry and Pipenv in the form of PEP 508.

https://python-poetry.org/docs/dependency-specification/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from heroci_action.detection.ci.yaml_file import items, table, texts
from heroci_action.detection.requirements.specifiers import parse_specifier


def requirement_lines(entries: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the requirements of a table of dependencies by name; a list has one for each Python or platform."""
    return {
        name: tuple(_requirement(name, value) for value in items(entry) or [entry])
        for name, entry in entries.items()
    }


def usual_lines(entries: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the requirements of a table of dependencies that are not optional."""
    usual = {name: entry for name, entry in entries.items() if not table(entry).get("optional")}
    return tuple(line for lines in requirement_lines(usual).values() for line in lines)


def _requirement(name: str, value: object) -> str:
    options = table(value)
    named = ",".join(texts(options.get("extras")))
    extras = f"[{named}]" if named else ""
    if path := options.get("path"):
        # Only the directory knows its own name.
        return f"{path if str(path).startswith(('.', '/')) else f'./{path}'}{extras}"
    address = _address(options)
    version = str(options.get("version", "*")) if options else str(value)
    form = f" @ {address}" if address else _version(version)
    marker = _marker(options)
    # A marker after an address needs a space before its semicolon.
    return f"{name}{extras}{form}{f' ; {marker}' if marker else ''}"


def _address(options: Mapping[str, Any]) -> str | None:
    """Return where a dependency comes from, if it does not come from an index."""
    if git := options.get("git"):
        revision = next(
            (options[key] for key in ("rev", "tag", "branch", "ref") if key in options), None
        )
        directory = options.get("subdirectory")
        end = f"#subdirectory={directory}" if directory else ""
        return f"git+{git}{f'@{revision}' if revision else ''}{end}"
    return options.get("url")


def _version(text: str) -> str:
    """Return the specifier of a version; empty if it is not understood.

    PEP 508 knows no alternatives: of `^4.2 || ^5.1`, an installer would take the newest one as well.
    """
    found = [parse_specifier(part) for part in re.split(r"\|\|?", text)]
    known = [specifier for specifier in found if specifier is not None]
    return str(max(known, key=_newest)) if len(known) == len(found) else ""


def _newest(specifier: SpecifierSet) -> Version:
    versions = (each.version.removesuffix(".*") for each in specifier)
    return max(map(Version, versions), default=Version("0"))


def _marker(options: Mapping[str, Any]) -> str:
    """Return the marker for the platforms and the versions of Python."""
    found = parse_specifier(str(options.get("python", "*"))) or ()
    clauses = [f"python_full_version {each.operator} '{each.version}'" for each in found]
    python, markers = " and ".join(sorted(clauses)), str(options.get("markers") or "")
    return f"({markers}) and {python}" if markers and python else markers or python
