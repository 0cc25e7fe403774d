"""The extensions of PostgreSQL that the project's migrations, or the SQL of its CI, create."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.postgis import postgis_image
from heroci_action.detection.findings import Finding, Found, Warn
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.servers.ci_servers import (
    POSTGRES,
    any_image,
    ci_image,
    is_extended,
    version_of,
)
from heroci_action.plan.stages import ICU

# `shop/migrations/0001_initial.py`
_MIGRATION = re.compile(r"(?:.*/)?migrations/\w+\.(?:py|sql)")
# `CreateExtension("uuid-ossp")`, `CreateExtension(name='pgcrypto')`
_OPERATION = re.compile(r"""\bCreateExtension\(\s*(?:name\s*=\s*)?["']([\w-]+)["']""")
# `create extension if not exists "uuid-ossp";`, `CREATE EXTENSION citext`
_STATEMENT = re.compile(
    r"""\bcreate\s+extension\s+(?:if\s+not\s+exists\s+)?\\?["']?([\w-]+)""", re.IGNORECASE
)
# `CreateCollation("natural", provider="icu", locale="und")`, `(provider = icu, locale = 'und')`
_ICU = re.compile(r"""\bprovider\s*=\s*["']?icu\b""", re.IGNORECASE)
# Source: https://docs.djangoproject.com/en/stable/ref/contrib/postgres/operations/ and the package pgvector.
_OPERATIONS = {
    "BloomExtension": "bloom",
    "BtreeGinExtension": "btree_gin",
    "BtreeGistExtension": "btree_gist",
    "CITextExtension": "citext",
    "CryptoExtension": "pgcrypto",
    "HStoreExtension": "hstore",
    "TrigramExtension": "pg_trgm",
    "UnaccentExtension": "unaccent",
    "VectorExtension": "vector",
}
# `TrigramExtension()`
_NAMED_OPERATION = re.compile(rf"\b({'|'.join(_OPERATIONS)})\(")
# `django.contrib.postgres.fields.citext.CIEmailField()`
_FIELD = re.compile(r"\bdjango\.contrib\.postgres\.fields\.(citext|hstore)\.")
# A command of manage.py.
_COMMAND = re.compile(r"(?:.*/)?management/commands/(\w+)\.py")
# `psql -f init.sql`
_SQL = re.compile(r".*\.sql")
# Images of servers with extensions that PostgreSQL's own images lack.
_IMAGES: Mapping[str, Callable[[str], str]] = {
    "postgis": postgis_image,
    "vector": lambda version: f"pgvector/pgvector:pg{version or 17}",
}

_Text = tuple[str, str]
"""A text, and where it is."""


def detect_extensions(project: ProjectFiles) -> Iterator[Finding]:
    """Yield the extensions that a server needs, and an image with them if the CI's image is not known to have them."""
    migrations, sql = tuple(_migrations(project)), tuple(_sql(project))
    names = _by_name(migrations, _created)
    for name, file in _absent(project, names, migrations, sql).items():
        names[name] = file
        yield Warn(
            f"a test database lacks the extension {name}, which {file} uses or creates in template1: no migration "
            f'creates it; add CreateExtension("{name}") to one'
        )
    names = {**_by_name(sql, _created), **names}
    if names:
        files = dict.fromkeys(names.values())
        why = f"required in {next(iter(files))}" + (" and others" if len(files) > 1 else "")
        yield Found("services.postgres.extensions", sorted(names), why)
    image = any_image(project, POSTGRES)
    for name in names.keys() & _IMAGES.keys():
        if image is None or not is_extended(image):
            version = (version_of(image, POSTGRES) if image else None) or ""
            why = f"{name} in {names[name]}"
            yield Found("services.postgres.image", _IMAGES[name](version), why)


def _by_name(texts: Iterable[_Text], read: Callable[[str], Iterable[str]]) -> dict[str, str]:
    """Return the names that texts contain, each with the first place."""
    found: dict[str, str] = {}
    for text, source in texts:
        for name in read(text):
            found.setdefault(name, source)
    return found


def _absent(
    project: ProjectFiles,
    created: Mapping[str, str],
    migrations: Iterable[_Text],
    sql: Iterable[_Text],
) -> dict[str, str]:
    """Return the extensions of fields, and of the CI's template1, from which test databases are made, with a place."""
    in_template = ((text, source) for text, source in sql if "template1" in text)
    used = _by_name(migrations, _FIELD.findall) | _by_name(in_template, _created)
    # GeoDjango's backend creates PostGIS itself.
    rest = ((name, file) for name, file in used.items() if name not in {*created, "postgis"})
    return {name: file for name, file in rest if not _creates(project, name)}


def _creates(project: ProjectFiles, name: str) -> bool:
    """Return whether code other than the migrations may create an extension: a test runner, a signal, a command."""
    spelled = (*(op for op, known in _OPERATIONS.items() if known == name), f"EXTENSION {name}")
    words = (*spelled, f"EXTENSION IF NOT EXISTS {name}", f'CreateExtension("{name}")')
    called = {word for command in project.commands for word in command.call.arguments}
    commands = (
        _COMMAND.fullmatch(file) for word in words for file in project.tree.python_with(word)
    )
    return any(command is None or command[1] in called for command in commands)


def _migrations(project: ProjectFiles) -> Iterator[_Text]:
    files = project.tree.matching(_MIGRATION.pattern, under=project.layout.directory)
    yield from ((project.tree.text(file), file) for file in files)


def _sql(project: ProjectFiles) -> Iterator[_Text]:
    """Yield calls of psql, and the SQL that these or a mounted directory contain."""
    tree = project.tree
    files: list[str] = []
    image = ci_image(project, POSTGRES)
    for mount in image.mounts if image else ():
        files += tree.matching(_SQL.pattern, under=mount) if tree.has_directory(mount) else [mount]
    for command in project.commands:
        if command.call.name == "psql":
            yield command.line, command.source
            named = (locate(word, command.directory) for word in command.words)
            files += [path for path in named if path and _SQL.fullmatch(path) and tree.has(path)]
    yield from ((tree.text(file), file) for file in files)


def _created(text: str) -> Iterator[str]:
    """Yield the names of the extensions that a migration creates, and `icu` for a collation of ICU."""
    # Most migrations need none, and a project may have hundreds.
    if "xtension" in text.lower():
        yield from _OPERATION.findall(text)
        yield from _STATEMENT.findall(text)
        yield from map(_OPERATIONS.__getitem__, _NAMED_OPERATION.findall(text))
    if _ICU.search(text):
        yield ICU
