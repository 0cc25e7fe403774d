"""The other environment variables of the settings: keys, flags, Redis, and variables without a value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from heroci_action.detection.ci.dotenv import read_dotenv
from heroci_action.detection.ci.records import Image, LeftOut
from heroci_action.detection.ci.tool_variables import may_change_tests
from heroci_action.detection.facts import Vendor
from heroci_action.detection.findings import Finding, Found, Warn
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.requirements.declared import distributions
from heroci_action.detection.servers.ci_servers import (
    DATABASES,
    REDIS,
    ServerKind,
    addressed_server,
    any_image,
    ci_image,
    declare,
    describe,
    is_own_host,
    kind_of,
    redis_password,
)
from heroci_action.detection.servers.database_choice import choose_database, choose_vendor
from heroci_action.detection.servers.hard_coded import fix_redis
from heroci_action.detection.settings.source import settings_source
from heroci_action.detection.sources.environment_reads import Read, read_of, reads
from heroci_action.detection.sources.own_variables import find_own_variables
from heroci_action.detection.sources.source import SettingsSource
from heroci_action.detection.sources.statements import CAUGHT, Statement
from heroci_action.detection.variables.examples import (
    find_examples,
    find_made_later,
    is_usable,
    warn_of_guesses,
)
from heroci_action.detection.variables.flags import debug_off, detect_flags
from heroci_action.detection.variables.nested import is_nested, point_nested
from heroci_action.detection.variables.reads import all_reads, names_for, reads_for

_REDIS_CLIENTS = frozenset(
    {
        "redis", "django-redis", "channels-redis", "rq", "django-rq", "django-redis-cache", "valkey", "django-valkey",
    }
)  # fmt: skip
# `REDIS_URL`, `CELERY_BROKER_URL`
_REDIS_NAME = re.compile(
    r"(REDIS|VALKEY)\w*_(HOST|PORT|URL|URI|LOCATION|SERVER)$|^(REDIS|VALKEY)(_URL)?$|^(CELERY_)?BROKER_URL$"
)
# `rediss://cache:6379/0`
_REDIS_URL = re.compile(r"^(rediss?|valkey)://")
# `redis://cache:6379`
_BARE = re.compile(r"(rediss?|valkey)://[^/?]+")
# `DJANGO_SECRET_KEY`
_SECRET = re.compile(r"KEY|SECRET")
# `DB_HOST`, `CACHE_SERVER`
_HOST_NAME = re.compile(r"HOST|SERVER|ADDR")
# Variables of the process, which neither an example nor the CI sets.
_NEVER = frozenset(
    {
        "PATH", "HOME", "USER", "PWD", "PYTHONPATH", "VIRTUAL_ENV", "TERM", "SHELL", "DJANGO_SETTINGS_MODULE",
    }
)  # fmt: skip
_BEFORE_SETTINGS = frozenset({"manage.py", "conftest.py", "__init__.py"})
# Addresses and accounts of servers, which scripts read to wait for them.
_ADDRESS = re.compile(
    r"(^|_)(DB|DATABASE|POSTGRES|POSTGRESQL|PG|SQL|MYSQL|MARIADB|REDIS|VALKEY)\w*_"
    r"(HOST\w*|PORT|USER\w*|PASS\w*|DB|NAME)$"
)


def detect_variables(project: ProjectFiles) -> Iterator[Finding]:
    """Yield values for the variables that the settings read, in the order of the code."""
    source = settings_source(project)
    way = choose_database(project)
    yield from _switches(project, {*_NEVER, *(way.switches if way else ())})
    if source is None:
        yield from _unread(project, set(_NEVER))
        return
    taken = frozenset((*_of_database(project), *_other_addresses(project, source)))
    found = (
        *_secret_keys(project, source),
        *detect_flags(project, source),
        *_redis(project, source, taken),
    )
    yield from found
    keys = (item.key for item in found if isinstance(item, Found))
    yield from _others(project, source, {*taken, *(key.removeprefix("env.") for key in keys)})


def find_unknown_variables(project: ProjectFiles) -> Iterator[LeftOut]:
    """Yield the optional variables of the settings that the suite's job sets to a value that only the CI knows."""
    suite, source = project.ci.suite, settings_source(project)
    # Tox and nox make environments with their own variables.
    if suite is None or source is None or suite.main.command.environment:
        return
    command, way = suite.main.command, choose_database(project)
    unknown = {name for each in (*command.via, command) for name in each.unknown}
    given = {*(way.names if way else ()), *_other_addresses(project, source), *command.env}
    given |= names_for(source, "SECRET_KEY", "ALLOWED_HOSTS")
    reads = (
        read for read, _ in all_reads(source) if not (read.required or _is_redis(project, read))
    )
    for name in dict.fromkeys(read.name for read in reads if read.name in unknown - given):
        yield LeftOut(
            line=f"{name}=…",
            source=suite.job.source,
            reason="only the CI knows the value",
            variable=name,
        )


def _of_database(project: ProjectFiles) -> frozenset[str]:
    """Return the variables of DATABASES, unless nothing tells which server they are about."""
    way = choose_database(project)
    if way is None:
        return frozenset()
    unknown = choose_vendor(project, way) is Vendor.UNKNOWN
    return frozenset() if unknown and not any_image(project, *DATABASES) else way.names


def _other_addresses(project: ProjectFiles, source: SettingsSource) -> Iterator[str]:
    """Yield the optional variables of DATABASES that must not get a value, such as DB_PORT next to a URL.

    Other variables that the CI sets keep their values: options, and the names of further databases.
    """
    for read, _ in reads_for(source, "DATABASES"):
        is_kept = read.name in project.evidence.env and not _ADDRESS.search(read.name)
        if not (read.required or is_kept):
            yield read.name


def _secret_keys(project: ProjectFiles, source: SettingsSource) -> Iterator[Finding]:
    """Yield a random key for each variable to which neither the CI nor a file of the settings gives a value.

    Tests may compare a key that the repository states.
    """
    in_files = _in_files(project)
    stated = {name: value for name, (value, _) in {**in_files, **project.evidence.env}.items()}
    for read, statement in reads_for(source, "SECRET_KEY"):
        if stated.get(read.name) and is_usable(source, read.name, stated[read.name]):
            continue
        whole = read_of(getattr(statement.node, "value", statement.node))
        # Any other variable may only decide about the key, or name its file.
        is_key = whole is not None and whole.name == read.name
        if (is_key or _SECRET.search(read.name)) and "FILE" not in read.name:
            yield Found(f"env.{read.name}", "{secret_key}", f"SECRET_KEY in {statement.file}")


@once
def _in_files(project: ProjectFiles) -> Mapping[str, tuple[str, str]]:
    """Return the variables of the files that the settings, or the modules before them, always read."""
    source = settings_source(project)
    settings = source.files if source else ()
    read = (
        path
        for path, module in project.evidence.fixed_files
        if module in settings or module.rpartition("/")[2] in _BEFORE_SETTINGS
    )
    return read_dotenv(project.tree, read)


def _redis(
    project: ProjectFiles, source: SettingsSource, taken: frozenset[str]
) -> Iterator[Finding]:
    """Yield Redis if the project's CI starts it; without a CI, if the settings require it."""
    free = ((read, place) for read, place in all_reads(source) if read.name not in taken)
    candidates = [(read, place) for read, place in free if _is_redis(project, read)]
    image = any_image(project, REDIS)
    if not _needs_redis(project, image, [read for read, _ in candidates]):
        return
    why = describe(image) if image else f"read in {candidates[0][1].file}"
    yield from declare(REDIS, image, why)
    names = frozenset(read.name for read, _ in candidates)
    found = [f for read, place in candidates for f in _redis_address(project, read, place, names)]
    yield from found
    if found:
        return
    if any(_server_at(project, *pair) is REDIS for pair in _set_in_ci(project, source)):
        # `f"redis://{CACHE}:6379"`
        yield Found("services.redis.port", REDIS.port, "no variable contains its port")
        return
    why = "no variable contains its address"
    yield from fix_redis(project, image, why)
    if image in project.ci.services:
        yield from _unaddressed(project, image, [read for read, _ in candidates])


def _set_in_ci(project: ProjectFiles, source: SettingsSource) -> Iterator[tuple[str, str]]:
    """Yield the variables that the settings read and the CI sets, each with its value."""
    for name in dict.fromkeys(read.name for read, _ in source.reads):
        if name in project.evidence.env:
            yield name, project.evidence.env[name][0]


def _unaddressed(project: ProjectFiles, image: Image, reads: list[Read]) -> Iterator[Finding]:
    """Warn of the variables for Redis that no file of the CI sets; its own settings page may."""
    given = project.configured("env") or {}
    lines = {
        f'env.{read.name} = "{_redis_value(project, read)}"': read.name
        for read in reads
        if read.default is None and read.name not in {*given, *project.evidence.env}
    }
    if lines:
        names = ", ".join(dict.fromkeys(lines.values()))
        yield Warn(
            f"{image.source} starts {image.reference}, and no file of the CI sets {names}, from which the settings "
            f"read its address; if the CI does so elsewhere, set {next(iter(lines))}",
            tuple(lines),
        )


def _redis_address(
    project: ProjectFiles, read: Read, statement: Statement, names: frozenset[str]
) -> Iterator[Finding]:
    """Yield the address of Redis; `names` are all variables for it."""
    if _has_value(project, read) and not _is_elsewhere(project, read):
        # The number of the database is the CI's.
        known = project.evidence.env.get(read.name, (read.default, ""))[0]
        value = _redis_value(project, replace(read, default=known), names)
        yield Found(f"env.{read.name}", value, f"read in {statement.file}")


def _has_value(project: ProjectFiles, read: Read) -> bool:
    """Return whether a variable has a value in the project's CI, or may have one."""
    set_in_ci = read.name in project.evidence.env or not project.evidence.testing
    return set_in_ci or read.required or bool(read.default)


def _is_elsewhere(project: ProjectFiles, read: Read) -> bool:
    """Return whether the CI sets an address that is none of its servers', for tests of a server that is absent."""
    value, _ = project.evidence.env.get(read.name, ("", ""))
    if "://" in value:
        return addressed_server(project, value) is None
    return bool(value and _HOST_NAME.search(read.name)) and not is_own_host(project, value)


def _needs_redis(project: ProjectFiles, image: Image | None, reads: list[Read]) -> bool:
    if image in project.ci.services:
        return True
    if image is not None and any(read.required for read in reads):
        return True
    undecided = any(not read.has_default for read in reads) and not project.evidence.testing
    return undecided and bool(distributions(project) & _REDIS_CLIENTS)


def _is_redis(project: ProjectFiles, read: Read) -> bool:
    default = read.default or ""
    in_ci, _ = project.evidence.env.get(read.name, ("", ""))
    if any(map(_REDIS_URL.match, (default, in_ci))) or (
        read.url == "cache" and not read.has_default
    ):
        return True
    return bool(_REDIS_NAME.search(read.name)) and "://" not in default


def _redis_value(project: ProjectFiles, read: Read, names: frozenset[str] = frozenset()) -> str:
    if read.name.endswith("_PORT"):
        return "{redis.port}"
    if read.name.endswith(("_HOST", "_SERVER")):
        if not _REDIS_URL.match(read.default or ""):
            return "{redis.host}"
        # `redis://localhost`, to which the settings add the port of another variable
        if {read.name.removesuffix(end) + "_PORT" for end in ("_HOST", "_SERVER")} & names:
            return "redis://{redis.host}"
    number = re.search(r"/(\d+)(\?.*)?$", read.default or "")
    image = any_image(project, REDIS)
    login = ":{redis.password}@" if image and redis_password(image) else ""
    # The settings may append the number: `f"{REDIS_BASE}/1"`.
    end = f"/{number[1]}" if number else ""
    is_bare = _BARE.fullmatch(read.default or "") is not None
    return f"redis://{login}{{redis.host}}:{{redis.port}}{end}" if end or is_bare else "{redis.url}"


def _others(project: ProjectFiles, source: SettingsSource, taken: set[str]) -> Iterator[Finding]:
    """Yield the variables that are not `taken`, and warn of those without a value."""
    examples = find_examples(project, source)
    known = {
        **project.evidence.application,
        **examples,
        **_from_tox(project),
        **project.evidence.env,
    }
    yield from _modules(project)
    done = {*taken, *_NEVER, "TEST_DATABASE_PREFIX"}
    # The tests run without it anyway, and the settings cannot be read without a value.
    debug = {found.key: found for found in debug_off(source)}
    in_files = _in_files(project)
    own = {*find_own_variables(source), *find_made_later(project), *in_files}
    missing: dict[str, str] = {}
    guessed: dict[str, tuple[str, str]] = {}
    for name, file in _wanted(project, source).items():
        if name in done:
            continue
        done.add(name)
        if name in known and is_usable(source, name, known[name][0]):
            yield from _with_server(project, name, *known[name])
            guessed |= {name: known[name]} if known[name] == examples.get(name) else {}
        elif found := name not in in_files and debug.get(f"env.{name}"):
            yield found
        elif name not in own and not is_nested(known, name):
            missing[name] = file
    yield from warn_of_guesses(project, guessed)
    yield from _unread(project, done)
    if missing:
        yield _no_values(missing)


def _wanted(project: ProjectFiles, source: SettingsSource) -> dict[str, str]:
    """Return the variables that the settings need or the CI sets, with the file that reads them first."""
    set_in_ci = {*project.evidence.env, *project.tox_env}
    found: dict[str, str] = {}
    for read, statement in all_reads(source):
        safe = statement.conditional or CAUGHT in statement.tests
        if read.name in set_in_ci or (read.required and not safe):
            found.setdefault(read.name, statement.file)
    return found


def _no_values(missing: Mapping[str, str]) -> Warn:
    """Return the warning for variables, by name with the file that reads them."""
    example = next(iter(missing))
    return Warn(
        f"the settings need environment variables that have no value: {', '.join(missing)} "
        f'(read in {", ".join(dict.fromkeys(missing.values()))}); set env = {{ {example} = "…" }}',
        tuple(f'env.{name} = "…"' for name in missing),
    )


def _unread(project: ProjectFiles, done: set[str]) -> Iterator[Finding]:
    """Yield the variables of the test job that the settings do not read: a library or the tests may.

    The code itself sets the variables of the files that it reads.
    """
    for name, (value, origin) in project.evidence.env.items():
        if name in done or origin in project.evidence.env_files:
            continue
        if _ADDRESS.search(name):
            yield from point_nested(project, name)
            continue
        # Without its secret value, a variable of the CI's tools would only hide that of the machine.
        if may_change_tests(name) or (value and project.tree.python_with(name)):
            yield from _with_server(project, name, value, origin)


def _switches(project: ProjectFiles, done: set[str]) -> Iterator[Finding]:
    """Yield the variables that show the project's code in which CI it runs, if it asks: `if "CI" in os.environ`."""
    for name in project.ci.switches:
        paths = project.tree.python_with(name) if name not in done else ()
        nodes = map(project.tree.python, paths)
        if any(read.name == name for node in nodes for read in reads(node)):
            yield Found(f"env.{name}", "true", f"the CI sets it, and {paths[0]} reads it")


def _modules(project: ProjectFiles) -> Iterator[Finding]:
    """Yield the variables of the test job that name a module of the project, such as a configuration for tests."""
    for name, (value, origin) in project.evidence.env.items():
        if name not in _NEVER and "." in value and project.module(value):
            yield Found(f"env.{name}", value, f"{name} in {origin}")


def _from_tox(project: ProjectFiles) -> dict[str, tuple[str, str]]:
    return {name: (value, "tox.ini") for name, value in project.tox_env.items()}


def _with_server(project: ProjectFiles, name: str, value: str, origin: str) -> Iterator[Finding]:
    """Yield a variable; an address of a server that the plan or the CI starts becomes the address of HeroCI's."""
    kind = addressed_server(project, value)
    if kind is not None and kind is not REDIS and (image := ci_image(project, kind)):
        yield from declare(kind, image, f"{name} in {origin}")
    pointed = value
    if kind is REDIS:
        pointed = _redis_value(project, Read(name="", default=value))
    elif kind is not None:
        pointed = _url(kind, value)
    elif host := _server_at(project, name, value):
        pointed = f"{{{host.name}.host}}"
    yield Found(f"env.{name}", pointed, f"{name} in {origin}", otherwise=value)


def _url(kind: ServerKind, value: str) -> str:
    """Return the URL of a database; SQLAlchemy reads the driver in its scheme: `db+postgresql+psycopg2://`."""
    scheme, name = value.partition("://")[0], kind.name
    if "+" not in scheme:
        return f"{{{name}.url}}"
    login = f"{{{name}.user}}:{{{name}.password}}"
    return f"{scheme}://{login}@{{{name}.host}}:{{{name}.port}}/{{{name}.db}}"


def _server_at(project: ProjectFiles, name: str, value: str) -> ServerKind | None:
    """Return the server that the CI gives this host name; a user or database may have the same name."""
    if not (_HOST_NAME.search(name) or name.lower() == value):
        return None
    named = (image for image in project.ci.services if image.alias == value != "localhost")
    return next(filter(None, map(kind_of, named)), None)
