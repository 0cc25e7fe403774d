"""Record what pytest runs; loaded by `PYTEST_PLUGINS=heroci_pytest_plugin`, it does not change the run.

The exceptions are a shard, whose other tests are deselected, and a selection of failed or affected tests. pytest writes
its own report only at the end, so a run that hangs or is killed would leave nothing. With pytest-xdist, the controller
records the tests of all workers; each process records its databases. See the package's docstring for the environment
variables and the format.
"""

# Django's modules can be imported only when its settings are known:
# ruff: noqa: PLC0415

from __future__ import annotations

import itertools
import os
import sys
import time
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

import pytest
from heroci_contexts import STEP, Affected  # type: ignore[import-not-found,unused-ignore]
from heroci_progress import Progress  # type: ignore[import-not-found,unused-ignore]
from heroci_pytest_contexts import (  # type: ignore[import-not-found,unused-ignore]
    AffectedTests,
    Contexts,
)
from heroci_pytest_reports import (  # type: ignore[import-not-found,unused-ignore]
    Reports,
    attempt_of,
    category_of,
    node_names,
    status_of,
    subtest_name,
)
from heroci_record import (  # type: ignore[import-not-found,unused-ignore]
    PASSED_LIMIT,
    RUNNING,
    TEXT_LIMIT,
    Record,
    cut_middle,
    database,
)
from heroci_recorder import nth_name  # type: ignore[import-not-found,unused-ignore]
from heroci_selection import Selection  # type: ignore[import-not-found,unused-ignore]
from heroci_sharding import Part  # type: ignore[import-not-found,unused-ignore]
from heroci_template import install as install_template  # type: ignore[import-not-found,unused-ignore]

NO_TESTS_COLLECTED = 5
"""As in pytest.ExitCode, which old versions do not have."""
STDERR = 2
PHASES = ("setup", "call", "teardown")

_sessions = itertools.count(1)


class _Test:
    """A test that has started, with the cases that its reports make: one, unless its clean-up fails as well."""

    def __init__(self, place: Tuple[Optional[str], Optional[int]]) -> None:
        self.place = place
        self.cases: List[Dict[str, Any]] = []
        self.subtests: List[Dict[str, Any]] = []
        self.attempt: Optional[Dict[str, Any]] = None
        self.duration = 0.0
        self.output = ""
        self.failed = False

    def add(self, report: Any) -> None:
        """Take over the time and output of a phase."""
        self.duration += getattr(report, "duration", 0.0)
        self.failed = self.failed or report.failed
        limit = TEXT_LIMIT if self.failed else PASSED_LIMIT
        self.output = cut_middle("".join(text for _, text in report.sections), limit)


class Tests:
    """Record the tests of a session by pytest's hooks."""

    def __init__(self, config: Any, directory: str) -> None:
        self._config = config
        self._record = Record(directory, "pytest")
        self._reports = Reports(str(getattr(config, "rootpath", None) or config.rootdir))
        self._open: Dict[str, _Test] = {}
        self._attempts: Dict[str, List[Dict[str, Any]]] = {}
        self._not_collected: Set[str] = set()
        self._planned: Set[str] = set()
        self._ran: Set[str] = set()
        self._interrupted = False
        self._progress = Progress(STDERR)
        self._number = next(_sessions)
        os.register_at_fork(after_in_child=self._mute_forked_test)

    def _mute_forked_test(self) -> None:
        """Record nothing in a process that a test forks, even if it continues the session."""
        if self._open:
            self._record.mute()

    # Tests

    def pytest_runtest_logstart(self, nodeid: str, location: Any) -> None:
        """Record that a test begins."""
        classname, name = node_names(nodeid)
        file, line = self._reports.definition(location)
        self._open[nodeid] = _Test((file, line))
        self._record.write(
            event="start",
            n=nodeid,
            classname=classname,
            name=name,
            file=file,
            line=line,
            at=time.time(),
        )

    # Last, because the terminal's reporter may change the outcome of a test with failed subtests.
    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take the outcome of a phase of a test, or of a subtest; it is counted as in pytest's summary line."""
        test = self._open.setdefault(report.nodeid, _Test((None, None)))
        category = self._category(report)
        status = status_of(category, report)
        if getattr(report, "context", None) is not None:
            if status in ("failed", "errored"):
                test.subtests.append(self._reports.case(report, status))
                test.subtests[-1]["name"] = subtest_name(report)
            return
        test.add(report)
        if category == "rerun":
            test.attempt = attempt_of(self._reports.case(report, "failed"), report)
        elif status is not None:
            test.cases.append(self._reports.case(report, status))
        if report.when not in PHASES:  # pytest-xdist: a worker has crashed
            for case in filter(None, (test.attempt, *test.cases[-1:])):
                case["file"], case["line"] = test.place
            self.pytest_runtest_logfinish(report.nodeid)

    def _category(self, report: Any) -> str:
        status = self._config.hook.pytest_report_teststatus(report=report, config=self._config)
        return str(status[0]) if status else category_of(report)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Record the outcome of a test, unless the test will be run again."""
        test = self._open.pop(nodeid, None)
        if test is None:
            return
        if test.attempt is not None:
            self._attempts.setdefault(nodeid, []).append(test.attempt)
        else:
            self._write_cases(nodeid, test)
            self._ran.add(nodeid)
            self._progress.end_test()
        self._record.write(event="stop", n=nodeid, rerun=test.attempt is not None)

    def _write_cases(self, nodeid: str, test: _Test) -> None:
        classname, name = node_names(nodeid)
        for subtest in test.subtests:
            full = "{} {}".format(name, subtest.pop("name"))
            self._write_case(classname, full, subtest)
        for index, case in enumerate(test.cases):
            if index == 0:
                case.update(duration=test.duration, output=test.output)
                case.update(attempts=self._attempts.pop(nodeid, []))
            self._write_case(classname, nth_name(name, index), case)

    def _write_case(self, classname: str, name: str, case: Dict[str, Any]) -> None:
        known = {"duration": 0.0, "output": "", **case}
        if known["status"] in ("failed", "errored"):
            self._progress.add_failure()
        self._record.write(event="case", classname=classname, name=name, **known)

    def pytest_collectreport(self, report: Any) -> None:
        """Record a file that could not be imported, or that was skipped as a whole."""
        if report.passed or report.nodeid in self._not_collected:
            return  # every worker of pytest-xdist collects and reports
        self._not_collected.add(report.nodeid)
        classname, name = node_names(report.nodeid)
        case = self._reports.case(report, "skipped" if report.skipped else "errored")
        if case["file"] is None:
            case["file"] = self._reports.located(report.nodeid.split("::")[0])
        if isinstance(report.longrepr, tuple):
            case["line"] = report.longrepr[1]
        self._write_case(classname, name, case)

    # The session

    def pytest_sessionstart(self) -> None:
        """Record that the session begins."""
        self._begin("session", "runner", None)

    def _begin(self, name: str, what: str, tests: Optional[int]) -> None:
        number = "{} {}".format(name, self._number)
        self._record.write(event="begin", n=number, what=what, tests=tests, worker=False)

    def _end(self, name: str, **more: Any) -> None:
        self._record.write(event="end", n="{} {}".format(name, self._number), **more)

    def pytest_collection_finish(self, session: Any) -> None:
        """Record how many tests will run; with pytest-xdist, only the workers know."""
        if not session.config.option.collectonly:
            self._plan(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: List[str]) -> None:
        """Record how many tests will run in the workers, all of which collect the same ones."""
        self._plan(ids)

    def _plan(self, nodeids: Any) -> None:
        planned = set(nodeids)
        if planned - self._planned:
            self._planned |= planned
            self._progress.plan(len(self._planned))
            self._begin("tests", "suite", len(self._planned))

    def pytest_keyboard_interrupt(self, excinfo: Any) -> None:
        """Note Control-C or a signal; pytest-xdist stops itself in the same way, with another exception."""
        self._interrupted = excinfo.type is KeyboardInterrupt

    # Last, because plugins may change the exit code.
    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: Any) -> None:
        """Record that the session ends; `-x` or `--maxfail` may have ended it early."""
        asked = getattr(session, "shouldfail", False) or getattr(session, "shouldstop", False)
        stopped = bool(asked) and not self._interrupted
        self._end("tests", ran=len(self._ran), stopped=stopped)
        self._end("session", exit_code=int(session.exitstatus))


class Databases:
    """Record which databases pytest-django has set up."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._record = Record(directory, "database")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Iterator[None]:
        """Compare the names before and after `django_db_setup`: what has changed is a test database."""
        if fixturedef.argname != "django_db_setup":
            yield
            return
        install_template(self._directory)
        before = _database_names()
        yield
        after = _database_names()
        used = [alias for alias in after if after[alias] != before.get(alias)] or list(after)
        with request.getfixturevalue("django_db_blocker").unblock():
            databases = [database(alias) for alias in sorted(used)]
        self._record.write(event="databases", databases=databases)


def _database_names() -> Dict[str, str]:
    from django.db import connections

    return {alias: str(connections[alias].settings_dict.get("NAME")) for alias in connections}


class Shard:
    """Deselect the tests that other jobs run; every worker of pytest-xdist collects, with the same outcome."""

    def __init__(self, part: Part, directory: str) -> None:
        self._part = part
        self._record = Record(directory, "shard")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_collection_modifyitems(self, config: Any, items: List[Any]) -> Iterator[None]:
        """Select this job's tests after `-k`, `-m` and plugins that select or sort."""
        yield
        mine, event = self._part.choose(map(_unit, items))
        self._record.write(**event)
        left_out = [item for item in items if _unit(item) not in mine]
        items[:] = [item for item in items if _unit(item) in mine]
        if left_out:
            config.hook.pytest_deselected(items=left_out)

    def pytest_sessionfinish(self, session: Any, exitstatus: int) -> None:
        """Let an empty shard pass; the reader of the record knows whether any shard has a test."""
        if exitstatus == NO_TESTS_COLLECTED:
            session.exitstatus = 0


class Failed:
    """Deselect the tests that did not fail in the last run."""

    def __init__(self, selection: Selection, directory: str) -> None:
        self._selection = selection
        self._record = Record(directory, "selection")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_collection_modifyitems(self, config: Any, items: List[Any]) -> Iterator[None]:
        """Select the tests after `-k`, `-m` and plugins that select or sort."""
        yield
        mine: List[Any] = []
        left_out: List[Any] = []
        for item in items:
            wanted = self._selection.has(*node_names(item.nodeid))
            (mine if wanted else left_out).append(item)
        items[:] = mine
        if left_out:
            config.hook.pytest_deselected(items=left_out)
        warning = self._selection.warning()
        if warning is not None:
            self._record.write(**warning)


class WorkerCoverage:
    """Save the coverage of a worker of pytest-xdist, which is killed unless it exits within ten seconds.

    coverage.py saves at the exit, which may take longer on a busy machine, or because the project cleans up there.
    """

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Save the data so far; what runs later is added at the exit."""
        coverage = sys.modules.get("coverage")
        current = coverage.Coverage.current() if coverage else None
        if current is not None:
            current.save()


def _unit(item: Any) -> str:
    """Return the indivisible unit of a test, as `--dist loadscope` of pytest-xdist: its class, or its module."""
    classname, name = node_names(item.nodeid)
    return classname or name


def pytest_configure(config: Any) -> None:
    """Register what records, if HEROCI_RECORD names a directory."""
    directory = os.environ.get("HEROCI_RECORD")
    worker = hasattr(config, "workerinput")
    if not directory or (os.environ.get(RUNNING) and not worker):
        return
    os.environ[RUNNING] = str(os.getpid())
    config.pluginmanager.register(Databases(directory), "heroci-databases")
    if worker:
        config.pluginmanager.register(WorkerCoverage(), "heroci-worker-coverage")
    else:
        config.pluginmanager.register(Tests(config, directory), "heroci-tests")
    part = Part.from_environment()
    if part is not None:
        config.pluginmanager.register(Shard(part, directory), "heroci-shard")
    selection = Selection.from_environment()
    if selection is not None:
        config.pluginmanager.register(Failed(selection, directory), "heroci-failed")
    affected = Affected.from_environment()
    if affected is not None:
        config.pluginmanager.register(AffectedTests(affected, directory), "heroci-affected")
    if STEP:
        config.pluginmanager.register(Contexts(), "heroci-contexts")


def pytest_unconfigure(config: Any) -> None:
    """Let the same process record another session after this one."""
    if config.pluginmanager.has_plugin("heroci-tests"):
        os.environ.pop(RUNNING, None)
