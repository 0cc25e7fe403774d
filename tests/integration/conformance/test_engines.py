"""The same project has the same results on both engines."""

from __future__ import annotations

import pytest

from heroci_action.pipeline.run_context import RunContext
from heroci_action.results.records import Result, Status
from tests.end_to_end.projects import write
from tests.integration.conformance.running import on_both

pytestmark = pytest.mark.dagger

# One of each kind: a failure, an error, a skip, a finding of each tool, and lines that no test covers.
WITH_FAULTS = {
    "shop/tests.py": """
        import unittest

        from django.db import connection
        from django.test import TestCase

        from shop.models import Product


        class ProductTests(TestCase):
            def test_name(self):
                self.assertEqual(str(Product(name="Cape")), "Cape")

            def test_database_is_real(self):
                self.assertEqual(connection.vendor, "postgresql")

            def test_fails(self):
                Product.objects.create(name="Mask")
                self.assertEqual(Product.objects.count(), 2)

            def test_errs(self):
                raise KeyError("boots")

            @unittest.skip("not today")
            def test_skipped(self):
                pass

            def test_subtests(self):
                for number in range(3):
                    with self.subTest(number=number):
                        self.assertNotEqual(number, 1)
        """,
    "shop/ugly.py": """
        import sys
        import os
        def never( x ):
            return os.path.join( x,'y' )
        """,
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    root = write(tmp_path_factory.mktemp("conformance") / "project", WITH_FAULTS)
    return on_both(root, RunContext(no_image="the host engine has no Docker here"))


def test_the_verdict_is_the_same(results: dict[str, Result]) -> None:
    assert {result.exit_code for result in results.values()} == {1}


def test_stages_and_steps_have_the_same_outcomes(results: dict[str, Result]) -> None:
    host, dagger = (
        {
            f"{stage.name}/{step.name}": (step.status, step.exit_code)
            for stage in results[name].stages
            for step in stage.steps
        }
        for name in ("host", "dagger")
    )
    assert host == dagger
    assert host["tests/tests"] == (Status.FAILED, 1)


def test_reasons_are_the_same(results: dict[str, Result]) -> None:
    host, dagger = (
        {stage.name: stage.reason for stage in results[name].stages} for name in ("host", "dagger")
    )
    assert host == dagger


def test_tests_and_their_locations_are_the_same(results: dict[str, Result]) -> None:
    host, dagger = (
        {test.id: (test.status, test.file, test.line, test.message) for test in results[name].tests}
        for name in ("host", "dagger")
    )
    assert host == dagger
    assert results["host"].counts == results["dagger"].counts
    assert len(host) >= 6


def test_findings_are_the_same(results: dict[str, Result]) -> None:
    host, dagger = (sorted(map(repr, results[name].diagnostics)) for name in ("host", "dagger"))
    assert host == dagger
    assert {"black", "isort", "flake8"} <= {
        diagnostic.tool for diagnostic in results["host"].diagnostics
    }


def test_coverage_is_the_same_to_the_line(results: dict[str, Result]) -> None:
    assert results["host"].coverage == results["dagger"].coverage
    assert results["host"].coverage


def test_the_integration_checks_pass_on_both(results: dict[str, Result]) -> None:
    for result in results.values():
        stage = next(stage for stage in result.stages if stage.name == "integration")
        assert stage.status is Status.PASSED, stage.reason
