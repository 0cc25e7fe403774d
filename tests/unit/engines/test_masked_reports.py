"""Report files leave an engine without secrets, whatever their size, encoding and compression."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from collections.abc import Iterator
from functools import partial

import pytest

from heroci_action.engines.base import ReportFile
from heroci_action.engines.masked_reports import IN_MEMORY, mask_report
from heroci_action.engines.secret_store import SecretStore

SECRET = "tok_Zq7RbW2mX9fLk4Nv8CtY"  # noqa: S105  a made-up one
TEXT = f'<testcase name="ä {SECRET}"><failure>\x1b[1m{SECRET}\x1b[0m</failure></testcase>'
MASKED = TEXT.replace(SECRET, "***")
LIMIT = 1 << 30


def masked(content: bytes, *, limit: int = LIMIT) -> ReportFile:
    file = ReportFile(kind="junit", path=f"{SECRET}.xml", content=content)
    return mask_report(file, SecretStore(lambda _: None, SECRET), limit=limit)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_report_keeps_its_encoding(encoding: str) -> None:
    found = masked(TEXT.encode(encoding))
    assert found.path == "***.xml"
    assert found.content.decode(encoding) == MASKED


def test_bytes_of_another_encoding_are_kept() -> None:
    assert masked(b"caf\xe9 " + SECRET.encode()).content == b"caf\xe9 ***"


def test_a_compressed_report_is_masked_and_left_uncompressed() -> None:
    members = gzip.compress(TEXT.encode()) + gzip.compress(b"<more/>")
    found = masked(members)
    assert found.content.decode() == MASKED + "<more/>"
    assert found.problem is None


@pytest.mark.parametrize("cut", [-1, -8, -12])
def test_a_compressed_report_that_breaks_off_says_so(cut: int) -> None:
    found = masked(gzip.compress(TEXT.encode())[:cut])
    assert found.problem == "its compressed content ends too early"
    assert SECRET.encode() not in found.content


def test_a_secret_on_the_border_of_two_pieces_is_masked() -> None:
    for inside in (0, 1, len(SECRET) // 2, len(SECRET) - 1, len(SECRET)):
        before = (1 << 20) - inside
        found = masked(b"x" * before + SECRET.encode() + b"y")
        assert found.content == b"x" * before + b"***y"


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


def test_a_report_beyond_the_limit_is_refused_even_if_it_is_small_on_disk() -> None:
    found = masked(gzip.compress(b"x" * 5_000_000), limit=1_000_000)
    assert found.problem == "it has more than 1,000,000 bytes"
    assert found.content == b""
