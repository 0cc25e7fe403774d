"""Merged shards give the same result as one run of everything."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.end_to_end import projects
from tests.end_to_end.program import Run, call, run

TESTS = """
import unittest

from django.test import SimpleTestCase, TestCase

from shop.models import Product


class FixtureTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.product = Product.objects.create(name="Cape")

    def test_one(self):
        self.assertEqual(Product.objects.count(), 1)

    def test_two(self):
        self.assertEqual(str(self.product), "Cape")


class SlowTests(SimpleTestCase):
    def test_slow(self):
        pass


class PlainTests(SimpleTestCase):
    def test_fails(self):
        self.fail("always")

    @unittest.skip("never")
    def test_skipped(self):
        pass


class QuickTests(SimpleTestCase):
    def test_a(self):
        pass

    def test_b(self):
        pass

    def test_c(self):
        pass
"""
PYTEST: dict[str, str | None] = {
    "requirements.txt": f"{projects.FILES['requirements.txt']}        pytest\n        pytest-django\n",
    "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = site_.settings\npython_files = tests.py\n",
}


def run_tests(root: Path, *options: str) -> Run:
    return run(root, "--stages", "tests", *options)


def cases(path: Path) -> Counter[tuple[str, str]]:
    content: dict[str, Any] = json.loads(path.read_text())
    return Counter(
        (f"{case['classname']}.{case['name']}", case["status"])
        for stage in content["stages"]
        for step in stage["steps"]
        for case in step["tests"]
    )


def _let_take(path: Path, name: str, *, seconds: float) -> None:
    """Change the time of a test in a result, because a busy machine slows down the others too."""
    content = json.loads(path.read_text())
    for stage in content["stages"]:
        for step in stage["steps"]:
            for case in step["tests"]:
                if case["name"] == name:
                    case["duration"] = seconds
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("runner", ["django", "pytest"])
def test_merged_shards_equal_a_run_without_shards(tmp_path: Path, runner: str) -> None:
    changes: dict[str, str | None] = {"shop/tests.py": TESTS}
    root = projects.write(tmp_path, changes | (PYTEST if runner == "pytest" else {}))
    whole = run_tests(root, "--output", "whole")
    assert whole.exit_code == 1
    everything = cases(root / "whole/heroci-result.json")
    assert len(everything) == 8

    _let_take(root / "whole/heroci-result.json", "test_slow", seconds=100)
    baseline = ("--baseline", "whole/heroci-result.json")
    codes = []
    for number in (1, 2):
        done = run_tests(root, "--shard", f"{number}/2", "--output", f"shards/{number}", *baseline)
        codes.append(done.exit_code)
    merged = call("merge", "shards/*/heroci-result.json", directory=root)

    assert sorted(codes) == [0, 1], "the failing test is in one shard"
    assert cases(merged.reports / "heroci-result.json") == everything
    assert merged.result["shard"] is None
    first = json.loads((root / "shards/1/heroci-result.json").read_text())
    assert first["shard"] == "1/2"
    # It takes longer than all others together.
    slow = cases(root / "shards/1/heroci-result.json")
    assert [name for name, _ in slow] == ["shop.tests.SlowTests.test_slow"]
    # A shard does not report the tests of other shards.
    assert first["comparison"]["removed"] == 0

    alone = call("merge", "shards/1/heroci-result.json", directory=root)
    assert alone.exit_code == 1
    assert "shard 2/2" in alone.stage("tests")["reason"]


def test_empty_shard_passes_with_a_note(tmp_path: Path) -> None:
    root = projects.write(tmp_path)  # with one class
    done = run_tests(root, "--shard", "2/2")
    assert done.exit_code == 0, done.stdout
    assert cases(done.reports / "heroci-result.json") == Counter()
    assert "shard 2/2 has no test: the other shards run all 3" in done.stdout
    assert done.step("tests", "tests")["facts"]["shard"] == "2/2, 0 of 3 tests"


def test_missing_baseline_is_a_warning(tmp_path: Path) -> None:
    root = projects.write(tmp_path)
    done = run_tests(root, "--shard", "1/2", "--baseline", "none.json")
    assert done.exit_code == 0
    assert any("no durations from baseline none.json" in text for text in done.result["warnings"])


def test_runner_that_cannot_be_sharded_fails(tmp_path: Path) -> None:
    own = """
        import unittest


        class Own:
            def __init__(self, **options):
                pass

            @classmethod
            def add_arguments(cls, parser):
                pass

            def run_tests(self, labels, **options):
                from shop.tests import ProductTests

                unittest.TextTestRunner().run(ProductTests("test_name"))
                return 0
        """
    settings = dedent(projects.FILES["site_/settings.py"]) + 'TEST_RUNNER = "site_.own.Own"\n'
    root = projects.write(tmp_path, {"site_/own.py": own, "site_/settings.py": settings})
    done = run_tests(root, "--shard", "1/2")
    assert done.exit_code == 1
    assert "the tests were not split" in done.stage("tests")["reason"]


@pytest.mark.parametrize("text", ["0/5", "6/5", "x", "", "1/0"])
def test_invalid_shard_is_a_usage_error(tmp_path: Path, text: str) -> None:
    done = call("run", "--shard", text, directory=projects.write(tmp_path))
    assert done.exit_code == 2
    assert f"{text!r} is not a shard" in done.stderr


def test_matrix_is_one_line_of_json() -> None:
    done = call("plan", "--shards", "3", "--format", "matrix", directory=Path())
    assert done.stdout.count("\n") == 1
    jobs = json.loads(done.stdout)["include"]
    assert [job["shard"] for job in jobs] == ["1/3", "2/3", "3/3"]


@pytest.mark.parametrize(
    "options",
    [
        ("--format", "matrix"),
        ("--shards", "3"),
        ("--shards", "0", "--format", "matrix"),
        ("--shards", "257", "--format", "matrix"),
        ("--python", "3", "--format", "matrix"),
    ],
)
def test_invalid_matrix_is_a_usage_error(options: tuple[str, ...]) -> None:
    assert call("plan", *options, directory=Path()).exit_code == 2
