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
# `psql -f init.sql`
_SQL = re.compile(r".*\.sql")
# Images of servers with extensions that PostgreSQL's own images lack.
_IMAGES: Mapping[str, Callable[[str], str]] = {
    "postgis": postgis_image,
    "vector": lambda version: f"pgvector/pgvector:pg{version or 17}",
}


def detect_extensions(project: ProjectFiles) -> Iterator[Finding]:
    """Yield the extensions that a server needs, and an image with them if that of the CI is not known to have them."""
    texts = tuple(_texts(project))
    names: dict[str, str] = {}
    for text, source in texts:
        for name in _created(text):
            names.setdefault(name, source)
    for name, file in _uncreated(project, texts, names):
        names[name] = file
        yield Warn(
            f"{file} uses the extension {name}, which no migration creates, so that a test database lacks it; add "
            f'CreateExtension("{name}") to a migration before it'
        )
    if names:
        files = dict.fromkeys(names.values())
        why = f"required in {next(iter(files))}" + (" and others" if len(files) > 1 else "")
        yield Found("services.postgres.extensions", sorted(names), why)
    image = any_image(project, POSTGRES)
    for name in names.keys() & _IMAGES.keys():
        if image is None or not is_extended(image):
            version = (version_of(image, POSTGRES) if image else None) or ""
            yield Found(
                "services.postgres.image", _IMAGES[name](version), f"{name} in {names[name]}"
            )


def _uncreated(
    project: ProjectFiles, texts: Iterable[tuple[str, str]], created: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield the extensions that fields of migrations use and nothing creates, with the first file."""
    used = {name: file for text, file in reversed([*texts]) for name in _FIELD.findall(text)}
    for name, file in used.items():
        if name not in created and not _creates(project, name):
            yield name, file


def _creates(project: ProjectFiles, name: str) -> bool:
    """Return whether code beside the migrations may create an extension: a test runner, or a signal."""
    spelled = (*(op for op, known in _OPERATIONS.items() if known == name), f"EXTENSION {name}")
    words = (*spelled, f"EXTENSION IF NOT EXISTS {name}", f'CreateExtension("{name}")')
    return any(map(project.tree.python_with, words))


def _texts(project: ProjectFiles) -> Iterator[tuple[str, str]]:
    """Yield migrations, calls of psql, and the SQL that these or a mounted directory contain, with their places."""
    tree = project.tree
    files = list(tree.matching(_MIGRATION.pattern, under=project.layout.directory))
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
