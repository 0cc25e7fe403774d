"""Which files coverage.py is configured not to measure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from heroci_action.repository.files import RepositoryFiles, join, parent

_FILES = r"(?:[^/]+/)?(?:\.coveragerc|setup\.cfg|tox\.ini|pyproject\.toml)"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageConfig:
    """The configurations of coverage.py in a repository; a file is omitted if one of them omits it."""

    omit: tuple[re.Pattern[str], ...] = ()
    source: tuple[str, ...] = ()

    def omits(self, path: str) -> bool:
        """Return whether a Python file is left out on purpose."""
        if not path.endswith(".py"):
            return False
        outside = self.source and not any(
            source == "." or path.startswith(f"{source}/") or path == f"{source}.py"
            for source in self.source
        )
        return bool(outside) or any(pattern.fullmatch(path) for pattern in self.omit)


def read_coverage_config(files: RepositoryFiles) -> CoverageConfig:
    """Read `omit`, `source` and `source_pkgs` (https://coverage.readthedocs.io/en/latest/config.html)."""
    omit: list[re.Pattern[str]] = []
    source: list[str] = []
    for path in files.matching(_FILES):
        directory = parent(path)
        for table in _tables(files, path):
            omit += (_regex(pattern, directory) for pattern in _list(table.get("omit")))
            names = (*_list(table.get("source")), *_list(table.get("source_pkgs")))
            source += (join(directory, _as_path(name)) for name in names)
    return CoverageConfig(omit=tuple(omit), source=tuple(source))


def _tables(files: RepositoryFiles, path: str) -> Iterable[Mapping[str, Any]]:
    if path.endswith(".toml"):
        tool = files.toml(path).get("tool")
        tables = tool.get("coverage") if isinstance(tool, Mapping) else None
        found = (
            [tables.get(name) for name in ("run", "report")] if isinstance(tables, Mapping) else []
        )
        return [table for table in found if isinstance(table, Mapping)]
    prefix = "" if posixpath.basename(path) == ".coveragerc" else "coverage:"
    ini = files.ini(path)
    return [ini[f"{prefix}{name}"] for name in ("run", "report") if f"{prefix}{name}" in ini]


def _list(value: object) -> list[str]:
    if isinstance(value, str):
        return [word.strip() for word in re.split(r"[,\n]", value) if word.strip()]
    return [str(word) for word in value] if isinstance(value, list) else []


def _as_path(name: str) -> str:
    """Return the path of a directory or a package."""
    return name if "/" in name or name == "." else name.replace(".", "/")


def _regex(pattern: str, directory: str) -> re.Pattern[str]:
    """Translate a pattern: `*` stays in a directory, but `*/` at the start and `/*` at the end mean any depth."""
    anchored = pattern if pattern.startswith("*") else join(directory, pattern)
    middle = re.sub(r"^\*/", "**/", re.sub(r"/\*$", "/**", anchored))
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", middle)
    return re.compile("".join(words.get(part, re.escape(part)) for part in parts))
