"""The health endpoint in the project's URL configuration."""

from __future__ import annotations

import re

from heroci_action.detection.project_files import ProjectFiles

# `healthz`, `api/health/live`
_PATHS = re.compile(
    r"^/?\^?((?:[\w-]+/)?(?:health(?:z|check|[-_]check|[-_]?status)?|livez|readyz|ping|_status|ht|"
    r"__heartbeat__|__lbheartbeat__|live(?:ness)?|ready|up|alive)"
    r"(?:/(?:live|ready|liveness|readiness|check|status|ping))?/?)\$?$"
)
# A route such as `path("health/", views.health)`, also after a variable: `f"{PREFIX}health/"`, `PREFIX + "health/"`.
_ROUTE = re.compile(
    r"\b(?:path|re_path|url)\(\s*(?:[\w.]+\s*\+\s*)?(?:r|(f)|rf|fr)?[\"']([^\"']*)[\"']\s*,\s*([^,\n]*)"
)
# `{settings.PREFIX}`
_VARIABLE = re.compile(r"\{[^}]*\}")
# `shop/tests/urls.py`
_SIDE = re.compile(r"(^|/)(tests?|examples?|docs?)/")
# An endpoint that needs no other service comes first.
_ORDER = ("live", "healthz", "health", "ht", "heartbeat", "ping", "status", "ready")


def find_health(project: ProjectFiles) -> str | None:
    """Return a path that looks like a health endpoint: `/health/live` before `/health/` before `/ping`."""
    found = [
        path
        for file in project.tree.matching(r"(.*/)?urls(/\w+)?\.py", under=project.layout.directory)
        if _is_at_root(project, file) and not _SIDE.search(file)
        for path in _paths(project.tree.text(file))
    ]
    return min(found, key=_rank, default=None)


def _is_at_root(project: ProjectFiles, file: str) -> bool:
    """Return whether the URLs in a file have no prefix: it is at most one directory below the project's."""
    directory = project.layout.directory
    return file.count("/") <= 1 + directory.count("/") + (directory != ".")


def _paths(text: str) -> list[str]:
    found = []
    for match in _ROUTE.finditer(text):
        route = _VARIABLE.sub("", match[2]) if match[1] else match[2]
        hit = _PATHS.fullmatch(route)
        # The routes of django-health-check start at the included path itself.
        if hit and ("include(" not in match[3] or "health_check.urls" in match[3]):
            found.append("/" + hit[1].lstrip("/"))
    return found


def _rank(path: str) -> tuple[int, int, str]:
    rank = next((index for index, word in enumerate(_ORDER) if word in path), len(_ORDER))
    return rank, len(path), path
