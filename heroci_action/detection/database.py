"""How the project takes its database and its Redis: by URL, by separate variables, or not at all."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from heroci_action.detection.environment_reads import Read, plain, text_of
from heroci_action.detection.facts import Vendor
from heroci_action.detection.findings import Fact, Finding, Found, Warn
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.requirements import distributions, find_dependencies
from heroci_action.detection.settings_choice import settings_source
from heroci_action.detection.source import SettingsSource, Statement

POSTGRES_DRIVERS = frozenset(
    {
        "psycopg",
        "psycopg2",
        "psycopg2-binary",
        "psycopg-binary",
        "psycopg-c",
        "psycopg2cffi",
        "pg8000",
    }
)
MYSQL_DRIVERS = frozenset({"mysqlclient", "pymysql", "mysql-connector-python"})
_ROLES = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password", "NAME": "db"}
_LIBPQ = {"HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER", "PASSWORD": "PGPASSWORD"}
_IMAGE_ENV = {"USER": "POSTGRES_USER", "PASSWORD": "POSTGRES_PASSWORD", "NAME": "POSTGRES_DB"}
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_BUSY = re.compile(r"GITHUB_|TRAVIS|CIRCLECI|\bGITLAB|\bCI\b|READ_REPLICA|REPLICA")
_TESTING = re.compile(
    r"""^(?!not ).*(['"]test['"] in sys\.argv|\bTESTING\b|\bTEST\b|PYTEST|['"]pytest['"] in)"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One way in which settings define the default database."""

    url: Read | None = None
    variables: Mapping[str, Read] = field(
        default_factory=dict
    )  # role to the variable that gives it
    literals: Mapping[str, str] = field(default_factory=dict)  # role to what stands in the code
    file: str = ""
    conditional: bool = False
    switches: Mapping[str, str] = field(
        default_factory=dict
    )  # variables that must have a value for this way

    @property
    def vendor(self) -> Vendor:
        """What the code itself says, defaults included."""
        engine = self.variables.get("ENGINE")
        text = self.literals.get("ENGINE") or (engine.default if engine else "") or ""
        if self.url is not None:
            text = (self.url.default or "").partition(":")[0]
        return vendor_of(text)

    @property
    def gis(self) -> bool:
        """Whether a spatial database is asked for."""
        engine = self.variables.get("ENGINE")
        texts = (
            self.literals.get("ENGINE"),
            engine and engine.default,
            self.url and self.url.default,
        )
        return any(text and ("gis" in text or "spatialite" in text) for text in texts)

    @property
    def from_environment(self) -> bool:
        """Whether a variable says where the server is."""
        return self.url is not None or bool(
            {"HOST", "ENGINE", "NAME", "USER"} & set(self.variables)
        )


def vendor_of(text: str) -> Vendor:
    """The vendor that the name of an engine or the scheme of a URL speaks of."""
    lowered = text.lower()
    for words, vendor in (
        (("postg", "psql", "pgsql", "timescale", "cockroach"), Vendor.POSTGRESQL),
        (("sqlite", "spatialite"), Vendor.SQLITE),
        (("mysql", "mariadb"), Vendor.MYSQL),
        (("oracle",), Vendor.ORACLE),
    ):
        if any(word in lowered for word in words):
            return vendor
    return Vendor.UNKNOWN


def databases(source: SettingsSource) -> list[Database]:
    """Every way in which the settings define the default database, in the order of the code."""
    ways: list[Database] = []
    for statement in source.assigned("DATABASES"):
        if any(_BUSY.search(test) for test in statement.tests):
            continue
        _add(ways, source, statement)
    return ways


def ways_of(project: ProjectFiles) -> list[Database]:
    """Those of the settings; where they have none, those of a module that the project's CI names in a variable."""
    source = settings_source(project)
    ways = databases(source) if source else []
    if any(way.url or way.variables or way.literals for way in ways):
        return ways
    files = (project.module(value) for value, _ in project.evidence.env.values() if "." in value)
    for file in files:
        if file and (found := databases(SettingsSource.of(project.tree, project.roots, file))):
            return found
    return ways


def _add(ways: list[Database], source: SettingsSource, statement: Statement) -> None:
    node = statement.node
    if (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and node.value.args
    ):  # .update(…)
        way = _way(source, node.value.args[0], statement)
        if way is not None and (way.url or way.variables):
            ways[-1:] = [_over(ways[-1], way) if ways else way]
        return
    value = getattr(node, "value", None)
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    target = targets[0]
    keys = _keys(target)
    if value is None or (keys and keys[0] not in {"default", None}):
        return
    role = keys[1] if len(keys) > 1 else None
    if role in {*_ROLES, "ENGINE"} and ways:  # DATABASES["default"]["HOST"] = …
        ways[-1] = _with_role(source, ways[-1], str(role), value)
    elif role is None:
        way = _way(source, value if keys else _default_of(source, value), statement)
        if way is not None:
            ways.append(way)


def _over(below: Database, above: Database) -> Database:
    """What `DATABASES["default"].update(…)` makes: the vendor below holds where the URL is not set."""
    if above.url is None or above.url.default or below.vendor is Vendor.UNKNOWN:
        return above
    return replace(above, url=replace(above.url, default=f"{below.vendor.value}://"))


def _keys(target: ast.AST | None) -> list[str | None]:
    keys: list[str | None] = []
    while isinstance(target, ast.Subscript):
        keys.insert(0, text_of(target.slice))
        target = target.value
    return keys


def _default_of(source: SettingsSource, value: ast.expr) -> ast.expr | None:
    if isinstance(value, ast.Name) and value.id in source.names and value.id != "DATABASES":
        return _default_of(source, source.names[value.id])
    if not isinstance(value, ast.Dict):
        return value
    pairs = [
        (source.plain(key), item) for key, item in zip(value.keys, value.values, strict=True) if key
    ]
    return next((item for key, item in pairs if key == "default"), pairs[0][1] if pairs else None)


def _way(source: SettingsSource, node: ast.expr | None, statement: Statement) -> Database | None:
    if isinstance(node, ast.Name) and node.id in source.names:
        node = source.names[node.id]
    if isinstance(node, ast.IfExp):
        node = node.body
    conditional = statement.conditional and not any(
        _TESTING.search(test) for test in statement.tests
    )
    empty = Database(
        file=statement.file, conditional=conditional, switches=_switches(source, statement)
    )
    if isinstance(node, ast.Dict):
        way = empty
        for key, value in zip(node.keys, node.values, strict=True):
            name = source.plain(key) if key else None
            if name in {*_ROLES, "ENGINE"}:
                way = _with_role(source, way, str(name), value)
        return way
    if node is None:
        return None
    found = source.reads_in(node)
    url = next((read for read in found if read.url == "database"), None) or next(
        (read for read in found if re.search(r"(DATABASE|DB|POSTGRES\w*|PG)_?UR[LI]$", read.name)),
        None,
    )
    if url is not None and url.default is None:
        url = _with_default(url, node)
    return replace(empty, url=url) if url else None


def _with_default(url: Read, node: ast.AST) -> Read:
    """dj_database_url.parse(os.environ.get("X", f"sqlite:///…")) and the like: any URL in the code tells the vendor."""
    texts = (plain(inner) or "" for inner in ast.walk(node))
    default = next((text for text in texts if re.match(r"\w+://", text)), None)
    return Read(
        name=url.name,
        default=default,
        required=url.required,
        has_default=url.has_default,
        url="database",
    )


def _with_role(source: SettingsSource, way: Database, role: str, value: ast.expr) -> Database:
    found = source.reads_in(value)
    literal = source.plain(value)
    if (
        literal is None and isinstance(value, ast.Call) and not found
    ):  # SECRETS.get("db_user", "django")
        literal = plain(value.args[1]) if len(value.args) > 1 else None
    variables = dict(way.variables)
    literals = dict(way.literals)
    if found:
        variables[role] = found[0]
    if literal is not None:
        literals[role] = literal
    return replace(way, url=None, variables=variables, literals=literals)


def _switches(source: SettingsSource, statement: Statement) -> dict[str, str]:
    """`if os.getenv("DB") == "postgres"` must be told DB=postgres; so must a name that was read from DB before."""
    found: dict[str, str] = {}
    for test in statement.tests:
        match = re.fullmatch(r"""(.+?)(?:\.lower\(\))? == ['"]([^'"]+)['"]""", test)
        if match is None or test.startswith("not "):
            continue
        read = next(iter(source.reads_in(ast.parse(match[1], mode="eval").body)), None)
        if read is not None:
            found[read.name] = match[2]
    return found


def detect_database(project: ProjectFiles) -> Iterator[Finding]:
    """Services, the variables that point to them, the vendor, and what cannot be helped with a remedy."""
    way = choose(project, ways_of(project))
    if way is None:
        yield from _unknown(project)
        return
    vendor = _effective_vendor(project, way)
    yield Fact("vendor", vendor)
    yield Fact("database_variable", way.url.name if way.url else None)
    for name, value in way.switches.items():
        yield Found(f"env.{name}", value, f"the condition before DATABASES in {way.file}")
    match vendor:
        case Vendor.POSTGRESQL:
            yield from _postgres(project, way)
        case Vendor.SQLITE:
            for read in way.variables.values():
                if read.name in project.tox_env:
                    value = project.tox_env[read.name].strip("'\"")
                    yield Found(f"env.{read.name}", value, f"{read.name} in tox.ini")
            yield Found("services", {}, f"the tests use SQLite ({way.file})")
        case Vendor.MYSQL | Vendor.ORACLE:
            yield Found("services", {}, f"the settings use {vendor.value} ({way.file})")
            yield Warn(
                f"{way.file} uses {vendor.value}, which HeroCI has no built-in service for; declare one with an image: "
                f'services.{vendor.value} = {{ image = "{vendor.value}:8", port = 3306 }} and point `env` to '
                f"{{{vendor.value}.host}} and {{{vendor.value}.port}}"
            )
        case Vendor.UNKNOWN:
            yield from _unknown(project)


def choose(project: ProjectFiles, ways: list[Database]) -> Database | None:
    """The last way that always holds, or a later one under a condition where PostgreSQL is wanted."""
    if not ways:
        return None
    last = max((index for index, way in enumerate(ways) if not way.conditional), default=-1)
    options = ways[max(last, 0) :]
    switched = [way for way in options if way.switches and _switched_on(project, way)]
    if switched:
        return switched[0]
    open_ways = [way for way in options if not way.switches] or options
    sqlite = [way for way in open_ways if way.vendor is Vendor.SQLITE]
    if wants_postgres(project) and not (sqlite and content_without_server(project)):
        urls = [way for way in open_ways if way.url and way.vendor is not Vendor.SQLITE]
        postgres = [way for way in open_ways if way.vendor is Vendor.POSTGRESQL]
        for pool in (urls, postgres, [way for way in open_ways if way.from_environment]):
            if pool:
                return pool[0]
    return (sqlite or open_ways)[0]


def _switched_on(project: ProjectFiles, way: Database) -> bool:
    return all(
        project.evidence.env.get(name, ("",))[0] == value for name, value in way.switches.items()
    )


def wants_postgres(project: ProjectFiles) -> bool:
    """Whether a driver for PostgreSQL is a dependency; without known dependencies, whether CI starts a server."""
    if distributions(project):
        locked = find_dependencies(project).locked_names
        return bool((distributions(project) | locked) & POSTGRES_DRIVERS)
    return _service_image(project, r"(.*/)?(postg\w*|pgvector|timescale\w*)") is not None


def content_without_server(project: ProjectFiles) -> bool:
    """Whether the project's own CI tests without a PostgreSQL server: what is SQLite by default is meant to be."""
    testing = project.evidence.testing
    started = any(
        re.search(r"postg|docker[ -]compose|createdb|pg_ctl", text)
        for command in testing
        for text in (command.line, *command.env.values())
    )
    image = _service_image(project, r"(.*/)?(postg\w*|pgvector|timescale\w*)")
    return bool(testing) and not started and (image is None or "compose" in image[2])


def _effective_vendor(project: ProjectFiles, way: Database) -> Vendor:
    """The environment decides where the code leaves it to it: PostgreSQL where a driver is there."""
    configured = _told_engine(project, way)
    if configured is not Vendor.UNKNOWN:
        return configured
    if way.vendor is Vendor.UNKNOWN and {"HOST", "USER"} & {*way.literals, *way.variables}:
        return Vendor.POSTGRESQL if wants_postgres(project) else Vendor.UNKNOWN
    engine_is_free = way.url is not None or "ENGINE" in way.variables
    if not engine_is_free or way.vendor is Vendor.POSTGRESQL:
        return way.vendor
    if way.vendor is Vendor.SQLITE and _stays_on_sqlite(project):
        return Vendor.SQLITE
    if wants_postgres(project) or not distributions(project):
        return Vendor.POSTGRESQL
    fallback = Vendor.MYSQL if distributions(project) & MYSQL_DRIVERS else Vendor.SQLITE
    return fallback if way.vendor is Vendor.UNKNOWN else way.vendor


def _told_engine(project: ProjectFiles, way: Database) -> Vendor:
    """What the project's CI or tox gives for the variable that names the engine."""
    engine = way.variables.get("ENGINE")
    if engine is None:
        return Vendor.UNKNOWN
    value, _ = project.evidence.env.get(engine.name, (project.tox_env.get(engine.name, ""), ""))
    return vendor_of(value)


def _stays_on_sqlite(project: ProjectFiles) -> bool:
    """CI is content with it, or a spatial PostgreSQL would be needed, which is more than a server of ours offers."""
    return content_without_server(project) or _installed(project, "django.contrib.gis")


def _service_image(project: ProjectFiles, pattern: str) -> tuple[str, str, str] | None:
    for image in project.evidence.images:
        if re.fullmatch(pattern, image.name):
            return image.name, image.tag, image.source
    return None


def _major(tag: str) -> str | None:
    match = re.match(r"v?(\d+)", tag)
    return match[1] if match else None


def _postgres(project: ProjectFiles, way: Database) -> Iterator[Finding]:
    spatial = way.gis or _installed(project, "django.contrib.gis")
    image = _service_image(project, r"(.*/)?(postgres|postgresql|pgvector|postgis)")
    version = _major(image[1]) if image else None
    why = (
        f"{image[0]}:{image[1]} in {image[2]}"
        if image and version
        else f"the settings use PostgreSQL ({way.file})"
    )
    if version:
        yield Found("services.postgres.version", version, why)
    else:
        yield Found("services.postgres", {}, why)
    if spatial:
        yield Found("services.postgres.image", "postgis/postgis", "the settings use GeoDjango")
        yield Warn(
            "the settings use GeoDjango: the database needs PostGIS and Python needs GDAL; "
            'set apt = ["gdal-bin", "libproj-dev"] and use an engine with the image postgis/postgis'
        )
    if way.url is not None:
        scheme = "postgis" if spatial else "postgres"
        url = f"{scheme}://{{postgres.user}}:{{postgres.password}}@{{postgres.host}}:{{postgres.port}}/{{postgres.db}}"
        yield Found(
            f"env.{way.url.name}", url if spatial else "{postgres.url}", f"read in {way.file}"
        )
    else:
        yield from _separate(way)


def _installed(project: ProjectFiles, app: str) -> bool:
    source = settings_source(project)
    return source is not None and any(app in project.tree.text(file) for file in source.files)


def _separate(way: Database) -> Iterator[Finding]:
    why = f"read in {way.file}"
    engine = way.variables.get("ENGINE")
    if engine is not None and vendor_of(engine.default or "") is not Vendor.POSTGRESQL:
        yield Found(f"env.{engine.name}", _engine_value(engine), why)
    for role, attribute in _ROLES.items():
        read = way.variables.get(role)
        literal = way.literals.get(role, "")
        if read is not None:
            yield Found(f"env.{read.name}", f"{{postgres.{attribute}}}", why)
        elif role in _LIBPQ and (not literal or (role == "HOST" and literal in _LOCAL)):
            # libpq takes what settings leave open from its own variables.
            if role != "HOST" or not literal:
                yield Found(
                    f"env.{_LIBPQ[role]}",
                    f"{{postgres.{attribute}}}",
                    f"left open in {way.file}, so libpq reads it",
                )
        elif role in _IMAGE_ENV:
            yield Found(
                f"services.postgres.env.{_IMAGE_ENV[role]}", literal, f"hard-coded in {way.file}"
            )
    yield from _hard_coded(way)


def _engine_value(engine: Read) -> str:
    """The value of a variable that names the engine whole, or only its last part (`django.db.backends.%s`)."""
    return (
        "postgresql"
        if engine.default and "." not in engine.default
        else "django.db.backends.postgresql"
    )


def _hard_coded(way: Database) -> Iterator[Finding]:
    host, port = way.literals.get("HOST", ""), way.literals.get("PORT", "")
    if "HOST" in way.variables or (not host and not port):
        return
    if host not in {*_LOCAL, ""} or (port and "PORT" not in way.variables):
        if host in {*_LOCAL, ""} and port.isdigit():
            yield Found("services.postgres.port", int(port), f"hard-coded in {way.file}")
        yield Warn(
            f"{way.file} hard-codes the database at {host or 'localhost'}:{port or 5432}; let it read the environment, "
            'for example "HOST": os.environ.get("POSTGRES_HOST", "localhost") and the same for PORT, '
            "so that HeroCI can point it to its own server"
        )


def _unknown(project: ProjectFiles) -> Iterator[Finding]:
    """No DATABASES that could be understood: PostgreSQL where something speaks for it, else none."""
    source = settings_source(project)
    text = "".join(project.tree.text(file) for file in source.files) if source else ""
    if wants_postgres(project) and "DATABASE_URL" in text:
        yield Fact("vendor", Vendor.POSTGRESQL)
        yield Found(
            "services.postgres",
            {},
            "the settings mention DATABASE_URL, and a driver for PostgreSQL is a dependency",
        )
        yield Found("env.DATABASE_URL", "{postgres.url}", "the settings mention DATABASE_URL")
        return
    image = _service_image(project, r"(.*/)?(postgres|postgresql)")
    if image and distributions(project) & POSTGRES_DRIVERS:
        yield Warn(
            f"how the settings take their database was not understood, although {image[2]} starts {image[0]}; "
            "the tests use what the settings say by themselves. To give them a server set "
            'services = { postgres = "17" } and env = { DATABASE_URL = "{postgres.url}" }, '
            'or env = { DB_HOST = "{postgres.host}", DB_PORT = "{postgres.port}" } as the settings read it'
        )
    yield Found("services", {}, "the settings name no database that needs a server")
