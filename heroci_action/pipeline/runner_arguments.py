"""Combine the configured arguments of the test runner with the arguments from the command line."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

# Options of pytest and Django's runner whose value is the next argument.
_WITH_VALUE = frozenset({"-c", "-k", "-m", "-n", "-o", "-p", "-r", "-t", "-v", "-W"})
# Long options of both without a value.
_FLAGS = frozenset(
    {
        "--buffer", "--create-db", "--exitfirst", "--failfast", "--keepdb", "--no-input", "--no-migrations",
        "--noinput", "--nomigrations", "--pdb", "--reuse-db", "--reverse", "--timing", "--traceback",
    }
)  # fmt: skip
_SELECTING = re.compile(
    r"-[km].*|--(tag|exclude-tag|ignore|ignore-glob|deselect|pyargs|lf|last-failed|sw|stepwise|rootdir|"
    r"testrunner|start-directory|collect-only)(=.*)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestNames:
    """Recognizes arguments that name tests: paths and modules of the project, from the working directory."""

    __test__ = False  # pytest would collect a class with this name

    paths: Collection[str] = ()

    @classmethod
    def of(cls, files: Collection[str], directory: str) -> TestNames:
        """Take the files of the repository and the working directory in it."""
        inside = (
            PurePosixPath(file).relative_to(directory)
            for file in files
            if PurePosixPath(file).is_relative_to(directory)
        )
        return cls(
            paths={str(path) for file in inside for path in (file, *file.parents) if path.name}
        )

    def has(self, argument: str) -> bool:
        """Return whether an argument names tests: `shop/tests.py::test_total` or `shop.tests.CartTests`."""
        path = PurePosixPath(argument.partition("::")[0])
        if str(path) in {".", *self.paths}:
            return True
        parts = argument.split(".")
        if not all(part.isidentifier() for part in parts):
            return False
        prefixes = ("/".join(parts[:length]) for length in range(1, len(parts) + 1))
        return any(prefix in self.paths or f"{prefix}.py" in self.paths for prefix in prefixes)


def combine(configured: Sequence[str], added: Sequence[str], names: TestNames) -> tuple[str, ...]:
    """Return the configured and the added arguments; added names of tests replace the configured ones."""
    if any(label and names.has(argument) for argument, label in _labels(added)):
        labels = _labels(configured)
        kept = tuple(argument for argument, label in labels if not (label and names.has(argument)))
        return (*kept, *added)
    return (*configured, *added)


def has_selection(arguments: Sequence[str]) -> bool:
    """Return whether an argument selects or excludes tests, so that perhaps not all of them run."""
    return has_selecting_option(arguments) or any(label for _, label in _labels(arguments))


def has_selecting_option(words: Iterable[str]) -> bool:
    """Return whether an option selects or excludes tests."""
    return any(map(_SELECTING.fullmatch, words))


def _labels(arguments: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yield each argument, and whether it is neither an option nor the possible value of one."""
    before = ""
    for argument in arguments:
        is_long = before.startswith("--") and "=" not in before and before not in _FLAGS
        yield argument, not (before in _WITH_VALUE or is_long or argument.startswith("-"))
        before = argument
