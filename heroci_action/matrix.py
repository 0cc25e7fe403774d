"""The cells of `[tool.heroci.matrix]`, and how each changes the configuration of the project."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from heroci_action.config.matrix_model import MatrixConfig
from heroci_action.config.model import Config, ServiceConfig
from heroci_action.detection.facts import Vendor
from heroci_action.errors import ConfigurationError, Problem, UsageError
from heroci_action.project import ProjectConfig
from heroci_action.text import suggest

AXES = ("python", "django", "database")
SQLITE = "sqlite"
SERVERS = ("postgres", "mysql", "mariadb")
_PAIR = re.compile(rf",\s*(?=(?:{'|'.join(AXES)})=)")
_VENDORS = {"postgres": Vendor.POSTGRESQL, "mysql": Vendor.MYSQL, "mariadb": Vendor.MYSQL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One combination; None means as in the rest of the configuration.

    `django` is a version or a specifier, `database` a name with an optional version, such as `postgres:17`.
    """

    python: str | None = None
    django: str | None = None
    database: str | None = None

    @property
    def values(self) -> dict[str, str]:
        """The values by the names of the axes."""
        pairs = ((axis, getattr(self, axis)) for axis in AXES)
        return {axis: value for axis, value in pairs if value is not None}

    @property
    def name(self) -> str:
        """The name, which is valid for a file and for an artifact: `python-3.13-django-5.2-postgres-17`."""
        values = self.values
        database = values.pop("database", None)
        texts = [f"{axis}-{value}" for axis, value in values.items()]
        words = [*texts, *([database] if database else [])]
        return "-".join(re.sub(r"[^\w.]+", "-", word).strip("-") for word in words)


def cells(matrix: MatrixConfig) -> tuple[Cell, ...]:
    """Return all combinations that are not excluded, in the order of the configuration."""
    axes: list[Sequence[str | None]] = [getattr(matrix, axis) or (None,) for axis in AXES]
    found = (
        Cell(python=python, django=django, database=database)
        for python, django, database in itertools.product(*axes)
    )
    return tuple(cell for cell in found if cell.values and not _is_excluded(cell, matrix))


def _is_excluded(cell: Cell, matrix: MatrixConfig) -> bool:
    return any(
        excluded.items() <= cell.values.items()
        for excluded in (one.model_dump(exclude_none=True) for one in matrix.exclude)
    )


def select_cells(known: Sequence[Cell], texts: Sequence[str]) -> tuple[Cell, ...]:
    """Return the cells with one of these names or values, such as `python=3.13,database=sqlite`; all for no text.

    Raise UsageError if there is none.
    """
    if not known:
        raise UsageError(
            "the project has no matrix",
            remedy='add one: [tool.heroci.matrix] python = ["3.12", "3.13"]',
        )
    wanted = dict.fromkeys(cell for text in texts or [""] for cell in _matching(known, text))
    return tuple(cell for cell in known if cell in wanted)


def _matching(known: Sequence[Cell], text: str) -> list[Cell]:
    pairs = dict(pair.partition("=")[::2] for pair in _PAIR.split(text) if pair)
    by_value = not set(pairs) - set(AXES)
    found = [
        cell
        for cell in known
        if cell.name == text or (by_value and pairs.items() <= cell.values.items())
    ]
    if not found:
        names = [cell.name for cell in known]
        raise UsageError(
            f"the matrix has no cell {text!r}{suggest(text, names)}",
            remedy=f"the cells are {', '.join(names)}",
        )
    return found


def apply(project: ProjectConfig, cell: Cell) -> ProjectConfig:
    """Return the project with the Django and the database of a cell; its Python is an override of `load`.

    Raise ConfigurationError if the settings cannot use the database.
    """
    if cell.django:
        project = replace(project, django=requirement(cell.django))
    return _with_database(project, cell.database) if cell.database else project


def requirement(django: str) -> str:
    """Return the requirement of a version or specifier: `5.2` means any 5.2.x."""
    return f"django{django}" if django[0] in "<>=~!" else f"django=={django}.*"


def _with_database(project: ProjectConfig, database: str) -> ProjectConfig:
    name, _, version = database.partition(":")
    config = project.config
    current = next((service for service in config.services if service in SERVERS), None)
    services = {key: value for key, value in config.services.items() if key not in SERVERS}
    if name == SQLITE:
        changed = dict(_on_sqlite(config.env, current))
    else:
        same = config.services.get(name, ServiceConfig())
        services[name] = same.model_copy(update={"version": version} if version else {})
        changed = dict(_on_server(project, current, name))
    updated: Config = config.model_copy(
        update={"services": services, "env": {**config.env, **changed}}
    )
    vendor = _VENDORS.get(name, Vendor.SQLITE)
    return replace(project, config=updated, facts=replace(project.facts, vendor=vendor))


def _on_sqlite(env: Mapping[str, str], current: str | None) -> Iterator[tuple[str, str]]:
    for name, value in env.items():
        if current and f"{{{current}." in value:
            if value != f"{{{current}.url}}":
                raise _cannot_change(
                    SQLITE, f"`env.{name}` contains {value!r}, not only the address"
                )
            yield name, "sqlite://:memory:"


def _on_server(
    project: ProjectConfig, current: str | None, wanted: str
) -> Iterator[tuple[str, str]]:
    if current:
        for name, value in project.config.env.items():
            yield name, value.replace(f"{{{current}.", f"{{{wanted}.")
    elif project.facts.database_variable:
        yield project.facts.database_variable, f"{{{wanted}.url}}"
    else:
        raise _cannot_change(wanted, "the settings read no database address from a variable")


def _cannot_change(database: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        (
            Problem(
                key="matrix.database",
                message=f"the tests cannot run on {database!r}: {why}",
                remedy="let the settings read DATABASE_URL, for example with dj-database-url",
            ),
        )
    )
