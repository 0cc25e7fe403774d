"""Builds with the daemon's BuildKit where the docker client has no buildx: one request, answered with events.

The client's own builder without buildx is the old one, which knows neither `RUN --mount` nor heredocs; buildx is 65 MB.
Source: https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Image/operation/ImageBuild, and the progress
messages in moby/buildkit, api/services/control/control.proto.
"""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import BinaryIO

import anyio
import httpx

from heroci_action.engines.base import Sink, Stream
from heroci_action.engines.host.build_context import Build, pack
from heroci_action.errors import EngineError

SOCKET = "unix:///var/run/docker.sock"
BUILDKIT = "2"  # the parameter `version`
CHUNK = 1 << 20  # bytes
UNLIMITED = httpx.Timeout(None)  # the stage has a timeout of its own


async def build(wanted: Build, sink: Sink, *, host: str | None) -> int:
    """Build an image, what happens to the sink; the exit code. Cancelling ends the build.

    `host` is the value of DOCKER_HOST. Raises EngineError where the daemon does not answer, or not over a socket file.
    """
    address = host or SOCKET
    if not address.startswith("unix://"):
        raise EngineError(
            f"images can be built on {address!r} only with buildx",
            remedy="install docker-buildx, or leave the stage out with --skip image",
        )
    transport = httpx.AsyncHTTPTransport(uds=address.removeprefix("unix://"))
    with tempfile.TemporaryFile() as packed:
        try:
            name = await anyio.to_thread.run_sync(pack, wanted.context, wanted.dockerfile, packed)
        except OSError as error:
            sink(Stream.STDERR, f"{error.filename}: {error.strerror}")
            return 1
        try:
            async with httpx.AsyncClient(transport=transport, timeout=UNLIMITED) as client:
                return await _request(client, parameters(wanted, name), packed, sink)
        except httpx.HTTPError as error:
            raise EngineError(
                f"the Docker daemon did not answer: {error}", remedy="see `docker info`"
            ) from error


def parameters(wanted: Build, dockerfile: str) -> dict[str, str]:
    """The query of the request; the Dockerfile is named as in the context."""
    key, _, value = wanted.label.partition("=")
    return {
        "version": BUILDKIT,
        "t": wanted.tag,
        "dockerfile": dockerfile,
        "labels": json.dumps({key: value}),
        "buildargs": json.dumps(dict(wanted.arguments)),
        **({"target": wanted.target} if wanted.target else {}),
        **({"nocache": "1"} if wanted.fresh else {}),
    }


async def _request(
    client: httpx.AsyncClient, query: dict[str, str], packed: BinaryIO, sink: Sink
) -> int:
    headers = {"Content-Type": "application/x-tar"}
    url = "http://docker/build"
    request = client.build_request(
        "POST", url, params=query, content=_chunks(packed), headers=headers
    )
    answer = await client.send(request, stream=True)
    try:
        if answer.is_error:
            sink(Stream.STDERR, _message(await answer.aread()))
            return 1
        return await _follow(answer, sink)
    finally:
        await answer.aclose()


async def _chunks(packed: BinaryIO) -> AsyncIterator[bytes]:
    packed.seek(0)
    while chunk := packed.read(CHUNK):
        yield chunk


def _message(content: bytes) -> str:
    try:
        return str(json.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        return content.decode(errors="replace").strip()


async def _follow(answer: httpx.Response, sink: Sink) -> int:
    progress = Progress(sink)
    code = 0
    async for line in answer.aiter_lines():
        event = json.loads(line) if line.strip() else {}
        if event.get("id") == "moby.buildkit.trace":
            progress.add(base64.b64decode(event["aux"]))
        elif "error" in event:
            sink(Stream.STDERR, f"ERROR: {event['error']}")
            code = 1
    progress.end()
    return code


class Progress:
    """Tells what BuildKit does line by line, as `docker build --progress plain`."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._numbers: dict[str, int] = {}
        self._told: set[tuple[str, str]] = set()
        self._rest: dict[str, str] = {}

    def add(self, message: bytes) -> None:
        """A StatusResponse: vertexes are field 1, logs field 3."""
        for number, value in fields(message):
            if number == 1 and isinstance(value, bytes):
                self._vertex(dict(fields(value)))
            elif number == 3 and isinstance(value, bytes):  # noqa: PLR2004  a field of the message
                self._log(dict(fields(value)))

    def end(self) -> None:
        """Tell what had no line end."""
        for vertex, rest in self._rest.items():
            if rest:
                self._say(vertex, rest)

    def _vertex(self, vertex: Mapping[int, int | bytes]) -> None:
        digest = _text(vertex.get(1))
        self._once(digest, "name", _text(vertex.get(3)))
        if vertex.get(4):
            self._once(digest, "end", "CACHED")
        elif vertex.get(7):
            self._once(digest, "end", f"ERROR: {_text(vertex.get(7))}")
        elif vertex.get(6):
            self._once(digest, "end", "DONE")

    def _log(self, log: Mapping[int, int | bytes]) -> None:
        vertex = _text(log.get(1))
        *lines, rest = (self._rest.get(vertex, "") + _text(log.get(4))).split("\n")
        self._rest[vertex] = rest
        for line in lines:
            self._say(vertex, line)

    def _once(self, vertex: str, what: str, text: str) -> None:
        if (vertex, what) not in self._told:
            self._told.add((vertex, what))
            self._say(vertex, text)

    def _say(self, vertex: str, text: str) -> None:
        number = self._numbers.setdefault(vertex, len(self._numbers) + 1)
        self._sink(Stream.STDOUT, f"#{number} {text.rstrip(chr(13))}")


def _text(value: int | bytes | None) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else ""


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protobuf message, numbers and contents; nested messages are bytes.

    Source: https://protobuf.dev/programming-guides/encoding/
    """
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        match key & 7:
            case 0:
                value, position = _varint(message, position)
                yield key >> 3, value
            case 2:
                length, position = _varint(message, position)
                yield key >> 3, message[position : position + length]
                position += length
            case 1 | 5 as kind:
                width = 8 if kind == 1 else 4
                yield key >> 3, message[position : position + width]
                position += width
            case kind:
                raise ValueError(f"no message of protobuf: wire type {kind}")


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, position
