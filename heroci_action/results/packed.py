"""Pack tests that passed into blocks of columns, and unpack them.

A result may have hundreds of thousands of passed tests, of which only names and times are of interest. Packed, each
takes a few bytes. Only this module knows the blocks; all others ask it for tests or names.
"""

from __future__ import annotations

import heapq
import json
import zlib
from array import array
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Generic, NamedTuple, TypeVar

from heroci_action.results.records import PassedTests, Result, Status, StepResult, TestCase

BLOCK = 8_192  # tests; a block is what has to be in memory at once
SLOWEST = 50
LISTED = 10_000  # passed tests of a result that are not packed
MAX_SET = 250_000  # keys in one set
PART = 80_000  # keys in each set, roughly, if there are more
LARGEST = 1 << 28  # bytes of a block that another program made, uncompressed
LEVEL = 1  # of zlib: three times as fast as the default, and hardly larger
MICROSECONDS = 1_000_000
LONGEST = 10**18  # microseconds

File = TypeVar("File", bound=Hashable)


class Columns(NamedTuple):
    """The rows of a block: the numbers of the classes, microseconds, lines if there are any, names."""

    classes: Sequence[int]
    micros: Sequence[int]
    lines: Sequence[int | None] | None
    names: Sequence[str]


class Packer(Generic[File]):
    """Collects tests that passed, in order, and keeps them packed.

    Classes have files, or placeholders for files until all tests are known.
    """

    def __init__(self) -> None:
        self.count = 0
        self._classes: dict[tuple[str, File | None], int] = {}
        self._columns: tuple[list[int], list[int], list[int | None], list[str]] = ([], [], [], [])
        self._blocks: list[str] = []
        self._slowest: list[tuple[int, int, _Row]] = []
        self._micros = 0

    def index(self, classname: str, file: File | None) -> int:
        """Return the number of a class, always the same for the same one."""
        return self._classes.setdefault((classname, file), len(self._classes))

    def add(self, columns: Columns) -> None:
        """Add rows whose classes are numbers of `index`."""
        classes, micros, lines, names = self._columns
        classes += columns.classes
        micros += columns.micros
        lines += columns.lines or [None] * len(columns.names)
        names += columns.names
        self.count += len(columns.names)
        if len(names) >= BLOCK:
            self._close()

    def packed(self, file_of: Callable[[File], str | None]) -> PassedTests | None:
        """Return everything so far, with the files of the classes; None if there is no test."""
        self._close()
        if not self.count:
            return None
        classes = tuple(
            (name, None if file is None else file_of(file)) for name, file in self._classes
        )
        return PassedTests(
            count=self.count,
            duration=self._micros / MICROSECONDS,
            classes=classes,
            blocks=tuple(self._blocks),
            slowest=tuple(_test(row, classes) for _, _, row in sorted(self._slowest, reverse=True)),
        )

    def _close(self) -> None:
        """Close the open block."""
        block = Columns(*self._columns)
        if not block.names:
            return
        lines = block.lines if any(block.lines or ()) else None
        self._micros += sum(block.micros)
        self._rank(block)
        self._blocks.append(_encode(block._replace(lines=lines)))
        self._columns = ([], [], [], [])

    def _rank(self, block: Columns) -> None:
        """Keep the slowest tests of all blocks; of equally slow ones the first."""
        full = len(self._slowest) >= SLOWEST
        floor = self._slowest[0][0] if full else 0
        least = max(floor + 1, sorted(block.micros)[-SLOWEST:][0])
        better = [(micros, -row) for row, micros in enumerate(block.micros) if micros >= least]
        before = self.count - len(block.names)
        for micros, row in heapq.nlargest(SLOWEST, better):
            heapq.heappush(self._slowest, (micros, row - before, _row(block, -row)))
            if len(self._slowest) > SLOWEST:
                heapq.heappop(self._slowest)


def to_micros(seconds: float) -> int:
    """Return microseconds, JUnit's six decimals; absurdly long times are cut."""
    return round(min(seconds * MICROSECONDS, LONGEST))


def pack(tests: Iterable[TestCase]) -> PassedTests | None:
    """Pack tests; only their name, class, place and time are kept."""
    packer: Packer[str] = Packer()
    for test in tests:
        index = packer.index(test.classname, test.file)
        packer.add(Columns([index], [to_micros(test.duration)], [test.line], [test.name]))
    return packer.packed(str)


def is_plain(test: TestCase) -> bool:
    """Return whether a test can be packed without loss."""
    more = test.message or test.details or test.output or test.attempts
    return test.status is Status.PASSED and not more


def columns(packed: PassedTests) -> Iterator[Columns]:
    """Yield the blocks, unpacked one at a time. Raises ValueError if one is damaged; see `check`."""
    for block in packed.blocks:
        unpacker = zlib.decompressobj()
        try:
            text = unpacker.decompress(b64decode(block, validate=True), LARGEST)
            made = Columns(*json.loads(text))
            lengths = {len(column) for column in made if column is not None}
        except (zlib.error, ValueError, TypeError, RecursionError) as error:
            raise ValueError(f"a block of packed tests is damaged: {error}") from error
        if not unpacker.eof or len(lengths) != 1:
            raise ValueError("a block of packed tests is damaged")
        yield made


def check(packed: PassedTests) -> None:
    """Raise ValueError if packed tests from a file are not what `pack` returns."""
    known = range(len(packed.classes))
    count = 0
    for block in columns(packed):
        numbers = (*block.classes, *block.micros, *filter(_is_stated, block.lines or ()))
        if not (all(map(_is_count, numbers)) and all(index in known for index in block.classes)):
            raise ValueError("a block of packed tests has an invalid number")
        if not all(isinstance(name, str) for name in block.names):
            raise ValueError("a block of packed tests has a name that is not text")
        count += len(block.names)
    if count != packed.count:
        raise ValueError(f"there are {count} packed tests instead of {packed.count}")


def _is_stated(line: int | None) -> bool:
    return line is not None


def _is_count(number: object) -> bool:
    return type(number) is int and number >= 0


def unpack(packed: PassedTests | None, rows: Collection[int] | None = None) -> Iterator[TestCase]:
    """Yield all tests, or those in these rows, in order."""
    if packed is None:
        return
    first = 0
    for block in columns(packed):
        numbers = range(len(block.names))
        wanted = numbers if rows is None else [row for row in numbers if first + row in rows]
        for row in wanted:
            yield _test(_row(block, row), packed.classes)
        first += len(block.names)


def names(packed: PassedTests) -> Iterator[tuple[str, float]]:
    """Yield the ids of the tests with their times in seconds, in order."""
    prefixes = [f"{classname}." if classname else "" for classname, _ in packed.classes]
    for block in columns(packed):
        for index, micros, name in zip(block.classes, block.micros, block.names, strict=True):
            yield prefixes[index] + name, micros / MICROSECONDS


def find_named(packed: PassedTests, wanted: frozenset[str]) -> Iterator[tuple[str, str | None]]:
    """Yield the id and the file of each test that has one of these names, in order."""
    prefixes = [f"{classname}." if classname else "" for classname, _ in packed.classes]
    files = [file for _, file in packed.classes]
    for block in columns(packed):
        if wanted.isdisjoint(block.names):
            continue
        for index, name in zip(block.classes, block.names, strict=True):
            if name in wanted:
                yield prefixes[index] + name, files[index]


def without(packed: PassedTests, rows: Collection[int]) -> PassedTests | None:
    """Return the packed tests without those in these rows; None if none is left."""
    if not rows:
        return packed
    packer: Packer[str] = Packer()
    for classname, file in packed.classes:
        packer.index(classname, file)
    first = 0
    for block in columns(packed):
        kept = [row for row in range(len(block.names)) if first + row not in rows]
        packer.add(_rows(block, kept))
        first += len(block.names)
    return packer.packed(str)


def expand_or_pack(result: Result, limit: int = LISTED) -> Result:
    """Return the result with its passed tests listed if there are at most `limit`, else packed."""
    change = _expand if result.counts.passed <= limit else _pack
    stages = tuple(replace(stage, steps=tuple(map(change, stage.steps))) for stage in result.stages)
    return replace(result, stages=stages)


def _expand(step: StepResult) -> StepResult:
    return replace(step, tests=(*step.tests, *unpack(step.passed)), passed=None)


def _pack(step: StepResult) -> StepResult:
    plain = [test for test in step.tests if is_plain(test)]
    if not plain:
        return step
    tests = tuple(test for test in step.tests if not is_plain(test))
    return replace(step, tests=tests, passed=pack(chain(unpack(step.passed), plain)))


def keys(packed: PassedTests) -> array[int]:
    """Return a hash of the class and name of each test, in order; `key` has the same for a listed test."""
    found = array("q")
    for block in columns(packed):
        pairs = zip(block.classes, block.names, strict=True)
        found.extend([hash((packed.classes[index][0], name)) for index, name in pairs])
    return found


def key(test: TestCase) -> int:
    """Return the hash of the class and name of a test, which `keys` has for packed ones."""
    return hash((test.classname, test.name))


def repeated(column: array[int]) -> set[int]:
    """Return the keys that occur more than once."""
    found: set[int] = set()
    for part in _parts(column):
        if len(set(part)) < len(part):
            found |= {one for one, times in Counter(part).items() if times > 1}
    return found


def _parts(column: array[int]) -> Iterator[array[int]]:
    """Yield the keys in groups of equal last bits, so that no set of very many keys is ever built."""
    number = 1 if len(column) <= MAX_SET else len(column) // PART + 1
    for part in range(number):
        yield (
            column if number == 1 else array("q", [one for one in column if one % number == part])
        )


class _Row(NamedTuple):
    """A packed test; `classname` is the number of its class."""

    classname: int
    micros: int
    line: int | None
    name: str


def _row(block: Columns, row: int) -> _Row:
    line = block.lines[row] if block.lines else None
    return _Row(block.classes[row], block.micros[row], line, block.names[row])


def _test(row: _Row, classes: Sequence[tuple[str, str | None]]) -> TestCase:
    classname, file = classes[row.classname]
    return TestCase(
        name=row.name,
        classname=classname,
        duration=row.micros / MICROSECONDS,
        file=file,
        line=row.line,
    )


def _rows(block: Columns, rows: Sequence[int]) -> Columns:
    return Columns(
        [block.classes[row] for row in rows],
        [block.micros[row] for row in rows],
        [block.lines[row] for row in rows] if block.lines else None,
        [block.names[row] for row in rows],
    )


def _encode(block: Columns) -> str:
    text = json.dumps(block, separators=(",", ":")).encode()
    return b64encode(zlib.compress(text, LEVEL)).decode()
