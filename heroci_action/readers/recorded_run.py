"""How far a recorded test run got: what was planned, what ran, and what was running when it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from heroci_action.results.records import TestCase

Event = Mapping[str, Any]

_NO_TESTS_COLLECTED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A test, or the set-up of a class, that started and did not end.

    `started` is in seconds since the epoch. `exit_code` belongs to its process, if that was a worker that died;
    negative if a signal ended it.
    """

    test: TestCase
    fixture: bool = False
    started: float | None = None
    exit_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRun:
    """What the processes of a test run recorded about its course.

    `complete`: every runner and suite that began has ended, and no test is missing. `stopped`: the runner was asked to
    stop, as by `--failfast` or an interrupt, and ended in order. `intact`: nothing changed the record. `died` is the
    exit code of a worker that ended before its work was done. `expected_failures` are recorded as skipped tests,
    although they ran. `exit_code` is the first one of the sessions of pytest that is not 0.
    """

    planned: int = 0
    ran: int = 0
    expected_failures: int = 0
    complete: bool = True
    stopped: bool = False
    intact: bool = True
    died: int | None = None
    exit_code: int = 0
    unfinished: tuple[Unfinished, ...] = ()


@dataclass(slots=True)
class ProcessRecord:
    """The events of one process that are about the course of the run.

    `built` is the number of built tests of which no suite has begun yet, and `lost` of those that never will.
    """

    pid: int = 0
    intact: bool = False
    begun: dict[object, Event] = field(default_factory=dict)
    ended: dict[object, Event] = field(default_factory=dict)
    open: dict[object, Unfinished] = field(default_factory=dict)
    built: int = 0
    lost: int = 0
    stops: int = 0
    expected_failures: int = 0
    died: dict[int, int | None] = field(default_factory=dict)
    _built_begins: bool = False

    def take(self, event: Event) -> None:
        """Take an event; events that are not about the course of the run change nothing."""
        match event.get("event"):
            case "process":
                self.pid, self.intact = _number(event, "pid"), True
            case "begin":
                self._begin(event)
            case "end":
                self.ended[event.get("n")] = event
            case "built":
                self._build(event)
            case "stop":
                self._stop(event)
            case "died":
                code = event.get("exit_code")
                self.died[_number(event, "pid")] = code if isinstance(code, int) else None

    def _build(self, event: Event) -> None:
        # A suite that was built only to be looked at is built again; a suite that has begun is not.
        if self._built_begins:
            self.lost += self.built
        self.built = _number(event, "tests")
        self._built_begins = False

    def _begin(self, event: Event) -> None:
        # pytest repeats it when it knows of more tests.
        self.begun[event.get("n")] = event
        if event.get("what") == "suite" and not event.get("worker"):
            # The project's runner may run a built suite in parts, or only a part of it.
            self.built = max(self.built - _number(event, "tests"), 0)
            self._built_begins = True

    def start(self, event: Event, test: TestCase) -> None:
        """Take the start of a test or fixture."""
        at = event.get("at")
        self.open[event.get("n")] = Unfinished(
            test=test,
            fixture=event.get("fixture") is True,
            started=float(at) if isinstance(at, int | float) else None,
        )

    def _stop(self, event: Event) -> None:
        ended = self.open.pop(event.get("n"), None)
        # A test that will be run again has not run yet.
        if ended and not ended.fixture and event.get("rerun") is not True:
            self.stops += 1

    @property
    def suites(self) -> list[tuple[Event, Event | None]]:
        """The suites that began in this process, unless it is a worker, each with its end."""
        return [
            (begin, self.ended.get(number))
            for number, begin in self.begun.items()
            if begin.get("what") == "suite" and not begin.get("worker")
        ]

    @property
    def has_run(self) -> bool:
        """Whether this process recorded anything of a run."""
        return bool(self.begun or self.open or self.stops)

    @property
    def planned(self) -> int:
        """The number of tests of its suites, including built ones that no suite has begun."""
        return self.built + self.lost + sum(_number(begin, "tests") for begin, _ in self.suites)

    @property
    def ran_in_suites(self) -> int:
        """The number of tests that its suites report at their ends."""
        return sum(_number(end, "ran") for _, end in self.suites if end is not None)

    @property
    def repeated(self) -> int:
        """How often tests were started again within themselves, which suites count each time."""
        return sum(_number(end, "repeated") for end in self.ended.values())

    @property
    def exit_code(self) -> int:
        """The exit code of the first session of pytest that did not pass; one without tests has not failed."""
        codes = (_number(end, "exit_code") for end in self.ended.values())
        return next((code for code in codes if code not in (0, _NO_TESTS_COLLECTED)), 0)

    @property
    def left_out(self) -> int:
        """The number of planned tests that were left out on purpose."""
        return sum(_number(end, "left_out") for end in self.ended.values())

    @property
    def stopped(self) -> bool:
        """Whether a suite was asked to stop and ended in order."""
        return any(end and end.get("stopped") is True for _, end in self.suites)

    @property
    def running(self) -> list[Unfinished]:
        """What was running at the end: a fixture only if nothing started after it."""
        items = list(self.open.values())
        return [item for item in items if not item.fixture or item is items[-1]]


def recorded_run(processes: list[ProcessRecord]) -> RecordedRun | None:
    """Return the course of a run from the records of its processes, None if they recorded no run."""
    if not any(process.has_run for process in processes):
        return None
    died = {pid: code for process in processes for pid, code in process.died.items()}
    stopped = any(process.stopped for process in processes)
    return RecordedRun(
        planned=_count_planned(processes),
        ran=_count_ran(processes),
        complete=not died and _is_complete(processes),
        stopped=not died and stopped,
        intact=_is_intact(processes),
        died=next(iter(died.values()), None),
        exit_code=next(filter(None, (process.exit_code for process in processes)), 0),
        expected_failures=sum(process.expected_failures for process in processes),
        unfinished=tuple(_unfinished(processes, died)),
    )


def _count_planned(processes: list[ProcessRecord]) -> int:
    return sum(process.planned for process in processes)


def _count_ran(processes: list[ProcessRecord]) -> int:
    """Return how many tests ran: workers record each test, suites report their total."""
    return max(_count_recorded(processes), _count_run_in_suites(processes))


def _count_recorded(processes: list[ProcessRecord]) -> int:
    return sum(process.stops for process in processes)


def _count_run_in_suites(processes: list[ProcessRecord]) -> int:
    return sum(process.ran_in_suites - process.repeated for process in processes)


def _is_intact(processes: list[ProcessRecord]) -> bool:
    """Return whether every record is as it was written, and none that a worker wrote is missing."""
    unchanged = all(process.intact for process in processes)
    return unchanged and _count_recorded(processes) >= _count_run_in_suites(processes)


def _is_complete(processes: list[ProcessRecord]) -> bool:
    """Return whether everything that began has ended, every built suite has begun, and no test is missing."""
    all_ended = all(
        not process.built + process.lost and process.begun.keys() <= process.ended.keys()
        for process in processes
    )
    left_out = sum(process.left_out for process in processes)
    return all_ended and _count_ran(processes) + left_out >= _count_planned(processes)


def _unfinished(processes: list[ProcessRecord], died: Mapping[int, int | None]) -> list[Unfinished]:
    """Return what was running; if a worker died, what it was running, because the others were ended after it."""
    found = []
    for process in processes:
        if not died:
            found += process.running
        elif process.pid in died:
            found += [
                Unfinished(
                    test=item.test,
                    fixture=item.fixture,
                    started=item.started,
                    exit_code=died[process.pid],
                )
                for item in process.running
            ]
    return found


def _number(event: Event, key: str) -> int:
    value = event.get(key)
    return value if isinstance(value, int) else 0
