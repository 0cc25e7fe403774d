"""The production image and the checks of the running application."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from heroci_action.detection.ci.compose.image_build import ImageBuild
from heroci_action.detection.ci.dockerfile import Dockerfile
from heroci_action.detection.ci.image_contents import find_in_image
from heroci_action.detection.ci.records import UNKNOWN
from heroci_action.detection.findings import Fact, Finding, Found, Skip, Warn
from heroci_action.detection.image.builds import find_builds
from heroci_action.detection.image.choice import (
    DOCKERFILE,
    SIDE,
    choose_context,
    find_bases,
    find_build,
    find_dockerfile,
)
from heroci_action.detection.image.health import find_health
from heroci_action.detection.image.made_files import warn_of_made_files
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.settings.modules import entry_point

_REQUIREMENTS = (
    r"(.*/)?([^/]*requirements[^/]*\.(txt|in)|requirements/[^/]+|pyproject\.toml|Pipfile)"
)

_PORT = re.compile(r"\$(?:PORT\b|\{PORT(?::?-\d+)?\})")
# Programs that serve an application.
_SERVERS = re.compile(
    r"\b(gunicorn|uvicorn|daphne|hypercorn|granian|uwsgi|waitress-serve|runserver)\b"
)


def detect_image(project: ProjectFiles) -> Iterator[Finding]:
    """Yield the image table, facts about it, and the reasons to skip the stages that lack something."""
    configured = project.configured("image.dockerfile")
    path = configured if isinstance(configured, str) else find_dockerfile(project)
    text = project.tree.text(path) if path else ""
    dockerfile = Dockerfile(text, _target(project, path, text)) if path else None
    build = find_build(project, path) if path else None
    checked = _checked(dockerfile, build) if dockerfile else None
    health = find_health(project) or (checked and checked[0])
    if health:
        yield Fact("health", health)
    if project.configured("image") is False:
        yield Skip("image", "disabled by image = false")
    elif path is None or dockerfile is None:
        yield Skip("image", f"the project has no Dockerfile{_others(project)}")
    else:
        yield from _image(project, path, dockerfile, build)
        if health:
            yield Found("image.health", *(checked or (health, "a path in the project's URLs")))
    yield from _integration(project, health)


def _others(project: ProjectFiles) -> str:
    """Describe the Dockerfiles that are not for production."""
    bases = find_bases(project)
    contain = "contains" if len(bases) == 1 else "contain"
    shown = f"; {', '.join(bases)} {contain} none of its code" if bases else ""
    return f" for production{shown}" if project.tree.matching(DOCKERFILE) else ""


def _checked(dockerfile: Dockerfile, build: ImageBuild | None) -> tuple[str, str] | None:
    """Return the path that the health check of the image or of the compose file requests, and its source."""
    if dockerfile.health:
        return dockerfile.health, "HEALTHCHECK in the Dockerfile"
    path = dockerfile.path_checked_by(build.health_check) if build else None
    return (path, f"the health check in {build.source}") if path and build else None


def _target(project: ProjectFiles, path: str | None, text: str) -> str | None:
    configured = project.configured("image.target")
    build = find_build(project, path) if path else None
    if isinstance(configured, str):
        return configured
    if build and build.target and UNKNOWN not in build.target:
        return build.target
    builds_last = build is not None and not build.target
    return Dockerfile(text).production_target(SIDE, builds_last=builds_last)


def _image(
    project: ProjectFiles, path: str, dockerfile: Dockerfile, build: ImageBuild | None
) -> Iterator[Finding]:
    why = f"built by {build.source}" if build else f"{path} is in the repository"
    yield Found("image.dockerfile", path, why)
    context = build.context if build else choose_context(project, path, dockerfile)
    yield Found("image.context", context, why if build else f"the files that {path} copies")
    if dockerfile.target:
        yield Found("image.target", dockerfile.target, f"the stage for production in {path}")
    given = build.arguments.items() if build else ()
    if known := {name: value for name, value in given if UNKNOWN not in value}:
        yield Found("image.build-args", known, why)
    yield from _unknown_arguments(project, path, dockerfile, known)
    yield from warn_of_made_files(project, path)
    yield Fact("image_port", dockerfile.port)
    built = ImageBuild(dockerfile=path, context=context, target=dockerfile.target, source=path)
    manage = project.layout.manage
    if manage and (inside := find_in_image(built, project.tree, manage)):
        yield Fact("image_manage", inside)
    starts = dockerfile.has_command and not dockerfile.is_idle
    if not starts and not project.configured("image.command"):
        yield from _command(project, path)


def _unknown_arguments(
    project: ProjectFiles, path: str, dockerfile: Dockerfile, known: Mapping[str, str]
) -> Iterator[Finding]:
    """Warn of arguments without which the image cannot be built."""
    given = project.configured("image.build-args") or {}
    missing = [name for name in dockerfile.required_arguments if name not in {*known, *given}]
    if missing:
        yield Warn(
            f"{path} needs build arguments whose values are not known, because they name its base "
            f"image: {', '.join(missing)}",
            tuple(f'image.build-args.{name} = "…"' for name in missing),
        )


def _command(project: ProjectFiles, path: str) -> Iterator[Finding]:
    """Start an image without a command as the compose file does, else with gunicorn, if the project requires it."""
    for build in find_builds(project):
        line = " ".join(build.command)
        known = not {UNKNOWN, "{"} & {*_PORT.sub("", line)}
        if build.dockerfile == path and _SERVERS.search(line) and known:
            # Hosting services set the port in a variable.
            words = [_PORT.sub("{app.port}", word) for word in build.command]
            yield Found("image.command", words, f"the command in {build.source}")
            return
    wsgi = entry_point(project, "wsgi")
    files = project.tree.matching(_REQUIREMENTS)
    if wsgi and any(re.search(r"\bgunicorn\b", project.tree.text(file)) for file in files):
        command = ["gunicorn", "--bind", "0.0.0.0:{app.port}", wsgi]
        yield Found(
            "image.command", command, f"{path} starts nothing, and gunicorn is a dependency"
        )
    else:
        remedy = "set image.command to the command that starts the application"
        yield Skip("image", f"{path} has no CMD or ENTRYPOINT that starts it: {remedy}")


def _integration(project: ProjectFiles, health: str | None) -> Iterator[Finding]:
    """Yield what to check in the running application, or the reason why there is nothing to check."""
    configured = project.configured("integration")
    table = configured if isinstance(configured, dict) else {}
    if table.get("enabled") is False:
        yield Skip("integration", "disabled by integration.enabled = false")
    elif health:
        why = "a path in the project's URLs, or its HEALTHCHECK"
        yield Found("integration.health", health, why)
        if configured is None:
            why = "not configured, and the path may need more than the application"
            yield Found("stages.integration.optional", True, why)
    elif not any(table.get(key) for key in ("checks", "command", "health", "enabled")):
        yield Skip(
            "integration",
            "no health endpoint was found, and `integration` has no checks and no command",
        )
