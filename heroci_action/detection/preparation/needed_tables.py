"""What needs the tables that `migrate` creates: lines of the suite's job, and the import of the project's modules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from heroci_action.detection.ci.left_out import finds_missing_migrations
from heroci_action.detection.ci.records import Command
from heroci_action.detection.ci.test_runs import is_django, program_file
from heroci_action.detection.findings import Fact, Finding, Warn
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.sources.import_queries import find_query
from heroci_action.detection.sources.imports import imported_files
from heroci_action.detection.test_runner.choice import uses_pytest

NEEDS_TABLES = (
    "it may need the tables that `migrate` creates, and HeroCI prepares before it migrates"
)
_MIGRATING = frozenset({"migrate", "migrate_schemas", "syncdb"})
# `collectstatic`, `compilemessages`, `tailwind build`, `spectacular`, `collectstatic_js_reverse`
_WRITES_FILES = re.compile(
    r"static|messages|compress|compile|build|s[ac]ss|tailwind|webpack|openapi|swagger|spectacular|"
    r"(generate|export|graphql)_?schema|manifest|js_reverse"
)
# `Shop.objects.create()`, `django.setup()`
_USES_TABLES = re.compile(
    r"\.objects\b|\bget_user_model\b|\bconnections?\b|\btransaction\b|\bcall_command\(|\bdjango\.setup\("
)
# `Shop.objects.create()`, `call_command("loaddata", file)`
_FILLS_TABLES = re.compile(r"\.objects\b|\bcall_command\(\s*[\"']loaddata\b")

# `shop/migrations/0001_initial.py`, and the package around it
_MIGRATION, _OF_MIGRATIONS = r"(.*/)?migrations/\d\w*\.py", r"(.*/)?migrations/__init__\.py"
# Modules that no URL needs; tests contain most of the queries, and reading them would take long.
_NOT_SERVED = re.compile(r"(^|[/_])(tests?|conftest|migrations|commands)[/_.]")
# `shop/urls.py`, `config/urls/api.py`
_URLS = r"(.*/)?urls(/.*)?\.py"


def makes_all_migrations(project: ProjectFiles, command: Command) -> bool:
    """Return whether a line makes the migrations of a project that keeps none in git, so that `migrate` needs it."""
    verb, *rest = command.call.arguments or ("",)
    if verb != "makemigrations" or finds_missing_migrations(rest, command.line):
        return False
    names_apps = any(not word.startswith("-") for word in rest)
    expected = names_apps or bool(project.tree.matching(_OF_MIGRATIONS))
    return expected and not project.tree.matching(_MIGRATION)


def find_import_queries(project: ProjectFiles, services: frozenset[str]) -> Iterator[Finding]:
    """Yield the fact that modules query the database on import, and a warning if the checks cannot run without it."""
    files = (path for path in project.tree.python_with("objects") if not _NOT_SERVED.search(path))
    asking = {path for path in files if find_query(project.tree.python(path))}
    file = next(filter(asking.__contains__, _imported_by_urls(project)), None) if asking else None
    if file is None:
        return
    yield Fact("imports_query", value=True)
    if not (services or project.configured("services")) and uses_pytest(project):
        yield Warn(
            f"`manage.py check` is left out, because importing {file} queries the database, and only the tests have "
            "one; run the query in a function"
        )


def _imported_by_urls(project: ProjectFiles) -> Iterator[str]:
    """Yield the modules that the system checks import: modules with URLs, and their direct and indirect imports."""
    pending = list(project.tree.matching(_URLS))
    seen = set(pending)
    while pending:
        file = pending.pop()
        yield file
        found = dict.fromkeys(path for path in _imported(project, file) if path not in seen)
        seen.update(found)
        pending += found


def need_tables(project: ProjectFiles, commands: Sequence[Command]) -> Iterator[bool]:
    """Yield whether each line before the tests may need the tables of the project.

    A line before the job's own `migrate` needs none. If no line migrates, a container does, as it starts; then only
    lines that fill tables count.
    """
    migrating = (place for place, each in enumerate(commands) if _migrates(project, each))
    first = next(migrating, None)
    for place, command in enumerate(commands):
        if first is None:
            yield _fills_tables(project, command)
        else:
            yield place > first and _needs_tables(project, command)


def _migrates(project: ProjectFiles, command: Command) -> bool:
    """Return whether a command creates the tables of the project."""
    return is_django(command, project.tree) and _name(command) in _MIGRATING


def _fills_tables(project: ProjectFiles, command: Command) -> bool:
    """Return whether a command of the project's own for manage.py queries or fills tables in its own code."""
    files = _command_files(project, _name(command)) if is_django(command, project.tree) else ()
    return any(_FILLS_TABLES.search(project.tree.text(file)) for file in files)


def _needs_tables(project: ProjectFiles, command: Command) -> bool:
    """Return whether a command after `migrate` may need its tables, judging by its code or its name."""
    if is_django(command, project.tree):
        return _django_needs_tables(project, _name(command))
    match command.call.arguments:
        case ("-c", code, *_) if command.call.program == "python":
            return _USES_TABLES.search(code) is not None
    path = program_file(command, project.tree)
    text = project.tree.text(path) if path and path.endswith(".py") else ""
    return "django" in text and _USES_TABLES.search(text) is not None


def _name(command: Command) -> str:
    return next((word for word in command.call.arguments if not word.startswith("-")), "")


def _django_needs_tables(project: ProjectFiles, name: str) -> bool:
    """Return whether a command of manage.py may use models: its own code does, or imports the project's."""
    files = _command_files(project, name)
    if not files:
        return _WRITES_FILES.search(name) is None
    return any(
        _USES_TABLES.search(project.tree.text(file)) or any(_imported(project, file))
        for file in files
    )


def _command_files(project: ProjectFiles, name: str) -> tuple[str, ...]:
    return project.tree.matching(rf"(.*/)?management/commands/{re.escape(name)}\.py")


def _imported(project: ProjectFiles, file: str) -> Iterator[str]:
    return imported_files(project.tree, project.roots, file)
