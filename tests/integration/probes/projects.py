"""Small Django projects on disk, and the programs that run their tests with the probes beside them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from heroci_action.engines.base import ReportFile, StepOutcome
from heroci_action.plan.actions import Command
from heroci_action.plan.stages import Step
from heroci_action.readers import PathResolver, Readings, read
from heroci_action.results.records import Status, StepResult, TestCase
from heroci_action.runner.verdict import judge_step

PROBES = Path(__file__).parents[3] / "heroci_action" / "probes"
LIMIT = 300  # seconds that a run may take before it counts as hanging
SIGN = "hanging"

MANAGE = """import multiprocessing, os, sys
if __name__ == "__main__":
    if "START_METHOD" in os.environ:
        multiprocessing.set_start_method(os.environ["START_METHOD"])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
"""
SETTINGS = """import os
SECRET_KEY = "x"
INSTALLED_APPS = ["shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = True
TEST_RUNNER = os.environ.get("RUNNER", "django.test.runner.DiscoverRunner")
TEST_OUTPUT_DIR = "xml"
"""
MODELS = """from django.db import models


class Thing(models.Model):
    name = models.CharField(max_length=10)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of a program."""

    code: int
    output: str
    readings: Readings

    @property
    def result(self) -> StepResult:
        """The result of the step that runs the program."""
        step = Step(name="tests", action=Command(line=("python",)), must_report=True)
        exit_code = 128 - self.code if self.code < 0 else self.code
        outcome = StepOutcome(exit_code=exit_code)
        return judge_step(step, outcome, self.readings, tail="")

    def test(self, name: str) -> TestCase:
        """Return the case whose id ends in this name."""
        (test,) = (test for test in self.result.tests if test.id.endswith(name))
        return test

    def statuses(self) -> dict[str, Status]:
        """Return how each test ended, by its name."""
        return {test.id.removeprefix("shop.tests."): test.status for test in self.result.tests}


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project at `root`, run with the interpreter of its environment."""

    root: Path
    python: Path

    def write(self, files: Mapping[str, str]) -> Project:
        """Put files into the project."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return self

    def run(
        self,
        *arguments: str,
        record: bool = True,
        killed: bool = False,
        env: Mapping[str, str] | None = None,
    ) -> Run:
        """Run Python with the arguments, and read what the probes have left.

        `killed`: all its processes are, as soon as a test has made the file `hanging`.
        """
        records = self.root.parent / "records"
        for old in records.glob("*"):
            old.unlink()
        surroundings = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PROBES),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HEROCI_ROOT": str(self.root),
            **({"HEROCI_RECORD": str(records)} if record else {}),
            **(env or {}),
        }
        code, output = self._finish([str(self.python), *arguments], surroundings, killed=killed)
        return Run(code=code, output=output, readings=self._read(records))

    def _finish(
        self, command: list[str], env: Mapping[str, str], *, killed: bool
    ) -> tuple[int, str]:
        process = subprocess.Popen(
            command,
            cwd=self.root,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            if killed:
                self._wait_for_sign()
                os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate(timeout=LIMIT)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        return process.returncode, output

    def _wait_for_sign(self) -> None:
        """A test that is going to hang says so with a file."""
        end = time.monotonic() + LIMIT
        while not (self.root / SIGN).exists():
            assert time.monotonic() < end, "the test that hangs was never reached"
            time.sleep(0.02)

    def _read(self, records: Path) -> Readings:
        files = [
            ReportFile(kind="django-record", path=path.name, content=path.read_bytes())
            for path in sorted(records.glob("*.jsonl"))
        ]
        tracked = {path.relative_to(self.root).as_posix() for path in self.root.rglob("*.py")}
        return read(files, tree=PathResolver(tracked=frozenset(tracked), roots=(str(self.root),)))

    def manage(
        self,
        *arguments: str,
        record: bool = True,
        killed: bool = False,
        env: Mapping[str, str] | None = None,
    ) -> Run:
        """`manage.py test` with the recorder, or without it to compare."""
        recorder = ("--testrunner", "heroci_django_runner.Runner") if record else ()
        line = ("manage.py", "test", *recorder, *arguments)
        return self.run(*line, record=record, killed=killed, env=env)

    def pytest(
        self, *arguments: str, killed: bool = False, env: Mapping[str, str] | None = None
    ) -> Run:
        """`pytest` with the plugin."""
        line = ("-m", "pytest", "-p", "no:cacheprovider", *arguments)
        return self.run(
            *line, killed=killed, env={**(env or {}), "PYTEST_PLUGINS": "heroci_pytest_plugin"}
        )


def line_of(text: str, marker: str) -> int:
    """The number of the line that ends in `# marker`."""
    (number,) = (n for n, line in enumerate(text.splitlines(), 1) if line.endswith(f"# {marker}"))
    return number
