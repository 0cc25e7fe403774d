"""Counts equal the summary line that the test runner itself prints, whatever kinds of outcome there are."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from heroci_action.results.records import Counts, Result, StageResult, Status
from tests.integration.probes.projects import Project, Run
from tests.integration.probes.test_django_runner import FILES as DJANGO

PYTEST = {
    "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = settings\npythonpath = .\n",
    "shop/tests/test_import.py": "import nowhere\n",
    "shop/tests/test_gone.py": "import pytest\npytest.skip('all of it', allow_module_level=True)\n",
    "shop/tests/test_all.py": """
import os
import unittest
import pytest

tries = {"flaky": 0, "set-up": 0}


def test_ok():
    pass


@pytest.mark.flaky(reruns=2)
def test_flaky():
    tries["flaky"] += 1
    assert tries["flaky"] > 1, "the first time"  # flaky


@pytest.mark.flaky(reruns=2)
def test_bad():
    assert 0


@pytest.fixture
def up():
    raise RuntimeError("up")


@pytest.fixture
def sometimes_up():
    tries["set-up"] += 1
    if tries["set-up"] < 3:
        raise RuntimeError("not yet up")


@pytest.fixture
def down():
    yield
    raise RuntimeError("down")


def test_set_up(up):
    pass


def test_tear_down(down):
    pass


def test_both_ends(up, down):
    pass


def test_call_and_tear_down(down):
    assert 0


@pytest.mark.flaky(reruns=2)
def test_flaky_set_up(sometimes_up):
    pass


@pytest.mark.xfail
def test_xfail():
    assert 0


@pytest.mark.xfail
def test_xpass():
    pass


@pytest.mark.xfail(strict=True)
def test_strict():
    pass


@pytest.mark.skip
def test_skip():
    pass


def test_skip_inside():
    pytest.skip("inside")


@pytest.mark.parametrize("x", range(3))
def test_parameters(x):
    assert x


def test_subtests(subtests):
    for number in range(3):
        with subtests.test(number=number):
            assert number != 1


class Unit(unittest.TestCase):
    def test_subtests(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertEqual(number, 0)

    def test_good_subtests(self):
        with self.subTest("fine"):
            pass

    @unittest.expectedFailure
    def test_expected(self):
        self.fail()

    @unittest.expectedFailure
    def test_unexpected(self):
        pass

    def test_torn_down(self):
        pass

    def tearDown(self):
        if self._testMethodName == "test_torn_down":
            raise RuntimeError


class BrokenClass(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise RuntimeError

    def test_one(self):
        pass

    def test_two(self):
        pass


def test_last():
    if "CRASH" in os.environ:
        os._exit(0)
""",
}
ALL = ("--continue-on-collection-errors", "shop/tests")


def counts(run: Run) -> Counts:
    stage = StageResult(name="tests", status=run.result.status, steps=(run.result,))
    return Result(
        status=Status.FAILED, exit_code=1, project="p", engine="host", stages=(stage,)
    ).counts


def printed(run: Run) -> Mapping[str, int]:
    """The numbers of pytest's or unittest's summary line by category."""
    pytests = re.findall(
        r"^=* ?((?:\d+ [a-z ]+, )*\d+ [a-z ]+) in [\d.]+", run.output, re.MULTILINE
    )
    if pytests:
        pairs = re.findall(r"(\d+) ([a-z ]+)", pytests[-1])
        return {name.rstrip("s") if name == "errors" else name: int(n) for n, name in pairs}
    (line,) = re.findall(r"^(?:OK|FAILED)(.*)$", run.output, re.MULTILINE)
    found = {name: int(n) for name, n in re.findall(r"([a-z ]+)=(\d+)", line)}
    (tests,) = re.findall(r"^Ran (\d+) test", run.output, re.MULTILINE)
    return {**{name.strip(): n for name, n in found.items()}, "ran": int(tests)}


def pytest_counts(line: Mapping[str, int]) -> Counts:
    get = line.get
    return Counts(
        passed=get("passed", 0) + get("xpassed", 0),
        failed=get("failed", 0),
        errored=get("error", 0),
        skipped=get("skipped", 0) + get("xfailed", 0),
    )


@pytest.mark.promise(
    "pytest runs with reruns, subtests, expected failures, errors in set-up and tear-down, alone or with pytest-xdist",
    "the counts equal pytest's summary line; a test that passed after a rerun is flaky",
)
@pytest.mark.parametrize(
    "arguments",
    [(), ("-n", "2"), ("-k", "test_tear or Unit"), ("-x",), ("--maxfail=3", "-q")],
    ids=" ".join,
)
def test_counts_are_those_of_pytests_summary_line(
    project: Project, arguments: tuple[str, ...]
) -> None:
    run = project.write(PYTEST).pytest(*ALL, *arguments)
    found, line = counts(run), printed(run)
    wanted = pytest_counts(line)
    # pytest counts a test that passed after a rerun as passed, HeroCI as flaky.
    assert (found.passed + found.flaky, found.failed, found.errored, found.skipped) == (
        wanted.passed,
        wanted.failed,
        wanted.errored,
        wanted.skipped,
    )
    reruns = sum(len(test.attempts) for test in run.result.tests)
    assert reruns == line.get("rerun", 0)


def test_a_flaky_test_has_its_failed_attempts(project: Project) -> None:
    run = project.write(PYTEST).pytest(*ALL, "-k", "flaky or bad")
    assert counts(run).flaky == 2
    flaky, bad = run.test("test_flaky"), run.test("test_bad")
    assert (flaky.status, len(flaky.attempts)) == (Status.FLAKY, 1)
    assert flaky.message.startswith("AssertionError: the first time")
    assert (bad.status, len(bad.attempts)) == (Status.FAILED, 2)
    assert [attempt.status for attempt in run.test("test_flaky_set_up").attempts] == [
        Status.ERRORED,
        Status.ERRORED,
    ]


INVENTED = """
def pytest_report_teststatus(report):
    if report.when == "call" and "subtests" not in report.nodeid:
        return "quarantined", "q", "QUARANTINED"
"""


@pytest.mark.promise(
    "a plugin counts tests in a category that pytest does not have",
    "each test has the outcome that its report states",
)
def test_categories_that_a_plugin_invents_do_not_hide_a_failure(project: Project) -> None:
    arguments = ("shop/tests/test_all.py", "-k", "not flaky and not bad and not xfail")
    usual = project.write(PYTEST).pytest(*arguments)
    invented = project.write({"conftest.py": INVENTED}).pytest(*arguments)
    assert "quarantined" in printed(invented)
    assert invented.statuses() == usual.statuses()


def test_counts_are_the_same_without_the_summary_line(project: Project) -> None:
    arguments = (*ALL, "-k", "not flaky and not bad")
    usual = project.write(PYTEST).pytest(*arguments)
    silent = project.pytest(*arguments, "-p", "no:terminal")
    assert silent.output == ""
    assert silent.statuses() == usual.statuses()
    assert silent.result.reason == usual.result.reason


@pytest.mark.promise(
    "a worker of pytest-xdist crashes",
    "its test has failed, and the counts equal pytest's summary line",
)
def test_counts_with_a_crashed_worker_are_those_of_the_summary_line(project: Project) -> None:
    run = project.write(PYTEST).pytest(
        *ALL, "-n", "2", "-k", "test_ok or test_last or test_param", env={"CRASH": "1"}
    )
    found = counts(run)
    wanted = pytest_counts(printed(run))
    assert found == wanted
    assert "crashed while running" in run.test("test_last").message


@pytest.mark.promise(
    "a worker of pytest-xdist crashes, and its test is rerun",
    "the crash is an attempt of the test, which is flaky if it passes then",
)
def test_a_crash_that_is_followed_by_a_rerun_is_an_attempt(project: Project) -> None:
    text = """import os


def test_ok():
    pass


def test_crashes():
    os._exit(0)


def test_crashes_once():
    if not os.path.exists("crashed"):
        open("crashed", "w").close()
        os._exit(0)
"""
    project.write({"pytest.ini": PYTEST["pytest.ini"], "shop/tests/test_all.py": text})
    run = project.pytest("shop/tests", "-n", "2", "--reruns", "1")
    flaky, bad = run.test("test_crashes_once"), run.test("test_crashes")
    assert (flaky.status, len(flaky.attempts)) == (Status.FLAKY, 1)
    assert "crashed while running" in flaky.message
    assert (bad.status, len(bad.attempts)) == (Status.FAILED, 1)
    assert run.result.reason == "1 failed test"


OWN_CALLS = """import unittest
from django.test import SimpleTestCase


class Calls(SimpleTestCase):
    def __call__(self, result=None):
        return unittest.TestCase.run(self, result)

    def test_passes(self):
        pass

    def test_fails(self):
        for number in range(2):
            with self.subTest(number=number):
                self.assertEqual(number, 0)


class Others(SimpleTestCase):
    def test_passes(self):
        pass
"""
REPEATS = """import unittest
from django.test import SimpleTestCase


class Repeats(SimpleTestCase):
    def run(self, result=None):
        super().run(result)
        return super().run(result)

    def test_twice(self):
        pass
"""


@pytest.mark.parametrize("mode", [(), ("--parallel", "2")], ids=["serial", "parallel"])
def test_classes_that_call_their_tests_in_their_own_way_are_recorded(
    project: Project, mode: tuple[str, ...]
) -> None:
    run = project.write({"shop/tests/test_all.py": OWN_CALLS}).manage(*mode)
    assert run.result.reason == "1 failed test"
    assert run.statuses() == {
        "test_all.Calls.test_passes": Status.PASSED,
        "test_all.Calls.test_fails (number=1)": Status.FAILED,
        "test_all.Others.test_passes": Status.PASSED,
    }


def test_classes_that_repeat_their_tests_are_recorded(project: Project) -> None:
    run = project.write({"shop/tests/test_all.py": REPEATS}).manage()
    assert run.result.status is Status.PASSED
    assert run.readings.run is not None
    assert (run.readings.run.planned, run.readings.run.ran) == (1, 1)


@pytest.mark.promise(
    "Django's runner runs with subtests, expected failures, errors in fixtures, or in parallel",
    "the counts equal its summary line",
)
@pytest.mark.parametrize(
    "arguments",
    [(), ("--parallel", "2"), ("-k", "test_sub"), ("--tag", "fast"), ("--failfast",)],
    ids=" ".join,
)
def test_counts_are_those_of_unittests_summary_line(
    project: Project, arguments: tuple[str, ...]
) -> None:
    run = project.write(DJANGO).manage(*arguments)
    found, line = counts(run), printed(run)
    assert (found.failed, found.errored, found.skipped) == (
        line.get("failures", 0) + line.get("unexpected successes", 0),
        line.get("errors", 0),
        line.get("skipped", 0) + line.get("expected failures", 0),
    )
    recorded = run.readings.run
    assert recorded is not None
    assert recorded.ran == line["ran"]
