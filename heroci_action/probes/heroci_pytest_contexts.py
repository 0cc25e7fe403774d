"""Record the code that each test of pytest executes, and leave out the tests that no change affects."""

from __future__ import annotations

from typing import Any, Iterator, List

import pytest
from heroci_contexts import (  # type: ignore[import-not-found,unused-ignore]
    Affected,
    context,
    hook_imports,
    shared_context,
)
from heroci_pytest_reports import node_names  # type: ignore[import-not-found,unused-ignore]
from heroci_record import Record  # type: ignore[import-not-found,unused-ignore]

NO_TESTS_COLLECTED = 5
"""As in pytest.ExitCode, which old versions do not have."""


class Contexts:
    """Attribute code to a test, to all tests of a class or module, or to no single test."""

    def __init__(self) -> None:
        hook_imports()

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: Any) -> Iterator[None]:
        """Record a test with its fixtures."""
        with context("test", *node_names(item.nodeid)):
            yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Iterator[None]:
        """Record a fixture of several tests, which the first of them sets up."""
        if fixturedef.scope in ("class", "module"):
            classname, name = node_names(request.node.nodeid)
            with context("owner", ".".join(filter(None, (classname, name)))):
                yield
        elif fixturedef.scope == "function":
            yield
        else:
            with shared_context():
                yield


class AffectedTests:
    """Deselect the tests that no change affects; failed tests of the last run come first."""

    def __init__(self, affected: Affected, directory: str) -> None:
        self._affected = affected
        self._record = Record(directory, "affected")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_collection_modifyitems(self, config: Any, items: List[Any]) -> Iterator[None]:
        """Select the tests after `-k`, `-m` and plugins that select or sort."""
        yield
        left_out = [item for item in items if not self._affected.has(*node_names(item.nodeid))]
        total = len(items)
        if left_out:
            gone = set(map(id, left_out))
            items[:] = [item for item in items if id(item) not in gone]
            config.hook.pytest_deselected(items=left_out)
        items.sort(key=lambda item: not self._comes_first(item))
        self._record.write(**self._affected.event(len(items), total))

    def _comes_first(self, item: Any) -> bool:
        # pytest-django runs tests that flush the database last, because it removes what migrations have created.
        return self._affected.failed(*node_names(item.nodeid)) and not _may_flush(item)

    def pytest_sessionfinish(self, session: Any, exitstatus: int) -> None:
        """Let a run without any affected test pass; the reader of the record knows how many there are in all."""
        if exitstatus == NO_TESTS_COLLECTED:
            session.exitstatus = 0


def _may_flush(item: Any) -> bool:
    names = set(getattr(item, "fixturenames", ()))
    mark = item.get_closest_marker("django_db")
    test_class = getattr(item, "cls", None)
    bases = {base.__name__ for base in getattr(test_class, "__mro__", ())}
    return bool(
        names & {"transactional_db", "live_server", "django_db_reset_sequences"}
        or (mark is not None and (mark.args or mark.kwargs.get("transaction")))
        or ("TransactionTestCase" in bases and "TestCase" not in _django_bases(test_class))
    )


def _django_bases(test_class: Any) -> "set[str]":
    return {base.__name__ for base in test_class.__mro__ if base.__module__.startswith("django.")}
