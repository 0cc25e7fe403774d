"""The tests run in parallel by themselves only after a proof, and a failure under it is decided in one process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.end_to_end.program import Run, call, environment
from tests.end_to_end.projects import FILES, commit, write
from tests.integration.dagger import reach

SLOW = """
import multiprocessing
import os
import time

from django.test import SimpleTestCase, TestCase

from shop.models import Product


def is_alone():
    return multiprocessing.parent_process() is None and "PYTEST_XDIST_WORKER" not in os.environ


def wait():
    # Parallel tests are faster on a busy machine as well, whatever their processes take to start.
    if is_alone():
        time.sleep(8)


class FirstTests(TestCase):
    def test_slow(self):
        wait()
        self.assertEqual(Product.objects.count(), 0)


class SecondTests(SimpleTestCase):
    def test_slow(self):
        wait()
"""
ONLY_IN_ONE_PROCESS = """

class AloneTests(SimpleTestCase):
    def test_alone(self):
        self.assertTrue(is_alone())
"""
BROKEN = """

class BrokenTests(SimpleTestCase):
    def test_broken(self):
        self.fail("always")
"""
# Without tblib, a parallel run of Django ends at the first failure.
REQUIREMENTS = f"{FILES['requirements.txt'].rstrip()}\n        tblib\n"
PYTEST = {
    "requirements.txt": f"{REQUIREMENTS}        pytest\n        pytest-django\n        pytest-xdist\n",
    "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = site_.settings\npython_files = tests.py\n",
}
CASES = [
    pytest.param("host", {}, id="host-django"),
    pytest.param("host", PYTEST, id="host-pytest"),
    pytest.param("dagger", {}, id="dagger-django", marks=pytest.mark.dagger),
]


class Project:
    """A project with its own cache."""

    def __init__(self, root: Path, engine: str, files: Mapping[str, str]) -> None:
        if engine == "dagger":
            reach.require()
        self.engine = engine
        self.root = write(
            root / "shop", {"shop/tests.py": SLOW, "requirements.txt": REQUIREMENTS, **files}
        )
        self.env = environment(HEROCI_CACHE_DIR=str(root / "cache"))

    def prove(self, *options: str) -> Run:
        return call(
            "prove-parallel", "--engine", self.engine, *options, directory=self.root, env=self.env
        )

    def run(self, *options: str) -> Run:
        arguments = ("run", "--engine", self.engine, "--stages", "tests", *options)
        return call(*arguments, directory=self.root, env=self.env)

    def add_tests(self, text: str) -> None:
        path = self.root / "shop/tests.py"
        path.write_text(path.read_text() + text)
        commit(self.root)

    @property
    def command(self) -> str:
        """The command of the tests in the plan."""
        done = call("plan", "--json", "--engine", "host", directory=self.root, env=self.env)
        stages = {stage["name"]: stage for stage in json.loads(done.stdout)["plan"]["stages"]}
        (step,) = (step for step in stages["tests"]["steps"] if step["name"] == "tests")
        return " ".join(step["action"]["line"])


@pytest.mark.parametrize(("engine", "files"), CASES)
def test_a_proof_makes_tests_parallel_until_it_is_refuted(
    tmp_path: Path, engine: str, files: Mapping[str, str]
) -> None:
    project = Project(tmp_path, engine, files)
    option = "-n auto" if files else "--parallel"
    assert option not in project.command

    proved = project.prove()
    assert proved.exit_code == 0, proved.stdout + proved.stderr
    assert "2 tests had the same outcomes both ways." in proved.stdout
    assert option in project.command

    passed = project.run()
    assert passed.exit_code == 0, passed.stdout + passed.stderr
    assert "the tests run in parallel (proved on " in passed.stdout
    assert passed.result["parallel_proof"]["tests"] == 2

    project.add_tests(BROKEN)
    broken = project.run()
    assert broken.exit_code == 1
    facts = broken.step("tests", "tests")["facts"]
    assert facts["confirmed"] == "1 failed test failed again in one process"
    assert option in project.command

    project.add_tests(ONLY_IN_ONE_PROCESS)
    refuted = project.run()
    failed = [
        test["name"]
        for test in refuted.step("tests", "tests")["tests"]
        if test["status"] not in {"passed", "skipped"}
    ]
    assert (refuted.exit_code, failed) == (1, ["test_broken"])
    (warning,) = refuted.result["warnings"]
    assert warning.startswith("1 test fails only in parallel (shop.tests.AloneTests.test_alone)")
    assert refuted.result["parallel_proof"] is None
    assert option not in project.command


def test_a_test_that_differs_is_named_and_nothing_is_recorded(tmp_path: Path) -> None:
    project = Project(tmp_path, "host", {"shop/tests.py": SLOW + ONLY_IN_ONE_PROCESS})
    refused = project.prove()
    assert refused.exit_code == 1
    name = "shop.tests.AloneTests.test_alone"
    assert f"{name}: passed in one process, failed in parallel" in refused.stdout
    assert "--parallel" not in project.command


def test_a_proof_can_be_written_to_the_configuration(tmp_path: Path) -> None:
    project = Project(tmp_path, "host", {})
    written = project.prove("--write")
    assert written.exit_code == 0, written.stdout + written.stderr
    assert "tests.parallel = true" in (project.root / "pyproject.toml").read_text()
    assert "--parallel" in project.command
