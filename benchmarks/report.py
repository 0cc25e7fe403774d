"""`heroci report` against a bare parse that only counts, over the same files in the same run.

    python benchmarks/report.py [--tests N] [--files N] [--failures N] [--rounds N]

Makes JUnit files (200,000 tests in 20 files are 154 MB), then takes turns: the standard library's iterparse that counts
test cases, and the whole report with all of its files. Prints the medians in seconds, their ratio, and the peaks of
memory in MB; that of the report is of all its processes together, as /proc says it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

OUTPUT = (
    "The quick brown heroine jumps over the lazy villain, again and again.\n" * 9
)  # bytes a test
TRACE = (
    '  File "/build/shop/tests/test_{0}.py", line {1}, in test_{1:06}\n    assert total == {1}\n'
)
COUNT = """
import sys, glob
from xml.etree.ElementTree import iterparse
print(sum(
    1 for path in glob.glob(sys.argv[1]) for _, element in iterparse(path)
    if element.tag == "testcase" or element.clear()
))
"""
POLL = 0.01  # seconds between two looks at the memory


def make(directory: Path, *, tests: int, files: int, failures: int) -> int:
    """Write the files; their size in bytes."""
    each = tests // files
    bad = max(tests // failures, 1) if failures else tests + 1
    for number in range(files):
        with (directory / f"junit-{number:03}.xml").open("w", encoding="utf-8") as file:
            file.writelines(_document(number, range(number * each, (number + 1) * each), bad))
    return sum(path.stat().st_size for path in directory.iterdir())


def _document(number: int, tests: range, bad: int) -> Iterator[str]:
    yield f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites><testsuite name="pytest" tests="{len(tests)}">\n'
    for test in tests:
        yield (
            f'<testcase classname="shop.tests.test_{number}.TestCart{test % 40}" name="test_{test:06}"'
            f' time="{test % 97 / 1000:.3f}">'
        )
        if test % bad == 0:
            trace = TRACE.format(number, test).replace("<", "&lt;")
            yield f'<failure message="AssertionError: {test} is not it">{trace}</failure>'
        yield f"<system-out>{OUTPUT}</system-out></testcase>\n"
    yield "</testsuite></testsuites>\n"


def measured(command: list[str], directory: Path) -> tuple[float, float]:
    """Wall time in seconds and the peak of proportional memory of the process and its children in MB."""
    start = time.monotonic()
    process = subprocess.Popen(
        command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, sum(map(_memory, _family(process.pid))))
        time.sleep(POLL)
    if process.returncode not in (0, 1):
        sys.exit(f"{command} ended with exit code {process.returncode}")
    return time.monotonic() - start, peak


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(one for child in children for one in _family(int(child)))]


def _memory(pid: int) -> float:
    """Pages that processes share are counted once in all."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def main() -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    for name, default in (("tests", 200_000), ("files", 20), ("failures", 100), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        size = make(directory, tests=options.tests, files=options.files, failures=options.failures)
        rows = []
        for _ in range(options.rounds):
            bare = measured([sys.executable, "-c", COUNT, "junit-*.xml"], directory)
            heroci = [sys.executable, "-I", "-m", "heroci_action", "report", "junit-*.xml"]
            rows.append((*bare, *measured(heroci, directory)))
    columns = [statistics.median(column) for column in zip(*rows, strict=True)]
    bare_time, bare_memory, report_time, report_memory = (round(one, 2) for one in columns)
    print(
        json.dumps(
            {
                "tests": options.tests,
                "megabytes": round(size / 1e6),
                "cores": os.cpu_count(),
                "bare parse": {"seconds": bare_time, "peak MB": bare_memory},
                "heroci report": {"seconds": report_time, "peak MB": report_memory},
                "ratio of times": round(report_time / bare_time, 2),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
