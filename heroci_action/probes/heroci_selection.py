"""Select the tests that failed in an earlier run; see the package's docstring for the environment variable."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

FIXTURES = ("setUpClass", "tearDownClass", "setUpModule", "tearDownModule")
NAMED = 3


class Selection:
    """The tests to run, given by the classes and names under which their failures were recorded.

    A failed subtest selects its test; a failed fixture, or a module that could not be imported, all tests below it.
    """

    def __init__(self, failures: List[Tuple[str, str]]) -> None:
        self._names: Dict[Tuple[str, str], int] = {}
        self._owners: Dict[str, int] = {}
        self._found: Set[int] = set()
        self._failures = failures
        for number, (classname, name) in enumerate(failures):
            if name in FIXTURES:
                self._owners[classname] = number
                continue
            self._names[classname, name] = number
            # Subtests and clean-ups have the name of their test and a suffix.
            self._names.setdefault((classname, name.partition(" ")[0]), number)
            self._owners[".".join(filter(None, (classname, name)))] = number

    @classmethod
    def from_environment(cls) -> Optional[Selection]:
        """Return the selection that the environment names, None for all tests."""
        path = os.environ.get("HEROCI_ONLY")
        if not path:
            return None
        with open(path, encoding="utf-8") as file:  # noqa: PTH123  see heroci_record
            return cls([(classname, name) for classname, name in json.load(file)])

    def has(self, classname: str, name: str) -> bool:
        """Return whether to run a test."""
        numbers = [self._names.get((classname, name)), *map(self._owners.get, _owners(classname))]
        found = {number for number in numbers if number is not None}
        self._found |= found
        return bool(found)

    def warning(self) -> Optional[Dict[str, Any]]:
        """Return the event that names failures for which no test was found, None if there are none."""
        lost = [
            failure for number, failure in enumerate(self._failures) if number not in self._found
        ]
        if not lost:
            return None
        names = [".".join(filter(None, failure)) for failure in lost]
        text = "{} of the {} failed tests of the last run no longer exist: {}".format(
            len(lost),
            len(self._failures),
            ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else ""),
        )
        return {"event": "warning", "text": text}


def _owners(classname: str) -> Iterator[str]:
    """Yield the class and everything that contains it."""
    parts = classname.split(".")
    return (".".join(parts[:length]) for length in range(1, len(parts) + 1))
