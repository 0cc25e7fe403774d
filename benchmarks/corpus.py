"""Reads a folder of report files and compares what is in them with what should be.

    python -m benchmarks.corpus FOLDER [--write]

FOLDER/expected.json has for each file, by its path in the folder, the numbers that should be in it: `tests` of all
statuses, `bad` ones (failed or errored), those of each status by its name, `findings`, `covered` and `missing` lines,
`warnings` of a broken file. What is not named is not compared, but a warning that is not named is wrong. `--write`
makes the file of what is read now, to be looked through by a person. For the fixtures of other reporters, which are
not in this repository.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from heroci_action.plan.report_kinds import ReportKind
from heroci_action.readers import PathResolver, Source, read_sources
from heroci_action.readers.base import BrokenReportError
from heroci_action.readers.sniff import kind_of
from heroci_action.results.records import Status

EXPECTED = "expected.json"


def counted(path: Path) -> dict[str, int]:
    """The numbers of one file; a broken one has `warnings`."""
    source = Source(kind=ReportKind.JUNIT, path=path.name, content=path.read_bytes())
    found = read_sources(
        [replace(source, kind=kind_of(_start(source)) or source.kind)], tree=PathResolver()
    )
    files = found.coverage.files if found.coverage else ()
    numbers = Counter(test.status.value for test in found.tests)
    numbers["bad"] = numbers[Status.FAILED.value] + numbers[Status.ERRORED.value]
    numbers["tests"] = len(found.tests)
    numbers["findings"] = len(found.diagnostics)
    numbers["covered"] = sum(len(file.covered) for file in files)
    numbers["missing"] = sum(len(file.missing) for file in files)
    numbers["warnings"] = len(found.warnings)
    return {name: number for name, number in sorted(numbers.items()) if number}


def _start(source: Source) -> bytes:
    try:
        return next(source.chunks(), b"")
    except BrokenReportError:
        return b""


def main() -> None:
    """Print every difference; the exit code is 1 where there is one."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    folder: Path = options.folder
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != EXPECTED]
    found = {path.relative_to(folder).as_posix(): counted(path) for path in paths}
    if options.write:
        (folder / EXPECTED).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        return
    expected = json.loads((folder / EXPECTED).read_text(encoding="utf-8"))
    names = sorted(expected)
    wrong = [name for name in names if not _is_right(found.get(name), expected[name])]
    for name in wrong:
        print(f"{name}: read {found.get(name)}, expected {expected[name]}")
    print(f"{len(names) - len(wrong)} of {len(names)} files as expected")
    sys.exit(bool(wrong) or not names)


def _is_right(found: dict[str, int] | None, expected: dict[str, int]) -> bool:
    """A file that is not there is wrong."""
    if found is None:
        return False
    return all(found.get(name, 0) == number for name, number in {"warnings": 0, **expected}.items())


if __name__ == "__main__":
    main()
