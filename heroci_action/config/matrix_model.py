"""The keys of the matrix."""

from __future__ import annotations

from heroci_action.config.table import Table
from heroci_action.config.types import Database, DjangoVersion, PythonVersion


class MatrixCellConfig(Table):
    """Values of some axes of the matrix."""

    python: PythonVersion | None = None
    """Python version."""
    django: DjangoVersion | None = None
    """Django version."""
    database: Database | None = None
    """Database."""


class MatrixConfig(Table):
    """Versions to test, in all combinations, with `heroci run --matrix` or one job each."""

    python: tuple[PythonVersion, ...] = ()
    """Python versions, such as "3.13"."""
    django: tuple[DjangoVersion, ...] = ()
    """Django versions, such as "5.2" (any 5.2.x), or specifiers, such as ">=5.2,<6"; they override the lock."""
    database: tuple[Database, ...] = ()
    """Databases: "postgres", "mysql" or "mariadb", with an optional version as in "postgres:17", or "sqlite"."""
    exclude: tuple[MatrixCellConfig, ...] = ()
    """Combinations to leave out, such as { python = "3.14", django = "4.2" }."""
