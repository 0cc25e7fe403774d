"""A test process that leaves early has not passed, whatever its exit code, and the result names what it was running."""

from __future__ import annotations

import pytest

from heroci_action.results.records import Status
from tests.integration.probes.projects import PROBES, Project, Run

# Three tests pass before the class or module that leaves; two more would follow.
BEFORE = """import os
import signal
import sys
import unittest
from django.test import SimpleTestCase, TestCase


class A(SimpleTestCase):
    def test_1(self):
        pass

    def test_2(self):
        pass

    def test_3(self):
        pass


"""
AFTER = """

class ZZ(SimpleTestCase):
    def test_never(self):
        self.fail()
"""
CLASS = """class Z(SimpleTestCase):
    databases = {{"default"}}

{fixture}
    def test_x(self):
        pass
"""


def in_class(fixture: str) -> str:
    return CLASS.format(fixture=fixture.replace("LEAVE", "sys.exit(0)"))


def method(name: str) -> str:
    return f"    @classmethod\n    def {name}(cls):\n        LEAVE\n"


CLEAN_UP = (
    "    @classmethod\n    def setUpClass(cls):\n        super().setUpClass()\n"
    "        cls.addClassCleanup(sys.exit, 0)\n"
)
# What leaves, what the message names, and how many of the five tests have run by then.
LEAVING = {
    "set-up of a class": (in_class(method("setUpClass")), "during setUpClass of {}.Z", 3),
    "test data": (
        # Django runs such a class first.
        in_class(method("setUpTestData")).replace("Z(Simple", "Z("),
        "during setUpClass of {}.Z",
        0,
    ),
    "tear-down of a class": (in_class(method("tearDownClass")), "during tearDownClass of {}.Z", 4),
    "clean-up of a class": (in_class(CLEAN_UP), "during tearDownClass of {}.Z", 4),
    "os._exit in a set-up": (
        in_class(method("setUpClass")).replace("sys.exit(0)", "os._exit(0)"),
        "during setUpClass of {}.Z",
        3,
    ),
    "os._exit in a test": (
        CLASS.format(fixture="").replace("pass", "os._exit(0)"),
        "while {}.Z.test_x was running",
        3,
    ),
    "interrupt in a test": (
        CLASS.format(fixture="").replace("pass", "raise KeyboardInterrupt"),
        "while {}.Z.test_x was running",
        3,
    ),
}


def leave(project: Project, text: str, *arguments: str) -> Run:
    return project.write({"shop/tests/test_a.py": BEFORE + text + AFTER}).manage(*arguments)


@pytest.mark.promise(
    "a Django test, or the set-up, tear-down or clean-up of its class, ends the process with code 0",
    "the step fails with `the test process exited with code 0 after 3 of 5 tests` and names what was running",
)
@pytest.mark.parametrize("kind", LEAVING)
def test_django_tests_that_leave_early_fail_and_are_named(project: Project, kind: str) -> None:
    text, named, ran = LEAVING[kind]
    run = leave(project, text)
    assert run.result.status is Status.FAILED
    assert f"after {ran} of 5 tests, {named.format('shop.tests.test_a')}" in (
        run.result.reason or ""
    )
    (bad,) = (test for test in run.result.tests if test.status is Status.ERRORED)
    assert bad.message.startswith("did not finish")
    assert bad.file == "shop/tests/test_a.py"


MODULES = {
    "set-up of a module": ("def setUpModule():\n    sys.exit(0)\n", "setUpModule", 3),
    "tear-down of a module": ("def tearDownModule():\n    os._exit(0)\n", "tearDownModule", 4),
    "clean-up of a module": (
        "def setUpModule():\n    unittest.addModuleCleanup(sys.exit, 0)\n",
        "tearDownModule",
        4,
    ),
}


@pytest.mark.promise(
    "the set-up, tear-down or clean-up of a module ends the process with code 0",
    "the step fails and names the module",
)
@pytest.mark.parametrize("kind", MODULES)
def test_django_modules_that_leave_early_fail_and_are_named(project: Project, kind: str) -> None:
    fixture, name, ran = MODULES[kind]
    header = "import os, sys, unittest\nfrom django.test import SimpleTestCase\n\n\n"
    run = project.write(
        {
            "shop/tests/test_a.py": BEFORE,
            "shop/tests/test_b.py": f"{header}{fixture}\n\n{CLASS.format(fixture='')}",
            "shop/tests/test_c.py": header + AFTER,
        }
    ).manage()
    assert f"after {ran} of 5 tests, during {name} of shop.tests.test_b" in (
        run.result.reason or ""
    )


WORKERS = {
    "killed": (
        CLASS.format(fixture="").replace("pass", "os.kill(os.getpid(), signal.SIGKILL)"),
        "was ended by signal 9 (SIGKILL)",
        "while shop.tests.test_a.Z.test_x was running",
    ),
    "leaves in a test": (
        CLASS.format(fixture="").replace("pass", "os._exit(0)"),
        "exited with code 0",
        "while shop.tests.test_a.Z.test_x was running",
    ),
    "leaves in a set-up": (
        in_class(method("setUpClass")),
        "exited with code 0",
        "during setUpClass of shop.tests.test_a.Z",
    ),
}


@pytest.mark.promise(
    "a worker of a parallel Django run is killed or exits",
    "the run ends, and the test that the worker was running is the error",
)
@pytest.mark.parametrize("kind", WORKERS)
def test_a_parallel_run_ends_when_a_worker_dies_and_names_what_it_was_running(
    project: Project, kind: str
) -> None:
    text, end, named = WORKERS[kind]
    run = leave(project, text, "--parallel", "2")
    reason = (run.result.reason or "").partition(";")[0]
    assert reason.startswith(f"a worker process of the tests {end} after ")
    assert reason.endswith(f"of 5 tests, {named}")
    assert [test.name for test in run.result.tests if test.status is Status.ERRORED] == [
        "test_x" if "test_x" in named else "setUpClass"
    ]


RUNNERS = {
    "runners.py": """import os, sys, unittest
from django.test.runner import DiscoverRunner


class Own(DiscoverRunner):
    def run_suite(self, suite, **kwargs):
        for test in list(suite)[:3]:
            result = super().run_suite(unittest.TestSuite([test]), **kwargs)
        os._exit(0)


class Part(DiscoverRunner):
    def run_suite(self, suite, **kwargs):
        return super().run_suite(unittest.TestSuite(list(suite)[:2]), **kwargs)


class Parts(DiscoverRunner):
    def run_tests(self, labels, **kwargs):
        self.build_suite(labels)  # only looks at it
        return super().run_tests(labels, **kwargs)

    def run_suite(self, suite, **kwargs):
        tests = list(suite)
        super().run_suite(unittest.TestSuite(tests[:2]), **kwargs)
        return super().run_suite(unittest.TestSuite(tests[2:]), **kwargs)


class Tidy(DiscoverRunner):
    def teardown_databases(self, *args, **kwargs):
        os._exit(0)
""",
    "shop/tests/test_a.py": BEFORE + AFTER.replace("self.fail()", "pass"),
    "runtests.py": """import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django
from django.test.runner import DiscoverRunner
django.setup()
DiscoverRunner().run_tests(["shop.tests.test_a.A"])
runner = DiscoverRunner()
suite = runner.build_suite(["shop.tests.test_a.ZZ"])
sys.exit(0)
""",
}


@pytest.mark.promise(
    "the project's own test runner ends the process before it returns",
    "the step fails",
)
@pytest.mark.parametrize("name", ["Own", "Tidy"])
def test_a_runner_of_the_project_that_never_returns_has_not_passed(
    project: Project, name: str
) -> None:
    run = project.write(RUNNERS).manage(env={"RUNNER": f"runners.{name}"})
    assert run.code == 0
    assert run.result.status is Status.FAILED
    assert "exited with code 0 after" in (run.result.reason or "")


@pytest.mark.promise(
    "the project's own test runner runs only a part of the suite that it built",
    "the step fails with the number of tests that ran",
)
def test_a_runner_of_the_project_that_cuts_its_suite_has_not_passed(project: Project) -> None:
    run = project.write(RUNNERS).manage(env={"RUNNER": "runners.Part"})
    assert run.code == 0
    assert run.result.reason == "the test process exited with code 0 after 2 of 4 tests"


def test_a_runner_of_the_project_may_run_its_suite_in_parts(project: Project) -> None:
    run = project.write(RUNNERS).manage(env={"RUNNER": "runners.Parts"})
    assert run.result.status is Status.PASSED


@pytest.mark.promise(
    "a test script ends before it has run a suite that it built",
    "the step fails with the number of tests that ran",
)
def test_a_script_that_leaves_before_its_second_suite_has_not_passed(project: Project) -> None:
    run = project.write(RUNNERS).run(str(PROBES / "heroci_script.py"), "runtests.py")
    assert run.code == 0
    assert run.result.reason == "the test process exited with code 0 after 3 of 4 tests"


PYTEST_RUNNER = {
    "runners.py": """class Pytest:
    def __init__(self, **options):
        pass

    def run_tests(self, labels, **options):
        import pytest
        return pytest.main(["-p", "no:cacheprovider", *labels])
""",
    "test_it.py": """import os


def test_passes():
    pass


def test_ends():
    END
""",
}


@pytest.mark.promise(
    "the project's own test runner class or test script calls pytest",
    "the tests are recorded, also if one of them ends the process",
)
@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ("assert 0", "1 failed test"),
        ("os._exit(0)", "the test process exited with code 0 after 1 of 2 tests"),
    ],
)
def test_a_runner_that_calls_pytest_is_recorded(project: Project, end: str, reason: str) -> None:
    files = {name: text.replace("END", end) for name, text in PYTEST_RUNNER.items()}
    env = {"RUNNER": "runners.Pytest", "PYTEST_PLUGINS": "heroci_pytest_plugin"}
    run = project.write(files).manage("test_it.py", env=env)
    assert (run.result.reason or "").startswith(reason)
    assert run.test("test_ends").status.is_failure


def test_pytest_that_a_django_test_starts_is_not_recorded(project: Project) -> None:
    text = """import subprocess, sys
from django.test import SimpleTestCase


class A(SimpleTestCase):
    def test_starts_pytest(self):
        line = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_it.py"]
        self.assertEqual(subprocess.call(line), 1)
"""
    inner = PYTEST_RUNNER["test_it.py"].replace("END", "assert 0")
    files = {"shop/tests/test_a.py": text, "test_it.py": inner}
    run = project.write(files).manage(env={"PYTEST_PLUGINS": "heroci_pytest_plugin"})
    assert [test.name for test in run.result.tests] == ["test_starts_pytest"]
    assert run.result.status is Status.PASSED


CONTINUES = """

class Y(SimpleTestCase):
    def test_forks(self):
        if pid := os.fork():
            os.waitpid(pid, 0)


class Z(SimpleTestCase):
    def test_after(self):
        pass
"""


@pytest.mark.promise(
    "a test forks, and the child continues the suite as well",
    "each test is counted once",
)
@pytest.mark.parametrize("runner", ["django", "pytest"])
def test_a_child_that_continues_the_suite_is_not_recorded(project: Project, runner: str) -> None:
    project.write({**PYTEST, "shop/tests/test_a.py": BEFORE + CONTINUES})
    run = project.manage() if runner == "django" else project.pytest("shop/tests")
    assert (len(run.result.tests), run.result.status) == (5, Status.PASSED)


FINE = {
    "skipped in its set-up": in_class(
        "    @classmethod\n    def setUpClass(cls):\n        raise unittest.SkipTest('no server')\n"
    ),
    "interrupts itself": CLASS.format(fixture="").replace(
        "pass",
        "with self.assertRaises(KeyboardInterrupt):\n            raise KeyboardInterrupt",
    ),
    "exits in a test": CLASS.format(fixture="").replace(
        "pass", "with self.assertRaises(SystemExit):\n            sys.exit(0)"
    ),
    "leaves in a child": CLASS.format(fixture="").replace(
        "pass", "pid = os.fork()\n        if not pid:\n            os._exit(0)\n        os.wait()"
    ),
    "runs a suite": CLASS.format(fixture="").replace(
        "pass", "unittest.TestSuite([A('test_1')]).run(unittest.TestResult())"
    ),
}


@pytest.mark.parametrize("mode", [(), ("--parallel", "2")], ids=["serial", "parallel"])
def test_whatever_ends_in_order_passes(project: Project, mode: tuple[str, ...]) -> None:
    classes = "\n\n".join(
        text.replace("class Z(", f"class Z{number}(") for number, text in enumerate(FINE.values())
    )
    run = project.write({"shop/tests/test_a.py": BEFORE + classes}).manage(*mode)
    assert (run.result.reason, run.result.status) == (None, Status.PASSED), run.output


PYTEST = {
    "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = settings\npythonpath = .\n",
    "shop/tests/test_a.py": """import os
import pytest


def test_1():
    pass


def test_2():
    pass


@pytest.fixture
def leave(request):
    if os.environ["LEAVE"] == "set-up":
        os._exit(0)
    yield
    if os.environ["LEAVE"] == "tear-down":
        os._exit(0)


def test_3(leave):
    if os.environ["LEAVE"] == "call":
        pytest.exit("enough", returncode=0)


def test_4():
    assert os.environ["LEAVE"] == "nowhere"
""",
}


@pytest.mark.promise(
    "a test or fixture of pytest calls `os._exit(0)` or `pytest.exit(returncode=0)`",
    "the step fails and names the test",
)
@pytest.mark.parametrize("where", ["set-up", "call", "tear-down"])
def test_pytest_tests_that_leave_early_fail_and_are_named(project: Project, where: str) -> None:
    run = project.write(PYTEST).pytest("shop/tests", env={"LEAVE": where})
    assert run.code == 0
    assert run.result.status is Status.FAILED
    assert "after 2 of 4 tests, while shop.tests.test_a.test_3 was running" in (
        run.result.reason or ""
    )
    assert run.statuses()["test_a.test_3"] is Status.ERRORED


@pytest.mark.parametrize("mode", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_session_of_pytest_that_ends_in_order_passes(
    project: Project, mode: tuple[str, ...]
) -> None:
    run = project.write(PYTEST).pytest("shop/tests", *mode, env={"LEAVE": "nowhere"})
    assert (run.result.reason, run.result.status) == (None, Status.PASSED), run.output


def test_pytest_exit_in_a_worker_of_xdist_has_not_passed(project: Project) -> None:
    run = project.write(PYTEST).pytest("shop/tests", "-n", "1", env={"LEAVE": "call"})
    assert run.result.status is Status.FAILED


@pytest.mark.promise(
    "a session of pytest fails without a failed test, but its process exits with code 0",
    "the step fails with the exit code of the session",
)
def test_the_exit_code_of_a_session_counts_if_its_process_hides_it(project: Project) -> None:
    hook = """import atexit
import os


def pytest_sessionfinish(session):
    session.exitstatus = 3
    atexit.register(os._exit, 0)
"""
    run = project.write({**PYTEST, "conftest.py": hook}).pytest(
        "shop/tests", env={"LEAVE": "nowhere"}
    )
    assert run.code == 0
    assert run.result.reason == "pytest exited with code 3, but the test process with code 0"


SESSIONS = {
    "script.py": "import pytest\npytest.main(['test_1.py'])\npytest.main(['test_2.py'])\n",
    "test_1.py": "def test_a(request):\n    request.session.shouldstop = 'enough'\n\n\n"
    "def test_b():\n    pass\n",
    "test_2.py": "def test_c():\n    pass\n\n\ndef test_d():\n    pass\n",
    "conftest.py": "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n",
}


@pytest.mark.promise(
    "the first of two sessions of pytest in one process ends early",
    "the step fails with the number of tests that ran",
)
def test_an_early_end_of_the_first_session_of_pytest_counts(project: Project) -> None:
    env = {"PYTEST_PLUGINS": "heroci_pytest_plugin"}
    run = project.write(SESSIONS).run("script.py", env=env)
    assert run.code == 0
    assert run.result.reason == "the test process exited with code 0 after 3 of 4 tests"


@pytest.mark.promise(
    "every test is skipped",
    "the step fails with the common reason",
)
@pytest.mark.parametrize("runner", ["django", "pytest"])
def test_a_run_in_which_every_test_was_skipped_has_not_passed(
    project: Project, runner: str
) -> None:
    skipped = "import unittest\n\n\n@unittest.skip('no server')\nclass S(unittest.TestCase):\n"
    skipped += "    def test_a(self):\n        pass\n\n    def test_b(self):\n        pass\n"
    project.write({**PYTEST, "shop/tests/test_a.py": skipped})
    run = project.manage() if runner == "django" else project.pytest("shop/tests")
    assert run.code == 0
    assert run.result.status is Status.FAILED
    assert run.result.reason == "no test ran: all 2 tests were skipped (no server)"


LONG = """
import unittest


class A(unittest.TestCase):
    def test_fails(self):
        for number in range(300_000):
            print("line", number)
        self.fail("head of the message" + "x" * 2_000_000 + "tail of the message")

    def test_passes(self):
        print("y" * 1_000_000)
"""


@pytest.mark.promise(
    "a failed test says or prints more than 1 MiB",
    "head and tail of each text are kept, and the number of characters between them is stated",
)
@pytest.mark.parametrize("runner", ["django", "pytest"])
def test_head_and_tail_of_long_texts_are_kept(project: Project, runner: str) -> None:
    project.write({"shop/tests/test_a.py": LONG})
    run = project.manage() if runner == "django" else project.pytest("shop/tests/test_a.py")
    failed, passed = run.test("test_fails"), run.test("test_passes")
    assert "line 0\n" in failed.output[:200]
    assert "line 299999\n" in failed.output[-200:]
    assert "head of the message" in failed.details
    assert "tail of the message" in failed.details[-2_000:]
    for text in (failed.output, failed.details, passed.output):
        assert "characters were left out" in text
    texts = (failed.message, failed.details, failed.output)
    assert sum(map(len, texts)) < 1_100_000
    assert len(passed.output) < 70_000
