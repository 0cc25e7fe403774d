"""Real runs of all shards are one run of everything, with both test runners, alone and in parallel."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

import pytest

from heroci_action.results.records import Status
from tests.integration.probes.projects import Project, Run

CLASSES = """import unittest
from django.test import SimpleTestCase, TestCase, TransactionTestCase
from shop.models import Thing


class FixtureTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.thing = Thing.objects.create(name="a")

    def test_one(self):
        self.assertEqual(Thing.objects.count(), 1)

    def test_two(self):
        self.assertEqual(self.thing.name, "a")


class SlowTests(TransactionTestCase):
    def test_writes(self):
        Thing.objects.create(name="b")


class PlainTests(SimpleTestCase):
    def test_fails(self):
        self.fail("always")

    def test_passes(self):
        pass

    @unittest.skip("never")
    def test_skipped(self):
        pass


class OtherTests(unittest.TestCase):
    def test_it(self):
        pass
"""
FUNCTIONS = """import pytest


@pytest.mark.parametrize("value", ["a/b.py", "c::d"])
def test_many(value):
    pass


class TestInClass:
    def test_it(self):
        pass
"""
# Passes only where all of the file runs in one process, in its order.
IN_ORDER = """import pytest


@pytest.fixture(scope="module")
def seen():
    return []


def test_first(seen):
    seen.append(1)


def test_second(seen):
    assert seen == [1]
"""
FILES = {
    "shop/tests/test_a.py": CLASSES,
    "shop/tests/test_b.py": CLASSES.replace("FixtureTests", "BTests"),
}
Runner = Callable[..., Run]


def django(project: Project, *arguments: str) -> Runner:
    project.write({**FILES, "shop/tests/test_broken.py": "import nothing_like_this\n"})
    return lambda **env: project.manage(*arguments, env=env)


def pytest_(project: Project, *arguments: str) -> Runner:
    files = {**FILES, "shop/tests/test_c.py": FUNCTIONS, "conftest.py": ""}
    # pytest-xdist, unless told otherwise, gives the tests of a file to whichever process is idle.
    if not arguments or "loadfile" in arguments:
        files["shop/tests/test_d.py"] = IN_ORDER
    project.write(files)
    settings = {"DJANGO_SETTINGS_MODULE": "settings"}
    return lambda **env: project.pytest("shop", *arguments, env={**settings, **env})


RUNS: dict[str, Callable[[Project], Runner]] = {
    "django": django,
    "django, forked": lambda project: django(project, "--parallel", "2"),
    "django, spawned": lambda project: with_env(
        django(project, "--parallel", "2"), START_METHOD="spawn"
    ),
    "pytest": pytest_,
    "pytest-xdist": lambda project: pytest_(project, "-n", "2"),
    "pytest-xdist, files": lambda project: pytest_(project, "-n", "2", "--dist", "loadfile"),
}


def with_env(runner: Runner, **variables: str) -> Runner:
    return lambda **env: runner(**variables, **env)


def ends(*runs: Run) -> Counter[tuple[str, Status]]:
    return Counter((test.id, test.status) for run in runs for test in run.readings.tests)


@pytest.mark.parametrize("name", RUNS)
def test_all_shards_together_are_one_run_of_everything(project: Project, name: str) -> None:
    run = RUNS[name](project)
    whole = run()
    assert len(whole.readings.tests) >= 14

    for total in (1, 3):
        shards = [run(HEROCI_SHARD=f"{number}/{total}") for number in range(1, total + 1)]
        assert ends(*shards) == ends(whole)
        assert len({shard.readings.splits[0].fingerprint for shard in shards}) == 1
        # Nothing but the failures of its own tests makes a shard fail.
        for shard in shards:
            bad = {test.status for test in shard.readings.tests} & {Status.FAILED, Status.ERRORED}
            assert bool(shard.code) == bool(bad), shard.output


@pytest.mark.parametrize("name", ["django", "pytest-xdist"])
def test_what_belongs_together_is_in_one_shard(project: Project, name: str) -> None:
    run = RUNS[name](project)
    homes: dict[str, set[int]] = {}
    for number in (1, 2, 3):
        for test in run(HEROCI_SHARD=f"{number}/3").readings.tests:
            homes.setdefault(test.classname or test.name, set()).add(number)
    assert {len(numbers) for numbers in homes.values()} == {1}


@pytest.mark.parametrize("name", RUNS)
def test_a_shard_without_tests_passes_and_says_so(project: Project, name: str) -> None:
    run = RUNS[name](project)
    empty = run(HEROCI_SHARD="90/90")
    assert empty.code == 0, empty.output
    assert empty.readings.tests == ()
    (warning,) = empty.readings.warnings
    assert warning.startswith("shard 90/90 has no test")


@pytest.mark.parametrize("name", ["django", "django, forked", "pytest", "pytest-xdist"])
def test_the_times_of_an_earlier_run_decide(project: Project, name: str) -> None:
    run = RUNS[name](project)
    times = project.root.parent / "times.json"
    slow, quick = [1000.0, 2], [0.1, 10_000]  # what is not known takes the average of them
    times.write_text(json.dumps({"shop.tests.test_a.FixtureTests": slow, "gone": quick}))
    shards = [run(HEROCI_SHARD=f"{n}/2", HEROCI_TIMES=str(times)) for n in (1, 2)]
    classes = [{test.classname for test in shard.readings.tests} for shard in shards]
    assert {"shop.tests.test_a.FixtureTests"} in classes


@pytest.mark.parametrize("name", ["django", "pytest"])
def test_times_that_cannot_be_read_end_the_run(project: Project, name: str) -> None:
    run = RUNS[name](project)(HEROCI_SHARD="1/2", HEROCI_TIMES="/nowhere/times.json")
    assert run.code != 0
    assert run.readings.tests == ()


def test_one_class_that_is_left_needs_no_processes_and_no_clones(project: Project) -> None:
    project.write({"shop/tests/test_a.py": CLASSES})
    run = project.manage("--parallel", "2", env={"HEROCI_SHARD": "1/4"})
    assert {test.classname for test in run.readings.tests} == {"shop.tests.test_a.PlainTests"}
    assert "Cloning" not in run.output


OWN_RUNNER = """from django.test.runner import DiscoverRunner


class Base(DiscoverRunner):
    def build_suite(self, *args, **kwargs):
        suite = super().build_suite(*args, **kwargs)
        from shop.tests.extra import Extra
        suite.addTest(Extra("test_extra"))
        return suite


class Own(Base):
    pass
"""
EXTRA = """from django.test import SimpleTestCase
from django.test.runner import DiscoverRunner


class Extra(SimpleTestCase):
    def test_extra(self):
        # A suite that a test builds is its own affair.
        assert DiscoverRunner().build_suite(["shop.tests.test_a"]).countTestCases() == 7
"""


def test_what_a_projects_own_runner_adds_is_split_as_well(project: Project) -> None:
    project.write({**FILES, "runners.py": OWN_RUNNER, "shop/tests/extra.py": EXTRA})
    shards = [
        project.manage(env={"RUNNER": "runners.Own", "HEROCI_SHARD": f"{n}/3"}) for n in (1, 2, 3)
    ]
    whole = project.manage(env={"RUNNER": "runners.Own"})
    assert ends(*shards) == ends(whole)
    assert whole.test("test_extra").status is Status.PASSED
