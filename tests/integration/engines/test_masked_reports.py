"""Large report files leave an engine without secrets, through the disk."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from functools import partial

from heroci_action.engines.base import ReportFile
from heroci_action.engines.masked_reports import IN_MEMORY, mask_report
from heroci_action.engines.secret_store import SecretStore

SECRET = "tok_Zq7RbW2mX9fLk4Nv8CtY"  # noqa: S105  a made-up one
LIMIT = 1 << 30


class Lines(io.RawIOBase):
    """A file of many lines that is never in memory as a whole."""

    def __init__(self, size: int) -> None:
        self._lines = self._generate(size)
        self._rest = b""

    def _generate(self, size: int) -> Iterator[bytes]:
        line = f"{'x' * 1000} {SECRET}\n".encode()
        for _ in range(size // len(line)):
            yield line

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        assert (offset, whence) == (0, 0)
        return 0

    def read(self, size: int = -1) -> bytes:
        if size < 100:
            return b"xx"
        return b"".join(line for line, _ in zip(self._lines, range(size // 1100), strict=False))


def test_a_large_report_is_masked_on_disk_in_little_memory() -> None:
    size = 2 * IN_MEMORY
    file = ReportFile(kind="junit", path="a", opened=partial(Lines, size))  # type: ignore[arg-type]
    tracemalloc.start()
    found = mask_report(file, SecretStore(lambda _: None, SECRET), limit=LIMIT)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.5 * IN_MEMORY
    assert found.opened is not None
    for _ in range(2):
        with found.opened() as stream:
            first = stream.readline()
            assert first == f"{'x' * 1000} ***\n".encode()
            assert SECRET.encode() not in stream.read()
