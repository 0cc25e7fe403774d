"""Packs tests that passed into blocks of columns, and takes them out again."""

from __future__ import annotations

import heapq
import json
import zlib
from array import array
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from heroci_action.results.records import PassedTests, Result, Status, StepResult, TestCase

BLOCK = 8_192  # tests; a block is what has to be in memory at once
SLOWEST = 50
TOGETHER = 250_000  # keys that may be in one set
PART = 80_000  # keys in a set where there are more, about
LARGEST = 1 << 28  # bytes of a block from elsewhere, unpacked
LEVEL = 1  # of zlib: three times as fast as the default, and hardly larger
MICROSECONDS = 1_000_000
LONGEST = 10**18  # microseconds


class Columns(NamedTuple):
    """The rows of a block: the indices of the classes, microseconds, lines if there are any, names."""

    classes: Sequence[int]
    micros: Sequence[int]
    lines: Sequence[int | None] | None
    names: Sequence[str]


class Packer:
    """Takes tests that passed, in order, and keeps them packed.

    `keys` are the hashes of id and file of the tests, in this process and those that it forks.
    """

    def __init__(self) -> None:
        self.count = 0
        self.keys = array("q")
        self._classes: dict[tuple[str, str | None], int] = {}
        self._prefixes: list[str] = []
        self._columns: tuple[list[int], list[int], list[int | None], list[str]] = ([], [], [], [])
        self._blocks: list[str] = []
        self._slowest: list[tuple[int, int, TestCase]] = []
        self._micros = 0

    def index(self, classname: str, file: str | None) -> int:
        """The number of a class, the same for the same one."""
        known = self._classes.setdefault((classname, file), len(self._prefixes))
        if known == len(self._prefixes):
            self._prefixes.append(_prefix(classname, file))
        return known

    def add(self, columns: Columns) -> None:
        """Rows whose classes are numbers of `index`."""
        prefixes = self._prefixes
        pairs = zip(columns.classes, columns.names, strict=True)
        self.keys.extend([hash(prefixes[index] + name) for index, name in pairs])
        classes, micros, lines, names = self._columns
        classes += columns.classes
        micros += columns.micros
        lines += columns.lines or [None] * len(columns.names)
        names += columns.names
        self.count += len(columns.names)
        if len(names) >= BLOCK:
            self._close()

    def add_test(self, test: TestCase) -> None:
        """One test; of what it is only name, class, place and time are kept."""
        index = self.index(test.classname, test.file)
        self.add(Columns([index], [to_micros(test.duration)], [test.line], [test.name]))

    def packed(self) -> PassedTests | None:
        """Everything so far; None for nothing."""
        self._close()
        if not self.count:
            return None
        return PassedTests(
            count=self.count,
            duration=self._micros / MICROSECONDS,
            classes=tuple(self._classes),
            blocks=tuple(self._blocks),
            slowest=tuple(test for _, _, test in sorted(self._slowest, reverse=True)),
        )

    def _close(self) -> None:
        """End the block that is open."""
        block = Columns(*self._columns)
        if not block.names:
            return
        lines = block.lines if any(block.lines or ()) else None
        self._micros += sum(block.micros)
        self._rank(block)
        self._blocks.append(_encoded(block._replace(lines=lines)))
        self._columns = ([], [], [], [])

    def _rank(self, block: Columns) -> None:
        """Keep the slowest tests of all blocks; of equal ones the first."""
        full = len(self._slowest) >= SLOWEST
        floor = self._slowest[0][0] if full else 0
        better = [row for row, micros in enumerate(block.micros) if micros > floor]
        if len(better) > SLOWEST:
            least = sorted(block.micros)[-SLOWEST]
            equal = [row for row in better if block.micros[row] == least]
            better = [row for row in better if block.micros[row] > least]
            better += equal[: SLOWEST - len(better)]
        classes = tuple(self._classes)
        before = self.count - len(block.names)
        for row in better:
            entry = (block.micros[row], -before - row, _case(block, row, classes))
            if len(self._slowest) < SLOWEST:
                heapq.heappush(self._slowest, entry)
            else:
                heapq.heappushpop(self._slowest, entry)


def to_micros(seconds: float) -> int:
    """Microseconds, which JUnit's six decimals are; of a time that cannot be meant, a number all the same."""
    return round(min(seconds * MICROSECONDS, LONGEST))


def pack(tests: Iterable[TestCase]) -> PassedTests | None:
    """Tests as one packet."""
    packer = Packer()
    for test in tests:
        packer.add_test(test)
    return packer.packed()


def is_plain(test: TestCase) -> bool:
    """Whether nothing of a test is lost when it is packed."""
    told = test.message or test.details or test.output or test.attempts
    return test.status is Status.PASSED and not told


def columns(packed: PassedTests) -> Iterator[Columns]:
    """The blocks, one at a time. Raises ValueError for one that nobody packed; see `check`."""
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
    """Raise ValueError where a packet came from elsewhere and is not what `pack` makes."""
    known = range(len(packed.classes))
    count = 0
    for block in columns(packed):
        numbers = (*block.classes, *block.micros, *(block.lines or ()))
        sound = all(type(number) is int and number >= 0 for number in numbers if number is not None)
        if not (sound and all(index in known for index in block.classes)):
            raise ValueError("a block of packed tests has what is no number of its column")
        if not all(isinstance(name, str) for name in block.names):
            raise ValueError("a block of packed tests has a name that is no text")
        count += len(block.names)
    if count != packed.count:
        raise ValueError(f"there are {count} packed tests, not {packed.count} as it says")


def unpack(packed: PassedTests, rows: Collection[int] | None = None) -> Iterator[TestCase]:
    """All tests, or those in these rows, in order."""
    first = 0
    for block in columns(packed):
        numbers = range(len(block.names))
        wanted = numbers if rows is None else [row for row in numbers if first + row in rows]
        for row in wanted:
            yield _case(block, row, packed.classes)
        first += len(block.names)


def named(packed: PassedTests) -> Iterator[tuple[str, float]]:
    """The ids of the tests with their times in seconds, in order."""
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
    """The packet without the tests in these rows; None where none is left."""
    if not rows:
        return packed
    packer = Packer()
    for classname, file in packed.classes:
        packer.index(classname, file)
    first = 0
    for block in columns(packed):
        kept = [row for row in range(len(block.names)) if first + row not in rows]
        packer.add(_rows(block, kept))
        first += len(block.names)
    return packer.packed()


def listed(result: Result, limit: int) -> Result:
    """The result with its passed tests listed where there are at most `limit`, else packed."""
    number = result.counts.passed
    change = _listed if number <= limit else _packed
    stages = tuple(replace(stage, steps=tuple(map(change, stage.steps))) for stage in result.stages)
    return replace(result, stages=stages)


def _listed(step: StepResult) -> StepResult:
    if step.passed is None:
        return step
    return replace(step, tests=(*step.tests, *unpack(step.passed)), passed=None)


def _packed(step: StepResult) -> StepResult:
    """Tests that are listed and would lose nothing join those that are packed."""
    plain = [test for test in step.tests if is_plain(test)]
    if not plain:
        return step
    tests = tuple(test for test in step.tests if not is_plain(test))
    before = unpack(step.passed) if step.passed else ()
    return replace(step, tests=tests, passed=pack(chain(before, plain)))


def keys(packed: PassedTests) -> array[int]:
    """The hashes of id and file of the tests, in order; as Packer has them."""
    prefixes = [_prefix(classname, file) for classname, file in packed.classes]
    found = array("q")
    for block in columns(packed):
        pairs = zip(block.classes, block.names, strict=True)
        found.extend([hash(prefixes[index] + name) for index, name in pairs])
    return found


def key(test: TestCase) -> int:
    """The hash of id and file of a test: that of a packed one is the same."""
    return hash(_prefix(test.classname, test.file) + test.name)


def repeated(column: array[int]) -> set[int]:
    """The keys that come more than once in one file."""
    found: set[int] = set()
    for part in _parts(column):
        if len(set(part)) < len(part):
            found |= {one for one, times in Counter(part).items() if times > 1}
    return found


def _parts(column: array[int]) -> Iterator[array[int]]:
    """Yield the keys in groups of equal last bits, so that no set of very many keys is ever built."""
    number = 1 if len(column) <= TOGETHER else len(column) // PART + 1
    for part in range(number):
        yield column if number == 1 else array("q", [one for one in column if one % number == part])


def _prefix(classname: str, file: str | None) -> str:
    """Return what precedes the name in a key; NUL is in no file name, so keys are unambiguous."""
    return f"{file or ''}\0{classname}." if classname else f"{file or ''}\0"


def _rows(block: Columns, rows: Sequence[int]) -> Columns:
    return Columns(
        [block.classes[row] for row in rows],
        [block.micros[row] for row in rows],
        [block.lines[row] for row in rows] if block.lines else None,
        [block.names[row] for row in rows],
    )


def _case(block: Columns, row: int, classes: Sequence[tuple[str, str | None]]) -> TestCase:
    classname, file = classes[block.classes[row]]
    return TestCase(
        name=block.names[row],
        classname=classname,
        duration=block.micros[row] / MICROSECONDS,
        file=file,
        line=block.lines[row] if block.lines else None,
    )


def _encoded(block: Columns) -> str:
    text = json.dumps(block, separators=(",", ":")).encode()
    return b64encode(zlib.compress(text, LEVEL)).decode()
