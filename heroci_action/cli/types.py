"""Types of options that click does not bring."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import TypeVar

import click

from heroci_action.repository.paths import parse_prefix
from heroci_action.sharding import Shard

Number = TypeVar("Number", int, float)


class _Configured(click.ParamType[Number]):
    """What means the same as in the configuration."""

    @abstractmethod
    def read(self, value: object) -> Number:
        """The number, by the function of the configuration; raises PydanticCustomError."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Number:
        """The number."""
        # A tenth of a second that only a call with such an option needs; so is the configuration's model below.
        from pydantic_core import PydanticCustomError  # noqa: PLC0415

        try:
            return self.read(value)
        except PydanticCustomError as error:
            self.fail(f"{value!r} {error.message()}", param, ctx)


class Duration(_Configured[float]):
    """Seconds as a number, or `90s`, `5m`, `1h`."""

    name = "duration"

    def read(self, value: object) -> float:
        """The seconds."""
        from heroci_action.config.types import seconds  # noqa: PLC0415

        return seconds(value)


class Size(_Configured[int]):
    """Bytes as a number, or `500kB`, `20MB`, `1GiB`."""

    name = "size"

    def read(self, value: object) -> int:
        """The bytes."""
        from heroci_action.config.types import size  # noqa: PLC0415

        return size(value)


class Names(click.ParamType[tuple[str, ...]]):
    """Names between commas."""

    name = "names"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, ...]:
        """The names; none for an empty text."""
        if isinstance(value, tuple):
            return value
        return tuple(name.strip() for name in str(value).split(",") if name.strip())


class ShardType(click.ParamType[Shard]):
    """`2/5`, the second of five."""

    name = "shard"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Shard:
        """The shard."""
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
        """The version as it was written."""
        if not re.fullmatch(r"3\.[0-9]{1,3}(\.[0-9]{1,3})?", str(value)):
            self.fail(f"{value!r} is not a version of Python such as 3.13", param, ctx)
        return str(value)


class PathPrefix(click.ParamType[tuple[str, str]]):
    """`/app=backend`, or `backend` for relative paths."""

    name = "prefix"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Return the old prefix and the new one."""
        if isinstance(value, tuple):
            return value
        try:
            return parse_prefix(str(value))
        except ValueError as error:
            self.fail(f"{value!r} {error}", param, ctx)


DURATION = Duration()
NAMES = Names()
PATH_PREFIX = PathPrefix()
PYTHON = PythonVersion()
SHARD = ShardType()
SIZE = Size()
