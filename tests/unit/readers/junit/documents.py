"""Read small documents as `heroci report` does."""

from __future__ import annotations

from collections import Counter
from itertools import chain

from heroci_action.readers import PathResolver, Readings, Source, read_sources
from heroci_action.results.packed import unpack
from heroci_action.results.records import TestCase

TREE = PathResolver(
    tracked=frozenset({"shop/tests/test_cart.py", "shop/cart.py", "shop/__init__.py"}),
    roots=("/src",),
)


def read(content: str | bytes, tree: PathResolver = TREE, **options: object) -> Readings:
    raw = content.encode() if isinstance(content, str) else content
    source = Source(kind="junit", path="r.xml", content=raw, **options)  # type: ignore[arg-type]
    return read_sources([source], tree=tree)


def all_tests(readings: Readings) -> list[TestCase]:
    """List all tests, those that were packed last."""
    return list(chain(readings.tests, *map(unpack, readings.passed)))


def read_tests(
    content: str | bytes, tree: PathResolver = TREE, **options: object
) -> list[TestCase]:
    """List the tests of a document without a problem."""
    readings = read(content, tree, **options)
    assert readings.problems == ()
    return all_tests(readings)


def only(content: str | bytes, tree: PathResolver = TREE) -> TestCase:
    (test,) = all_tests(read(content, tree))
    return test


def only_case(body: str, *, attributes: str = 'name="t"', tree: PathResolver = TREE) -> TestCase:
    return only(f"<testsuite><testcase {attributes}>{body}</testcase></testsuite>", tree)


def outcomes(content: str | bytes, *, assume_reruns: bool = False) -> dict[str, int]:
    """Count the tests by their status."""
    found = all_tests(read(content, assume_reruns=assume_reruns))
    return dict(Counter(test.status.value for test in found))
