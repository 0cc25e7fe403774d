"""The private parts of the Dagger SDK that HeroCI relies on, all in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeVar

import dagger
from cattrs import Converter
from dagger.client._config import ConnectConfig, Retry
from dagger.client._core import Context, Field, make_converter
from dagger.client._session import ConnectParams, SingleConnection
from dagger.client.base import Type

Known = TypeVar("Known", bound=Type)


class ApiConnection(SingleConnection):
    """A connection to the API of an open session; a request that fails is not repeated."""

    def __init__(self, port: int, token: str) -> None:
        params = ConnectParams(port=port, session_token=token)
        super().__init__(params, ConnectConfig(retry=Retry(execute=False)))
        self.converter: Converter | None = None

    async def open(self) -> dagger.Client:
        """Connect and return the client."""
        await self.connect()
        return dagger.Client(_Context(self))


class _Context(Context):
    """A query whose converter is created once per connection.

    The SDK creates one for each chained call, which takes a fifth of the CPU time of a cached run.
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        connection: Any = self.conn
        if connection.converter is None:
            connection.converter = make_converter(self)
        self.converter = connection.converter


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A container after its last command, the command's exit code and output, and the content of a file."""

    container: dagger.Container
    exit_code: int
    stdout: str
    stderr: str
    content: str


async def execute(container: dagger.Container, file: str | None) -> Finished:
    """Execute the container's last command; one request for everything that is needed afterwards.

    Raises dagger.ExecError if the command fails and the container expects success.
    """
    names = ("id", "exitCode", "stdout", "stderr")
    fields = {name: Field("Container", name, {}) for name in names}
    if file:
        content = {"contents": Field("File", "contents", {})}
        fields["file"] = Field("Container", "file", {"path": file}, children=content)
    answer = await _select(container, fields)
    return Finished(
        container=_load(container, answer["id"]),
        exit_code=answer["exitCode"],
        stdout=answer["stdout"],
        stderr=answer["stderr"],
        content=answer["file"]["contents"] if file else "",
    )


async def file_sizes(directory: dagger.Directory, paths: Iterable[str]) -> dict[str, int]:
    """Return the sizes of files, with one request."""
    names = {f"file{number}": path for number, path in enumerate(paths)}
    if not names:
        return {}
    size = {"size": Field("File", "size", {})}
    fields = {
        name: Field("Directory", "file", {"path": path}, children=size)
        for name, path in names.items()
    }
    answer = await _select(directory, fields)
    return {path: answer[name]["size"] for name, path in names.items()}


async def _select(value: Type, fields: dict[str, Field]) -> dict[str, Any]:
    """Return several fields of an object."""
    selections = value._ctx.selections.copy()  # noqa: SLF001
    selections.append(replace(selections.pop(), children=fields))
    context = replace(value._ctx, selections=selections)  # noqa: SLF001
    answer: dict[str, Any] = await context.execute(dict)
    return answer


async def evaluate(value: Known) -> Known:
    """Evaluate a container or directory in the engine and return it with its id."""
    return _load(value, await _ask(value, "sync"))


async def identify(value: Known) -> Known:
    """Return the object with its id, so that passing it as an argument sends no request."""
    return _load(value, await _ask(value, "id"))


async def _ask(value: Type, field: str) -> str:
    select: Callable[..., Context] = value._select  # noqa: SLF001
    return await select(field, []).execute(str)


def _load(value: Known, identifier: str) -> Known:
    context = value._ctx.select_id(value._graphql_name(), identifier)  # noqa: SLF001
    cls: Any = type(value)
    known: Known = _with_known_id(cls)(context)
    known.known_id = identifier  # type: ignore[attr-defined]
    return known


@cache
def _with_known_id(cls: Any) -> Any:
    """Return a subclass whose objects know their id; the SDK asks the engine for the id of every argument."""

    async def id_(self: Any) -> str:
        known: str | None = getattr(self, "known_id", None)
        return known or str(await cls.id(self))

    return type(cls.__name__, (cls,), {"__slots__": ("known_id",), "id": id_})
