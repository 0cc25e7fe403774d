"""Run a command in an event loop whose creation Ctrl-C cannot interrupt."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from typing import TypeVar, TypeVarTuple

import anyio

Arguments = TypeVarTuple("Arguments")
Made = TypeVar("Made")


def run_in_loop(work: Callable[[*Arguments], Awaitable[Made]], *arguments: *Arguments) -> Made:
    """Return what the asynchronous function returns.

    SIGINT waits until the function runs. A loop that is interrupted while it is created prints a traceback when it is
    deleted.
    """

    async def start() -> Made:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return await work(*arguments)

    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    return anyio.run(start)
