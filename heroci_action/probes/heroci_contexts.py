"""Switch coverage.py's context to the running test; see the package's docstring for the environment variables."""

# This runs in every process of the tests, where pathlib would only cost time:
# ruff: noqa: PTH123

from __future__ import annotations

import functools
import importlib.machinery
import json
import os
import sys
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

STEP = os.environ.get("HEROCI_CONTEXTS")
"""The step whose tests are recorded; None if they are not."""
SHARED = ""
"""The context of all other code."""

_current = SHARED


@contextmanager
def context(kind: str, classname: str, name: str = "") -> Iterator[None]:
    """Attribute the executed code to a `test`, or to all tests of an `owner`, which is a class or module."""
    if not STEP:
        yield
        return
    with _switched(json.dumps([STEP, kind, classname, name])):
        yield


@contextmanager
def shared_context() -> Iterator[None]:
    """Attribute the executed code to no single test."""
    with _switched(SHARED):
        yield


@contextmanager
def _switched(label: str) -> Iterator[None]:
    global _current  # noqa: PLW0603  coverage.py has one context in a process as well
    before, _current = _current, label
    _switch(label)
    try:
        yield
    finally:
        _current = before
        _switch(before)


def _switch(label: str) -> None:
    # The hook in the environment has imported it, or nothing is measured in this process.
    module: Any = sys.modules.get("coverage")
    measured = module and module.Coverage.current()
    if measured is not None and getattr(measured, "_started", False):
        measured.switch_context(label)


def hook_imports() -> None:
    """Attribute the code of an import to no single test, because later tests find the module imported."""
    loader: Any = importlib.machinery.SourceFileLoader
    original = loader.exec_module
    if not STEP or hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def exec_module(self: Any, module: Any) -> Any:
        if _current == SHARED:
            return original(self, module)
        with shared_context():
            return original(self, module)

    loader.exec_module = exec_module


class Affected:
    """Which tests to leave out, and which to run first because they failed last time."""

    def __init__(self, left_out: Set[Tuple[str, str]], failed: Set[Tuple[str, str]]) -> None:
        self._left_out = left_out
        self._failed = failed

    @classmethod
    def from_environment(cls) -> Optional[Affected]:
        """Return the selection that the environment names, None for all tests."""
        path = os.environ.get("HEROCI_AFFECTED")
        if not path:
            return None
        with open(path, encoding="utf-8") as file:
            known: Dict[str, List[List[str]]] = json.load(file)
        return cls(*({(test[0], test[1]) for test in known[key]} for key in ("left_out", "failed")))

    def has(self, classname: str, name: str) -> bool:
        """Return whether to run a test; tests without a recording always run."""
        return (classname, name) not in self._left_out

    def failed(self, classname: str, name: str) -> bool:
        """Return whether a test failed last time."""
        return (classname, name) in self._failed

    @staticmethod
    def event(tests: int, total: int) -> Dict[str, Any]:
        """Return the event that records how many tests were selected."""
        return {"event": "affected", "tests": tests, "of": total}
