"""An interrupt while the event loop is created."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import asyncio, os, signal
from heroci_action.commands.event_loop import run_in_loop

create = asyncio.events.new_event_loop

def interrupt_and_create():
    os.kill(os.getpid(), signal.SIGINT)
    return create()

async def work(text):
    print(text, flush=True)
    await asyncio.sleep(60)

asyncio.events.new_event_loop = interrupt_and_create
# Processes in the background of a shell ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    run_in_loop(work, "started")
except KeyboardInterrupt:
    print("interrupted")
"""


def test_ctrl_c_while_the_loop_is_created_waits_for_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["started", "interrupted"]
    assert done.stderr == ""


REPLACED = """
import os, signal, sys, time
from pathlib import Path

import pydantic

def be_interrupted(*_, **__):
    # As C code does that calls Python's functions.
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
    except KeyboardInterrupt:
        pass
    raise TypeError("another error")

signal.signal(signal.SIGINT, signal.default_int_handler)
{patch}
from heroci_action.__main__ import main
sys.argv = ["heroci", "plan", "--engine", "host", sys.argv[1]]
main()
"""


@pytest.mark.parametrize(
    "patch", ["Path.cwd = be_interrupted", "pydantic.BaseModel.model_validate = be_interrupted"]
)
def test_ctrl_c_is_no_bug_if_another_error_replaces_it(tmp_path: Path, patch: str) -> None:
    (tmp_path / "manage.py").touch()
    program = REPLACED.replace("{patch}", patch)

    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 130, done.stderr
    assert "bug" not in done.stderr
