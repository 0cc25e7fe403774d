"""Report files leave an engine without secrets, whatever their size, encoding and compression."""

from __future__ import annotations

import gzip

import pytest

from heroci_action.engines.base import ReportFile
from heroci_action.engines.masked_reports import mask_report
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


def test_a_report_beyond_the_limit_is_refused_even_if_it_is_small_on_disk() -> None:
    found = masked(gzip.compress(b"x" * 5_000_000), limit=1_000_000)
    assert found.problem == "it has more than 1,000,000 bytes"
    assert found.content == b""
