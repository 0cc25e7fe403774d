"""The production image: which Dockerfile, which target, and what it says about itself; health endpoints as well."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from heroci_action.detection.findings import Fact, Finding, Found, Skip
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.settings import entry_point
from heroci_action.repository.files import parent

_PREFERRED_TARGETS = ("production", "prod", "runtime", "final", "release", "app", "web")
_PRODUCTION = re.compile(r"prod(uction)?", re.IGNORECASE)
# Images for something else than production, by a word in the path.
_SIDE = re.compile(
    r"dev(elop\w*)?|local|tests?|ci|docs?|node|nginx|postgres\w*|database|db|celery\w*|traefik|"
    r"redis|frontend|worker|flower|devcontainer|examples?|backup|templates?|elasticsearch|solr|debug|contrib|"
    r"heroku|vendor|fixtures|samples?",
    re.IGNORECASE,
)
_NAME = r"(.*/)?(Dockerfile([.-][\w.-]+)?|[\w.-]+\.Dockerfile|Containerfile)"
_HEALTH_PATHS = re.compile(
    r"^/?\^?((?:[\w-]+/)?(?:health(?:z|check|[-_]check|[-_]?status)?|livez|readyz|ping|_status|ht|"
    r"__heartbeat__|__lbheartbeat__|live(?:ness)?|ready|up|alive)"
    r"(?:/(?:live|ready|liveness|readiness|check|status|ping))?/?)\$?$"
)
_ORDER = ("live", "healthz", "health", "ht", "heartbeat", "ping", "status", "ready")


@dataclass(frozen=True, slots=True)
class _Stage:
    name: str
    base: str
    lines: tuple[str, ...]


def detect_image(project: ProjectFiles) -> Iterator[Finding]:
    """The image table, facts about it, and the reasons to skip the stages that need what is not there."""
    health = find_health(project) or _health_of_file(project)
    if health:
        yield Fact("health", health)
    if project.configured("image") is False:
        yield Skip("image", "switched off with image = false")
        yield from _integration(project, health)
        return
    configured = project.configured("image.dockerfile")
    path = configured if isinstance(configured, str) else find_dockerfile(project)
    if path is None:
        yield Skip("image", "the project has no Dockerfile for production")
        yield from _integration(project, health)
        return
    text = project.tree.text(path)
    yield Found("image.dockerfile", path, f"{path} is there")
    yield Found(
        "image.context", _context(project, path, text), f"where the files that {path} copies lie"
    )
    yield from _target_and_facts(project, path, text, health)
    yield from _integration(project, health)


def find_dockerfile(project: ProjectFiles) -> str | None:
    """The production Dockerfile: the working directory's, the root's, then those in docker/ and deeper ones."""
    paths = [path for path in project.tree.matching(_NAME) if _plausible(project, path)]
    return min(paths, key=lambda path: _rank(project, path), default=None)


def _plausible(project: ProjectFiles, path: str) -> bool:
    text = project.tree.text(path)
    if path.endswith(".dockerignore") or not re.search(
        r"^\s*FROM\s", text, re.MULTILINE | re.IGNORECASE
    ):
        return False
    parts = [part for part in re.split(r"[/._-]", path.lower()) if part not in {"", "dockerfile"}]
    side = any(_SIDE.fullmatch(part) for part in parts)
    if side and not any(_PRODUCTION.fullmatch(part) for part in parts):
        return False
    return bool(
        re.search(r"python|django|manage\.py|gunicorn|\bpip\b|\buv\b|poetry", text, re.IGNORECASE)
    )


def _rank(project: ProjectFiles, path: str) -> tuple[int, bool, int, str]:
    places = project.layout.directories
    place = places.index(parent(path)) if parent(path) in places else len(places)
    production = any(_PRODUCTION.fullmatch(part) for part in re.split(r"[/._-]", path.lower()))
    plain = path.rsplit("/", 1)[-1] == "Dockerfile"
    return (place if plain else len(places) - production, not production, path.count("/"), path)


def _health_of_file(project: ProjectFiles) -> str | None:
    configured = project.configured("image.dockerfile")
    path = configured if isinstance(configured, str) else find_dockerfile(project)
    return (
        _health_check(
            tuple(line for stage in _stages(project.tree.text(path)) for line in stage.lines)
        )
        if path
        else None
    )


def _context(project: ProjectFiles, path: str, text: str) -> str:
    """The directory from which every COPY finds its files: the Dockerfile's own, those above it, the root."""
    sources = _copied(text)
    directory = parent(path)
    candidates = [directory]
    while directory != ".":
        directory = parent(directory)
        candidates.append(directory)
    if "docker" in parent(path).lower():  # docker/Dockerfile is built from the root
        candidates.reverse()
    return (
        max(
            candidates, key=lambda place: sum(_exists(project, place, source) for source in sources)
        )
        if sources
        else candidates[0]
    )


def _copied(text: str) -> list[str]:
    found: list[str] = []
    for line in re.findall(
        r"^\s*(?:COPY|ADD)\s+(.+)$", text.replace("\\\n", " "), re.MULTILINE | re.IGNORECASE
    ):
        words = [word.strip('[]",') for word in line.split() if not word.startswith("--")]
        if "--from=" not in line and "<<" not in line:
            found += [word for word in words[:-1] if not word.startswith(("http", "$"))]
    return [word.removeprefix("./").rstrip("/") for word in found if word not in {".", "./", "/"}]


def _exists(project: ProjectFiles, place: str, source: str) -> bool:
    path = source.lstrip("/") if place == "." else f"{place}/{source.lstrip('/')}"
    if any(char in source for char in "*?["):
        regex = "".join("[^/]*" if char == "*" else re.escape(char) for char in path)
        return bool(project.tree.matching(regex))
    return project.tree.has(path) or project.tree.has_directory(path)


def _stages(text: str) -> list[_Stage]:
    stages: list[_Stage] = []
    for line in text.replace("\\\n", " ").splitlines():
        stripped = line.strip()
        match = re.match(r"FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", stripped, re.IGNORECASE)
        if match:
            stages.append(_Stage(name=match[2] or "", base=match[1], lines=()))
        elif stages and stripped:
            last = stages[-1]
            stages[-1] = _Stage(name=last.name, base=last.base, lines=(*last.lines, stripped))
    return stages


def _target_and_facts(
    project: ProjectFiles, path: str, text: str, health: str | None
) -> Iterator[Finding]:
    stages = _stages(text)
    configured = project.configured("image.target")
    target = configured if isinstance(configured, str) else _target(stages)
    if target:
        yield Found("image.target", target, f"the stage of that name in {path}")
    lines = _lines_of(stages, target)
    port, check = _exposed(lines), _health_check(lines)
    has_command = any(re.match(r"(CMD|ENTRYPOINT)\s", line, re.IGNORECASE) for line in lines)
    yield Fact("image_port", port)
    if not has_command and not project.configured("image.command"):
        yield from _start(project, path)
    if check or health:
        why = f"HEALTHCHECK in {path}" if check else "a path in the project's urls"
        yield Found("image.health", check or health, why)


def _start(project: ProjectFiles, path: str) -> Iterator[Finding]:
    """A start command for an image without one: gunicorn, where the project's requirements name it."""
    wsgi = entry_point(project, "wsgi")
    files = project.tree.matching(
        r"(.*/)?([^/]*requirements[^/]*\.(txt|in)|requirements/[^/]+|pyproject\.toml|Pipfile)"
    )
    if wsgi and any(re.search(r"\bgunicorn\b", project.tree.text(file)) for file in files):
        command = ["gunicorn", "--bind", "0.0.0.0:{app.port}", wsgi]
        yield Found("image.command", command, f"{path} has no CMD, and gunicorn is a dependency")
    else:
        yield Skip(
            "image",
            f"{path} has no CMD or ENTRYPOINT: set image.command to what starts the application",
        )


def _target(stages: list[_Stage]) -> str | None:
    names = [stage.name for stage in stages]
    if not names or names[-1].lower() in _PREFERRED_TARGETS:
        return None
    lowered = [name.lower() for name in names]
    # The last stage is what `docker build` makes; only a last stage for developers gives way to another one.
    if not _SIDE.fullmatch(lowered[-1] or "production"):
        return next(
            (names[lowered.index(name)] for name in ("production", "prod") if name in lowered), None
        )
    return next(
        (names[lowered.index(name)] for name in _PREFERRED_TARGETS if name in lowered), None
    )


def _lines_of(stages: list[_Stage], target: str | None) -> tuple[str, ...]:
    """The instructions of a stage, those of the stages that it is made from first."""
    by_name = {stage.name: stage for stage in stages if stage.name}
    stage = by_name.get(target) if target else (stages[-1] if stages else None)
    lines: tuple[str, ...] = ()
    for _ in stages:
        if stage is None:
            break
        lines = (*stage.lines, *lines)
        stage = by_name.get(stage.base)
    return lines


def _exposed(lines: tuple[str, ...]) -> int | None:
    ports = [
        match[1]
        for line in lines
        if (match := re.match(r"EXPOSE\s+(\d{2,5})\b", line, re.IGNORECASE))
    ]
    if not ports:
        joined = "\n".join(lines)
        ports = re.findall(
            r"(?:0\.0\.0\.0|\[::\]|-b\s*|--bind[ =]|--port[ =]):?(\d{2,5})\b", joined
        )
    return int(ports[-1]) if ports and 0 < int(ports[-1]) < 65536 else None  # noqa: PLR2004  # TCP


def _health_check(lines: tuple[str, ...]) -> str | None:
    for line in reversed(lines):
        if re.match(r"HEALTHCHECK\s", line, re.IGNORECASE):
            match = re.search(
                r"(?:https?://[^/\s]+|(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::\S*?)?)(/[\w./?=&%-]*)",
                line,
            )
            return match[1] if match else None
    return None


def find_health(project: ProjectFiles) -> str | None:
    """A path in urls.py that looks like a health endpoint: `/health/live` before `/health/` before `/ping`."""
    found: list[str] = []
    text_of_health_check_package = "health_check.urls"
    for path in project.tree.matching(r"(.*/)?urls(/\w+)?\.py", under=project.layout.directory):
        if re.search(r"(^|/)(tests?|examples?|docs?)/", path):
            continue
        text = project.tree.text(path)
        root = path.count("/") <= 1 + project.layout.directory.count("/") + (
            project.layout.directory != "."
        )
        for match in re.finditer(
            r"\b(?:path|re_path|url)\(\s*r?[\"']([^\"']*)[\"']\s*,\s*([^,\n]*)", text
        ):
            hit = _HEALTH_PATHS.fullmatch(match[1])
            included = "include(" in match[2]
            if hit and root and (not included or text_of_health_check_package in match[2]):
                found.append("/" + hit[1].lstrip("/"))
    return min(found, key=_health_rank, default=None)


def _health_rank(path: str) -> tuple[int, int, str]:
    rank = next((index for index, word in enumerate(_ORDER) if word in path), len(_ORDER))
    return rank, len(path), path


def _integration(project: ProjectFiles, health: str | None) -> Iterator[Finding]:
    """The stage runs where there is something to ask; a declared check or command counts as such."""
    configured = project.configured("integration")
    declared = isinstance(configured, dict) and any(
        configured.get(key) for key in ("checks", "command", "health", "enabled")
    )
    if isinstance(configured, dict) and configured.get("enabled") is False:
        yield Skip("integration", "switched off with integration.enabled = false")
    elif health:
        yield Found(
            "integration.health", health, "a path in the project's urls, or its HEALTHCHECK"
        )
        if configured is None:
            why = "nobody asked for it: the path may need more than the application itself"
            yield Found("stages.integration.optional", True, why)
    elif not declared:
        yield Skip(
            "integration",
            "no health endpoint was found and integration declares no checks and no command",
        )
