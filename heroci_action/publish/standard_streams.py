"""Standard streams that never fail: a full disk or a closed pipe must not end a run."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Descriptor(io.FileIO):
    """A file descriptor that drops output after the first error, and keeps that error."""

    error: OSError | None = None

    def write(self, data: ReadableBuffer, /) -> int:
        """Write the data; after an error, only return its length."""
        if self.error is None:
            try:
                return super().write(data)
            except OSError as error:
                self.error = error
        return memoryview(data).nbytes


class StandardStream(io.TextIOWrapper):
    """A standard stream that drops output after an error."""

    def __init__(self, descriptor: int, encoding: str) -> None:
        self._raw = _Descriptor(descriptor, "wb", closefd=False)
        buffer = io.BufferedWriter(self._raw)
        super().__init__(buffer, encoding=encoding, errors="replace", line_buffering=True)

    @property
    def error(self) -> OSError | None:
        """The error that made the output incomplete; a closed pipe does not count."""
        self.flush()
        error = self._raw.error
        return None if isinstance(error, BrokenPipeError) else error

    def mark_closed(self) -> None:
        """Record that the caller closed the stream."""
        self._raw.error = OSError(errno.EBADF, "it is closed")


def protect_standard_streams() -> None:
    """Replace standard output and standard error, and open streams that the caller closed.

    Otherwise the next file that is opened would get the number of a standard stream.
    """
    closed = [number for number in range(3) if not _is_open(number)]
    for _ in closed:
        os.open(os.devnull, os.O_RDWR)
    out, err = (
        StandardStream(number, stream.encoding if stream else "utf-8")
        for number, stream in ((1, sys.stdout), (2, sys.stderr))
    )
    for stream in (out, err):
        if stream.fileno() in closed:
            stream.mark_closed()
    sys.stdout, sys.stderr = out, err


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def output_error() -> OSError | None:
    """Return why standard output is incomplete, if it is."""
    return sys.stdout.error if isinstance(sys.stdout, StandardStream) else None
