"""Compare `heroci report` with a bare parse that only counts tests and failures, over the same files in one run.

    python -m benchmarks.report [--tests N] [--files N] [--failures N] [--rounds N]

Create JUnit files (200,000 tests in 20 files are 154 MB) and alternate between the standard library's iterparse, which
forgets each element at once, and the complete report with all files, annotations and GitHub's job summary. Print the
median times in seconds and their ratio, and the peak memory of all processes in MB, measured in separate runs because
reading /proc takes time. Then measure one comparison with a baseline, and one report of files in which every fourth
test failed, with the size of its summary and the number of annotations by level.
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
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

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
MANY = 4  # of the tests, one failed where very many did
LIMIT = 1_048_576  # bytes of a job summary, above which GitHub drops it
POLL = 0.01  # seconds between two looks at the memory


def make(directory: Path, *, tests: int, files: int, failures: int) -> int:
    """Write the files and return their size in bytes."""
    each = tests // files
    bad = max(tests // failures, 1) if failures else tests + 1
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
        if test % bad == 0:
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
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    for name, default in (("tests", 200_000), ("files", 20), ("failures", 100), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        size = make(directory, tests=options.tests, files=options.files, failures=options.failures)
        bare = [sys.executable, "-c", COUNT, "junit-*.xml"]
        heroci = [sys.executable, "-I", "-m", "heroci_action", "report", "junit-*.xml"]
        rows = [(timed(bare, directory), timed(heroci, directory)) for _ in range(options.rounds)]
        memory = [round(peak(command, directory), 1) for command in (bare, heroci)]
        said = _said(directory)
        (directory / "heroci-reports/heroci-result.json").rename(directory / "before.json")
        compared = _costs([*heroci, "--baseline", "before.json"], directory)
        many = options.tests // MANY
        make(directory, tests=options.tests, files=options.files, failures=many)
        failing = _costs(heroci, directory) | _said(directory)
    times = [round(statistics.median(column), 2) for column in zip(*rows, strict=True)]
    found = {
        "tests": options.tests,
        "failures": options.failures,
        "megabytes": round(size / 1e6),
        "cores": os.cpu_count(),
        "bare parse": {"seconds": times[0], "peak MB": memory[0]},
        "heroci report": {"seconds": times[1], "peak MB": memory[1]},
        "ratio of times": round(times[1] / times[0], 2),
        "ratios of the rounds": [round(report / parse, 2) for parse, report in rows],
        **said,
        "with a baseline": compared,
        f"{many:,} failures": failing,
    }
    print(json.dumps(found, indent=2))


def _costs(command: list[str], directory: Path) -> dict[str, object]:
    return {
        "seconds": round(timed(command, directory), 2),
        "peak MB": round(peak(command, directory), 1),
    }


def _said(directory: Path) -> dict[str, object]:
    """Return the size of the summary and the number of annotations by level."""
    lines = (directory / "log").read_text(encoding="utf-8").splitlines()
    levels = Counter(line[2:].split(" ")[0] for line in lines if line.startswith("::"))
    wanted = {level: levels[level] for level in ("error", "warning", "notice") if levels[level]}
    return {"bytes of summary": (directory / "summary").stat().st_size, "annotations": wanted}


if __name__ == "__main__":
    main()
