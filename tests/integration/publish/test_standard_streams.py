"""What happens if standard output cannot be written: nothing fails, and the exit code is not 0."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from heroci_action.observers.console import Console
from heroci_action.observers.multiplexer import Observers
from heroci_action.options import Verbosity
from heroci_action.publish.standard_streams import output_error, protect_standard_streams
from tests.unit.observers.plans import watch
protect_standard_streams()
with Observers(Console(sys.stdout, verbosity=Verbosity.VERBOSE)) as observers:
    watch(observers, *["ünï" * 400] * 1000)
opened = open("/dev/null").fileno()
error = output_error()
sys.stderr.write(f"{observers.problems} {error.strerror if error else None} {opened > 2}")
sys.exit(7)
"""


def run(redirection: str, **variables: str) -> tuple[str, int]:
    """Run the program in a shell with a redirection; return its standard error and its exit code."""
    done = subprocess.run(
        ("bash", "-o", "pipefail", "-c", f'"$0" -c "$1" {redirection}', sys.executable, PROGRAM),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
        env={**os.environ, **variables},
    )
    return done.stderr, done.returncode


@pytest.mark.promise(
    "standard output is closed or its device is full",
    "the run goes on to its end with its own exit code",
)
@pytest.mark.parametrize(
    ("redirection", "error"),
    [
        (">/dev/null", "None"),
        (">/dev/full", "No space left on device"),
        (">&-", "it is closed"),
        ("<&- >&-", "it is closed"),
        ("| true", "None"),
    ],
)
def test_output_that_nobody_gets_does_not_end_a_run(redirection: str, error: str) -> None:
    assert run(redirection) == (f"[] {error} True", 7)


def test_a_stream_for_ascii_gets_question_marks() -> None:
    assert run(">/dev/null", PYTHONIOENCODING="ascii") == ("[] None True", 7)


@pytest.mark.parametrize("verb", ["plan --help", "--help", "cache --help"])
def test_a_verb_whose_output_is_lost_exits_with_an_error(verb: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            (sys.executable, "-m", "heroci_action", *verb.split()),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.stderr == "error: cannot write to standard output: No space left on device\n"
    assert done.returncode == 3
