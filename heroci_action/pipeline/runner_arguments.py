"""Combine the configured arguments of the test runner with those of the command line."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

# Options of pytest and Django's runner whose value is the next argument.
_WITH_VALUE = frozenset({"-c", "-k", "-m", "-n", "-o", "-p", "-r", "-t", "-v", "-W"})


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
        if str(path) in self.paths:
            return True
        parts = argument.split(".")
        if not all(part.isidentifier() for part in parts):
            return False
        prefixes = ("/".join(parts[:length]) for length in range(1, len(parts) + 1))
        return any(prefix in self.paths or f"{prefix}.py" in self.paths for prefix in prefixes)


def combine(configured: Sequence[str], added: Sequence[str], names: TestNames) -> tuple[str, ...]:
    """Return the configured and the added arguments; added names of tests replace the configured ones."""
    if any(named for _, named in _named(added, names)):
        kept = tuple(argument for argument, named in _named(configured, names) if not named)
        return (*kept, *added)
    return (*configured, *added)


def _named(arguments: Sequence[str], names: TestNames) -> Iterator[tuple[str, bool]]:
    """Yield each argument, and whether it names tests; it does not if it may be the value of an option."""
    before = ""
    for argument in arguments:
        is_value = before in _WITH_VALUE or (before.startswith("--") and "=" not in before)
        yield argument, not is_value and not argument.startswith("-") and names.has(argument)
        before = argument
