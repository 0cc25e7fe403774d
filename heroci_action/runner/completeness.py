"""Explain why a recorded test run ended early, and name the test that was running; pure."""

from __future__ import annotations

import signal
from dataclasses import dataclass, replace

from heroci_action.readers import Readings
from heroci_action.readers.recorded_run import RecordedRun, Unfinished
from heroci_action.results.records import TestCase
from heroci_action.text import count, seconds

_SIGNALLED = 128
"""An exit code above this is 128 plus the number of a signal, by the shell's convention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Why HeroCI ended a step, as in `the time limit ended it`, and when, in seconds since the epoch."""

    why: str
    at: float


def unfinished_tests(
    run: RecordedRun | None, *, exit_code: int | None, ended: Ended | None
) -> tuple[TestCase, ...]:
    """Return the tests that were running when their process ended, each with what ended it as its message."""
    if run is None:
        return ()
    return tuple(
        replace(item.test, message=_message(item, exit_code, ended)) for item in run.unfinished
    )


def ran_completely(run: RecordedRun | None) -> bool:
    """Return whether every planned test ran; unknown counts as yes."""
    return run is None or (run.complete and run.intact and not run.stopped)


def excuse_failfast(readings: Readings, ended: Ended | None) -> Readings:
    """Return the readings with a run that failed tests have stopped as complete; tests that it ended are warnings."""
    run = readings.run
    failed = any(test.status.is_failure for test in readings.tests)
    if run is None or not run.stopped or not failed or ended is not None:
        return readings
    warnings = tuple(f"{item.test.id} was ended by --failfast" for item in run.unfinished)
    return replace(readings, run=None, warnings=(*readings.warnings, *warnings))


def _message(item: Unfinished, exit_code: int | None, ended: Ended | None) -> str:
    if ended is not None:
        known = item.started is not None and ended.at >= item.started
        after = f" after {seconds(ended.at - (item.started or 0))}" if known else ""
        return f"was still running{after}, when {ended.why}"
    if item.exit_code is not None:
        return f"did not finish: its process {_end(item.exit_code)}"
    if exit_code is not None:
        return f"did not finish: its process {_end(exit_code)}"
    return "did not finish: its process ended while it was running"


def early_end(run: RecordedRun | None, exit_code: int) -> str | None:
    """Return why a run that exited with this code is incomplete, None if it is complete or was never recorded."""
    if run is None or (run.complete and run.intact):
        return None
    if run.complete:
        return "something changed the record of the tests while they ran, so some may be missing"
    where = _where(run)
    if run.died is not None:
        return f"a worker process of the tests {_end(run.died)}{_progress(run)}{where}"
    if not run.planned:
        return f"the test process {_end(exit_code)} before any test ran{where}"
    return f"the test process {_end(exit_code)}{_progress(run)}{where}"


def _progress(run: RecordedRun) -> str:
    return f" after {run.ran:,} of {count(run.planned, 'test')}"


def _where(run: RecordedRun) -> str:
    if not run.unfinished:
        return ""
    item = run.unfinished[0]
    if item.fixture:
        return f", during {item.test.name} of {item.test.classname}"
    return f", while {item.test.id} was running"


def _end(exit_code: int) -> str:
    """Return how a process ended; multiprocessing uses negative codes for signals."""
    number = -exit_code if exit_code < 0 else exit_code - _SIGNALLED
    if number > 0:
        return f"was ended by signal {signal_name(number)}"
    return f"exited with code {exit_code}"


def signal_name(number: int) -> str:
    """Return a signal as people know it: `9 (SIGKILL)`."""
    try:
        return f"{number} ({signal.Signals(number).name})"
    except ValueError:
        return str(number)
