"""The same inputs through HeroCI and through other reporters; the table of docs/reporters.md, made anew.

    python -m benchmarks.reporters [--action NAME=DIRECTORY ...] [--node PROGRAM] [--python PROGRAM] [--tests N]

NAME is `dorny/test-reporter` or `mikepenz/action-junit-report`, DIRECTORY a checkout of it with its `dist/index.js`,
which runs under `--node`; or it is `EnricoMi/publish-unit-test-result-action`, which runs under `--python`, where its
`python/requirements.txt` is installed. They have the inputs that their action.yml gives by default, and instead of
GitHub's API one on loopback that takes check runs. A cell is what a program left: its exit code, its log, its summary,
the annotations of its check runs, its peak of memory.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.github_stand_in import REPOSITORY, serving
from benchmarks.report import LIMIT, make, peak_of

HEROCI, DORNY, MIKEPENZ = "HeroCI", "dorny/test-reporter", "mikepenz/action-junit-report"
ENRICOMI = "EnricoMi/publish-unit-test-result-action"
INPUTS = {
    DORNY: {"name": "tests", "path": "*.xml", "reporter": "python-xunit", "token": "none"},
    MIKEPENZ: {"report_paths": "*.xml", "annotate_only": "true", "token": "none", "summary": ""},
    ENRICOMI: {
        "files": "*.xml",
        "github_token": "none",
        "seconds_between_github_reads": "0.001",  # it waits for GitHub's sake, which is not there
        "seconds_between_github_writes": "0.001",
    },
}
TEST = "from cart import total\n\n\ndef test_total():\n    assert total([1]) == 1\n"
FAILURE = """<failure message="assert 2 == 1">def test_total():
&gt;       assert total([1]) == 1
E       assert 2 == 1

tests/test_cart.py:5: AssertionError</failure>"""
SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a program left."""

    exit_code: int
    log: str
    summary: str
    seconds: float
    megabytes: float
    annotations: tuple[str, ...] = ()  # of its check runs, `path:line`, those of tests that failed

    @property
    def words(self) -> str:
        """All that it said."""
        return self.log + self.summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An input, and what to look at."""

    title: str
    write: Callable[[Path], None]
    cell: Callable[[Done], str]


def suite(*cases: str) -> str:
    """A document as pytest writes it."""
    return f'<testsuites><testsuite name="pytest" tests="{len(cases)}">{"".join(cases)}</testsuite></testsuites>'


def case(name: str, inner: str = "") -> str:
    """A test in it."""
    return f'<testcase classname="tests.test_cart" name="{name}" time="0.001">{inner}</testcase>'


def _failed(root: Path) -> None:
    (root / "a.xml").write_text(suite(case("test_total", FAILURE)))


def _failed_in_library(root: Path) -> None:
    library = "/usr/lib/python3.13/json/decoder.py:355: JSONDecodeError"
    deeper = FAILURE.replace(
        "</failure>", f"\n\ndef decode(self, s):\nE   JSONDecodeError\n\n{library}</failure>"
    )
    (root / "a.xml").write_text(suite(case("test_total", deeper.replace("AssertionError", ""))))


def _place(done: Done) -> str:
    """Where the annotation of the failure stands."""
    for line in done.log.splitlines():
        found = re.match(r"::error [^:]*file=([^,:]*)(?:,[^:]*?line=(\d+))?", line)
        if found:
            return f"`{found[1]}:{found[2]}`"
    sent = done.annotations
    return f"`{sent[0]}`, in a check run" if sent else "no annotation"


def _broken(root: Path) -> None:
    (root / "a.xml").write_text(suite(case("test_one")))
    (root / "b.xml").write_text(suite(case("test_two"))[:60])
    (root / "c.xml").write_text(suite(case("test_three")))


def _others(done: Done) -> str:
    """Whether the other files are reported, and the broken one is named in the summary or as an annotation."""
    told = "\n".join(
        line for line in done.words.splitlines() if not line.startswith(("::debug", "Processing"))
    )
    both = re.search(r"\b2 tests|\b2 (?:ran|passed)|\|\s*2 ran|2 ✅", told)
    named = "names it" if "b.xml" in done.summary + _annotations(done.log) else "does not name it"
    return (
        f"{'reports the others' if both else 'reports none'}, {named}, exit code {done.exit_code}"
    )


def _annotations(log: str) -> str:
    return "\n".join(re.findall(r"^::(?:error|warning|notice).*", log, re.MULTILINE))


def _flaky(root: Path) -> None:
    inner = '<flakyFailure message="no" type="AssertionError">x</flakyFailure>'
    (root / "a.xml").write_text(suite(case("test_total", inner)))


def _rerun(root: Path) -> None:
    (root / "1.xml").write_text(suite(case("test_total", FAILURE)))
    (root / "2.xml").write_text(suite(case("test_total")))


def _outcome(done: Done) -> str:
    flaky = "flaky" if re.search(r"1 flaky|flaky test|🔀", done.summary) else ""
    failed = "failed" if re.search(r"\b1 failed|1 ❌|failed test\b", done.summary) else ""
    return flaky or failed or ("passed" if done.summary else "no summary")


def _failures(root: Path) -> None:
    for file in range(10):
        names = [f"test_{file}_{number}" for number in range(5_000)]
        (root / f"{file}.xml").write_text(suite(*(case(name, FAILURE) for name in names)))


def _size(done: Done) -> str:
    """Whether GitHub shows the summary, and how many of the tests it names."""
    size = len(done.summary.encode())
    if not size:
        return f"none, exit code {done.exit_code}"
    kept = "shown" if size < LIMIT else "dropped by GitHub"
    named = len(set(re.findall(r"test_\d_\d+", done.summary)))
    sent = len(done.annotations)
    online = f", {sent:,} in its check run" if sent else ""
    return f"{size:,} bytes, {kept}; names {named:,}{online}"


def _costs(done: Done) -> str:
    """What it took; without a summary, what stopped it."""
    costs = f"{done.seconds:.1f} s, {done.megabytes:.0f} MB"
    stopped = re.search(r"^::error::(.*)", done.log, re.MULTILINE)
    return (
        costs
        if done.summary
        else f"{costs}; no summary: {stopped[1] if stopped else done.exit_code}"
    )


def cases(tests: int) -> tuple[Case, ...]:
    """The rows of the table."""

    def many(root: Path) -> None:
        make(root, tests=tests, files=20, failures=100)

    return (
        Case(
            title="pytest's default file, `tests/test_cart.py:5` fails: annotation at",
            write=_failed,
            cell=_place,
        ),
        Case(
            title="the same, the last frame in a library: annotation at",
            write=_failed_in_library,
            cell=_place,
        ),
        Case(title="one of three files is cut off", write=_broken, cell=_others),
        Case(title="a test with `flakyFailure`", write=_flaky, cell=_outcome),
        Case(title="failed in one file, passed in the next", write=_rerun, cell=_outcome),
        Case(title="50,000 failures: job summary", write=_failures, cell=_size),
        Case(title=f"{tests:,} tests, 20 files: time, peak memory", write=many, cell=_costs),
    )


# Programs


def commands(options: argparse.Namespace) -> Iterator[tuple[str, list[str], dict[str, str]]]:
    """The reporters with their commands and environments."""
    yield HEROCI, [sys.executable, "-I", "-m", "heroci_action", "report", "*.xml"], {}
    for name, directory in options.action:
        program, entry = options.node, "dist/index.js"
        if name == ENRICOMI:
            program, entry = options.python, "python/publish_test_results.py"
        command = [program, str(Path(directory).resolve() / entry)]
        yield name, command, _inputs(Path(directory), INPUTS[name])


def _inputs(directory: Path, given: dict[str, str]) -> dict[str, str]:
    """The variables by which GitHub's runner gives an action its inputs."""
    declared = yaml.safe_load((directory / "action.yml").read_text(encoding="utf-8"))["inputs"]
    values = {name: str((one or {}).get("default", "")) for name, one in declared.items()} | given
    plain = {name: "" if "${{" in value else value for name, value in values.items()}
    return {f"INPUT_{name.upper().replace(' ', '_')}": value for name, value in plain.items()}


def ran(command: Sequence[str], root: Path, more: dict[str, str]) -> Done:
    """Run a reporter in a repository, with nothing of ours in its environment, and no API but the one here."""
    aside = root.parent
    (aside / "event.json").write_text("{}")
    for name in ("summary", "output"):
        (aside / name).write_text("")
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=root, check=True, capture_output=True, text=True
    )
    env = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(root),
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_SHA": head.stdout.strip(),
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_EVENT_PATH": str(aside / "event.json"),
        "GITHUB_STEP_SUMMARY": str(aside / "summary"),
        "GITHUB_OUTPUT": str(aside / "output"),
        "GITHUB_SERVER_URL": "http://127.0.0.1:9",  # where nobody listens
        "GITHUB_RUN_ID": "1",
        "RUNNER_TEMP": str(aside),
        **more,
    }
    start = time.monotonic()
    with serving() as github, (aside / "log").open("wb") as log:
        env["GITHUB_API_URL"] = github.url
        process = subprocess.Popen(command, cwd=root, stdout=log, stderr=log, env=env)
        highest = peak_of(process, seconds=SECONDS)
        seconds = time.monotonic() - start
    for asked in github.unknown:
        print(f"{command[-1]} asked {asked}", file=sys.stderr)
    return Done(
        exit_code=process.wait(),
        log=(aside / "log").read_text(encoding="utf-8", errors="replace"),
        summary=(aside / "summary").read_text(encoding="utf-8", errors="replace"),
        seconds=seconds,
        megabytes=highest,
        annotations=tuple(
            f"{note['path']}:{note['start_line']}"
            for note in github.annotations
            if note["annotation_level"] != "notice"
        ),
    )


def repository(root: Path) -> None:
    """A repository with the test that the inputs tell of."""
    (root / "tests").mkdir(parents=True)
    (root / "cart.py").write_text("def total(prices):\n    return sum(prices) + 1\n")
    (root / "tests/test_cart.py").write_text(TEST)
    identity = ("-c", "user.name=t", "-c", "user.email=t@localhost")
    for arguments in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "a test")):
        subprocess.run(["git", *arguments], cwd=root, check=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--action", action="append", default=[], type=lambda text: text.split("="))
    parser.add_argument("--node", default="node")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--tests", type=int, default=200_000)
    options = parser.parse_args()
    reporters = list(commands(options))
    print("| | " + " | ".join(name for name, _, _ in reporters) + " |")
    print("| --- |" + " --- |" * len(reporters))
    for one in cases(options.tests):
        with tempfile.TemporaryDirectory() as scratch:
            root = Path(scratch) / "shop"
            repository(root)
            one.write(root)
            cells = [one.cell(ran(command, root, env)) for _, command, env in reporters]
        print(f"| {one.title} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
