from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroci_action.engines.base import Stream
from heroci_action.observers import logs
from heroci_action.observers.logs import LogFiles, log_path, with_logs
from tests.unit.builders import run, stage, step
from tests.unit.observers.plans import RESULT, watch
from tests.unit.result_strategies import names

any_name = names | st.sampled_from(["..", ".", "/", "../../etc/passwd", "a/b", "a b", "a+b", "a.b"])


def test_each_step_has_a_log_file(tmp_path: Path) -> None:
    watch(LogFiles(tmp_path), "one", "", "\x1b[1mtwo\x1b[0m")

    assert (tmp_path / "logs/tests.migrate.log").read_text() == "migrating\n"
    assert (tmp_path / "logs/tests.tests.log").read_text() == "one\n\n\x1b[1mtwo\x1b[0m\n"


def test_lines_are_written_immediately(tmp_path: Path) -> None:
    log = LogFiles(tmp_path)

    log.output("tests", "tests", Stream.STDOUT, "so far")

    assert (tmp_path / "logs/tests.tests.log").read_text() == "so far\n"
    log.close()


def test_of_a_huge_log_the_beginning_and_the_end_are_kept_and_the_cut_is_stated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "HEAD", 1000)
    monkeypatch.setattr(logs, "TAIL", 500)
    log = LogFiles(tmp_path)
    for number in range(10_000):
        log.output("tests", "tests", Stream.STDOUT, f"line {number}")
    log.close()

    written = (tmp_path / "logs/tests.tests.log").read_text().splitlines()
    assert written[:2] == ["line 0", "line 1"]
    assert written[-1] == "line 9999"
    assert sum(map(len, written)) < 1600
    (cut,) = (line for line in written if "left out" in line)
    after = written[written.index(cut) + 2 :]
    assert after == [f"line {number}" for number in range(10_000 - len(after), 10_000)]


@pytest.mark.parametrize("link", ["logs", "logs/a.b.log"])
def test_no_link_is_followed(tmp_path: Path, link: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    place = tmp_path / "reports" / link
    place.parent.mkdir(parents=True)
    place.symlink_to(elsewhere if link == "logs" else elsewhere / "new.log")
    log = LogFiles(tmp_path / "reports")

    with pytest.raises(OSError, match=r"symbolic link|Not a directory"):
        log.output("a", "b", Stream.STDOUT, "a line")
    assert list(elsewhere.iterdir()) == []


def test_lone_surrogates_are_escaped(tmp_path: Path) -> None:
    log = LogFiles(tmp_path)
    log.output("a", "b", Stream.STDOUT, "\udc80\ud800")
    log.close()

    assert (tmp_path / "logs/a.b.log").read_text() == "\\udc80\\ud800\n"


@given(any_name, any_name)
def test_any_name_is_one_file_in_logs(first: str, second: str) -> None:
    path = Path(log_path(first, second))

    assert path.parts[0] == "logs"
    assert len(path.parts) == 2
    assert len(path.name.encode()) <= 255
    assert path.name.isascii()
    assert not path.name.startswith(".")


@given(st.tuples(any_name, any_name), st.tuples(any_name, any_name))
def test_two_steps_never_share_a_file(first: tuple[str, str], second: tuple[str, str]) -> None:
    assert (log_path(*first) == log_path(*second)) == (first == second)


def test_similar_names_have_separate_files() -> None:
    alike = ["a b", "a+b", "a-b", "a/b", "a.b", "a:b", "A b", "", " ", "-", "a" * 90, "a" * 91]

    assert len({log_path("stage", name) for name in alike}) == len(alike)
    assert log_path("a.b", "c") != log_path("a", "b.c")


def test_ordinary_names_stay_readable() -> None:
    assert log_path("tests", "coverage settings") == "logs/tests.coverage+settings.log"


def test_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/a.b.log").symlink_to(precious)

    with pytest.raises(OSError, match="symbolic links"):
        LogFiles(tmp_path).output("a", "b", Stream.STDOUT, "line")
    assert precious.read_text() == "mine"


def test_results_name_the_existing_logs(tmp_path: Path) -> None:
    watch(LogFiles(tmp_path))

    steps = with_logs(RESULT, tmp_path).stages[0].steps

    assert [each.log for each in steps] == ["logs/tests.migrate.log", None]


def test_result_without_logs_is_unchanged(tmp_path: Path) -> None:
    result = run(stage("a", step()))

    assert with_logs(result, tmp_path) == result


def test_finished_stages_keep_no_file_open(tmp_path: Path) -> None:
    log, process = LogFiles(tmp_path), psutil.Process()
    before = process.num_fds()
    for number in range(100):
        name = f"stage{number}"
        for each in ("one", "services"):
            log.output(name, each, Stream.STDOUT, "line")
        log.stage_finished(stage(name))
    assert process.num_fds() == before
