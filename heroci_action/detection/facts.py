"""Facts about a project that are not configuration values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from heroci_action.detection.ci.records import LeftOut
from heroci_action.detection.findings import FixedAddress


class Vendor(StrEnum):
    """The databases that settings may name."""

    POSTGRESQL = "postgresql"
    SQLITE = "sqlite"
    MYSQL = "mysql"
    ORACLE = "oracle"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Configuration that detection cannot decide about: lines of heroci.toml, and why."""

    why: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherTests:
    """Tests that the CI runs in addition to the suite: a command in the working directory, with its own variables.

    `before` are the lines that its job runs before it, `services` the lines of the configuration for servers that only
    its job has, by their names.
    """

    command: str
    before: tuple[str, ...] = ()
    services: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Facts that are not configuration values; paths are relative to the repository's root.

    manage, wsgi, asgi: manage.py, and the entry points of the server as `module:application`.
    starts_django: a program of the project, manage.py or a module of a package, starts Django's command line.
    other_projects: the directories of the other projects in the repository.
    project, metadata: the directory that declares the dependencies, and the name of its file (None: groups only).
    declared: the requirements in place of metadata and groups that only Poetry reads.
    install_project: the tests can import the project only if it is installed.
    all_members: the CI installs every member of uv's workspace.
    requires_python, python_alternatives: what the project states about its Python, and the versions that fit it.
    source_paths: directories to import from.
    distributions: normalised names of the distributions that the project requires directly, or has locked.
    replacing: the packages that the CI installs after the others, in versions that those exclude.
    server_settings: the settings module of the server, if the tests use another one.
    asks_process: the settings ask which program loads them, so other commands than the tests may have other values.
    runs_check: the CI calls `check` by itself, with the settings that it has there.
    imports_query: importing the project's modules may query the database, so that `check` needs the tables.
    migration_settings: the settings module with which the CI checks the migrations, if the tests use another one.
    migration_apps: the labels of the apps whose migrations the CI checks; empty if it checks those of all.
    vendor, database_variable: the database of the tests, and the variable that contains its URL.
    docker_use: where the tests, or their settings, start containers by themselves, and how.
    computed_name: the settings compute the database's name, so that only a test runner creates one.
    pytest_coverage: pytest measures coverage by itself.
    coverage_limits: the percentages of coverage that the CI requires, with the lines that do.
    image_port, image_manage: the port that the image exposes, and its manage.py from its working directory.
    fixed_addresses: the services that the tests look for at one host only, with the place that shows it.
    lint_specs, lint_plugins: the pinned requirements of lint tools by name, and the requirements of their plugins.
    lint_apart: the lint steps whose tools a hook installs in an environment of its own, with its own version.
    lint_targets: the paths in the working directory that contain Python files that git tracks, and no others.
    left_out: lines of the test job in the project's CI that the plan does not contain.
    other_tests: tests of the CI for which the plan has no stage.
    skips: why a stage has nothing to do.
    written: the files that each command of `tests.before` writes into the checkout.
    """

    manage: str | None = None
    wsgi: str | None = None
    asgi: str | None = None
    starts_django: bool = False
    other_projects: frozenset[str] = frozenset()
    project: str | None = None
    metadata: str | None = None
    declared: tuple[str, ...] = ()
    install_project: bool = False
    all_members: bool = False
    source_paths: tuple[str, ...] = ()
    distributions: frozenset[str] = frozenset()
    replacing: tuple[str, ...] = ()
    server_settings: str | None = None
    asks_process: bool = False
    runs_check: bool = False
    imports_query: bool = False
    migration_settings: str | None = None
    migration_apps: tuple[str, ...] = ()
    vendor: Vendor = Vendor.UNKNOWN
    database_variable: str | None = None
    computed_name: bool = False
    docker_use: str | None = None
    pytest_coverage: bool = False
    coverage_limits: tuple[str, ...] = ()
    image_port: int | None = None
    image_manage: str = "manage.py"
    health: str | None = None
    requires_python: str = ""
    python_alternatives: tuple[str, ...] = ()
    fixed_addresses: tuple[FixedAddress, ...] = ()
    lint_specs: Mapping[str, str] = field(default_factory=dict)
    lint_plugins: tuple[str, ...] = ()
    lint_apart: frozenset[str] = frozenset()
    lint_targets: tuple[str, ...] = (".",)
    left_out: tuple[LeftOut, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    other_tests: tuple[OtherTests, ...] = ()
    skips: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
