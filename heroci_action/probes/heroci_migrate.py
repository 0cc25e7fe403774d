"""Run `manage.py migrate`, and keep a copy of the migrated database from which test databases are created.

    python heroci_migrate.py manage.py migrate --noinput

The copy is made before post_migrate is sent, because Django sends it again when it has created a test database. If
anything was seen that would differ in a test database, there is no copy, and the record states why. The exit code and
output are Django's. See the package's docstring for the environment variables.
"""

# sys.path contains strings:
# ruff: noqa: PTH100, PTH103, PTH118, PTH120
# Django's modules can be imported only when its settings are known:
# ruff: noqa: PLC0415
# What Django's own creation of test databases uses has no public names:
# ruff: noqa: SLF001

from __future__ import annotations

import functools
import gc
import os
import re
import runpy
import secrets
import sys
import time
from contextlib import contextmanager, suppress
from typing import Any, Iterator, List, Optional

import heroci_as_tests  # type: ignore[import-not-found,unused-ignore]
import heroci_reads  # type: ignore[import-not-found,unused-ignore]
import heroci_schema  # type: ignore[import-not-found,unused-ignore]

# Such statements concern the database itself or only this session, so a copy does not have their effect.
OUTSIDE = re.compile(
    r"\b(?:database|current_database|current_catalog|pg_database)\b|\bcreate\s+(?:local\s+|global\s+)?temp"
    r"|^\s*(?:set|reset|discard|listen)\b(?!\s+(?:constraints|local)\b)",
    re.IGNORECASE,
)
# Objects of users have object identifiers from here on. Source: PostgreSQL's access/transam.h, FirstNormalObjectId.
CATALOGS = ("pg_class", "pg_proc", "pg_type", "pg_namespace", "pg_extension", "pg_cast")
OBJECTS = " UNION ALL ".join(
    "SELECT 1 FROM pg_catalog." + name + " WHERE oid >= 16384"  # noqa: S608  see above
    for name in CATALOGS
)
LIKE_TEMPLATE = """
SELECT count(*) = 2 AND count(DISTINCT (encoding, datcollate, datctype)) = 1
FROM pg_catalog.pg_database WHERE datname IN (current_database(), 'template1')
"""
OWN_OPTIONS = """
SELECT 1 FROM pg_catalog.pg_database d WHERE datname = current_database() AND (
    datacl IS NOT NULL OR EXISTS (SELECT 1 FROM pg_catalog.pg_db_role_setting s WHERE s.setdatabase = d.oid)
)
"""

# Appendix A of PostgreSQL's manual: object_in_use, which is raised after five seconds of waiting.
IN_USE = "55006"
UNUSED_WITHIN = 60.0
"""Seconds to wait for the end of other connections to the migrated database."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
ALL_CHECKS = "HEROCI_ALL_CHECKS"
"""Set by this program for itself: run every system check first, as Django does."""


class Migration:
    """The migration of the default database: from the creation of its executor until post_migrate is sent."""

    def __init__(self) -> None:
        self.reads = heroci_reads.Reads()
        self._problem: Optional[str] = None
        self._seen: List[str] = []
        self._open: List[Any] = []
        self._ended = False
        self.is_loaded = False
        """Whether all migrations are imported; from then on, they change the database."""

    def record(self) -> None:
        """Record why there is no copy, unless there is one."""
        self._close()
        if self._problem or not self._ended:
            heroci_schema.write({"problem": self._problem or "the step `migrate` did not complete"})

    def begin(self, connection: Any) -> None:
        """Start to watch, if the test databases could be copies of this one."""
        if self._open or connection.alias != heroci_schema.ALIAS:
            return
        self._problem = _unsuitable(connection)
        if self._problem is None:
            for manager in (self.reads.migrating(), _watch(self._seen, connection), _measure()):
                manager.__enter__()
                self._open.append(manager)

    def end(self, alias: str) -> None:
        """Stop to watch, and copy the database."""
        if alias != heroci_schema.ALIAS:
            return
        self._close()
        if self._problem is None:
            self._problem = self._seen[0] if self._seen else _copy(self.reads)
        self._ended = True

    def _close(self) -> None:
        while self._open:
            self._open.pop().__exit__(None, None, None)


def _unsuitable(connection: Any) -> Optional[str]:
    """Return why no test database can be a copy of this one."""
    from django.core.management import get_commands

    if connection.vendor != "postgresql":
        return "the database is not PostgreSQL"
    if get_commands()["migrate"] != "django.core":
        return "the project has its own `migrate` command"
    with connection.cursor() as cursor:
        cursor.execute(OBJECTS + " LIMIT 1")
        if cursor.fetchone():
            return "the database was not empty before the migrations"
        cursor.execute(LIKE_TEMPLATE)
        if not cursor.fetchone()[0]:
            return "the database has another encoding or locale than template1"
    return None


def _copy(reads: heroci_reads.Reads) -> Optional[str]:
    """Copy the database, and record the copy. Return why that is impossible."""
    from django.db import connections

    connection = connections[heroci_schema.ALIAS]
    app = _unmigrated_app(connection)
    if app:
        return "app {!r} has no migrations, and Django creates its tables first".format(app)
    with connection.cursor() as cursor:
        cursor.execute(OWN_OPTIONS)
        if cursor.fetchone():
            return "the database has options or privileges of its own, which a copy would not have"
    name = "heroci_{}".format(secrets.token_hex(8))
    salt = secrets.token_hex(16)
    state = heroci_schema.describe_state(salt)
    source = connection.settings_dict["NAME"]
    connection.close()
    quote = connection.ops.quote_name
    try:
        with connection._nodb_cursor() as cursor:
            statement = "CREATE DATABASE {} TEMPLATE {}".format(quote(name), quote(source))
            _execute_when_unused(cursor, statement)
            # It must not change from now on.
            cursor.execute("ALTER DATABASE {} ALLOW_CONNECTIONS false".format(quote(name)))
    except Exception as error:  # noqa: BLE001  without a copy, the tests migrate
        return "the database could not be copied: {}".format(str(error).strip())
    heroci_schema.write({"database": name, "salt": salt, "state": state, **reads.describe()})
    return None


def _execute_when_unused(cursor: Any, statement: str) -> None:
    """Copy a database as soon as no other process is connected: `makemigrations --check` runs at the same time."""
    end = time.monotonic() + UNUSED_WITHIN
    while True:
        try:
            return cursor.execute(statement)
        except Exception as error:
            # psycopg and psycopg2 have different names for it.
            code = getattr(error.__cause__, "sqlstate", getattr(error.__cause__, "pgcode", None))
            if code != IN_USE or time.monotonic() > end:
                raise


def _unmigrated_app(connection: Any) -> Optional[str]:
    from django.apps import apps
    from django.db.migrations.loader import MigrationLoader

    for label in sorted(MigrationLoader(connection).unmigrated_apps):
        models = apps.get_app_config(label).get_models(include_auto_created=True)
        if any(model._meta.can_migrate(connection) for model in models):
            return str(label)
    return None


# --- What migrations depend on ---------------------------------------------------------------------------------------


class _Notes:
    """What migrations have used that differs in the process or in the database of the tests."""

    def __init__(self, seen: List[str]) -> None:
        self._seen = seen

    def use(self, what: str) -> None:
        """Note a use, unless it is Django's or the driver's own."""
        frame: Any = sys._getframe(1)
        while frame.f_code.co_filename in (__file__, heroci_reads.__file__):
            frame = frame.f_back
        module = str(frame.f_globals.get("__name__"))
        if module.split(".", 1)[0] not in ("django", "psycopg", "psycopg2", "coverage"):
            self._seen.append("{} uses {}".format(module, what))

    def execute(self, run: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        """Execute a statement, and note it if its effect is not in a copy."""
        text = str(sql).strip()
        if OUTSIDE.search(text):
            self._seen.append("a migration executes {!r}".format(text[:80]))
        return run(sql, params, many, context)


@contextmanager
def _watch(seen: List[str], connection: Any) -> Iterator[None]:
    from django.conf import LazySettings

    notes = _Notes(seen)
    get = LazySettings.__getattribute__

    def get_setting(self: Any, name: str) -> Any:
        if name == "DATABASES" or name in heroci_schema.SET_BY_TESTS:
            notes.use("settings.{}".format(name))
        return get(self, name)

    arguments, options = sys.argv, connection.settings_dict
    sys.argv = heroci_reads.watch_list(arguments, functools.partial(notes.use, "sys.argv"))
    connection.settings_dict = _watched_options(notes)(options)
    LazySettings.__getattribute__ = get_setting  # type: ignore[method-assign,unused-ignore]
    try:
        with connection.execute_wrapper(notes.execute):
            yield
    finally:
        sys.argv, connection.settings_dict = arguments, options
        LazySettings.__getattribute__ = get  # type: ignore[method-assign,unused-ignore]


def _watched_options(notes: _Notes) -> Any:
    """Return a class of dictionary that notes each look at the name of the database."""

    def watched(method: Any) -> Any:
        def forward_look(self: Any, key: str, *args: Any) -> Any:
            if key == "NAME":
                notes.use("the name of the database")
            return method(self, key, *args)

        return forward_look

    names = ("__getitem__", "get")
    return type("Options", (dict,), {name: watched(getattr(dict, name)) for name in names})


@contextmanager
def _measure() -> Iterator[None]:
    """Measure the migrations, into a file that counts only if the tests use the copy: then they do not run them."""
    rcfile = os.environ.get("HEROCI_SCHEMA_COVERAGE")
    if not rcfile:
        yield
        return
    import coverage
    import heroci_tracer  # type: ignore[import-not-found,unused-ignore]

    directory = os.environ["HEROCI_SCHEMA"] + "-coverage"
    os.makedirs(directory, exist_ok=True)
    measured = coverage.Coverage(config_file=rcfile, data_file=os.path.join(directory, "data"))
    # With PYTHONWARNINGS=error, migrations that the project omits would fail the command.
    measured.set_option("run:disable_warnings", ["no-data-collected"])
    with heroci_tracer.measuring(measured):
        yield
    measured.save()


# --- The database ----------------------------------------------------------------------------------------------------


def _create_missing(connection: Any) -> None:
    """Create a database that only the settings name, as tests do; never on a server that this run did not start."""
    if connection.vendor != "postgresql" or not _is_own_server(connection.settings_dict):
        return
    name = connection.settings_dict["NAME"]
    # Whatever is wrong with the server, Django's command reports it better.
    with suppress(Exception), connection._nodb_cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_catalog.pg_database WHERE datname = %s", [name])
        if not cursor.fetchone():
            cursor.execute("CREATE DATABASE {}".format(connection.ops.quote_name(name)))
            print("created the database {!r}, which the settings name".format(name))  # noqa: T201


def _is_own_server(options: Any) -> bool:
    own_host, _, own_port = os.environ.get("HEROCI_SERVER", "").rpartition(":")
    host, port = options.get("HOST"), str(options.get("PORT") or 5432)
    same = host == own_host or {host, own_host}.issubset(LOOPBACK)
    return same and port == own_port


# --- Django's command ------------------------------------------------------------------------------------------------


def hook(migration: Migration) -> None:
    """Call the migration when Django's command begins and ends it."""
    from django.core.checks import Tags
    from django.core.management.commands import migrate
    from django.db import connections

    executor, send = migrate.MigrationExecutor, migrate.emit_post_migrate_signal
    run_checks, handle = migrate.Command.check, migrate.Command.handle

    def handle_existing(self: Any, *args: Any, **options: Any) -> Any:
        _create_missing(connections[options["database"]])
        return handle(self, *args, **options)

    def check(self: Any, *args: Any, **kwargs: Any) -> Any:
        # The step `check` runs all others at the same time, and they import the whole project.
        return run_checks(self, *args, **{"tags": [Tags.database], **kwargs})

    def create_executor(connection: Any, *args: Any, **kwargs: Any) -> Any:
        # The collector would traverse all modules again and again, while the migrations create classes by thousands.
        gc.freeze()
        migration.begin(connection)
        created = executor(connection, *args, **kwargs)
        migration.is_loaded = True
        gc.freeze()
        return created

    def emit_post_migrate_signal(verbosity: Any, interactive: Any, db: str, **kwargs: Any) -> Any:
        migration.end(db)
        gc.unfreeze()
        return send(verbosity, interactive, db, **kwargs)

    if ALL_CHECKS not in os.environ:
        migrate.Command.check = check
    migrate.Command.handle = handle_existing
    migrate.MigrationExecutor = create_executor
    migrate.emit_post_migrate_signal = emit_post_migrate_signal


def main() -> None:
    """Run the command as Python does."""
    given = list(sys.argv)
    sys.argv = sys.argv[1:]
    sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
    migration = Migration()
    # A manage.py may make Django importable; without the hook there is no copy.
    with suppress(ImportError):
        migration.reads.watch()
        hook(migration)
        if "HEROCI_AS_TESTS" in os.environ:
            heroci_as_tests.install(os.environ["HEROCI_AS_TESTS"])
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except Exception as error:
        if migration.is_loaded or ALL_CHECKS in os.environ:
            raise
        _start_again(given, error)
    finally:
        migration.record()


def _start_again(arguments: List[str], error: Exception) -> None:
    """Start again with every system check: some modules can be imported only after modules that the checks import."""
    sys.stderr.write("HeroCI: with all system checks now, because of {!r}\n".format(error))
    sys.stdout.flush()
    sys.stderr.flush()
    os.environ[ALL_CHECKS] = "1"
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606  this program


if __name__ == "__main__":
    main()
