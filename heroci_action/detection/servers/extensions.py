"""The extensions of PostgreSQL that the project's migrations create."""

from __future__ import annotations

import re
from collections.abc import Iterator

from heroci_action.detection.findings import Finding, Found
from heroci_action.detection.project_files import ProjectFiles
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


def detect_extensions(project: ProjectFiles) -> Iterator[Finding]:
    """Yield the extensions that a server needs for the migrations."""
    names: dict[str, str] = {}
    for file in project.tree.matching(_MIGRATION.pattern, under=project.layout.directory):
        for name in _created(project.tree.text(file)):
            names.setdefault(name, file)
    if names:
        files = dict.fromkeys(names.values())
        why = f"required in {next(iter(files))}" + (" and others" if len(files) > 1 else "")
        yield Found("services.postgres.extensions", sorted(names), why)


def _created(text: str) -> Iterator[str]:
    """Yield the names of the extensions that a migration creates, and `icu` for a collation of ICU."""
    # Most migrations need none, and a project may have hundreds.
    if "xtension" in text.lower():
        yield from _OPERATION.findall(text)
        yield from _STATEMENT.findall(text)
        yield from map(_OPERATIONS.__getitem__, _NAMED_OPERATION.findall(text))
    if _ICU.search(text):
        yield ICU
