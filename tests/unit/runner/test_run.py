from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import anyio
import pytest

from heroci_action.engines.base import Printed, ReportFile, Stream
from heroci_action.errors import EngineError, ExitCode
from heroci_action.observers.base import Observer
from heroci_action.plan.actions import Command, InstallDependencies
from heroci_action.plan.report_kinds import Report
from heroci_action.plan.stages import Plan, Stage, Step
from heroci_action.readers import Readings
from heroci_action.readers.recorded_run import RecordedRun
from heroci_action.results.records import Split, StageResult, Status, StepResult, TestCase
from heroci_action.runner.run import Interrupt, Outcome, Reader, run_plan
from tests.unit.memory_engine import Behaviour, MemoryEngine

SHORT = 0.05
LONG = 30.0  # never reached: the awaited event comes first, or the test hangs


@dataclass
class Recorder(Observer):
    events: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def stage_started(self, stage: Stage) -> None:
        self.events.append(f"{stage.name} started")

    def step_finished(self, stage: Stage, result: StepResult) -> None:
        self.events.append(f"{stage.name}/{result.name} {result.status}")

    def stage_finished(self, result: StageResult) -> None:
        self.events.append(f"{result.name} {result.status}")

    def output(self, stage: str, step: str, stream: Stream, line: str) -> None:
        self.lines.append(line)


def step(name: str, **options: object) -> Step:
    return Step(name=name, action=Command(line=("true",)), **options)  # type: ignore[arg-type]


def stage(name: str, *needs: str, **options: object) -> Stage:
    steps = options.pop("steps", (step("only"),))
    return Stage(name=name, needs=needs, steps=steps, **options)  # type: ignore[arg-type]


def readings(_step: Step, files: tuple[ReportFile, ...], _printed: Printed) -> Readings:
    """A reader for the tests: every line of a report file is a test and its status."""
    words = [line.split() for file in files for line in file.content.decode().splitlines()]
    return Readings(
        tests=tuple(TestCase(name=name, status=Status(status)) for name, status in words)
    )


def run(
    *stages: Stage,
    engine: MemoryEngine | None = None,
    observer: Recorder | None = None,
    read: Reader = readings,
    times: Mapping[str, float] | None = None,
    **options: object,
) -> Outcome:
    async def main() -> Outcome:
        plan = Plan(project="p", stages=stages, **options)  # type: ignore[arg-type]
        return await run_plan(
            plan,
            engine or MemoryEngine(),
            observer=observer or Recorder(),
            read=read,
            times=times,
        )

    return anyio.run(main)


def statuses(outcome: Outcome) -> dict[str, Status]:
    return {result.name: result.status for result in outcome.stages}


def report(text: str) -> tuple[ReportFile, ...]:
    return (ReportFile(kind="junit", path="junit.xml", content=text.encode()),)


def test_a_stage_starts_when_its_needs_are_done_and_not_before() -> None:
    engine = MemoryEngine({"base/only": Behaviour(seconds=SHORT)})
    outcome = run(stage("tests", "base"), stage("base"), stage("deploy", "tests"), engine=engine)
    assert engine.calls == ["base/only", "tests/only", "deploy/only"]
    assert outcome.exit_code is ExitCode.PASSED
    assert [result.name for result in outcome.stages] == ["tests", "base", "deploy"]


def test_stages_that_do_not_need_each_other_run_side_by_side() -> None:
    engine = MemoryEngine({f"{name}/only": Behaviour(seconds=SHORT) for name in "abc"})
    run(stage("a"), stage("b"), stage("c"), engine=engine)
    assert engine.peak == 3


def test_concurrent_steps_run_at_once_and_the_next_one_waits_for_all() -> None:
    names = ("before", "check", "migrate", "tests")
    steps = tuple(step(name, concurrent=name in ("check", "migrate")) for name in names)
    slow_first = {"tests/check": Behaviour(seconds=SHORT), "tests/migrate": Behaviour(seconds=0.01)}
    engine, observer = MemoryEngine(slow_first), Recorder()
    run(stage("tests", steps=steps), engine=engine, observer=observer)
    finished = [event.split()[0] for event in observer.events if "/" in event]
    assert finished == ["tests/before", "tests/migrate", "tests/check", "tests/tests"]
    assert engine.peak == 2


def test_a_failed_concurrent_step_stops_what_follows_but_not_its_neighbours() -> None:
    steps = (step("check", concurrent=True), step("migrate", concurrent=True), step("tests"))
    outcome = run(
        stage("tests", steps=steps), engine=MemoryEngine({"tests/check": Behaviour(exit_code=1)})
    )
    found = [each.status for each in outcome.stages[0].steps]
    assert found == [Status.FAILED, Status.PASSED, Status.SKIPPED]
    assert outcome.stages[0].steps[2].reason == "'check' failed"


def test_the_reason_of_a_stage_names_every_step_that_failed() -> None:
    names = ("a", "b", "c", "d")
    failing = {f"lint/{name}": Behaviour(exit_code=1) for name in names}
    lint = stage("lint", parallel=True, steps=(*map(step, names), step("e")))
    [result] = run(lint, engine=MemoryEngine(failing)).stages
    told = "; ".join(f"{name}: exited with code 1" for name in names[:3])
    assert result.reason == f"{told} and 1 more"


def test_no_more_steps_run_at_once_than_there_are_slots() -> None:
    names = [f"s{number}" for number in range(6)]
    engine = MemoryEngine({f"lint/{name}": Behaviour(seconds=0.01) for name in names})
    lint = stage("lint", parallel=True, steps=tuple(step(name) for name in names))
    run(lint, stage("other"), engine=engine, max_parallel=2)
    assert engine.peak == 2


@pytest.mark.parametrize(
    ("times", "order"),
    [
        ({}, ["base", "lint", "tests", "image", "checks"]),
        ({"lint": 1.0, "tests": 5.0, "image": 2.0}, ["base", "tests", "image", "lint", "checks"]),
        ({"lint": 3.0, "image": 1.0, "checks": 4.0}, ["base", "image", "lint", "tests", "checks"]),
    ],
)
def test_what_the_longest_chain_waits_for_gets_the_next_slot(
    times: dict[str, float], order: list[str]
) -> None:
    engine = MemoryEngine()
    stages = (
        *(stage("base"), stage("lint", "base"), stage("tests", "base"), stage("image", "base")),
        stage("checks", "image"),
    )
    run(*stages, engine=engine, times=times, max_parallel=1)
    assert engine.calls == [f"{name}/only" for name in order]


def test_a_failed_stage_leaves_its_siblings_alone_and_skips_what_needs_it() -> None:
    engine = MemoryEngine({"lint/only": Behaviour(exit_code=1)})
    outcome = run(stage("lint"), stage("tests"), stage("deploy", "lint"), engine=engine)
    assert statuses(outcome) == {
        "lint": Status.FAILED,
        "tests": Status.PASSED,
        "deploy": Status.SKIPPED,
    }
    assert outcome.stages[2].reason == "needs 'lint', which failed"
    assert outcome.exit_code is ExitCode.FAILED


def test_fail_fast_cancels_running_steps_with_the_reason() -> None:
    engine = MemoryEngine(
        {"lint/only": Behaviour(exit_code=1), "tests/only": Behaviour(seconds=LONG)}
    )
    outcome = run(stage("lint"), stage("tests"), engine=engine, fail_fast=True)
    assert statuses(outcome) == {"lint": Status.FAILED, "tests": Status.CANCELLED}
    assert outcome.stages[1].reason == "stage 'lint' failed (--fail-fast)"
    assert engine.open_stages == []


def test_an_optional_stage_that_fails_does_not_fail_the_run() -> None:
    engine = MemoryEngine({"docs/only": Behaviour(exit_code=1)})
    outcome = run(stage("docs", optional=True), stage("tests"), engine=engine)
    assert statuses(outcome)["docs"] is Status.FAILED
    assert outcome.exit_code is ExitCode.PASSED


def test_a_run_in_which_nothing_ran_is_not_a_pass() -> None:
    outcome = run(stage("a", skip="no reason"), stage("b", "a"))
    assert outcome.exit_code is ExitCode.FAILED
    assert outcome.stages[1].reason == "needs 'a', which was skipped: no reason"


def test_the_steps_behind_a_failed_one_are_skipped_except_those_that_always_run() -> None:
    engine = MemoryEngine({"tests/migrate": Behaviour(exit_code=1)})
    steps = (step("migrate"), step("tests"), step("coverage", always=True))
    (result,) = run(stage("tests", steps=steps), engine=engine).stages
    assert [one.status for one in result.steps] == [Status.FAILED, Status.SKIPPED, Status.PASSED]
    assert result.steps[1].reason == "'migrate' failed"
    assert result.reason == "migrate: exited with code 1"


def test_a_step_that_belongs_to_one_that_did_not_run_is_skipped_too() -> None:
    engine = MemoryEngine({"tests/migrate": Behaviour(exit_code=1)})
    steps = (step("migrate"), step("tests"), step("coverage", always=True, belongs_to="tests"))
    (result,) = run(stage("tests", steps=steps), engine=engine).stages
    assert result.steps[2].status is Status.SKIPPED
    assert result.steps[2].reason == "'tests' did not run"


def test_a_failed_step_that_does_not_block_still_fails_its_stage() -> None:
    engine = MemoryEngine({"tests/migrations": Behaviour(exit_code=1)})
    steps = (step("migrations", blocking=False), step("tests"))
    (result,) = run(stage("tests", steps=steps), engine=engine).stages
    assert [one.status for one in result.steps] == [Status.FAILED, Status.PASSED]
    assert result.status is Status.FAILED


def test_steps_that_always_run_come_behind_the_others_of_a_parallel_stage() -> None:
    engine = MemoryEngine({"lint/slow": Behaviour(seconds=SHORT)})
    steps = (step("reports", always=True), step("slow"), step("quick"))
    run(stage("lint", parallel=True, steps=steps), engine=engine)
    assert engine.calls[-1] == "lint/reports"


def test_a_passed_exit_code_does_not_hide_a_failed_test() -> None:
    engine = MemoryEngine({"tests/only": Behaviour(reports=report("a passed\nb failed"))})
    (result,) = run(stage("tests"), engine=engine).stages
    assert result.status is Status.FAILED
    assert result.reason == "only: exited with code 0, but its report contains 1 failed test"


@pytest.mark.promise(
    "a stage declares a report that is not `optional`, and no file matches",
    "the stage fails and names the glob",
)
@pytest.mark.parametrize(("required", "status"), [(True, Status.FAILED), (False, Status.PASSED)])
def test_a_required_report_that_is_missing_fails_its_step(required: bool, status: Status) -> None:
    reports = (Report(kind="junit", path="out/*.xml", required=required),)
    (result,) = run(stage("e2e", steps=(step("reports", reports=reports),))).stages
    assert result.status is status
    if required:
        assert (
            result.reason == "reports: no file matches 'out/*.xml', the junit report of the stage"
        )


@pytest.mark.promise(
    "an engine cannot hand over the reports of a step",
    "the step fails with the cause, whatever its exit code",
)
@pytest.mark.parametrize("kind", ["junit", "cobertura", "ruff"])
def test_reports_that_cannot_be_collected_fail_their_step(kind: str) -> None:
    lost = Behaviour(collecting_raises=EngineError("the engine is gone"))
    reports = (Report(kind=kind, path="out/*"),)
    engine = MemoryEngine({"e2e/reports": lost})
    (result,) = run(stage("e2e", steps=(step("reports", reports=reports),)), engine=engine).stages
    assert result.status is Status.FAILED
    assert (
        result.reason == "reports: could not collect the reports of 'reports': the engine is gone"
    )


def test_a_test_step_in_which_no_test_ran_fails() -> None:
    (result,) = run(stage("tests", steps=(step("tests", must_report=True),))).stages
    assert result.status is Status.FAILED
    assert result.reason == "tests: no test ran"


@pytest.mark.promise(
    "the tests ran without HeroCI's plugin, as with `-p no:heroci_pytest_plugin`",
    "the step fails, because nothing shows that all of them ran",
)
def test_tests_without_the_record_that_would_prove_them_complete_have_not_passed() -> None:
    reports = (
        Report(kind="junit", path="junit.xml"),
        Report(kind="database-record", path="record/*"),
    )
    steps = (step("tests", must_report=True, reports=reports),)
    passed = Readings(tests=(TestCase(name="a"),))
    for recorded, status in ((None, Status.FAILED), (RecordedRun(), Status.PASSED)):
        readings = replace(passed, run=recorded)
        (result,) = run(stage("tests", steps=steps), read=lambda *_, read=readings: read).stages
        assert result.status is status


@pytest.mark.parametrize(
    ("recorded", "reason"),
    [
        (
            RecordedRun(planned=2, ran=1, complete=False),
            "exited with code 0 after 1 of 2 tests",
        ),
        (RecordedRun(planned=1, ran=1, intact=False), "something changed the record"),
        (RecordedRun(planned=1, ran=1, exit_code=3), "pytest exited with code 3"),
    ],
    ids=["early end", "changed record", "hidden exit code"],
)
def test_the_record_decides_although_the_process_exits_with_code_0(
    recorded: RecordedRun, reason: str
) -> None:
    told = Readings(tests=(TestCase(name="a"),), run=recorded)
    (result,) = run(stage("tests"), read=lambda *_: told).stages
    assert result.status is Status.FAILED
    assert reason in (result.reason or "")


@pytest.mark.parametrize(
    ("tests", "recorded", "status"),
    [
        (("passed", "skipped"), None, Status.PASSED),
        (("skipped", "skipped"), None, Status.FAILED),
        (("skipped",), RecordedRun(), Status.FAILED),
        (("skipped",), RecordedRun(expected_failures=1), Status.PASSED),
    ],
)
def test_skipped_tests_alone_are_not_a_pass(
    tests: tuple[str, ...], recorded: RecordedRun | None, status: Status
) -> None:
    cases = tuple(TestCase(name="t", status=Status(word), message="later") for word in tests)
    told = Readings(tests=cases, run=recorded)
    steps = (step("tests", must_report=True),)
    (result,) = run(stage("tests", steps=steps), read=lambda *_: told).stages
    assert result.status is status
    assert ("skipped (later)" in (result.reason or "")) == (status is Status.FAILED)


SPLIT = Split(shard="2/2", tests=0, total=5, fingerprint="a")


@pytest.mark.parametrize(
    ("told", "status", "word"),
    [
        (Readings(splits=(SPLIT,), elsewhere=5), Status.PASSED, ""),
        (Readings(splits=(SPLIT,)), Status.FAILED, "no test ran"),
        (Readings(), Status.FAILED, "the tests were not split"),
        (Readings(tests=(TestCase(name="a"),)), Status.FAILED, "the tests were not split"),
    ],
    ids=["other shards have tests", "nobody has tests", "nothing is told", "no split is told"],
)
def test_a_shard_may_be_empty_but_must_be_one(told: Readings, status: Status, word: str) -> None:
    steps = (step("tests", must_report=True, sharded=True),)
    (result,) = run(stage("tests", steps=steps), read=lambda *_: told).stages
    assert result.status is status
    assert word in (result.reason or "")


def test_an_exit_code_that_no_report_explains_is_the_reason() -> None:
    engine = MemoryEngine({"tests/only": Behaviour(exit_code=3, reports=report("a passed"))})
    (result,) = run(stage("tests"), engine=engine).stages
    assert result.reason == "only: exited with code 3, although every recorded test passed"


def test_a_stage_that_takes_too_long_fails_with_the_reports_of_what_ran() -> None:
    engine = MemoryEngine(
        {"tests/only": Behaviour(seconds=LONG, reports=report("a passed\nb errored"))}
    )
    outcome = run(stage("tests", timeout=SHORT), stage("other"), engine=engine)
    result = outcome.stages[0]
    assert result.status is Status.FAILED
    assert "still running after 0.05 s, the time limit of stage 'tests'" in (result.reason or "")
    assert [test.name for test in result.tests] == ["a", "b"]
    assert outcome.exit_code is ExitCode.FAILED
    assert statuses(outcome)["other"] is Status.PASSED


def test_a_run_that_takes_too_long_fails_and_keeps_what_was_done() -> None:
    engine = MemoryEngine({"slow/only": Behaviour(seconds=LONG)})
    outcome = run(stage("quick"), stage("slow"), engine=engine, timeout=SHORT)
    assert statuses(outcome) == {"quick": Status.PASSED, "slow": Status.CANCELLED}
    assert outcome.exit_code is ExitCode.FAILED
    assert "0.05 s" in (outcome.stages[1].reason or "")


def test_an_engine_that_cannot_do_a_step_makes_an_error_not_a_failure() -> None:
    error = EngineError("the daemon is gone", remedy="start it")
    engine = MemoryEngine({"image/only": Behaviour(raises=error)})
    outcome = run(stage("image"), stage("tests"), engine=engine)
    assert statuses(outcome) == {"image": Status.ERRORED, "tests": Status.PASSED}
    assert (outcome.stages[0].reason, outcome.stages[0].remedy) == (
        "only: the daemon is gone",
        "start it",
    )
    assert outcome.exit_code is ExitCode.ENGINE


def test_an_engine_that_cannot_be_opened_makes_errors_of_all_stages_that_would_have_run() -> None:
    engine = MemoryEngine(broken=EngineError("no daemon", remedy="start it"))
    outcome = run(
        stage("base"), stage("tests", "base"), stage("image", skip="no Dockerfile"), engine=engine
    )
    assert statuses(outcome) == {
        "base": Status.ERRORED,
        "tests": Status.SKIPPED,
        "image": Status.SKIPPED,
    }
    assert (outcome.stages[0].reason, outcome.stages[0].remedy) == ("no daemon", "start it")
    assert outcome.exit_code is ExitCode.ENGINE


def test_a_service_that_does_not_get_ready_makes_an_error() -> None:
    engine = MemoryEngine(broken_stages={"tests": EngineError("no database")})
    outcome = run(stage("tests"), engine=engine)
    assert (outcome.stages[0].status, outcome.stages[0].reason) == (Status.ERRORED, "no database")
    assert outcome.exit_code is ExitCode.ENGINE


def test_a_dead_network_while_installing_is_the_machines_fault() -> None:
    lines = ("error: Failed to fetch: `x`", "  Caused by: dns error")
    engine = MemoryEngine({"base/dependencies": Behaviour(exit_code=2, lines=lines)})
    steps = (Step(name="dependencies", action=InstallDependencies()),)
    outcome = run(stage("base", steps=steps), engine=engine)
    assert outcome.stages[0].status is Status.ERRORED
    assert "cannot be reached" in (outcome.stages[0].reason or "")
    assert outcome.exit_code is ExitCode.ENGINE


def test_an_interrupt_cancels_everything_and_keeps_the_results() -> None:
    async def main() -> tuple[Outcome, MemoryEngine]:
        interrupt = Interrupt()
        engine = MemoryEngine(
            {
                "b/only": Behaviour(
                    seconds=LONG,
                    before=lambda: interrupt("interrupted by SIGINT"),
                    reports=report("x passed"),
                ),
            }
        )
        plan = Plan(project="p", stages=(stage("a"), stage("b", "a"), stage("c", "b")))
        outcome = await run_plan(
            plan, engine, observer=Recorder(), read=readings, interrupt=interrupt
        )
        return outcome, engine

    outcome, engine = anyio.run(main)
    assert statuses(outcome) == {"a": Status.PASSED, "b": Status.CANCELLED, "c": Status.CANCELLED}
    assert [test.name for test in outcome.stages[1].tests] == ["x"]
    assert {outcome.stages[1].reason, outcome.stages[2].reason} == {"interrupted by SIGINT"}
    assert outcome.exit_code is ExitCode.INTERRUPTED
    assert (engine.running, engine.open_stages) == (0, [])


def test_output_reaches_the_observer_and_the_end_of_it_the_result() -> None:
    lines = tuple(f"line {number}" for number in range(1000))
    recorder = Recorder()
    engine = MemoryEngine({"tests/only": Behaviour(lines=lines)})
    (result,) = run(stage("tests"), engine=engine, observer=recorder).stages
    assert recorder.lines == list(lines)
    assert result.steps[0].output.splitlines()[-1] == "line 999"
    assert len(result.steps[0].output.splitlines()) == 200


def test_standard_output_is_kept_whole_for_a_report_on_it() -> None:
    seen = []

    def read(_step: Step, _files: tuple[ReportFile, ...], printed: Printed) -> Readings:
        seen.append(printed)
        return Readings()

    lines = tuple(f"{number}" for number in range(1000))
    reports = (Report(kind="flake8"),)
    plan = Plan(project="p", stages=(stage("lint", steps=(step("flake8", reports=reports),)),))
    engine = MemoryEngine({"lint/flake8": Behaviour(lines=lines)})

    async def main() -> None:
        await run_plan(plan, engine, observer=Recorder(), read=read)

    anyio.run(main)
    assert seen == [Printed(stdout="\n".join(lines))]


@pytest.mark.parametrize("status", [Status.PASSED, Status.FAILED])
def test_events_come_in_order(status: Status) -> None:
    recorder = Recorder()
    engine = MemoryEngine({"a/only": Behaviour(exit_code=int(status is Status.FAILED))})
    run(stage("a"), engine=engine, observer=recorder)
    assert recorder.events == ["a started", f"a/only {status}", f"a {status}"]


CRASH = """Traceback (most recent call last):
  File "/tmp/work/probes/heroci_coverage.py", line 20, in <module>
    main()
  File "{file}", line 9, in collect
    self.config.config_file
AttributeError: 'Coverage' object has no attribute 'config'"""
OWN = ("python", "{probes}/heroci_coverage.py", "rc")
OF_PYTEST = ("python", "-m", "pytest")


@pytest.mark.promise(
    "one of HeroCI's own probes crashes", "exit code 4, a bug in HeroCI and no failed test"
)
@pytest.mark.parametrize(
    ("line", "file", "prefix", "exit_code"),
    [
        (OWN, "/tmp/work/probes/heroci_coverage.py", "", ExitCode.BUG),
        (OWN, "/site-packages/coverage/control.py", "", ExitCode.FAILED),
        (OF_PYTEST, "/tmp/work/probes/heroci_pytest_plugin.py", "INTERNALERROR> ", ExitCode.BUG),
        (OF_PYTEST, "/app/conftest.py", "INTERNALERROR> ", ExitCode.FAILED),
        # The hooks call the project's own runner.
        (("python", "manage.py"), "/tmp/work/probes/heroci_hooks.py", "", ExitCode.FAILED),
    ],
)
def test_a_crash_of_a_probe_is_a_bug_and_no_failure_of_the_project(
    line: tuple[str, ...], file: str, prefix: str, exit_code: ExitCode
) -> None:
    lines = tuple(f"{prefix}{each}" for each in CRASH.format(file=file).splitlines())
    engine = MemoryEngine({"tests/tests": Behaviour(exit_code=1, lines=(*lines, ""))})
    outcome = run(
        stage("tests", steps=(Step(name="tests", action=Command(line=line)),)), engine=engine
    )
    (result,) = outcome.stages
    assert outcome.exit_code is exit_code
    own = "tests: a bug in HeroCI: heroci_"
    assert (result.reason or "").startswith(own) == (exit_code is ExitCode.BUG)
    assert "AttributeError: 'Coverage' object" in (result.reason or "")


@pytest.mark.promise(
    "a reader of reports has a bug", "exit code 4, and everything else is reported"
)
def test_a_bug_in_a_reader_loses_no_other_result() -> None:
    def read(step: Step, files: tuple[ReportFile, ...], printed: Printed) -> Readings:
        if step.name == "tests":
            raise ZeroDivisionError
        return readings(step, files, printed)

    engine = MemoryEngine({"lint/lint": Behaviour(reports=report("a passed"))})
    stages = [stage(name, steps=(step(name),)) for name in ("tests", "lint")]
    outcome = run(*stages, engine=engine, read=read)
    tests, lint = outcome.stages
    assert outcome.exit_code is ExitCode.BUG
    assert "a bug in HeroCI" in tests.steps[0].warnings[0]
    assert [test.name for test in lint.steps[0].tests] == ["a"]


def test_a_chain_of_very_many_stages_runs_to_its_end() -> None:
    names = [f"stage{number}" for number in range(1_200)]
    chain = (stage(name, *needed) for name, *needed in zip(names[1:], names, strict=False))
    outcome = run(*chain, stage(names[0]))
    assert outcome.exit_code is ExitCode.PASSED
    assert len(outcome.stages) == len(names)
