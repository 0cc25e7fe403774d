"""The plain records that every report is rendered from.

They hold values only: they compare, and they serialise to `heroci-result.json` and back (see `serialise`).
Paths are POSIX and relative to the repository's root; durations are seconds; `started` is seconds since the run began.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from heroci_action.results.coverage import ChangedLines, Coverage
from heroci_action.results.differences import FailureAge, Slowdown
from heroci_action.results.provenance import LeftOutLine, Origin, ParallelProof

SCHEMA_VERSION = 5
"""Version 2 added flaky tests, comparisons and changed lines, 3 packed tests, 4 splits, fixture times, partial runs and
Python versions of steps, 5 the origin of replayed steps and the left-out lines of the project's CI.

A field that an older file lacks has its default.
"""


class Status(StrEnum):
    """How a test, step, stage or run ended."""

    PASSED = "passed"
    FAILED = "failed"  # a command returned non-zero
    ERRORED = "errored"  # the engine could not do it
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    FLAKY = "flaky"  # of tests only: it failed and, with nothing changed, it passed

    @property
    def is_failure(self) -> bool:
        """Whether it failed or errored."""
        return self in (Status.FAILED, Status.ERRORED)

    @property
    def is_unsuccessful(self) -> bool:
        """Whether it failed, errored or was cancelled."""
        return self.is_failure or self is Status.CANCELLED


class Severity(StrEnum):
    """The levels that GitHub's annotations know."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding of a tool about a place in the code (`end_line` is inclusive)."""

    message: str
    tool: str
    file: str | None = None
    line: int | None = None
    end_line: int | None = None
    column: int | None = None
    rule: str | None = None
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A failed run of a test that ran again."""

    status: Status
    message: str = ""
    details: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCase:
    """One test and how it ended; `errored` is an exception outside an assertion.

    `file` and `line` are the place of the failure if it is known, else of the definition. `message` is the headline of
    the failure or the reason of the skip, `details` the traceback and all further text; `attempts` are the failed runs
    before the last one. A flaky test has the place and the text of its first failure. `passed_in` lists the other
    report files, shards or jobs in which a failed test passed.
    """

    __test__ = False  # not a test class, whatever pytest makes of its name

    name: str
    classname: str = ""
    status: Status = Status.PASSED
    duration: float = 0.0
    file: str | None = None
    line: int | None = None
    message: str = ""
    details: str = ""
    output: str = ""
    attempts: tuple[Attempt, ...] = ()
    passed_in: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The name that identifies a test across runs."""
        return f"{self.classname}.{self.name}" if self.classname else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedTests:
    """Many passed tests in packed form: their names, classes, files, lines and times.

    `classes` are pairs of a class and its file. A block is Base64 of zlib of a JSON array of four columns with a row
    for each test: the index of its class, microseconds, the line (the column may be null), the name. `duration` is the
    total in seconds; the `slowest` tests are in the blocks as well. Use `results.packed` to pack and unpack.
    """

    count: int = 0
    duration: float = 0.0
    classes: tuple[tuple[str, str | None], ...] = ()
    blocks: tuple[str, ...] = ()
    slowest: tuple[TestCase, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The part of a test suite that a shard ran; equal splits have equal fingerprints."""

    shard: str
    tests: int
    total: int
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureTimes:
    """Seconds spent in setUpClass, setUpTestData and tearDownClass, which are part of no test's duration.

    `longest` lists the slowest classes in descending order.
    """

    total: float
    longest: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """One command with its own result.

    `reason` and `remedy` explain a step that did not pass; `output` is the end of its output, masked, `log` the file
    with all output, relative to the output directory; `facts` are measured values for people to read (the image's
    size, the database's version); `python` is the version of the environment that the step created; `splits` has an
    entry for each suite that was sharded; `problems` are defects of the report files, each of which makes the step
    fail. `incomplete`: not every test ran that was planned. `origin` is set if the step was replayed. If very many
    tests passed, they are in `passed` instead of `tests`.
    """

    name: str
    status: Status
    exit_code: int | None = None
    started: float = 0.0
    duration: float = 0.0
    cached: bool = False
    command: str = ""
    reason: str | None = None
    remedy: str | None = None
    output: str = ""
    log: str | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    tests: tuple[TestCase, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    passed: PassedTests | None = None
    python: str | None = None
    splits: tuple[Split, ...] = ()
    fixtures: FixtureTimes | None = None
    problems: tuple[str, ...] = ()
    incomplete: bool = False
    origin: Origin | None = None

    @property
    def has_tests(self) -> bool:
        """Whether a test ran in it."""
        return bool(self.tests or self.passed)

    @property
    def remarks(self) -> str:
        """Additions to the status: whether the step was replayed."""
        return " (cached)" if self.cached else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResult:
    """A stage with the results of its steps; `reason` is the cause if it was skipped, failed or errored."""

    name: str
    status: Status
    emoji: str = ""
    needs: tuple[str, ...] = ()
    optional: bool = False
    started: float = 0.0
    duration: float = 0.0
    reason: str | None = None
    remedy: str | None = None
    steps: tuple[StepResult, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_optional_failure(self) -> bool:
        """Whether it failed without failing the run."""
        return self.optional and self.status.is_failure

    @property
    def cached(self) -> bool:
        """Whether every step that ran came from a cache."""
        return bool(self.steps) and all(step.cached for step in self.steps)

    @property
    def remarks(self) -> str:
        """Additions to the status: whether the stage was replayed, or does not fail the run."""
        cached = " (cached)" if self.cached else ""
        return f"{cached} (optional)" if self.is_optional_failure else cached

    @property
    def origin(self) -> Origin | None:
        """The run that the stage was replayed from."""
        return next((step.origin for step in self.steps if step.origin), None)

    @property
    def tests(self) -> Iterator[TestCase]:
        """The tests of all steps, in order, without the packed ones."""
        return (test for step in self.steps for test in step.tests)

    @property
    def diagnostics(self) -> Iterator[Diagnostic]:
        """The findings of all steps, in order."""
        return (diagnostic for step in self.steps for diagnostic in step.diagnostics)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The number of tests by status; each test counts once."""

    passed: int = 0
    failed: int = 0
    errored: int = 0
    skipped: int = 0
    flaky: int = 0

    @property
    def total(self) -> int:
        """All tests that were collected."""
        return self.passed + self.failed + self.errored + self.skipped + self.flaky

    @property
    def bad(self) -> int:
        """The failed and the errored ones."""
        return self.failed + self.errored


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The differences from the baseline; tests are given by their ids.

    `started_at`, `commit`, `duration` and `coverage` (percent) are the baseline's. `unstable` are tests whose outcome
    differs although the commit is the same. `added` and `removed` count; their names are listed up to a limit.
    """

    started_at: str = ""
    commit: str | None = None
    duration: float = 0.0
    counts: Counts = field(default_factory=Counts)
    coverage: float | None = None
    new: tuple[str, ...] = ()
    known: tuple[FailureAge, ...] = ()
    fixed: tuple[str, ...] = ()
    unstable: tuple[str, ...] = ()
    slower: tuple[Slowdown, ...] = ()
    added: int = 0
    removed: int = 0
    added_names: tuple[str, ...] = ()
    removed_names: tuple[str, ...] = ()
    new_findings: tuple[Diagnostic, ...] = ()
    coverage_files: Mapping[str, float] = field(default_factory=dict)
    stages: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """What is kept of an earlier run.

    `stages` are seconds by name; `failed` and `flaky` are ids of tests, `slowest` are seconds by ids of tests, each up
    to a limit.
    """

    status: Status
    started_at: str = ""  # ISO 8601, UTC
    commit: str | None = None
    duration: float = 0.0
    coverage: float | None = None
    stages: Mapping[str, float] = field(default_factory=dict)
    failed: tuple[str, ...] = ()
    flaky: tuple[str, ...] = ()
    slowest: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A whole run: its stages, their results, and the circumstances.

    `title` is the user's name for this report, if that is not the project's name. `parallel_proof` is the reason why
    the tests ran in several processes, if it is a proof that still holds.
    """

    status: Status
    exit_code: int
    project: str
    engine: str
    title: str = ""
    engine_reason: str = ""
    commit: str | None = None
    python: str | None = None
    started_at: str = ""  # ISO 8601, UTC
    duration: float = 0.0
    stages: tuple[StageResult, ...] = ()
    shard: str | None = None  # `2/5`, where only a part of the tests was to run
    partial: str | None = (
        None  # why the run is no complete one, as in `only what failed in the last run`
    )
    coverage: Coverage | None = None
    changed: ChangedLines | None = None
    comparison: Comparison | None = None
    history: tuple[PastRun, ...] = ()  # earlier runs, the newest last
    parallel_proof: ParallelProof | None = None
    attempt: int = 1  # of the same run, as GitHub counts them
    warnings: tuple[str, ...] = ()
    left_out: tuple[LeftOutLine, ...] = ()
    heroci_version: str = ""
    schema_version: int = SCHEMA_VERSION

    @property
    def heading(self) -> str:
        """The name that reports show."""
        return self.title or self.project

    @property
    def tests(self) -> Iterator[TestCase]:
        """The tests of all stages, in order, without the packed ones."""
        return (test for stage in self.stages for test in stage.tests)

    @property
    def packed(self) -> Iterator[PassedTests]:
        """The packed tests of all steps, in order."""
        steps = (step for stage in self.stages for step in stage.steps)
        return (step.passed for step in steps if step.passed)

    @property
    def diagnostics(self) -> Iterator[Diagnostic]:
        """The findings of all stages, in order."""
        return (diagnostic for stage in self.stages for diagnostic in stage.diagnostics)

    @property
    def counts(self) -> Counts:
        """The tests of all stages, counted by how they ended."""
        tally = dict.fromkeys(Status, 0)
        for test in self.tests:
            tally[test.status] += 1
        return Counts(
            passed=tally[Status.PASSED] + sum(packed.count for packed in self.packed),
            failed=tally[Status.FAILED],
            errored=tally[Status.ERRORED] + tally[Status.CANCELLED],
            skipped=tally[Status.SKIPPED],
            flaky=tally[Status.FLAKY],
        )

    @property
    def failed_stages(self) -> tuple[str, ...]:
        """The names of the stages that failed or errored, optional ones included."""
        return tuple(stage.name for stage in self.stages if stage.status.is_failure)

    @property
    def cached_stages(self) -> tuple[str, ...]:
        """The names of the stages that came completely from a cache."""
        return tuple(stage.name for stage in self.stages if stage.cached)
