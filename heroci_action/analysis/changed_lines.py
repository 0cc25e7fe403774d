"""The coverage of the lines that a change touches."""

from __future__ import annotations

import ast
import posixpath
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from heroci_action.results.coverage import ChangedLines, Coverage, FileCoverage

MAX_GAP = 3  # lines without a statement between two lines of one range

# Tests are rarely measured: their coverage is meaningless.
_TEST = re.compile(
    r"(?:^|/)(?:tests?|testing|__tests__|specs?|e2e|cypress)/"
    r"|(?:^|/)(?:tests?|conftest|test[_-][^/]*|[^/]*(?:[._-](?:tests?|spec)|[a-z0-9](?:Tests?|Spec)))\.\w+$"
)
# Suffixes of one language; any other suffix is a separate language.
_LANGUAGES: Mapping[str, str] = {
    **dict.fromkeys((".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue"), "web"),
    **dict.fromkeys((".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp"), "c"),
    **dict.fromkeys((".java", ".kt", ".scala", ".groovy"), "jvm"),
}
_WITHOUT_CODE = re.compile(r"\s*(?:#|//|/\*|\*)|\W*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The lines that are new or different since `base`, by file.

    `text` returns the text of a file. `is_omitted` returns whether a file is left out of the coverage on purpose.
    """

    base: str
    lines: Mapping[str, frozenset[int]]
    text: Callable[[str], str]
    is_omitted: Callable[[str], bool]


def of_changes(coverage: Coverage, changes: Changes) -> ChangedLines:
    """Return the coverage of the changed lines, without branches.

    All lines of code count as missing in a file that no report contains, although one contains others of its language.
    """
    known = [
        _restricted(file, changes.lines.get(file.path, frozenset())) for file in coverage.files
    ]
    unknown = [
        FileCoverage(path=path, missing=_code_lines(path, changes))
        for path in _unknown_files(coverage, changes)
    ]
    files = [file for file in (*known, *unknown) if file.measured]
    return ChangedLines(
        base=changes.base,
        files=tuple(sorted(files, key=lambda file: file.path)),
        unknown=tuple(file.path for file in unknown if file.measured),
    )


def _restricted(file: FileCoverage, changed: frozenset[int]) -> FileCoverage:
    return FileCoverage(
        path=file.path,
        covered=tuple(line for line in file.covered if line in changed),
        missing=tuple(line for line in file.missing if line in changed),
    )


def _unknown_files(coverage: Coverage, changes: Changes) -> Iterator[str]:
    known = {file.path for file in coverage.files}
    names = (*known, *(file.path for file in coverage.unmatched))
    measured = {_language(name) for name in names} - {""}
    for path in sorted(changes.lines.keys() - known):
        if _language(path) in measured and not _TEST.search(path) and not changes.is_omitted(path):
            yield path


def _language(path: str) -> str:
    """Return the language by the suffix; declarations of TypeScript are not code."""
    suffix = "" if path.endswith(".d.ts") else posixpath.splitext(path)[1].lower()
    return _LANGUAGES.get(suffix, suffix)


def _code_lines(path: str, changes: Changes) -> tuple[int, ...]:
    """Return the changed lines with code: statements in Python, else lines that are more than a comment or a brace."""
    text = changes.text(path)
    lines = _statements(text) if path.endswith(".py") else None
    if lines is None:
        rows = enumerate(text.split("\n"), start=1)
        lines = {number for number, row in rows if not _WITHOUT_CODE.match(row)}
    return tuple(sorted(lines & changes.lines[path]))


def _statements(text: str) -> set[int] | None:
    """Return the lines of a Python file on which a statement starts; None if it is invalid."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found = (node for node in ast.walk(tree) if isinstance(node, ast.stmt))
    return {node.lineno for node in found if not _is_docstring(node)}


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def uncovered(file: FileCoverage, measured: FileCoverage | None) -> Iterator[tuple[int, int]]:
    """Yield the missing changed lines of a file as ranges, first and last line.

    A range includes lines without a statement (blank lines, comments, the rest of a call) between two missing ones;
    `measured` is the coverage of the whole file and shows which lines have a statement.
    """
    covered = set(measured.covered) if measured else set()
    ranges: list[list[int]] = []
    for line in sorted(file.missing):
        if ranges and _is_connected(ranges[-1][1], line, covered):
            ranges[-1][1] = line
        else:
            ranges.append([line, line])
    return ((first, last) for first, last in ranges)


def _is_connected(last: int, line: int, covered: Iterable[int]) -> bool:
    return line - last <= MAX_GAP and not any(last < one < line for one in covered)
