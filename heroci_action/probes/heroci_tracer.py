"""Measure with coverage.py's own tracer, but let it run only while measured code does.

Python calls a tracer for every line and call of every module, so Django's own work in `migrate` takes nearly twice as
long with it. sys.monitoring tells when measured code starts, at almost no cost for other code. The tracer is then
installed with this call, as coverage.py does it in new threads, and removed when the call ends. Whatever is measured
is still measured by the tracer, so the data are the same.
"""

# Only the calling frame can be handed to the tracer:
# ruff: noqa: SLF001

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import Any, Dict, Iterator, Optional

from heroci_coverage import LIGHT_THREADS  # type: ignore[import-not-found,unused-ignore]

SUPPORTED = ((3, 12), (3, 13))
"""Before them, Python has no sys.monitoring; after them, coverage.py itself uses it."""
MOST = 20_000
"""After so many calls of measured code the tracer remains installed: each change costs some microseconds."""


@contextmanager
def measuring(measured: Any) -> Iterator[None]:
    """Measure with a coverage.Coverage that was not started."""
    measured.start()
    switch = _Switch(sys.gettrace()) if _can_switch(measured, sys.gettrace()) else None
    if switch:
        sys.settrace(None)
        switch.start()
    try:
        yield
    finally:
        if switch:
            switch.stop()
        measured.stop()


def _can_switch(measured: Any, tracer: Any) -> bool:
    # The core that uses sys.monitoring has no tracer, and the one in Python cannot be handed a call.
    known = type(tracer).__name__ == "CTracer" and hasattr(tracer, "should_trace")
    if sys.version_info[:2] not in SUPPORTED or not known:
        return False
    # Plugins and contexts may depend on calls of code that is not measured.
    sees_all = measured.get_option("run:plugins") or measured.get_option("run:dynamic_context")
    light = LIGHT_THREADS & set(measured.get_option("run:concurrency") or ())
    monitoring = _monitoring()
    return not (sees_all or light or monitoring.get_tool(monitoring.COVERAGE_ID))


def _monitoring() -> Any:
    """Return sys.monitoring, which older versions of Python lack."""
    python: Any = sys
    return python.monitoring


class _Switch:
    """Installs the tracer in this thread while measured code runs; coverage.py installs others in new threads."""

    def __init__(self, tracer: Any) -> None:
        self._tracer = tracer
        self._thread = threading.get_ident()
        self._measured: Dict[str, bool] = {}
        # The call of measured code that no other measured code has made.
        self._outermost: Optional[Any] = None
        self._left = MOST
        self._waits = False
        self._monitoring = _monitoring()
        self._tool = self._monitoring.COVERAGE_ID

    def start(self) -> None:
        """Wait for measured code."""
        events = self._monitoring.events
        callbacks = {
            events.PY_START: self._enter,
            events.PY_RESUME: self._enter,
            events.PY_THROW: self._throw,
            events.PY_RETURN: self._leave,
            events.PY_YIELD: self._leave,
            events.PY_UNWIND: self._unwind,
        }
        self._monitoring.use_tool_id(self._tool, "heroci")
        for event, callback in callbacks.items():
            self._monitoring.register_callback(self._tool, event, callback)
        self._monitoring.set_events(self._tool, sum(callbacks))
        self._monitoring.restart_events()
        self._waits = True

    def stop(self) -> None:
        """Stop to wait, and leave the tracer as it is."""
        if self._waits:
            self._waits = False
            self._monitoring.set_events(self._tool, 0)
            self._monitoring.free_tool_id(self._tool)

    def _enter(self, code: Any, *_: Any) -> Any:
        frame = sys._getframe(1)
        if not self._is_measured(code, frame):
            return self._monitoring.DISABLE
        self._install(frame)
        return None

    def _throw(self, code: Any, *_: Any) -> None:
        # Python does not let this event be disabled.
        frame = sys._getframe(1)
        if self._is_measured(code, frame):
            self._install(frame)

    def _install(self, frame: Any) -> None:
        if self._outermost is not None or threading.get_ident() != self._thread:
            return
        if sys.gettrace() is not None:
            # A forked process has its own tracer, or a debugger is in use.
            self.stop()
            return
        self._outermost = frame
        self._left -= 1
        self._tracer(frame, "call", None)

    def _leave(self, code: Any, *_: Any) -> Any:
        frame = sys._getframe(1)
        if frame is self._outermost:
            self._remove()
        return None if self._is_measured(code, frame) else self._monitoring.DISABLE

    def _unwind(self, *_: Any) -> None:
        if sys._getframe(1) is self._outermost:
            self._remove()

    def _remove(self) -> None:
        # Python has told the tracer before.
        self._outermost = None
        # If something has removed it, such as an error at the limit of recursion, it does not come back.
        if self._left and sys.gettrace() is self._tracer:
            sys.settrace(None)
        else:
            self.stop()

    def _is_measured(self, code: Any, frame: Any) -> bool:
        name = code.co_filename
        if name not in self._measured:
            self._measured[name] = self._tracer.should_trace(name, frame).trace
        return self._measured[name]
