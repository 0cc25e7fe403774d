"""Mask report files: small ones in memory, large ones on disk, all of them in bounded memory."""

from __future__ import annotations

import codecs
import io
import os
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import BinaryIO

from heroci_action.engines.base import ReportFile
from heroci_action.engines.secret_store import SecretStore

IN_MEMORY = 16 << 20  # bytes
CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib: a gzip header and the largest window
_BOMS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class _DamagedError(Exception):
    """The rest of a file cannot be uncompressed."""


def mask_report(file: ReportFile, secrets: SecretStore, *, limit: int) -> ReportFile:
    """Return the report without secrets, uncompressed and in its own encoding.

    If it has more than `limit` bytes, only the problem is left of it.
    """
    masked = replace(file, path=secrets.mask(file.path), content=b"", opened=None)
    # Unlinked from the start, so that nothing is left if HeroCI is killed.
    target = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
    size = 0
    try:
        for piece in _mask_stream(file, secrets):
            size += target.write(piece)
            if size > limit:
                target.close()
                return replace(masked, problem=f"it has more than {limit:,} bytes")
    except _DamagedError as error:
        masked = replace(masked, problem=str(error))
    target.seek(0)
    if size <= IN_MEMORY:
        with target:
            return replace(masked, content=target.read())
    target.rollover()
    return replace(masked, opened=partial(_reopen, target))


def _reopen(target: tempfile.SpooledTemporaryFile[bytes]) -> BinaryIO:
    """Return another stream of the file, from its start."""
    stream = os.fdopen(os.dup(target.fileno()), "rb")
    stream.seek(0)
    return stream


def _mask_stream(file: ReportFile, secrets: SecretStore) -> Iterator[bytes]:
    with file.opened() if file.opened else io.BytesIO(file.content) as stream:
        pieces = _uncompressed(stream)
        first = next(pieces, b"")  # a damaged header raises here, and nothing is lost
        encoding = next((name for mark, name in _BOMS.items() if first.startswith(mark)), "utf-8")
        errors = "surrogateescape" if encoding == "utf-8" else "replace"
        decoder = codecs.getincrementaldecoder(encoding)(errors=errors)
        encoder = codecs.getincrementalencoder(encoding)(errors=errors)
        held, damage = "", None
        try:
            for piece in chain([first], pieces):
                text = held + decoder.decode(piece)
                cut = secrets.split(text)
                held = text[cut:]
                yield encoder.encode(secrets.mask(text[:cut]))
        except _DamagedError as error:
            damage = error
        rest = held + decoder.decode(b"", final=True)
        yield encoder.encode(secrets.mask(rest), final=True)
        if damage:
            raise damage


def _uncompressed(stream: BinaryIO) -> Iterator[bytes]:
    start = stream.read(len(_GZIP))
    stream.seek(0)
    if start == _GZIP:
        yield from _gunzip(stream)
        return
    while piece := stream.read(CHUNK):
        yield piece


def _gunzip(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the members of a gzip file, in pieces that stay small however well they are compressed."""
    member = zlib.decompressobj(_GZIP_WINDOW)
    packed = b""
    while packed := packed or stream.read(CHUNK):
        if member.eof:
            member = zlib.decompressobj(_GZIP_WINDOW)
        try:
            piece = member.decompress(packed, CHUNK)
        except zlib.error as error:
            raise _DamagedError(f"its compression is damaged ({error})") from error
        yield piece
        packed = member.unconsumed_tail or member.unused_data
    if not member.eof:
        raise _DamagedError("its compressed content ends too early")
