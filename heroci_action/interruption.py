"""Remember Ctrl-C: code in C that it interrupts may replace KeyboardInterrupt by its own error."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any]

_received: list[int] = []


def remember(handler: Handler) -> Handler:
    """Return a signal handler that records the signal and then calls this one."""

    def record(number: int, frame: FrameType | None) -> None:
        _received.append(number)
        handler(number, frame)

    return record


def was_interrupted() -> bool:
    """Return whether Ctrl-C was pressed."""
    return signal.SIGINT in _received
