"""The programs of the repository that the CI's tests find by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.import_paths import path_entries
from heroci_action.detection.project_files import ProjectFiles

# `.venv/bin`, `env3.12/bin`: HeroCI's own environment takes its place.
_ENVIRONMENT = re.compile(r"(.*/)?\.?v?(irtual)?env[\w.-]*/bin")


def find_search_paths(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of directories of the repository in the PATH of the tests, such as node_modules/.bin."""
    entries = path_entries("PATH", project.ci)
    found = [path for path in entries if not _ENVIRONMENT.fullmatch(path)]
    if found:
        yield Warn(
            f"the CI puts {', '.join(found)} on the PATH of its tests, and HeroCI does not; the tests do not find the "
            "programs there unless the settings name them with their directory"
        )
