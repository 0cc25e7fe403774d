"""Files of variables that services of Compose need and that nothing creates."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from heroci_action.detection.ci.compose.composition import Composition
from heroci_action.detection.ci.records import LeftOut
from heroci_action.repository.files import RepositoryFiles, parent

# Additions to the names of examples: `.env.example`, `env.sample`, `example.env`, `.env-dist`
_EXAMPLE = re.compile(r"(^|[._-])(example|sample|dist|template|tmpl|default)(?=[._-]|$)")


def find_missing_files(
    used: Composition, services: Iterable[str], written: Collection[str]
) -> Iterator[LeftOut]:
    """Yield the files that services read their variables from, but neither git nor a command of the job has."""
    for path, needed in (file for name in services for file in used.env_files(name)):
        if needed and path not in written and not used.tree.has(path):
            yield _missing(path, used)


def _missing(path: str, used: Composition) -> LeftOut:
    example = _find_example(path, used.tree)
    copied = f", only {example}" if example else ""
    return LeftOut(
        line=f"env_file: {path}",
        source=used.paths[-1],
        reason=f"Compose needs this file, and the repository does not contain it{copied}",
        command=f"cp {example} {path}" if example else None,
    )


def _find_example(path: str, tree: RepositoryFiles) -> str | None:
    """Return the example for a file, in the same directory."""
    beside = (file for file in tree.files if parent(file) == parent(path) and file != path)
    return next((file for file in beside if _stem(file) == _stem(path)), None)


def _stem(path: str) -> str:
    """Return a file's name without the words for an example: `env` for `.env.example` and `.env`."""
    return _EXAMPLE.sub("", path.rpartition("/")[2]).strip("._-")
