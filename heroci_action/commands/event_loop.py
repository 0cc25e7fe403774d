"""Run a command in an event loop whose creation Ctrl-C cannot interrupt."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from typing import TypeVar, TypeVarTuple

import anyio

from heroci_action.interruption import remember

Arguments = TypeVarTuple("Arguments")
Made = TypeVar("Made")


def run_in_loop(work: Callable[[*Arguments], Awaitable[Made]], *arguments: *Arguments) -> Made:
    """Return the result of the asynchronous function.

    SIGINT waits until the function runs. A loop that is interrupted while it is created prints a traceback when it is
    deleted.
    """

    async def start() -> Made:
        handler = signal.getsignal(signal.SIGINT)
        if callable(handler):
            signal.signal(signal.SIGINT, remember(handler))
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return await work(*arguments)

    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    outer = signal.getsignal(signal.SIGINT)
    if callable(outer):
        # asyncio replaces only Python's own handler.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return anyio.run(start)
    finally:
        signal.signal(signal.SIGINT, outer or signal.SIG_DFL)
