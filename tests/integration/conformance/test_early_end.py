"""An interrupted run: both engines keep the results of the tests, and name the hanging test."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from heroci_action.engines.base import Stream
from heroci_action.observers.base import Observer
from heroci_action.pipeline.run_context import RunContext
from heroci_action.results.records import Status
from tests.end_to_end.projects import write
from tests.integration.conformance.running import on_both

pytestmark = pytest.mark.dagger

TESTS = """
    import time

    from django.test import SimpleTestCase


    class AlphaTests(SimpleTestCase):
        def test_passes(self):
            pass

        def test_fails(self):
            self.fail("for a reason")


    class OmegaTests(SimpleTestCase):
        def test_hangs(self):
            print("now hanging", flush=True)
            time.sleep(7777)
    """


class InterruptHangingTest(Observer):
    """Interrupts this process, as Ctrl-C would, as soon as the test hangs."""

    def output(self, stage: str, step: str, stream: Stream, line: str) -> None:
        """Wait for the line that the test prints."""
        del stage, step, stream
        if "now hanging" in line:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.promise(
    "a run is interrupted while a test hangs, on either engine",
    "the results of the other tests are kept, and the hanging one is named",
)
def test_an_interrupted_run_keeps_its_tests_and_names_the_hanging_one(tmp_path: Path) -> None:
    root = write(tmp_path / "project", {"shop/tests.py": TESTS})
    results = on_both(
        root,
        RunContext(no_image="not needed"),
        only=("tests",),
        observe=InterruptHangingTest,
    )
    for engine, result in results.items():
        tests = {test.name: test for test in result.tests}
        assert result.exit_code == 130, engine
        assert tests["test_passes"].status is Status.PASSED, engine
        assert tests["test_fails"].status is Status.FAILED, engine
        assert tests["test_hangs"].status is Status.ERRORED, engine
        assert tests["test_hangs"].file == "shop/tests.py", engine
        assert "interrupted" in (tests["test_hangs"].message or ""), engine
    host, dagger = (
        {test.name: (test.status, test.file, test.line) for test in result.tests}
        for result in results.values()
    )
    assert host == dagger
