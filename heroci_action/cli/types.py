"""Types of options that click does not bring."""

from __future__ import annotations

import re

import click

from heroci_action.sharding import Shard


class Duration(click.ParamType[float]):
    """Seconds as a number, or `90s`, `5m`, `1h`; the same as in the configuration."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The seconds."""
        # A tenth of a second that only a call with a duration needs.
        from pydantic_core import PydanticCustomError  # noqa: PLC0415

        from heroci_action.config.model import seconds  # noqa: PLC0415

        try:
            return seconds(value)
        except PydanticCustomError as error:
            self.fail(f"{value!r} {error.message()}", param, ctx)


class Size(click.ParamType[int]):
    """Bytes as a number, or `500kB`, `20MB`, `1GiB`; the same as in the configuration."""

    name = "size"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """The bytes."""
        from pydantic_core import PydanticCustomError  # noqa: PLC0415  as above

        from heroci_action.config.model import size  # noqa: PLC0415

        try:
            return size(value)
        except PydanticCustomError as error:
            self.fail(f"{value!r} {error.message()}", param, ctx)


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


DURATION = Duration()
NAMES = Names()
PYTHON = PythonVersion()
SHARD = ShardType()
SIZE = Size()
