"""The tests of `find`: names and paths, negated and combined."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass

Test = Callable[[str], bool]


class UnknownTestError(Exception):
    """The test cannot be decided by the name of a file."""


def find_test(words: list[str]) -> Test | None:
    """Return whether `find` with these tests prints a file; None if one of them is not known."""
    parser = _Parser(list(words))
    try:
        test = parser.either() if words else _is_file
    except UnknownTestError:
        return None
    return None if parser.words else test


def _is_file(_: str) -> bool:
    return True


@dataclass
class _Parser:
    words: list[str]

    def either(self) -> Test:
        test = self._all()
        while self.words[:1] in (["-o"], ["-or"]):
            del self.words[0]
            test = _or(test, self._all())
        return test

    def _all(self) -> Test:
        test = self._one()
        while self.words and self.words[0] not in {"-o", "-or", ")"}:
            if self.words[0] in {"-a", "-and"}:
                del self.words[0]
            test = _and(test, self._one())
        return test

    def _one(self) -> Test:
        match self.words[:2]:
            case ["!" | "-not", *_]:
                del self.words[0]
                return _not(self._one())
            case ["(", *_]:
                del self.words[0]
                test = self.either()
                if self.words[:1] != [")"]:
                    raise UnknownTestError
                del self.words[0]
                return test
            case ["-type", "f"]:
                del self.words[:2]
                return _is_file
            case ["-name" | "-path" | "-wholename" as kind, pattern]:
                del self.words[:2]
                return _named(kind, pattern)
        raise UnknownTestError


def _named(kind: str, pattern: str) -> Test:
    def test(file: str) -> bool:
        texts = [file.rpartition("/")[2]] if kind == "-name" else [file, f"./{file}"]
        return any(fnmatch.fnmatchcase(text, pattern) for text in texts)

    return test


def _not(test: Test) -> Test:
    return lambda file: not test(file)


def _and(one: Test, other: Test) -> Test:
    return lambda file: one(file) and other(file)


def _or(one: Test, other: Test) -> Test:
    return lambda file: one(file) or other(file)
