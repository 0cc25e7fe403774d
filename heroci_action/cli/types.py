"""Parameter types that click lacks."""

from __future__ import annotations

import os
import re
from abc import abstractmethod
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from heroci_action.cli.python_versions import is_python_version
from heroci_action.repository.path_prefixes import PathPrefix
from heroci_action.sharding import Shard

Number = TypeVar("Number", int, float)


class _ConfigurationNumber(click.ParamType[Number]):
    """A number in the notation of the configuration."""

    @abstractmethod
    def read(self, value: object) -> Number:
        """Read the number as the configuration does. Raises PydanticCustomError."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Number:
        """Convert the value."""
        # Slow to import, and only calls with such an option need it.
        from pydantic_core import PydanticCustomError  # noqa: PLC0415

        try:
            return self.read(value)
        except PydanticCustomError as error:
            self.fail(f"{value!r} {error.message()}", param, ctx)


class Duration(_ConfigurationNumber[float]):
    """Seconds as a number, or `90s`, `5m`, `1h`."""

    name = "duration"

    def read(self, value: object) -> float:
        """Return the seconds."""
        # Slow to import, and only calls with such an option need it.
        from heroci_action.config.types import seconds  # noqa: PLC0415

        return seconds(value)


class Size(_ConfigurationNumber[int]):
    """Bytes as a number, or `500kB`, `20MB`, `1GiB`."""

    name = "size"

    def read(self, value: object) -> int:
        """Return the bytes."""
        # Slow to import, and only calls with such an option need it.
        from heroci_action.config.types import size  # noqa: PLC0415

        return size(value)


class StageNames(click.ParamType[tuple[str, ...]]):
    """Comma-separated names of stages, which the shell completes."""

    name = "stages"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, ...]:
        """Return the names; none for an empty text."""
        if isinstance(value, tuple):
            return value
        return tuple(name.strip() for name in str(value).split(",") if name.strip())

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the stages of the project that begin with the last name."""
        # Only a completion needs them.
        from heroci_action.commands.stage_names import stage_names  # noqa: PLC0415

        before, comma, name = incomplete.rpartition(",")
        known = stage_names(Path(ctx.params.get("path") or "."))
        used = before.split(",")
        return [
            CompletionItem(f"{before}{comma}{one}")
            for one in known
            if one.startswith(name) and one not in used
        ]


class ProjectPath(click.Path):
    """The directory of a project; the name of a stage in its place is an error with the option for it."""

    def __init__(self) -> None:
        super().__init__(exists=True, file_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        if not Path(value).exists():
            # Only an error needs it.
            from heroci_action.commands.stage_names import stage_names  # noqa: PLC0415

            if value in stage_names(Path()):
                self.fail(f"{value!r} is a stage, not a directory; use --stages", param, ctx)
        return super().convert(value, param, ctx)


class ProjectName(click.ParamType[str]):
    """The name or path of a project, which the shell completes."""

    name = "project"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the projects whose directories begin with the text."""
        # Only a completion needs it.
        from heroci_action.commands.projects import project_directories  # noqa: PLC0415

        known = project_directories(Path(ctx.params.get("path") or "."))
        return [CompletionItem(one) for one in known if one.startswith(incomplete)]


class ShardType(click.ParamType[Shard]):
    """`2/5`, the second of five."""

    name = "shard"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Shard:
        """Return the shard."""
        if isinstance(value, Shard):
            return value
        try:
            return Shard.parse(str(value))
        except ValueError as error:
            self.fail(f"{value!r} {error}", param, ctx)


class PythonVersion(click.ParamType[str]):
    """`3.12` or `3.12.1`."""

    name = "version"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the version as it was written."""
        if not is_python_version(str(value)):
            self.fail(f"{value!r} is not a version of Python 3 such as 3.13", param, ctx)
        return str(value)


class PathPrefixType(click.ParamType[PathPrefix]):
    """`/app=backend`, `backend` for relative paths, or `api/*.xml::/app=backend` for some reports."""

    name = "prefix"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> PathPrefix:
        """Return the prefixes and the reports that they belong to."""
        if isinstance(value, PathPrefix):
            return value
        try:
            return PathPrefix.parse(str(value))
        except ValueError as error:
            self.fail(f"{value!r} {error}", param, ctx)


class Variable(click.ParamType[tuple[str, str | None]]):
    """`NAME=VALUE`, or `NAME` for the value in the environment of the caller."""

    name = "variable"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str | None]:
        """Return the name, and the value or None."""
        if isinstance(value, tuple):
            return value
        name, equals, text = str(value).partition("=")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            self.fail(f"{name!r} is not the name of a variable", param, ctx)
        if not equals and name not in os.environ:
            self.fail(f"{name!r} is not set; set it, or write {name}=VALUE", param, ctx)
        return name, text if equals else None


DURATION = Duration()
PATH_PREFIX = PathPrefixType()
PROJECT = ProjectName()
PROJECT_PATH = ProjectPath()
PYTHON = PythonVersion()
SHARD = ShardType()
SIZE = Size()
STAGES = StageNames()
VARIABLE = Variable()
