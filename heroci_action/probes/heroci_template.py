"""Create Django's test database as a copy of the migrated one, if it would be the same.

Django itself still does everything else: the copy replaces the empty database in which it would run the migrations. Its
`migrate` finds nothing to do and sends its signals, then Django serialises the contents and clones the database for
parallel processes. If `migrate` finds anything to do, the database is created again, from nothing.
"""

# Django's modules can be imported only when its settings are known:
# ruff: noqa: PLC0415
# The hooked methods have no public names:
# ruff: noqa: SLF001
# This runs in the process under test, where pathlib would only cost time:
# ruff: noqa: PTH112, PTH118, PTH208

from __future__ import annotations

import functools
import os
import re
import shutil
import sys
from contextlib import contextmanager
from typing import Any, Dict, Iterator, Optional

import heroci_schema  # type: ignore[import-not-found,unused-ignore]
from heroci_record import Record  # type: ignore[import-not-found,unused-ignore]

READS = re.compile(r"\s*\(*(?:SELECT|SHOW|SAVEPOINT|RELEASE SAVEPOINT)\b", re.IGNORECASE)
CREATION = "django.db.backends.postgresql.creation"
STEPS = (
    "create_test_db",
    "_create_test_db",
    "_execute_create_test_db",
    "sql_table_creation_suffix",
)


class NotTheSameError(Exception):
    """Django would have changed the copy, so it is not what Django creates."""


def install(directory: str) -> None:
    """Install the hook of the creation of test databases, if the step `migrate` recorded something."""
    found = heroci_schema.read()
    if found is None:
        return
    try:
        from django.db.backends.base.creation import BaseDatabaseCreation
        from django.db.backends.postgresql.creation import DatabaseCreation
    except Exception:  # noqa: BLE001  without a driver for PostgreSQL, there is nothing to hook
        return
    if DatabaseCreation.create_test_db is BaseDatabaseCreation.create_test_db:
        original = DatabaseCreation.create_test_db
        DatabaseCreation.create_test_db = _hook(original, found, Record(directory, "schema"))


def _hook(original: Any, found: Dict[str, Any], record: Record) -> Any:
    @functools.wraps(original)
    def create_test_db(
        self: Any,
        verbosity: int = 1,
        autoclobber: bool = False,
        serialize: Any = True,
        keepdb: bool = False,
    ) -> Any:
        if self.connection.alias != heroci_schema.ALIAS:
            return original(self, verbosity, autoclobber, serialize, keepdb)
        problem = found.get("problem") or _refuse(self, found, keepdb=keepdb)
        if not problem:
            before = self.connection.settings_dict["NAME"]
            try:
                with _copying(self.connection, found["database"]):
                    name = original(self, verbosity, autoclobber, serialize, keepdb)
            # Django exits if it cannot create the database.
            except (NotTheSameError, SystemExit) as error:
                problem = str(error)
                autoclobber = True
                _rename(self.connection, before)
            else:
                _count_coverage()
                _tell(record, None)
                return name
        _tell(record, problem)
        return original(self, verbosity, autoclobber, serialize, keepdb)

    return create_test_db


def _tell(record: Record, problem: Optional[str]) -> None:
    text = "migrated again: {}".format(problem) if problem else "copied from the migrated database"
    record.write(event="schema", text=text)
    sys.stderr.write("HeroCI: test database {}\n".format(text))


def _rename(connection: Any, name: str) -> None:
    """Undo what Django did to the settings when it had created the database."""
    from django.conf import settings

    connection.close()
    settings.DATABASES[connection.alias]["NAME"] = name
    connection.settings_dict["NAME"] = name


def _refuse(creation: Any, found: Dict[str, Any], *, keepdb: bool) -> Optional[str]:
    """Return why the test database would not be a copy of the migrated one."""
    if keepdb:
        return "an existing test database is kept"
    return next(_differences(creation, found), None)


def _differences(creation: Any, found: Dict[str, Any]) -> Iterator[str]:
    yield from _own_options(creation.connection.settings_dict["TEST"])
    yield from _own_code(type(creation))
    state = heroci_schema.describe_state(found["salt"])
    changed = heroci_schema.differences(found, state)
    if changed:
        why = " ({})".format(found["strict"]) if found["strict"] else ""
        yield "different in the tests: {}{}".format(", ".join(changed[:5]), why)
    with creation._nodb_cursor() as cursor:
        if not creation._database_exists(cursor, found["database"]):
            yield "the copy of the migrated database no longer exists"


def _own_options(options: Dict[str, Any]) -> Iterator[str]:
    # PostgreSQL refuses another CHARSET than the copy's.
    for name in ("TEMPLATE", "COLLATION"):
        if options.get(name) is not None:
            yield "the database's TEST has {}".format(name)
    if options.get("MIGRATE") is False:
        yield "the database's TEST has MIGRATE = False"


def _own_code(creation_class: Any) -> Iterator[str]:
    from django.core.management import get_commands
    from django.db.models.signals import pre_migrate

    for name in STEPS:
        module = getattr(creation_class, name).__module__
        if not module.startswith("django.db.backends."):
            yield "{} has its own {}".format(module, name)
    if get_commands()["migrate"] != "django.core":
        yield "the project has its own `migrate` command"
    for receiver in pre_migrate.receivers:
        module = heroci_schema.module_of(receiver[1])
        if module:
            yield "{} handles pre_migrate".format(module)


@contextmanager
def _copying(connection: Any, template: str) -> Iterator[None]:
    """Let Django create the database as a copy; raise NotTheSameError before it changes or adds anything."""
    from django.core.management.commands import migrate

    send, executor = migrate.emit_post_migrate_signal, migrate.MigrationExecutor
    executors = []

    def create_executor(*args: Any, **kwargs: Any) -> Any:
        executors.append(executor(*args, **kwargs))
        return executors[-1]

    def refuse_changes(run: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        if not READS.match(str(sql)):
            message = "`migrate` in the tests executes {!r}"
            raise NotTheSameError(message.format(str(sql).strip()[:80]))
        return run(sql, params, many, context)

    def emit_post_migrate_signal(*args: Any, **kwargs: Any) -> Any:
        stop()
        # Handlers see the migrations that were applied, as if they had been applied now.
        loader = executors[-1].loader
        plan = executors[-1].migration_plan(loader.graph.leaf_nodes(), clean_start=True)
        return send(*args, **dict(kwargs, plan=plan))

    def stop() -> None:
        migrate.emit_post_migrate_signal, migrate.MigrationExecutor = send, executor
        if refuse_changes in connection.execute_wrappers:
            connection.execute_wrappers.remove(refuse_changes)

    connection.settings_dict["TEST"]["TEMPLATE"] = template
    migrate.emit_post_migrate_signal = emit_post_migrate_signal
    migrate.MigrationExecutor = create_executor
    connection.execute_wrappers.append(refuse_changes)
    try:
        yield
    finally:
        stop()
        connection.settings_dict["TEST"]["TEMPLATE"] = None


def _count_coverage() -> None:
    """Add the measurements of the step `migrate` to the data of the tests; several processes add the same files."""
    source = os.environ["HEROCI_SCHEMA"] + "-coverage"
    target = os.environ.get("HEROCI_SCHEMA_DATA")
    if target and os.path.isdir(source):
        for number, name in enumerate(sorted(os.listdir(source))):
            copy = "{}.heroci-migrate-{}".format(target, number)
            partial = "{}-partial-{}".format(copy, os.getpid())
            shutil.copyfile(os.path.join(source, name), partial)
            os.replace(partial, copy)  # noqa: PTH105  as above
