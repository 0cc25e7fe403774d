"""Read .env files."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from dotenv.parser import parse_stream

from heroci_action.detection.ci.records import UNKNOWN
from heroci_action.repository.files import RepositoryFiles


def parse_dotenv(text: str) -> dict[str, str]:
    """Return the variables of a .env file, without those whose value refers to other variables."""
    if not text:
        # Most candidates do not exist, and the parser is slow to start.
        return {}
    return {
        binding.key: binding.value
        for binding in parse_stream(io.StringIO(text))
        if binding.key and binding.value is not None and "$" not in binding.value
    }


def read_dotenv(
    tree: RepositoryFiles, paths: Iterable[str], written: Mapping[str, str] = MappingProxyType({})
) -> dict[str, tuple[str, str]]:
    """Return the variables of .env files with the file of each; the first file with a variable counts.

    The texts of `written` files take the place of those in git.
    """
    found: dict[str, tuple[str, str]] = {}
    for path in paths:
        text = written[path] if path in written else tree.text(path)
        for name, value in parse_dotenv(text).items():
            found.setdefault(name, (value, path))
    return found


def parse_known(text: str) -> dict[str, str]:
    """Return the variables of a .env file whose values contain no part that only the CI knows."""
    return {name: value for name, value in parse_dotenv(text).items() if UNKNOWN not in value}
