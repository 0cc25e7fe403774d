"""The places of tests and failures, in files of the repository."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from heroci_action.readers.tracebacks import SEARCHED, Frame
from heroci_action.repository.paths import PathResolver

# Surefire's suffix for the environment of a class: `com.acme.ListTest(H2)`.
_SUFFIX = re.compile(r"\([^()]*\)$")
_NUMBER = re.compile(r"[0-9]{1,9}")
# A line of the test's own file: ESLint's `line 3, col 7, Error - …`, GUT's `at line 12`.
# Other lines that begin so are input of the code under test: `line 3: unexpected token`.
_OWN_LINE = re.compile(
    r"^[^\S\n]*(?:at (?=line \d+\s*$)|(?=line \d+, col))line (\d{1,9})", re.MULTILINE
)


class Definition(NamedTuple):
    """The information of a report about the place of a test: files, best first, and names of its class and suite."""

    files: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class Origin(NamedTuple):
    """Where a test is defined, the frames of its failure, the innermost first, and the place that the report states."""

    definition: Definition
    line: int | None = None
    frames: tuple[Frame, ...] = ()
    stated: Frame | None = None


def find_own_line(texts: Iterable[str]) -> int | None:
    """Return the first line number that a text gives without a file."""
    found = (_OWN_LINE.search(text[:SEARCHED]) for text in texts)
    return next((int(match[1]) for match in found if match), None)


def line_number(text: str) -> int | None:
    """Return a line number from an attribute; None if it is not a number."""
    return int(text) if _NUMBER.fullmatch(text) else None


@dataclass(slots=True)
class Places:
    """The places of one report, whose paths are mapped together once it has been read.

    `report` is its path.
    """

    tree: PathResolver
    report: str
    warnings: list[str] = field(default_factory=list)
    _paths: dict[str, None] = field(default_factory=dict)
    _files: dict[str, str] = field(default_factory=dict)
    _definitions: dict[Definition, str | None] = field(default_factory=dict)

    def note(self, origin: Origin) -> None:
        """Remember the paths of a test, so that one mapping fits as many as possible."""
        frames = (*origin.frames, *((origin.stated,) if origin.stated else ()))
        for path in (*origin.definition.files, *(frame.path for frame in frames)):
            self._paths[path] = None

    def map_paths(self) -> None:
        """Map the paths that were noted to tracked files."""
        found = self.tree.locate_all(self._paths, report=self.report, scattered=True)
        self._files = dict(found.files)
        if found.ambiguity:
            self.warnings.append(f"{self.report}: {found.ambiguity}")

    def file(self, definition: Definition) -> str | None:
        """Return the file in which a test is defined."""
        if definition not in self._definitions:
            self._definitions[definition] = next(self._candidates(definition), None)
        return self._definitions[definition]

    def place(self, origin: Origin) -> tuple[str | None, int | None]:
        """Return the stated place, else the best frame, else the definition.

        The best frame is the innermost one in the test's own file, else the innermost one in the repository.
        """
        own = self.file(origin.definition)
        package = next(iter(origin.definition.names), "")
        if origin.stated and (file := self._frame_file(origin.stated, package)):
            return file, origin.stated.line
        first = None
        for frame in origin.frames:
            file = self._frame_file(frame, package)
            if file and file == own:
                return file, frame.line
            if file and not first:
                first = file, frame.line
        return first or (own, origin.line if own else None)

    def _candidates(self, definition: Definition) -> Iterator[str]:
        """Yield what may be the file: a mapped path, the file of the class, a path that fits no mapping."""
        names = (_SUFFIX.sub("", name) for name in definition.names)
        yield from filter(None, map(self._files.get, definition.files))
        yield from filter(None, (file_of_class(name, self.tree) for name in names))
        for path in definition.files:
            yield from filter(None, self._unmapped(path))

    def _unmapped(self, path: str) -> Iterator[str | None]:
        located = self.tree.locate(path)
        if not self.tree.tracked or located in self.tree.tracked:
            yield located
        yield self.tree.named(path.replace("\\", "/").rpartition("/")[2])
        yield located

    def _frame_file(self, frame: Frame, package: str) -> str | None:
        if frame.package:
            return _file_in_package(frame, package, self.tree)
        mapped = self._files.get(frame.path)
        if "/" not in frame.path and "\\" not in frame.path:
            near = self.tree.in_package(frame.path, package) if package else None
            return near or mapped or self.tree.named(frame.path)
        located = mapped or self.tree.locate(frame.path)
        return located if located in self.tree.tracked or not self.tree.tracked else None


def _file_in_package(frame: Frame, own: str, tree: PathResolver) -> str | None:
    """Return the file of `com.acme.CartTest$Inner` and CartTest.java: the only one of that name in com/acme.

    A frame in the test's own class may have its file anywhere: Kotlin's convention omits the packages that all share.
    """
    outer = frame.package.partition("$")[0]
    stem = frame.path.rpartition(".")[0]
    found = tree.named(frame.path, "/".join([*outer.split(".")[:-1], stem]))
    return found or (tree.named(frame.path) if outer == own else None)


@lru_cache(maxsize=10_000)
def file_of_class(name: str, tree: PathResolver) -> str | None:
    """Return the file of a class: for `shop.tests.test_cart.TestCart`, the longest part of it that is a tracked file.

    The name may be a path (jest, mocha, PHPUnit) or have other separators (PHP, Rust, Java's inner classes).
    """
    if name in tree.tracked:
        return name
    if re.search(r"\.\w{1,5}$", name) and "/" in name:
        located = tree.locate(name)
        if located in tree.tracked:
            return located
    parts = [part for part in re.split(r"[.\\/$+]|::", name[:1_000]) if part]
    found = _longest_part(parts, tree)
    if not found and "-" in name:
        # Clojure's namespace `shop.cart-test` is the file shop/cart_test.clj.
        found = _longest_part([part.replace("-", "_") for part in parts], tree)
    return found


def _longest_part(parts: Sequence[str], tree: PathResolver) -> str | None:
    """Return the file of the longest first part of a name that is a tracked file."""
    for length in range(min(len(parts), 20), 0, -1):
        if not tree.has_name(parts[length - 1]):
            continue
        end = "/".join(parts[:length])
        located = tree.locate(f"{end}.py")
        if located in tree.tracked:
            return located
        found = tree.named(parts[length - 1], end)
        if found and (length > 1 or len(parts) == 1):
            return found
    return None
