"""An interrupt while the event loop is created."""

from __future__ import annotations

import subprocess
import sys

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
