"""The recorder sees in every kind of run what Django's runner itself counts, and changes nothing of the run."""

from __future__ import annotations

import re

import pytest

from heroci_action.results.records import Status
from tests.integration.probes.projects import PROBES, Project, Run, line_of

TORTURE = """import sys
import unittest
from unittest import mock

from django.test import SimpleTestCase, TestCase, TransactionTestCase

from shop import deep
from shop.models import Thing


def helper():
    raise ValueError("deep")  # deep


class Good(TestCase):
    def test_ok(self):  # ok
        print("hello")
        Thing.objects.create(name="a")

    @mock.patch("os.getcwd")
    def test_decorated(self, _):
        self.assertEqual(1, 2, "first\\nsecond")  # decorated

    def test_fail(self):
        print("to stdout")
        sys.stderr.write("to stderr\\n")
        self.assertEqual(1, 2)  # fail

    def tearDown(self):
        if self._testMethodName == "test_fail":
            raise RuntimeError("and in tearDown")

    def test_error(self):
        helper()

    def test_exit(self):
        sys.exit(3)  # exit

    @unittest.skip("not now")
    def test_skipped(self):
        pass

    def test_skip_inside(self):
        self.skipTest("inside")

    @unittest.expectedFailure
    def test_expected(self):
        self.fail("known")

    @unittest.expectedFailure  # unexpected
    def test_unexpected(self):
        pass

    def test_sub(self):
        for a in range(4):
            with self.subTest(a=a):
                self.assertEqual(a % 2, 0)  # sub

    def test_sub_error(self):
        with self.subTest("message", b=1):
            {}["x"]  # sub error

    def test_sub_good(self):
        with self.subTest(z=1):
            pass


    def test_elsewhere(self):
        deep.fail_here()  # elsewhere


class Plain(unittest.TestCase):
    def test_plain(self):
        pass

    def test_plain_sub(self):  # unlike Django's, it drags its result along when it is pickled
        with self.subTest(c=2):
            self.fail()


class BrokenClass(TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        raise RuntimeError("no class")  # class

    def test_never(self):
        pass


class Base:
    def test_inherited(self):
        self.assertEqual(self.value, 1)  # inherited


class One(Base, SimpleTestCase):
    value = 1


class Two(Base, SimpleTestCase):
    value = 2


class Transaction(TransactionTestCase):
    def test_transaction(self):
        self.assertEqual(Thing.objects.count(), 0)


@unittest.skip("whole class")
class SkippedClass(TestCase):
    def test_a(self):
        pass
"""
FILES = {
    "shop/deep.py": "def fail_here():\n    raise KeyError('here')\n",
    "shop/tests/test_all.py": TORTURE,
    "shop/tests/test_import.py": "import os\n\nfrom nowhere import gone\n",
    "shop/tests/test_syntax.py": "\ndef broken(:\n    pass\n",
    "shop/tests/test_module.py": (
        "import unittest\n\n\ndef setUpModule():\n    raise LookupError('module')\n\n\n"
        "class M(unittest.TestCase):\n    def test_m(self):\n        pass\n"
    ),
}
PASSED, FAILED, ERRORED, SKIPPED = Status.PASSED, Status.FAILED, Status.ERRORED, Status.SKIPPED
WANTED = {
    "test_all.Good.test_ok": PASSED,
    "test_all.Good.test_decorated": FAILED,
    "test_all.Good.test_fail": FAILED,
    "test_all.Good.test_fail (clean-up)": ERRORED,
    "test_all.Good.test_error": ERRORED,
    "test_all.Good.test_exit": ERRORED,
    "test_all.Good.test_skipped": SKIPPED,
    "test_all.Good.test_skip_inside": SKIPPED,
    "test_all.Good.test_expected": SKIPPED,
    "test_all.Good.test_unexpected": FAILED,
    "test_all.Good.test_sub (a=1)": FAILED,
    "test_all.Good.test_sub (a=3)": FAILED,
    "test_all.Good.test_sub_error [message] (b=1)": ERRORED,
    "test_all.Good.test_sub_good": PASSED,
    "test_all.Good.test_elsewhere": ERRORED,
    "test_all.Plain.test_plain": PASSED,
    "test_all.Plain.test_plain_sub (c=2)": FAILED,
    "test_all.BrokenClass.setUpClass": ERRORED,
    "test_all.One.test_inherited": PASSED,
    "test_all.Two.test_inherited": FAILED,
    "test_all.Transaction.test_transaction": PASSED,
    "test_all.SkippedClass.test_a": SKIPPED,
    "test_import": ERRORED,
    "test_syntax": ERRORED,
    "test_module.setUpModule": ERRORED,
}
# What Django's runner prints: a failing tearDown counts separately, and an expected failure is not a skip.
SUMMARY = "FAILED (failures=6, errors=9, skipped=3, expected failures=1, unexpected successes=1)"

MODES: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "serial": ((), {}),
    "buffered": (("--buffer",), {}),
    "forked": (("--parallel", "2"), {"START_METHOD": "fork"}),
    "spawned": (("--parallel", "2"), {"START_METHOD": "spawn"}),
    "unittest-xml-reporting": ((), {"RUNNER": "xmlrunner.extra.djangotestrunner.XMLTestRunner"}),
}


@pytest.fixture
def torture(project: Project) -> Project:
    return project.write(FILES)


def summary(run: Run) -> str:
    (line,) = re.findall(r"^(?:OK|FAILED).*$", run.output, re.MULTILINE)
    return str(line)


@pytest.mark.parametrize("mode", MODES)
def test_every_outcome_is_recorded_in_every_kind_of_run(torture: Project, mode: str) -> None:
    arguments, env = MODES[mode]
    run = torture.manage(*arguments, env=env)
    assert run.statuses() == WANTED
    assert len(run.readings.tests) == len(WANTED)
    assert run.readings.warnings == ()
    assert (run.code, summary(run)) == (1, SUMMARY)


@pytest.mark.parametrize("mode", ["serial", "forked", "spawned"])
def test_each_test_has_its_place(torture: Project, mode: str) -> None:
    arguments, env = MODES[mode]
    run = torture.manage(*arguments, env=env)
    for name, marker in {
        "Good.test_ok": "ok",
        "Good.test_decorated": "decorated",
        "Good.test_fail": "fail",
        "Good.test_error": "deep",
        "Good.test_exit": "exit",
        "Good.test_elsewhere": "elsewhere",
        "Good.test_unexpected": "unexpected",
        "Good.test_sub (a=3)": "sub",
        "Good.test_sub_error [message] (b=1)": "sub error",
        "BrokenClass.setUpClass": "class",
        "Two.test_inherited": "inherited",
    }.items():
        test = run.test(name)
        assert (name, test.file, test.line) == (
            name,
            "shop/tests/test_all.py",
            line_of(TORTURE, marker),
        )
    for name, line in {"test_import": 3, "test_syntax": 2, "setUpModule": 5}.items():
        assert run.test(name).line == line
        assert str(run.test(name).file).startswith("shop/tests/test_")


@pytest.mark.parametrize("mode", ["serial", "buffered", "forked"])
def test_output_belongs_to_the_test_that_printed_it(torture: Project, mode: str) -> None:
    arguments, env = MODES[mode]
    run = torture.manage(*arguments, env=env)
    assert run.test("test_ok").output == "hello\n"
    assert run.test("test_fail").output == "to stdout\nto stderr\n"
    assert run.test("test_plain").output == ""


def test_messages_and_tracebacks_are_about_the_test_and_not_about_unittest(
    torture: Project,
) -> None:
    run = torture.manage()
    failure = run.test("test_fail")
    assert failure.message == "AssertionError: 1 != 2"
    assert run.test("test_fail (clean-up)").message == "RuntimeError: and in tearDown"
    assert "unittest/case.py" not in failure.details
    assert run.test("test_decorated").message == "AssertionError: 1 != 2 : first"
    assert run.test("test_import").message == "ModuleNotFoundError: No module named 'nowhere'"
    assert run.test("test_expected").message == "expected failure: AssertionError: known"
    assert run.test("test_skip_inside").message == "inside"


def test_what_the_runner_prints_is_what_it_prints_without_the_recorder(torture: Project) -> None:
    def printed(run: Run) -> str:
        seconds = re.sub(r"\d+\.\d+s", "0s", run.output)
        # In the traceback of a test's own error the recorder's two frames do not show: unittest cuts them off.
        return re.sub(r"0x[0-9a-f]+", "0x", seconds)

    assert printed(torture.manage()) == printed(torture.manage(record=False))


def test_without_a_place_to_record_to_nothing_is_recorded(torture: Project) -> None:
    run = torture.run(
        "manage.py", "test", "--testrunner", "heroci_django_runner.Runner", record=False
    )
    assert summary(run) == SUMMARY
    assert run.readings.tests == ()


RUNNER = '''from django.test.runner import DiscoverRunner


class Runner(DiscoverRunner):
    def __init__(self, *args, greeting=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.greeting = greeting

    @classmethod
    def add_arguments(cls, parser):
        super().add_arguments(parser)
        parser.add_argument("--greeting")

    def setup_databases(self, **kwargs):
        print("no databases for", self.greeting, type(self).__name__)
        return []

    def teardown_databases(self, *args, **kwargs):
        pass

    def run_suite(self, suite, **kwargs):
        result = self.test_runner(verbosity=2, resultclass=self.get_resultclass()).run(suite)
        print("own run_suite")
        return result


class Bare:
    """No subclass of Django's, and no options."""

    def __init__(self, **options):
        pass

    def run_tests(self, labels):
        import unittest
        suite = unittest.defaultTestLoader.discover("shop/tests", top_level_dir=".")
        result = unittest.TextTestRunner().run(suite)
        return len(result.failures) + len(result.errors)


def factory(**options):
    return Bare(**options)
'''
SIMPLE = {
    "shop/tests/test_simple.py": (
        "from django.test import SimpleTestCase\n\n\nclass S(SimpleTestCase):\n"
        "    def test_ok(self):\n        pass\n\n    def test_bad(self):\n        self.fail()\n"
    ),
    "runners.py": RUNNER,
}


def test_a_runner_of_the_projects_own_keeps_its_methods_and_options(project: Project) -> None:
    run = project.write(SIMPLE).manage("--greeting", "everybody", env={"RUNNER": "runners.Runner"})
    assert "no databases for everybody Runner" in run.output
    assert "own run_suite" in run.output
    assert run.statuses() == {"test_simple.S.test_ok": PASSED, "test_simple.S.test_bad": FAILED}
    assert run.code == 1


@pytest.mark.parametrize("runner", ["runners.Bare", "runners.factory"])
def test_a_runner_that_is_none_of_djangos_is_recorded_too(project: Project, runner: str) -> None:
    run = project.write(SIMPLE).manage(env={"RUNNER": runner})
    assert run.statuses() == {"test_simple.S.test_ok": PASSED, "test_simple.S.test_bad": FAILED}


def test_a_runner_named_on_the_command_line_is_named_by_a_variable(project: Project) -> None:
    run = project.write(SIMPLE).manage(
        "--greeting", "you", env={"HEROCI_TEST_RUNNER": "runners.Runner"}
    )
    assert "no databases for you Runner" in run.output


HANGING = {"shop/tests/test_hang.py": """import os, pathlib, time
from django.test import SimpleTestCase, TransactionTestCase


def hang():
    pathlib.Path("hanging").touch()
    time.sleep(600)


class A(SimpleTestCase):
    def test_first(self):
        pass


class B(SimpleTestCase):
    def test_hangs(self):
        hang()


class C(SimpleTestCase):
    def test_dies(self):
        pathlib.Path("hanging").touch()  # because the pool waits for its worker for ever
        os._exit(9)


class D(TransactionTestCase):
    def test_down(self):
        pass

    def _fixture_teardown(self):
        hang()
"""}


@pytest.mark.parametrize(
    ("label", "name"), [("A shop.tests.test_hang.B", "B.test_hangs"), ("D", "D.test_down")]
)
def test_a_test_that_hangs_is_known_by_name_after_the_kill(
    project: Project, label: str, name: str
) -> None:
    run = project.write(HANGING).manage(*f"shop.tests.test_hang.{label}".split(), killed=True)
    hanging = run.test(name)
    assert hanging.status is ERRORED
    assert hanging.message.startswith("did not finish")
    assert hanging.file == "shop/tests/test_hang.py"


def test_a_worker_that_dies_leaves_the_name_of_its_test(project: Project) -> None:
    labels = [f"shop.tests.test_hang.{name}" for name in "AC"]
    run = project.write(HANGING).manage(*labels, "--parallel", "2", killed=True)
    assert run.statuses()["test_hang.C.test_dies"] is ERRORED


def test_failfast_ends_other_workers_without_a_false_alarm(project: Project) -> None:
    classes = "\n\n".join(
        f"class S{n}(SimpleTestCase):\n    def test_slow(self):\n        time.sleep({n})\n"
        for n in (20, 30)
    )
    failing = "class Fails(SimpleTestCase):\n    def test_fails(self):\n        self.fail()\n\n\n"
    header = "import time\nfrom django.test import SimpleTestCase\n\n\n"
    project.write({"shop/tests/test_slow.py": header + failing + classes})
    run = project.manage("--failfast", "--parallel", "2")
    assert run.statuses() == {"test_slow.Fails.test_fails": FAILED}
    assert all(warning.endswith("--failfast") for warning in run.readings.warnings)


def test_a_test_that_runs_tests_counts_once(project: Project) -> None:
    nested = (
        "import io, unittest\nfrom django.test import SimpleTestCase\n\n\n"
        "class Inner(unittest.TestCase):\n    def runTest(self):\n        self.fail()\n\n\n"
        "class Outer(SimpleTestCase):\n    def test_outer(self):\n"
        "        result = unittest.TextTestRunner(stream=io.StringIO()).run(unittest.TestSuite([Inner()]))\n"
        "        self.assertEqual(len(result.failures), 1)\n"
    )
    run = project.write({"shop/tests/test_nested.py": nested}).manage(
        "shop.tests.test_nested.Outer"
    )
    assert run.statuses() == {"test_nested.Outer.test_outer": PASSED}


def test_an_exception_that_cannot_be_pickled_is_recorded_before_it_ends_the_run(
    project: Project,
) -> None:
    text = (
        "from django.test import SimpleTestCase\n\n\n"
        "class A(SimpleTestCase):\n    def test_a(self):\n"
        "        class Local(Exception):\n            pass\n        raise Local('odd')\n\n\n"
        "class B(SimpleTestCase):\n    def test_b(self):\n        pass\n"
    )
    run = project.write({"shop/tests/test_odd.py": text}).manage("--parallel", "2")
    assert run.code == 1
    assert run.test("A.test_a").message == "Local: odd"


def test_the_database_that_was_really_used_is_named(torture: Project) -> None:
    assert str(torture.manage().readings.facts["database"]).startswith("SQLite 3.")
    parallel = torture.manage("--parallel", "2").readings
    assert str(parallel.facts["database"]).startswith("SQLite 3.")


def test_tests_without_a_database_say_so(project: Project) -> None:
    assert project.write(SIMPLE).manage().readings.facts["database"] == "none"


def test_a_record_that_cannot_be_written_does_not_disturb_the_tests(torture: Project) -> None:
    full = torture.root.parent / "full"
    full.write_text("a file, where a directory is wanted")
    run = torture.manage(env={"HEROCI_RECORD": str(full)})
    assert (run.code, summary(run)) == (1, SUMMARY)


SCRIPT = """import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"

import django
from django.test.runner import DiscoverRunner

if __name__ == "__main__":
    django.setup()
    sys.exit(DiscoverRunner(tags=sys.argv[1:]).run_tests(["shop.tests"]))
"""


def test_a_script_of_the_projects_that_calls_the_runner_is_recorded(torture: Project) -> None:
    torture.write({"runtests.py": SCRIPT})
    run = torture.run(str(PROBES / "heroci_script.py"), "runtests.py")
    assert run.statuses() == WANTED
    assert summary(run) == SUMMARY
    assert run.code != 0


FIXTURES = """import time

from django.test import SimpleTestCase, TestCase


class Slow(TestCase):
    @classmethod
    def setUpTestData(cls):
        time.sleep(0.6)

    def test_one(self):
        pass

    def test_two(self):
        pass


class Down(SimpleTestCase):
    @classmethod
    def tearDownClass(cls):
        time.sleep(0.3)
        super().tearDownClass()

    def test_three(self):
        pass


class Broken(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        time.sleep(0.2)
        raise RuntimeError("no class")

    def test_four(self):
        pass
"""


@pytest.mark.parametrize("mode", MODES)
def test_the_time_of_fixtures_is_told_by_class_and_in_no_test(project: Project, mode: str) -> None:
    arguments, env = MODES[mode]
    run = project.write({"shop/tests/test_fixtures.py": FIXTURES}).manage(*arguments, env=env)

    assert run.readings.fixtures
    measured = {name.rpartition(".")[2]: time for name, time in run.readings.fixtures.longest}
    at_least = {"Slow": 0.6, "Down": 0.3, "Broken": 0.2}
    assert measured.keys() == at_least.keys()
    assert all(measured[name] >= seconds for name, seconds in at_least.items()), measured
    assert max(test.duration for test in run.readings.tests) < 0.3
