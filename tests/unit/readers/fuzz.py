"""Feeds readers with what libFuzzer makes of given documents; started by test_fuzzed.py, or by hand for hours.

    python -m tests.unit.readers.fuzz KIND CORPUS [libFuzzer's options]

It stops at whatever a reader raises, at a document that takes longer than -timeout, and at memory above -rss_limit_mb.
"""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["heroci_action.readers", "heroci_action.analysis"]):
    from heroci_action.readers import PathResolver, Source, read_sources
    from heroci_action.readers.registry import recognize
    from heroci_action.results.packed import unpack
    from heroci_action.results.records import PassedTests, TestCase

TREE = PathResolver(tracked=frozenset({"a.py", "b/c.py"}), roots=("/r",), foreign=True)


def main() -> None:
    """Fuzz until libFuzzer is told to stop, or stops by itself."""
    kind = sys.argv.pop(1)

    def once(content: bytes) -> None:
        recognize(content)
        source = Source(kind=kind, path="x", content=content, limit=1 << 20)
        found = read_sources([source], tree=TREE)
        if kind == "junit":
            packed = Source(kind=kind, path="x", content=content, limit=1 << 20, packed=True)
            again = read_sources([packed], tree=TREE)
            _same(found.tests, (*again.tests, *unpack(again.passed or PassedTests())))

    atheris.Setup(sys.argv, once)
    atheris.Fuzz()


def _same(one: tuple[TestCase, ...], two: tuple[TestCase, ...]) -> None:
    """Packing keeps microseconds, so times are left out."""

    def told(tests: tuple[TestCase, ...]) -> list[tuple[str, ...]]:
        return sorted((test.id, test.status, test.message, test.details) for test in tests)

    if told(one) != told(two):
        raise AssertionError("packed tests are others than listed ones")


if __name__ == "__main__":
    main()
