"""The input and the output of readers: sources of bytes, and readings."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import BinaryIO, TypeVar

from heroci_action.options import LARGEST_FILE
from heroci_action.readers.recorded_run import RecordedRun
from heroci_action.repository.paths import PathResolver
from heroci_action.results.coverage import Coverage
from heroci_action.results.records import Diagnostic, FixtureTimes, PassedTests, Split, TestCase

T = TypeVar("T")

CHUNK = 1 << 18  # bytes that are read at once

_GZIP = b"\x1f\x8b"  # RFC 1952, 2.3.1


class BrokenReportError(Exception):
    """A report cannot be read; `kept` are the readings before the defect."""

    def __init__(self, reason: str, kept: Readings | None = None) -> None:
        super().__init__(reason)
        self.kept = kept or Readings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A report as bytes; `path` is its name in messages.

    `content` is all of it, unless `opened` returns a stream, which it does as often as the report is read; `problem` is
    why the content is not complete. `errors` is the standard error of a step that printed its report. A report
    of more than `limit` bytes, after unpacking, is refused. If `assume_reruns`, a test that is twice in one suite,
    first failed and then passed, ran twice.
    """

    kind: str
    path: str
    content: bytes = b""
    errors: bytes = b""
    opened: Callable[[], BinaryIO] | None = None
    problem: str | None = None
    limit: int = LARGEST_FILE
    assume_reruns: bool = False

    def chunks(self) -> Iterator[bytes]:
        """Yield the content in pieces, unpacked if it is gzip. Raises BrokenReportError."""
        pieces = self._pieces()
        first = next(pieces, b"")
        pieces = _chained(first, pieces)
        left = self.limit
        for piece in _unpacked(pieces) if first.startswith(_GZIP) else pieces:
            left -= len(piece)
            if left < 0:
                raise BrokenReportError(f"it has more than {self.limit:,} bytes")
            yield piece
        if self.problem:
            raise BrokenReportError(self.problem)

    def _pieces(self) -> Iterator[bytes]:
        if self.opened is None:
            yield from (
                self.content[start : start + CHUNK] for start in range(0, len(self.content), CHUNK)
            )
            return
        try:
            with self.opened() as stream:
                while piece := stream.read(CHUNK):
                    yield piece
        except OSError as error:
            raise BrokenReportError(error.strerror or str(error)) from error

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of the content without their newlines. Raises BrokenReportError."""
        rest: list[bytes] = []
        for chunk in self.chunks():
            first, *more = chunk.split(b"\n")
            rest.append(first)
            if more:
                yield b"".join(rest)
                yield from more[:-1]
                rest = [more[-1]]
        yield b"".join(rest)

    def text_lines(self) -> Iterator[str]:
        """Yield the lines as text, decoded by a byte order mark; bytes that are not UTF-8 are kept, as git lists them.

        Raises BrokenReportError.
        """
        lines = self.lines()
        first = next(lines, b"")
        if is_utf16(first):
            yield from self.text.split("\n")
            return
        for line in chain((first.removeprefix(codecs.BOM_UTF8),), lines):
            yield line.decode("utf-8", errors="surrogateescape")

    @property
    def data(self) -> bytes:
        """Return all of the content, for formats that cannot be streamed. Raises BrokenReportError."""
        return b"".join(self.chunks())

    @property
    def text(self) -> str:
        """Return the content as text, decoded by its byte order mark; invalid bytes are replaced."""
        content = self.data
        return content.decode("utf-16" if is_utf16(content) else "utf-8-sig", errors="replace")


def is_utf16(content: bytes) -> bool:
    """Return whether a text starts with the byte order mark of UTF-16."""
    return content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the content of a gzip file, which may have several members, in pieces of bounded size."""
    member = zlib.decompressobj(wbits=31)
    try:
        for piece in pieces:
            packed = piece
            while packed:
                if member.eof:
                    member = zlib.decompressobj(wbits=31)
                yield member.decompress(packed, CHUNK)
                packed = member.unconsumed_tail or member.unused_data
    except zlib.error as error:
        raise BrokenReportError(f"its compression is damaged ({error})") from error
    if not member.eof:
        raise BrokenReportError("its compressed content ends too early")


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """The contents of the reports of a step.

    `passed` are tests in addition to `tests`; `elsewhere` counts the tests of other shards. `problems` name files
    that are broken or contradict themselves: a step with one has not passed.
    """

    tests: tuple[TestCase, ...] = ()
    problems: tuple[str, ...] = ()
    passed: tuple[PassedTests, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    splits: tuple[Split, ...] = ()
    fixtures: FixtureTimes | None = None
    run: RecordedRun | None = None
    warnings: tuple[str, ...] = ()
    elsewhere: int = 0


Reader = Callable[[Sequence[Source], PathResolver], Readings]
"""Reads all reports of one kind that a step produced."""


def tolerate(readings: Readings) -> Readings:
    """Turn problems into warnings."""
    return replace(readings, problems=(), warnings=(*readings.warnings, *readings.problems))


def each(single: Callable[[Source, PathResolver], Readings]) -> Reader:
    """Return a reader of files that are independent of each other."""

    def reader(sources: Sequence[Source], tree: PathResolver) -> Readings:
        return merge_readings(read_one(single, source, tree) for source in sources)

    return reader


def read_one(
    single: Callable[[Source, PathResolver], Readings], source: Source, tree: PathResolver
) -> Readings:
    """Return the readings of one file; if it is broken, what could be read of it and a problem that names it."""
    try:
        return single(source, tree)
    except BrokenReportError as broken:
        problem = f"{source.path}: not a complete {source.kind} report: {broken}"
        return replace(broken.kept, problems=(*broken.kept.problems, problem))


def merge_readings(parts: Iterable[Readings]) -> Readings:
    """Return several readings as one; of facts with the same name the last one counts."""
    parts = tuple(parts)

    def join(values: Callable[[Readings], Iterable[T]]) -> tuple[T, ...]:
        return tuple(chain.from_iterable(map(values, parts)))

    def last(value: Callable[[Readings], T | None]) -> T | None:
        return next(filter(None, map(value, reversed(parts))), None)

    return Readings(
        tests=join(lambda part: part.tests),
        passed=join(lambda part: part.passed),
        diagnostics=join(lambda part: part.diagnostics),
        coverage=join(lambda part: part.coverage),
        facts=dict(join(lambda part: part.facts.items())),
        splits=join(lambda part: part.splits),
        fixtures=last(lambda part: part.fixtures),
        run=last(lambda part: part.run),
        problems=join(lambda part: part.problems),
        warnings=join(lambda part: part.warnings),
        elsewhere=sum(part.elsewhere for part in parts),
    )
