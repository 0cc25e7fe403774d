"""Steps in containers: outcomes, output, reports, replay, cancellation, and files that are not uploaded."""

from __future__ import annotations

import os
import time
from pathlib import Path

import anyio
import pytest

from heroci_action.engines.base import EngineSession, Stream
from heroci_action.engines.dagger import execution
from heroci_action.plan.actions import CollectReports, Command
from heroci_action.plan.report_kinds import DJANGO_RECORD, Report
from heroci_action.plan.stages import Stage, Step
from tests.integration.dagger.conftest import Repository, Seen, take

pytestmark = pytest.mark.dagger

JUNIT = (Report(kind="junit", path="{reports}/*.xml"),)


def step(name: str, line: str | tuple[str, ...], **more: object) -> Step:
    return Step(name=name, action=Command(line=line), **more)  # type: ignore[arg-type]


def stage(*steps: Step, **more: object) -> Stage:
    return Stage(name="work", steps=steps, **more)  # type: ignore[arg-type]


def test_a_failing_command_keeps_its_exit_code_its_output_and_its_reports(
    repository: Repository,
) -> None:
    line = "echo out; echo err >&2; echo '<a/>' >{reports}/r.xml; exit 7"
    seen = repository.run(stage(step("a", line, reports=JUNIT)))
    assert seen.outcomes["a"].exit_code == 7
    assert sorted(seen.lines) == [(Stream.STDERR, "err"), (Stream.STDOUT, "out")]
    assert seen.report("a") == {"r.xml": b"<a/>\n"}


@pytest.mark.parametrize(("line", "code"), [("kill -9 $$", 137), ("exit 200", 200)])
def test_reports_are_kept_whatever_the_exit_code(
    repository: Repository, line: str, code: int
) -> None:
    seen = repository.run(
        stage(step("a", f"echo '<a/>' >{{reports}}/r.xml; {line}", reports=JUNIT))
    )
    assert seen.outcomes["a"].exit_code == code
    assert seen.report("a") == {"r.xml": b"<a/>\n"}


def test_a_missing_program_is_named(repository: Repository) -> None:
    outcome = repository.run(stage(step("a", ("no-such-program", "x")))).outcomes["a"]
    assert outcome.exit_code == 127
    assert outcome.cause == "command not found: 'no-such-program'"


def test_report_files_need_not_be_text(repository: Repository) -> None:
    line = r"printf '\377\000\001' >{reports}/r.xml"
    assert repository.run(stage(step("a", line, reports=JUNIT))).report("a") == {
        "r.xml": b"\xff\x00\x01"
    }


def test_a_report_that_is_too_large_is_not_copied(repository: Repository) -> None:
    repository.with_plan(largest_report=1_000_000)
    line = "cd {reports}; echo small >a.xml; truncate -s 9G b.xml"
    seen = repository.run(stage(step("a", line, reports=JUNIT)))
    assert seen.report("a")["a.xml"] == b"small\n"
    (large,) = (file for file in seen.reports["a"] if file.problem)
    assert large.path.endswith("/b.xml")
    assert "9,663,676,416 bytes" in (large.problem or "")


def test_the_limit_of_reports_does_not_apply_to_what_heroci_records(repository: Repository) -> None:
    repository.with_plan(largest_report=1_000)
    reports = (*JUNIT, Report(kind=DJANGO_RECORD, path="{reports}/record/*"))
    line = "cd {reports}; mkdir record; head -c 5000 /dev/zero | tee record/a >b.xml"
    seen = repository.run(stage(step("a", line, reports=reports)))
    assert [file.path.rpartition("/")[2] for file in seen.reports["a"] if file.problem] == ["b.xml"]


def test_a_link_never_reads_a_file_of_this_machine(repository: Repository) -> None:
    outside = repository.root.parent / "outside.xml"
    outside.write_text("a file of this machine")
    line = (
        f"cd {{reports}}; echo x >a.txt; ln -s a.txt b.xml; ln -s {outside} c.xml; ln -s no d.xml"
    )
    reports = (Report(kind=JUNIT[0].kind, path="{reports}/*.*"),)
    seen = repository.run(stage(step("a", line, reports=reports)))
    assert seen.report("a") == {"a.txt": b"x\n", "b.xml": b"x\n"}


def test_a_pass_is_replayed_with_its_output_and_its_reports(repository: Repository) -> None:
    work = stage(step("a", "date +%N | tee {reports}/r.xml", reports=JUNIT))
    first, second = repository.run(work), repository.run(work)
    assert not first.outcomes["a"].cached
    assert second.outcomes["a"].cached
    assert second.lines == first.lines
    assert second.report("a") == first.report("a")


def test_a_failure_is_never_replayed(repository: Repository) -> None:
    work = stage(step("a", "date +%N; exit 1"))
    texts = [repository.run(work) for _ in range(3)]
    assert not any(seen.outcomes["a"].cached for seen in texts)
    assert len({seen.text for seen in texts}) == 3


def test_without_the_cache_everything_runs(repository: Repository) -> None:
    work = stage(step("a", "date +%N"))
    first, second = repository.run(work), repository.run(work, fresh=True)
    assert not second.outcomes["a"].cached
    assert second.text != first.text


def test_a_changed_source_file_and_a_changed_variable_run_again(repository: Repository) -> None:
    work = stage(step("a", "cat unique.txt; date +%N"))
    repository.run(work)
    assert not repository.run(stage(*work.steps, env={"A": "1"})).outcomes["a"].cached
    other = os.urandom(8).hex()
    repository.write({"unique.txt": other})
    changed = repository.run(work)
    assert not changed.outcomes["a"].cached
    assert other in changed.text


def test_another_value_of_a_secret_runs_the_step_again(
    repository: Repository,
) -> None:
    work = stage(step("a", 'echo "${#API_TOKEN}"'), env={"API_TOKEN": "{env.MY_TOKEN}"})
    lengths = []
    for value in ("first-secret-value", "second"):
        repository.machine = {**repository.machine, "MY_TOKEN": value}
        lengths.append(repository.run(work).text)
    assert lengths == ["18", "6"]


def test_output_arrives_while_the_step_runs(repository: Repository) -> None:
    moments: dict[str, float] = {}

    async def body(session: EngineSession) -> None:
        def note(_: Stream, line: str) -> None:
            moments[line] = time.monotonic()

        work = step("a", "echo early; sleep 2; echo late")
        async with session.stage(stage(work), lambda *_: None) as scope:
            await scope.run(work, note)
            moments["end"] = time.monotonic()

    anyio.run(repository.session, body)
    assert moments["end"] - moments["early"] > 1.0


def test_a_step_continues_in_the_files_of_the_step_before(repository: Repository) -> None:
    seen = repository.run(
        stage(step("a", "echo found >kept"), step("b", "false"), step("c", "cat kept"))
    )
    assert seen.outcomes["b"].exit_code == 1
    assert seen.text == "found"


def test_concurrent_steps_start_in_the_same_files_and_the_last_one_leaves_its_own(
    repository: Repository,
) -> None:
    line = "test $(cat x) = before; echo {0} >x; cp x {{reports}}/{0}.xml"
    seen = repository.run(
        stage(
            step("before", "echo before >x"),
            step("a", line.format("a"), concurrent=True, reports=JUNIT),
            step("b", line.format("b"), concurrent=True, reports=JUNIT),
            step("after", "cat x"),
        )
    )
    assert not any(outcome.exit_code for outcome in seen.outcomes.values())
    assert (seen.report("a"), seen.report("b")) == ({"a.xml": b"a\n"}, {"b.xml": b"b\n"})
    assert seen.text == "b"


def test_parallel_steps_are_isolated_and_their_reports_are_collected(
    repository: Repository,
) -> None:
    steps = [
        step(name, f"test ! -e x; echo {name} >x; cp x {{reports}}/{name}.xml") for name in "ab"
    ]
    collect = Step(name="reports", action=CollectReports(), reports=JUNIT, always=True)
    seen = repository.run(stage(*steps, collect, parallel=True))
    assert [seen.outcomes[name].exit_code for name in "ab"] == [0, 0]
    assert seen.report("reports") == {"a.xml": b"a\n", "b.xml": b"b\n"}


def test_only_declared_variables_of_the_caller_are_passed_on(
    repository: Repository,
) -> None:
    repository.machine = {**repository.machine, "CANARY": "tweet", "WANTED": "yes"}
    seen = repository.run(stage(step("a", "env"), env={"MINE": "{env.WANTED}"}))
    assert "CANARY" not in seen.text
    assert "MINE=yes" in seen.text.splitlines()
    assert "HEROCI_EXECUTION" not in seen.text
    assert "HEROCI_SALT" not in seen.text


def test_secrets_are_available_and_masked(repository: Repository) -> None:
    line = 'test ${#KEY} -gt 40; echo "key $KEY"; echo "$KEY" | base64 -w0'
    seen = repository.run(stage(step("a", line), env={"KEY": "{secret_key}"}))
    assert seen.outcomes["a"].exit_code == 0
    assert "key ***" in seen.text


def test_ignored_files_and_untracked_secrets_are_not_sent_to_the_engine(
    repository: Repository,
) -> None:
    repository.write(
        {".gitignore": "ignored*\n", "kept.env.example": "", "tracked.txt": ""}
    ).commit()
    repository.write(
        {
            ".env": "PASSWORD=1",
            "sub/.env": "PASSWORD=1",
            "db.sqlite3": "x",
            "ignored.txt": "",
            "ignored [1]/x": "",
            "new file.txt": "",
            "server.key": "",
        }
    )
    seen = repository.run(stage(step("a", "find . -type f | sort")))
    assert seen.text.splitlines() == [
        "./.gitignore",
        "./kept.env.example",
        "./new file.txt",
        "./tracked.txt",
        "./unique.txt",
    ]


@pytest.mark.parametrize(
    ("program", "last"),
    [
        # A test runner writes its report when it is interrupted.
        ("trap 'echo late >{reports}/late.xml; exit 1' INT; sleep 100", {"late.xml": b"late\n"}),
        # Some programs ignore it, and their children too.
        ("trap '' INT TERM; sleep 100; sleep 200", {}),
    ],
    ids=["reports when interrupted", "ignores signals"],
)
def test_a_cancelled_step_keeps_its_output_and_its_reports(
    repository: Repository, program: str, last: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "WRAPPER", execution.WRAPPER.replace("sleep 10", "sleep 2"))
    lines: list[str] = []
    found: dict[str, bytes] = {}

    async def body(session: EngineSession) -> None:
        line = f"echo early >{{reports}}/early.xml; echo begun; {program}"
        work = step("a", line, reports=JUNIT)
        async with session.stage(stage(work), lambda *_: None) as scope:
            with anyio.CancelScope() as cancelled:

                def note(_: Stream, line: str) -> None:
                    lines.append(line)
                    cancelled.cancel()

                await scope.run(work, note)
            assert cancelled.cancelled_caught
            found.update({Path(file.path).name: file.content for file in await scope.collect(work)})

    anyio.run(repository.session, body)
    assert lines[0] == "begun"
    assert found == {"early.xml": b"early\n", **last}


def test_thousands_of_ignored_files_do_not_hinder_the_upload(repository: Repository) -> None:
    repository.write({".gitignore": "*.sqlite3\n", "kept/a.txt": ""}).commit()
    for number in range(20_000):
        (repository.root / "kept" / f"x{number}.sqlite3").touch()
    seen = repository.run(stage(step("a", "find kept -type f")))
    assert seen.text == "kept/a.txt"


def test_a_cancelled_step_ends_in_the_engine_and_other_stages_continue(
    repository: Repository,
) -> None:
    seen = Seen()

    async def body(session: EngineSession) -> None:
        with anyio.move_on_after(1) as limit:
            await take(session, stage(step("a", "sleep 100; echo no")), Seen())
        assert limit.cancelled_caught
        await take(session, stage(step("b", "echo alive")), seen)

    started = time.monotonic()
    anyio.run(repository.session, body)
    assert seen.text == "alive"
    assert time.monotonic() - started < 60


def test_outputs_reach_the_stages_that_need_them_and_no_others(repository: Repository) -> None:
    build = "mkdir -p dist/css && echo red >dist/css/a.css && echo 1 >version && echo x >other"
    assets = Stage(
        name="assets", steps=(step("build", build),), outputs=("dist", "version"), needs=("base",)
    )
    list_files = "find dist version other 2>/dev/null | sort"
    direct = Stage(name="direct", steps=(step("list", list_files),), needs=("base", "assets"))
    indirect = Stage(name="indirect", steps=(step("list 2", list_files),), needs=("direct",))
    free = Stage(name="free", steps=(step("list 3", f"echo none; {list_files}"),), needs=("base",))

    seen = repository.run(assets, direct, indirect, free)

    found = ["dist", "dist/css", "dist/css/a.css", "version"]
    assert [line for _, line in seen.lines] == [*found, *found, "none"]
