"""The other environment variables of the settings: keys, flags, Redis, and variables without a value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from heroci_action.detection.ci.dotenv import parse_dotenv
from heroci_action.detection.ci.records import Image
from heroci_action.detection.ci.tool_variables import may_change_tests
from heroci_action.detection.database import choose_database
from heroci_action.detection.environment_reads import Read, is_false, reads
from heroci_action.detection.findings import Finding, Found, Warn
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.requirements import distributions
from heroci_action.detection.servers import (
    REDIS,
    addressed_server,
    ci_image,
    declare,
    describe,
    kind_of,
)
from heroci_action.detection.settings_source import settings_source
from heroci_action.detection.source import CAUGHT, SettingsSource, Statement

_EXAMPLES = (
    ".env.test",
    ".env.testing",
    ".env-test",
    ".env.ci",
    "test.env",
    ".env.example",
    ".env.sample",
    ".env.dist",
    ".env-dist",
    ".env.dev.example",
    ".env.template",
    ".environment-example",
    "env.example",
    "env_sample",
    "dotenv.example",
    ".env-example",
    ".env.local.example",
    "example.env",
    ".env.dev",
    ".env",
)
_EXAMPLE_DIRECTORIES = (".envs/.local", "docker", "envs", "config")
_REDIS_CLIENTS = frozenset(
    {
        "redis",
        "django-redis",
        "channels-redis",
        "rq",
        "django-rq",
        "django-redis-cache",
        "valkey",
        "django-valkey",
    }
)
_REDIS_URL = re.compile(r"^(rediss?|valkey)://")
# Variables of the process, which an example must not set.
_NEVER = frozenset(
    {
        "PATH",
        "HOME",
        "USER",
        "PWD",
        "PYTHONPATH",
        "VIRTUAL_ENV",
        "TERM",
        "SHELL",
        "DJANGO_SETTINGS_MODULE",
        "CI",
    }
)
# Addresses and accounts of servers, which scripts read to wait for them.
_ADDRESS = re.compile(
    r"(^|_)(DB|DATABASE|POSTGRES|POSTGRESQL|PG|SQL|MYSQL|MARIADB|REDIS|VALKEY)\w*_"
    r"(HOST\w*|PORT|USER\w*|PASS\w*|DB|NAME)$"
)


def detect_variables(project: ProjectFiles) -> Iterator[Finding]:
    """Yield values for the variables that the settings read, in the order of the code."""
    source = settings_source(project)
    if source is None:
        return
    way = choose_database(project)
    taken = (way.names if way else frozenset()) | {
        read.name for read, _ in _reads_for(source, "DATABASES") if not read.required
    }
    yield from _secret_keys(source)
    yield from _flags(project, source)
    redis = tuple(_redis(project, source, taken))
    yield from redis
    yield from _others(
        project, source, taken, frozenset(item.key[4:] for item in redis if isinstance(item, Found))
    )


def _reads_for(source: SettingsSource, setting: str) -> Iterator[tuple[Read, Statement]]:
    for statement in source.assigned(setting):
        value = getattr(statement.node, "value", None)
        found = (*reads(statement.node), *(source.reads_in(value) if value is not None else ()))
        for read in found:
            yield read, statement


def _secret_keys(source: SettingsSource) -> Iterator[Finding]:
    for read, statement in _reads_for(source, "SECRET_KEY"):
        if re.search(r"KEY|SECRET", read.name) and "FILE" not in read.name:
            yield Found(f"env.{read.name}", "{secret_key}", f"SECRET_KEY in {statement.file}")


def _flags(project: ProjectFiles, source: SettingsSource) -> Iterator[Finding]:
    """Yield DEBUG if it is off by default, unless the CI's own environment is known, and hosts if none is allowed."""
    yield from () if project.evidence.testing else _debug(source)
    for read, statement in _reads_for(source, "ALLOWED_HOSTS"):
        if "HOST" in read.name and (not read.has_default or read.default in {"", "[]"}):
            yield Found(f"env.{read.name}", "*", f"ALLOWED_HOSTS in {statement.file}")
    for read, statement in source.reads:
        if read.name == "TEST_DATABASE_PREFIX":
            yield Found("env.TEST_DATABASE_PREFIX", "test_heroci_", f"read in {statement.file}")


def _debug(source: SettingsSource) -> Iterator[Finding]:
    for read, statement in _reads_for(source, "DEBUG"):
        off = not read.has_default or (read.default is not None and is_false(read.default))
        if off and "DEBUG" in read.name:
            value = "0" if read.default == "0" else "False"
            yield Found(f"env.{read.name}", value, f"DEBUG in {statement.file}")


def _redis(
    project: ProjectFiles, source: SettingsSource, taken: frozenset[str]
) -> Iterator[Finding]:
    """Yield Redis if the project's CI starts it; without a CI, if the settings require it."""
    candidates = [
        (read, statement)
        for read, statement in source.reads
        if read.name not in taken
        and (_is_redis(read) or (read.url == "cache" and not read.has_default))
    ]
    image = next(filter(_is_redis_image, project.evidence.images), None)
    if not _needs_redis(project, image, [read for read, _ in candidates]):
        return
    why = describe(image) if image else f"read in {candidates[0][1].file}"
    yield Found("services.redis", _redis_version(image), why)
    if not candidates:
        yield Found(
            "services.redis.port", 6379, "the settings do not read its address from the environment"
        )
    for read, statement in candidates:
        in_ci = read.name in project.evidence.env
        left_empty = not (in_ci or read.required or read.default)
        if not (project.evidence.testing and left_empty):
            # The number of the database is the CI's.
            known = project.evidence.env.get(read.name, (read.default, ""))[0]
            value = _redis_value(replace(read, default=known))
            yield Found(f"env.{read.name}", value, f"read in {statement.file}")


def _is_redis_image(image: Image) -> bool:
    return kind_of(image) is REDIS


def _needs_redis(project: ProjectFiles, image: Image | None, reads: list[Read]) -> bool:
    if image in project.ci.services:
        return True
    if image is not None and any(read.required for read in reads):
        return True
    undecided = any(not read.has_default for read in reads) and not project.evidence.testing
    return undecided and bool(distributions(project) & _REDIS_CLIENTS)


def _redis_version(image: Image | None) -> dict[str, str]:
    """Return the version of an image with Redis; Valkey counts its own."""
    version = re.match(r"v?(\d+)", image.tag) if image and "valkey" not in image.name else None
    return {"version": version[1]} if version else {}


def _is_redis(read: Read) -> bool:
    if read.default and _REDIS_URL.match(read.default):
        return True
    if re.search(
        r"(REDIS|VALKEY)\w*_(HOST|PORT|URL|URI|LOCATION|SERVER)$|^(REDIS|VALKEY)(_URL)?$|^(CELERY_)?BROKER_URL$",
        read.name,
    ):
        return not (read.default and "://" in read.default)
    return False


def _redis_value(read: Read) -> str:
    if read.name.endswith("_PORT"):
        return "{redis.port}"
    if read.name.endswith(("_HOST", "_SERVER")):
        return "{redis.host}"
    number = re.search(r"/(\d+)(\?.*)?$", read.default or "")
    return f"redis://{{redis.host}}:{{redis.port}}/{number[1]}" if number else "{redis.url}"


def _others(
    project: ProjectFiles, source: SettingsSource, taken: frozenset[str], redis: frozenset[str]
) -> Iterator[Finding]:
    known = {**_examples(project, source), **_from_tox(project), **dict(project.evidence.env)}
    yield from _modules(project)
    missing: dict[str, str] = {}
    guarded = {read.name for read, _ in source.reads if not read.required}
    done = set(
        taken
        | redis
        | {read.name for read, _ in _reads_for(source, "SECRET_KEY")}
        | _NEVER
        | {"TEST_DATABASE_PREFIX"}
    )
    for read, statement in source.reads:
        if read.name in done:
            continue
        safe = statement.conditional or CAUGHT in statement.tests or read.name in guarded
        needed = read.required and not safe
        in_ci = read.name in project.evidence.env or read.name in project.tox_env
        if not (needed or in_ci):
            continue
        done.add(read.name)
        if read.name in known:
            value, origin = known[read.name]
            yield from _with_server(project, read.name, value, origin)
        elif not _is_host_or_flag(read, source):
            missing.setdefault(read.name, statement.file)
    yield from _unread(project, done)
    if missing:
        yield _no_values(missing)


def _no_values(missing: Mapping[str, str]) -> Warn:
    """Return the warning for variables, by name with the file that reads them."""
    example = next(iter(missing))
    return Warn(
        f"the settings need environment variables that have no value: {', '.join(missing)} "
        f'(read in {", ".join(dict.fromkeys(missing.values()))}); set env = {{ {example} = "…" }}',
        tuple(f'env.{name} = "…"' for name in missing),
    )


def _unread(project: ProjectFiles, done: set[str]) -> Iterator[Finding]:
    """Yield the variables of the test job that the settings do not read: a library or the tests may."""
    for name, (value, origin) in project.evidence.env.items():
        if name not in done and may_change_tests(name) and not _ADDRESS.search(name):
            yield from _with_server(project, name, value, origin)


def _modules(project: ProjectFiles) -> Iterator[Finding]:
    """Yield the variables of the test job that name a module of the project, such as a configuration for tests."""
    for name, (value, origin) in project.evidence.env.items():
        if name not in _NEVER and "." in value and project.module(value):
            yield Found(f"env.{name}", value, f"{name} in {origin}")


def _is_host_or_flag(read: Read, source: SettingsSource) -> bool:
    settled = {
        other.name
        for setting in ("DEBUG", "ALLOWED_HOSTS")
        for other, _ in _reads_for(source, setting)
    }
    return read.name in settled


def _from_tox(project: ProjectFiles) -> dict[str, tuple[str, str]]:
    return {name: (value, "tox.ini") for name, value in project.tox_env.items()}


def _examples(project: ProjectFiles, source: SettingsSource) -> dict[str, tuple[str, str]]:
    """Return the variables of examples for a .env file, the most specific file first."""
    directories = (*project.layout.directories, source.file.rsplit("/", 1)[0])
    found: dict[str, tuple[str, str]] = {}
    for directory in directories:
        prefix = "" if directory == "." else f"{directory}/"
        for name in (
            *_EXAMPLES,
            *(f"{d}/{n}" for d in _EXAMPLE_DIRECTORIES for n in (*_EXAMPLES, ".django")),
        ):
            for variable, value in parse_dotenv(project.tree.text(prefix + name)).items():
                found.setdefault(variable, (value, prefix + name))
    return found


def _with_server(project: ProjectFiles, name: str, value: str, origin: str) -> Iterator[Finding]:
    """Yield a variable; an address of a server that the plan or the CI starts becomes the address of HeroCI's."""
    kind = addressed_server(value)
    if kind is not None and kind is not REDIS and (image := ci_image(project, kind)):
        yield from declare(kind, image, f"{name} in {origin}")
    pointed = value
    if kind is REDIS:
        pointed = _redis_value(Read(name="", default=value))
    elif kind is not None:
        pointed = f"{{{kind.name}.url}}"
    yield Found(f"env.{name}", pointed, f"{name} in {origin}", otherwise=value)
