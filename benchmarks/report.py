"""(e) `heroci report` with all files, annotations and GitHub's job summary, against a bare parse of the same files.

    python -m benchmarks.report [--tests N ...] [--failures PERCENT ...] [--rounds N]

The bare parse counts tests and failures with the standard library's iterparse and forgets each element at once, which
is the fastest way in pure Python. The files of 200,000 tests have 154 MB. The peak memory of all processes in MB is
measured in a separate run, because reading /proc takes time; so are the size of the job summary and the number of
annotations.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.tables import Row, Table, parser, publish

LINE = "The quick brown heroine jumps over the lazy villain, again and again.\n"
OUTPUT = LINE * 9 + "That is what she does.\n"
TRACE = (
    '  File "/build/shop/tests/test_{0}.py", line {1}, in test_{1:06}\n    assert total == {1}\n'
)
COUNT = """
import sys, glob
from xml.etree.ElementTree import iterparse
tests = failures = 0
for path in glob.glob(sys.argv[1]):
    suite = None
    for event, element in iterparse(path, events=("start", "end")):
        if event == "start":
            if element.tag == "testsuite":
                suite = element
        elif element.tag == "testcase":
            tests += 1
            failures += element.find("failure") is not None
            suite.clear()
print(tests, failures)
"""
FILES = 20
POLL = 0.01  # seconds between two looks at the memory


def make(directory: Path, *, tests: int, files: int, failures: int) -> int:
    """Write the files and return their size in bytes."""
    each = tests // files
    bad = max(tests // failures, 1) if failures else 0
    for number in range(files):
        with (directory / f"junit-{number:03}.xml").open("w", encoding="utf-8") as file:
            file.writelines(_document(number, range(number * each, (number + 1) * each), bad))
    return sum(path.stat().st_size for path in directory.glob("junit-*.xml"))


def _document(number: int, tests: range, bad: int) -> Iterator[str]:
    yield f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites><testsuite name="pytest" tests="{len(tests)}">\n'
    for test in tests:
        yield (
            f'<testcase classname="shop.tests.test_{number}.TestCart{test % 40}" name="test_{test:06}"'
            f' time="{test % 97 / 1000:.3f}">'
        )
        if bad and test % bad == 0:
            trace = TRACE.format(number, test).replace("<", "&lt;")
            yield f'<failure message="AssertionError: {test} is not it">{trace}</failure>'
        yield f"<system-out>{OUTPUT}</system-out></testcase>\n"
    yield "</testsuite></testsuites>\n"


def timed(command: list[str], directory: Path) -> float:
    """Return the wall time in seconds."""
    start = time.monotonic()
    _ended(_started(command, directory), command)
    return time.monotonic() - start


def peak(command: list[str], directory: Path) -> float:
    """Return the peak of proportional memory of the process and its children in MB."""
    process = _started(command, directory)
    highest = peak_of(process)
    _ended(process, command)
    return highest


def peak_of(process: subprocess.Popen[bytes], seconds: float = 3_600) -> float:
    """Return the peak of a running process in MB; kill it after this many seconds."""
    highest = 0.0
    end = time.monotonic() + seconds
    while process.poll() is None:
        highest = max(highest, sum(map(_memory, _family(process.pid))))
        time.sleep(POLL)
        if time.monotonic() > end:
            process.kill()
    return highest


def _started(command: list[str], directory: Path) -> subprocess.Popen[bytes]:
    (directory / "summary").unlink(missing_ok=True)
    github = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(directory),
        "GITHUB_STEP_SUMMARY": str(directory / "summary"),
        "GITHUB_OUTPUT": str(directory / "outputs"),
    }
    with (directory / "log").open("wb") as log:
        return subprocess.Popen(
            command, cwd=directory, stdout=log, stderr=log, env={**os.environ, **github}
        )


def _ended(process: subprocess.Popen[bytes], command: list[str]) -> None:
    if process.wait() not in (0, 1):
        sys.exit(f"{command} ended with exit code {process.returncode}")


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(one for child in children for one in _family(int(child)))]


def _memory(pid: int) -> float:
    """Return the proportional memory of a process in MB: shared pages count once."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def main() -> None:
    """Create the files, measure, and print the results."""
    made = parser(__doc__)
    sizes = (1_000, 10_000, 100_000, 1_000_000)
    made.add_argument("--tests", type=int, nargs="+", default=sizes)
    made.add_argument("--failures", type=float, nargs="+", default=(0, 0.05, 1, 25))
    options = made.parse_args()
    rows = []
    notes = ["| | peak of the parse, MB | peak of the report, MB | summary, bytes | annotations |"]
    notes.append("| --- | --- | --- | --- | --- |")
    for tests in options.tests:
        for percent in options.failures:
            row, note = _measure(tests, percent, options.rounds)
            rows.append(row)
            notes.append(note)
    title, note = "The report, against a bare parse", "\n".join([*notes, ""])
    table = Table(title=title, reference="the bare parse", rows=tuple(rows), note=note)
    publish(table, options)


def _measure(tests: int, percent: float, rounds: int) -> tuple[Row, str]:
    """Return the times of one set of files, and its memory and output as a row of Markdown."""
    name = f"{tests:,} tests, {percent:g} % failed"
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        failures = round(tests * percent / 100)
        make(directory, tests=tests, files=min(FILES, tests), failures=failures)
        bare = [sys.executable, "-c", COUNT, "junit-*.xml"]
        heroci = [sys.executable, "-I", "-m", "heroci_action", "report", "junit-*.xml"]
        times = [(timed(bare, directory), timed(heroci, directory)) for _ in range(rounds)]
        memory = [peak(command, directory) for command in (bare, heroci)]
        said = _said(directory)
    parse, report = zip(*times, strict=True)
    costs = " | ".join(f"{megabytes:.0f}" for megabytes in memory)
    return Row(name=name, seconds=report, reference=parse), f"| {name} | {costs} | {said} |"


def _said(directory: Path) -> str:
    """Return the size of the summary and the number of annotations by level."""
    lines = (directory / "log").read_text(encoding="utf-8").splitlines()
    levels = Counter(line[2:].split(" ")[0] for line in lines if line.startswith("::"))
    wanted = [
        f"{levels[level]} {level}" for level in ("error", "warning", "notice") if levels[level]
    ]
    return f"{(directory / 'summary').stat().st_size:,} | {', '.join(wanted)}"


if __name__ == "__main__":
    main()
