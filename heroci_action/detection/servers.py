"""The servers that a project's CI starts, as services of the plan."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from heroci_action.detection.ci.records import Image
from heroci_action.detection.findings import Finding, Found
from heroci_action.detection.project_files import ProjectFiles

# Words in names and tags of images that contain more than the plain server.
_EXTENDED = re.compile(r"gis|vector|timescale|citus|cron|parade|supabase|\bage\b|zombodb|pgroonga")
_VERSION_IN_TAG = (re.compile(r"\bpg(\d+)"), re.compile(r"v?(\d+(?:\.\d+)?)"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerKind:
    """A server that HeroCI can start: its name in the plan, and its images by the last part of their name."""

    name: str
    images: str
    port: int
    # Whether the part of a version after the dot matters.
    minor: bool = False


POSTGRES = ServerKind(
    name="postgres",
    images=r"postgres\w*|postgis\w*|pgvector|timescaledb\w*(-ha)?|citus|paradedb",
    port=5432,
)
MYSQL = ServerKind(name="mysql", images=r"mysql(-server)?|percona", port=3306, minor=True)
MARIADB = ServerKind(name="mariadb", images=r"mariadb", port=3306, minor=True)
REDIS = ServerKind(name="redis", images=r"redis|redis-stack\w*(-server)?|valkey", port=6379)
DATABASES = (POSTGRES, MYSQL, MARIADB)


def kind_of(image: Image) -> ServerKind | None:
    """Return the kind of server that an image contains."""
    name = image.name.rpartition("/")[2]
    kinds = (*DATABASES, REDIS)
    return next((kind for kind in kinds if re.fullmatch(kind.images, name)), None)


def ci_image(project: ProjectFiles, *kinds: ServerKind) -> Image | None:
    """Return the image of the first of these servers that the job with the tests starts."""
    return next((image for image in project.ci.services if kind_of(image) in kinds), None)


def any_image(project: ProjectFiles, *kinds: ServerKind) -> Image | None:
    """Return the image that the tests' job uses, else the one of a compose file."""
    return next((image for image in project.evidence.images if kind_of(image) in kinds), None)


def describe(image: Image) -> str:
    """Return the reference of an image and the file that names it."""
    return (
        f"{image.name}:{image.tag} in {image.source}"
        if image.tag
        else f"{image.name} in {image.source}"
    )


def version_of(image: Image, kind: ServerKind) -> str | None:
    """Return the version in a tag: 17 for `17.2-alpine`, and for `2.20.3-pg17`."""
    for form in _VERSION_IN_TAG:
        if match := form.search(image.tag) if form is _VERSION_IN_TAG[0] else form.match(image.tag):
            # Until 9.6, PostgreSQL's major version had two parts.
            keeps = kind.minor or match[1].startswith(("8.", "9."))
            return match[1] if keeps else match[1].partition(".")[0]
    return None


def is_extended(image: Image) -> bool:
    """Return whether an image contains more than the plain server, such as PostGIS."""
    return bool(_EXTENDED.search(f"{image.name.rpartition('/')[2]}:{image.tag}"))


def declare(kind: ServerKind, image: Image | None, why: str) -> Iterator[Finding]:
    """Yield the service for a server, with the version or the image that the CI uses."""
    key = f"services.{kind.name}"
    version = version_of(image, kind) if image else None
    if image is not None:
        why = describe(image)
    yield Found(f"{key}.version", version, why) if version else Found(key, {}, why)
    if image is not None and is_extended(image):
        reference = f"{image.name}:{image.tag}" if image.tag else image.name
        yield Found(f"{key}.image", reference, why)


_SCHEMES: Mapping[str, ServerKind] = {
    "postgres": POSTGRES, "postgresql": POSTGRES, "psql": POSTGRES, "pgsql": POSTGRES, "postgis": POSTGRES,
    "timescale": POSTGRES, "mysql": MYSQL, "mariadb": MARIADB, "redis": REDIS, "rediss": REDIS, "valkey": REDIS,
}  # fmt: skip
_ADDRESS = re.compile(
    r"([a-z0-9]+)(?:\+\w+)?://(?:[^@/\s]*@)?([\w.-]+)(?::\d+)?(?:/\S*)?", re.ASCII
)
_LOCAL = re.compile(r"localhost|127\.0\.0\.1|0\.0\.0\.0|::1|[a-z][\w-]*")


def addressed_server(value: str) -> ServerKind | None:
    """Return the server whose local address a value is, such as `postgres://user@localhost:5432/shop`."""
    match = _ADDRESS.fullmatch(value)
    # A host without a dot is this machine or another container.
    return _SCHEMES.get(match[1]) if match and _LOCAL.fullmatch(match[2]) else None
