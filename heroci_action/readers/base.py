"""What readers take and give: sources of bytes, the tree that paths are placed in, and readings."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from heroci_action.options import LARGEST_FILE
from heroci_action.readers.recorded_run import RecordedRun
from heroci_action.repository.paths import PathResolver
from heroci_action.results.records import (
    Coverage,
    Diagnostic,
    FixtureTimes,
    PassedTests,
    Split,
    TestCase,
)

CHUNK = 1 << 18  # bytes that are read at once

_GZIP = b"\x1f\x8b"  # RFC 1952, 2.3.1


class BrokenReportError(Exception):
    """A report that cannot be read; `kept` is what was understood before it broke."""

    def __init__(self, reason: str, kept: Readings | None = None) -> None:
        super().__init__(reason)
        self.kept = kept or Readings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A report as bytes; `path` is its name in messages, `errors` what a printing step said on standard error.

    A large one is not in `content`: `opened` gives a stream of it, as often as it is read. `limit` is the number of
    bytes, after unpacking, above which it is refused. Without `outputs`, what tests printed that passed is not kept:
    that is most of a large report, and nobody reads it. `problem` is why the content ends where it does. With `packed`,
    the tests that have nothing to tell are packed.
    """

    kind: str
    path: str
    content: bytes = b""
    errors: bytes = b""
    opened: Callable[[], BinaryIO] | None = None
    problem: str | None = None
    limit: int = LARGEST_FILE
    outputs: bool = True
    packed: bool = False

    def chunks(self) -> Iterator[bytes]:
        """The content in pieces, unpacked where it is gzip. Raises BrokenReportError."""
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

    @property
    def data(self) -> bytes:
        """All of the content at once, for formats that cannot be streamed. Raises BrokenReportError."""
        return b"".join(self.chunks())

    @property
    def text(self) -> str:
        """The content as text, by its byte order mark; bytes that make no character are replaced."""
        content = self.data
        wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
        return content.decode("utf-16" if wide else "utf-8-sig", errors="replace")


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The members of a gzip file, in pieces that stay small whatever they were packed from."""
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


"""Directories of other people's code, whose files may be called like ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What the reports of a step contain.

    `passed` are tests in addition to `tests`, if the report was read `packed`; `elsewhere` counts those that other
    shards run. `problems` name files that are broken or contradict themselves: a step with one has not passed.
    """

    tests: tuple[TestCase, ...] = ()
    problems: tuple[str, ...] = ()
    passed: PassedTests | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    splits: tuple[Split, ...] = ()
    fixtures: FixtureTimes | None = None
    run: RecordedRun | None = None
    warnings: tuple[str, ...] = ()
    elsewhere: int = 0


Reader = Callable[[Sequence[Source], PathResolver], Readings]
"""Reads all reports of one kind that a step left."""


def tolerate(readings: Readings) -> Readings:
    """Turn problems into warnings."""
    return replace(readings, problems=(), warnings=(*readings.warnings, *readings.problems))


def each(single: Callable[[Source, PathResolver], Readings]) -> Reader:
    """A reader of files that have nothing to do with each other."""

    def reader(sources: Sequence[Source], tree: PathResolver) -> Readings:
        return joined(kept(single, source, tree) for source in sources)

    return reader


def kept(
    single: Callable[[Source, PathResolver], Readings], source: Source, tree: PathResolver
) -> Readings:
    """Return the readings of one file; if it is broken, what could be read of it and a problem that names it."""
    try:
        return single(source, tree)
    except BrokenReportError as broken:
        problem = f"{source.path}: not a complete {source.kind} report: {broken}"
        return joined([broken.kept, Readings(problems=(problem,))])


def joined(parts: Iterable[Readings]) -> Readings:
    """Several readings as one; of facts with the same name the last one counts.

    Raises ValueError where several have packed tests: such files are read one by one.
    """
    tests: list[TestCase] = []
    diagnostics: list[Diagnostic] = []
    coverages: list[Coverage] = []
    facts: dict[str, str] = {}
    problems: list[str] = []
    splits: list[Split] = []
    fixtures: FixtureTimes | None = None
    run: RecordedRun | None = None
    warnings: list[str] = []
    packed: Readings | None = None
    elsewhere = 0
    for part in parts:
        if part.passed:
            if packed:
                raise ValueError("packed reports are read one by one")
            packed = part
        tests += part.tests
        diagnostics += part.diagnostics
        coverages += part.coverage
        facts |= part.facts
        problems += part.problems
        splits += part.splits
        fixtures = part.fixtures or fixtures
        run = part.run or run
        warnings += part.warnings
        elsewhere += part.elsewhere
    return Readings(
        tests=tuple(tests),
        diagnostics=tuple(diagnostics),
        coverage=tuple(coverages),
        facts=facts,
        problems=tuple(problems),
        splits=tuple(splits),
        fixtures=fixtures,
        run=run,
        warnings=tuple(warnings),
        passed=packed.passed if packed else None,
        elsewhere=elsewhere,
    )
