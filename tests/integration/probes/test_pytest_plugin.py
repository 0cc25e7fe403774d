"""The plugin records what pytest counts, with pytest-xdist and without, and what a killed run was doing."""

from __future__ import annotations

import re

import pytest

from heroci_action.engines.base import ReportFile
from heroci_action.readers import PathResolver, read
from heroci_action.results.records import Status
from tests.integration.probes.projects import Project, Run, line_of

PASSED, FAILED, ERRORED, SKIPPED = Status.PASSED, Status.FAILED, Status.ERRORED, Status.SKIPPED

TESTS = """import unittest

import pytest

from shop.deep import deep
from shop.models import Thing


@pytest.mark.django_db  # ok
def test_ok():
    print("hello")
    Thing.objects.create(name="a")


def test_fail():
    print("before")
    assert [1] == [2]  # fail


def test_deep():
    deep()  # through deep


@pytest.fixture
def broken():
    raise RuntimeError("fixture")  # fixture


def test_setup(broken):
    pass


@pytest.fixture
def down():
    yield
    raise RuntimeError("down")


def test_teardown(down):
    pass


def test_both(down):
    assert 0


@pytest.mark.skip(reason="not now")
def test_skip():
    pass


@pytest.mark.xfail(reason="known")
def test_xfail():
    assert 0


@pytest.mark.xfail(strict=True, reason="fixed?")
def test_strict():
    pass


@pytest.mark.parametrize("x", [1, "a::b[c]"])
def test_parameter(x):
    assert x == 1


class TestA:
    class TestB:
        def test_nested(self):
            assert 0


class Unit(unittest.TestCase):
    def test_sub(self):
        for a in range(2):
            with self.subTest(a=a):
                self.assertEqual(a, 0)  # sub
"""
FILES = {
    "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = settings\npythonpath = .\n",
    "shop/deep.py": "def deep():\n    raise ValueError('deep')\n",
    "shop/tests/test_all.py": TESTS,
    "shop/tests/test_import.py": "import os\nimport nowhere\n",
    "shop/tests/test_syntax.py": "\ndef broken(:\n",
    "shop/tests/test_gone.py": "import pytest\npytest.skip('all of it', allow_module_level=True)\n",
}
WANTED = {
    "test_all.test_ok": PASSED,
    "test_all.test_fail": FAILED,
    "test_all.test_deep": FAILED,
    "test_all.test_setup": ERRORED,
    "test_all.test_teardown": PASSED,
    "test_all.test_teardown (clean-up)": ERRORED,
    "test_all.test_both": FAILED,
    "test_all.test_both (clean-up)": ERRORED,
    "test_all.test_skip": SKIPPED,
    "test_all.test_xfail": SKIPPED,
    "test_all.test_strict": FAILED,
    "test_all.test_parameter[1]": PASSED,
    "test_all.test_parameter[a::b[c]]": FAILED,
    "test_all.TestA.TestB.test_nested": FAILED,
    "test_all.Unit.test_sub": PASSED,  # as in pytest's summary: only the subtest has failed
    "test_all.Unit.test_sub (a=1)": FAILED,
    "test_import": ERRORED,
    "test_syntax": ERRORED,
    "test_gone": SKIPPED,
}
ALL = ("--continue-on-collection-errors", "shop/tests")


@pytest.fixture
def tested(project: Project) -> Project:
    return project.write(FILES)


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_every_outcome_is_recorded_with_its_place(
    tested: Project, workers: tuple[str, ...]
) -> None:
    run = tested.pytest(*ALL, *workers)
    assert run.code == 1
    assert run.statuses() == WANTED
    assert len(run.readings.tests) == len(WANTED)
    for name, line in {
        "test_ok": line_of(TESTS, "ok"),
        "test_fail": line_of(TESTS, "fail"),
        "test_deep": line_of(TESTS, "through deep"),
        "test_setup": line_of(TESTS, "fixture"),
        "test_sub (a=1)": line_of(TESTS, "sub"),
        "test_import": 2,
        "test_syntax": 2,
        "test_gone": 2,
    }.items():
        test = run.test(f".{name}")
        assert (name, test.line) == (name, line)
        assert str(test.file).startswith("shop/tests/test_")
    assert str(run.readings.facts["database"]).startswith("SQLite 3.")


@pytest.mark.parametrize("style", ["short", "line", "no", "native"])
def test_the_line_of_an_assertion_does_not_depend_on_the_style_of_tracebacks(
    tested: Project, style: str
) -> None:
    run = tested.pytest("shop/tests/test_all.py", f"--tb={style}")
    assert run.test("test_fail").line == line_of(TESTS, "fail")


def test_messages_and_output(tested: Project) -> None:
    run = tested.pytest("shop/tests/test_all.py")
    assert run.test("test_fail").message == "assert [1] == [2]"
    assert run.test("test_fail").output == "before\n"
    assert run.test("test_ok").output == "hello\n"
    assert run.test("test_skip").message == "not now"
    assert run.test("test_xfail").message == "expected failure: known"
    assert run.test("test_both").message == "assert 0"
    assert run.test("test_both (clean-up)").message == "RuntimeError: down"


def test_pytest_prints_and_answers_the_same_without_the_plugin(tested: Project) -> None:
    def said(run: Run) -> str:
        return re.sub(r"\d+\.\d+s|0x[0-9a-f]+", "0", run.output)

    line = ("-m", "pytest", "-p", "no:cacheprovider", *ALL)
    assert said(tested.pytest(*ALL)) == said(tested.run(*line, record=False))


HANGING = {"shop/tests/test_hang.py": """import os, pathlib, time


def test_a():
    pass


def test_hangs():
    if "CRASH" in os.environ:
        os._exit(9)
    time.sleep(1)  # with pytest-xdist, another process has to hear of the test before it can record it
    pathlib.Path("hanging").touch()
    time.sleep(600)
"""}


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_killed_run_still_names_what_ran_and_what_hung(
    tested: Project, workers: tuple[str, ...]
) -> None:
    run = tested.write(HANGING).pytest("shop/tests/test_hang.py", *workers, killed=True)
    assert run.test("test_hangs").status is ERRORED
    assert run.test("test_hangs").message.startswith("did not finish")


def test_a_worker_that_crashes_is_a_failure_of_its_test(tested: Project) -> None:
    run = tested.write(HANGING).pytest("shop/tests/test_hang.py", "-n", "1", env={"CRASH": "1"})
    crashed = run.test("test_hangs")
    assert (crashed.status, crashed.file, crashed.line) == (FAILED, "shop/tests/test_hang.py", 8)
    assert "crashed while running" in crashed.message


def test_stopping_at_the_first_failure_is_no_alarm(tested: Project) -> None:
    run = tested.pytest("shop/tests/test_all.py", "-n", "2", "-x")
    assert not [test for test in run.readings.tests if test.message.startswith("did not finish")]


def test_a_pytest_that_a_test_starts_is_not_recorded(tested: Project) -> None:
    inner = (
        "import subprocess, sys\n\n\ndef test_outer():\n"
        "    code = subprocess.call([sys.executable, '-m', 'pytest', 'shop/tests/test_hang.py', '-k', 'test_a'])\n"
        "    assert code == 0\n"
    )
    run = tested.write({**HANGING, "shop/tests/test_outer.py": inner}).pytest(
        "shop/tests/test_outer.py"
    )
    assert run.statuses() == {"test_outer.test_outer": PASSED}


def test_pytests_own_junit_beside_the_record_counts_nothing_twice(tested: Project) -> None:
    run = tested.pytest(*ALL, "--junitxml=junit.xml", "-o", "junit_family=xunit1")
    content = (tested.root / "junit.xml").read_bytes()
    records = [
        ReportFile(kind="database-record", path=path.name, content=path.read_bytes())
        for path in (tested.root.parent / "records").iterdir()
    ]
    junit = ReportFile(kind="junit", path="junit.xml", content=content)
    both = read([junit, *records], tree=PathResolver())
    # pytest's JUnit knows no subtests: it names the test around them.
    extra = {test.name for test in both.tests} - {test.name for test in run.readings.tests}
    assert extra <= {"test_sub"}
    assert len(both.tests) - len(run.readings.tests) <= 1
