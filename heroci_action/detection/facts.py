"""What detection knows about a project besides the values of its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from heroci_action.detection.ci.records import LeftOut


class Vendor(StrEnum):
    """The databases that settings may name."""

    POSTGRESQL = "postgresql"
    SQLITE = "sqlite"
    MYSQL = "mysql"
    ORACLE = "oracle"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Findings that are no keys; paths are relative to the repository's root.

    `project` is the directory whose pyproject.toml, setup.cfg or setup.py declares the dependencies, `metadata` the
    name of that file (None where it has groups only), `install_project` whether the project must be installed itself
    for its tests to import it. `distributions` are the normalised names of the packages that it asks for directly or
    has locked. `server_settings` is what wsgi.py names, where that differs from the settings of the tests. `lint_specs`
    maps built-in lint tools to the project's pinned requirement, `lint_plugins` are the requirements of Flake8's
    plugins, `lint_targets` the paths in the working directory that hold the Python files git tracks and no others.
    `database_variable` is the variable that the settings take the URL of their database from.
    `left_out` are the lines of the suite's job in the project's CI that the plan does not contain.
    `skips` maps a stage to the reason in words why there is nothing for it to do.
    """

    manage: str | None = None
    project: str | None = None
    metadata: str | None = None
    install_project: bool = False
    source_paths: tuple[str, ...] = ()
    distributions: frozenset[str] = frozenset()
    server_settings: str | None = None
    wsgi: str | None = None
    asgi: str | None = None
    vendor: Vendor = Vendor.UNKNOWN
    database_variable: str | None = None
    pytest_coverage: bool = False
    image_port: int | None = None
    health: str | None = None
    lint_specs: Mapping[str, str] = field(default_factory=dict)
    lint_plugins: tuple[str, ...] = ()
    lint_targets: tuple[str, ...] = (".",)
    left_out: tuple[LeftOut, ...] = ()
    skips: Mapping[str, str] = field(default_factory=dict)
