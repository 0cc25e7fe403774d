"""Records what pytest runs; loaded by `PYTEST_PLUGINS=heroci_pytest_plugin`, it changes nothing of the run.

Unless only a shard of the tests is wanted: then the others are deselected. A report of pytest's own is written at the
end only, so a run that hangs or is killed would leave nothing. With pytest-xdist the controller records the tests of
all workers; each process records its databases. See the package's docstring for the environment variables and format.
"""

# Django's modules can be imported only once its settings are known:
# ruff: noqa: PLC0415

from __future__ import annotations

import ast
import os
import re
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

import pytest
from heroci_record import (  # type: ignore[import-not-found,unused-ignore]
    OUTPUT_LIMIT,
    TEXT_LIMIT,
    Record,
    database,
    relative,
)
from heroci_sharding import Part  # type: ignore[import-not-found,unused-ignore]

# Set by the first pytest: one that a test starts, or runs in its own process, is none of ours.
RUNNING = "HEROCI_PYTEST"

_FRAME = re.compile(
    r'^(?:E +)? *File "(?P<native>[^"\n]+)", line (?P<native_line>\d+)'
    r"|^(?:E +)?(?P<file>[^\s:][^:\n]*\.py):(?P<line>\d+):(?: |$)",
    re.MULTILINE,
)
_SUBTESTS = re.compile(r"contains \d+ failed subtests?")
NO_TESTS_COLLECTED = 5  # pytest.ExitCode, an int in old versions
_RANK = {"passed": 0, "skipped": 1, "failed": 2, "errored": 2}


def _names(nodeid: str) -> Tuple[str, str]:
    """Class and name as in pytest's own JUnit (_pytest/junitxml.py, mangle_test_address)."""
    path, bracket, parameters = nodeid.partition("[")
    names = path.split("::")
    names[0] = re.sub(r"\.py$", "", names[0].replace("/", "."))
    names[-1] += bracket + parameters
    return ".".join(names[:-1]), names[-1]


class Plugin:
    """Told of every test by pytest's hooks."""

    def __init__(self, config: Any, directory: str) -> None:
        self._record = Record(directory, "pytest")
        self._root = str(getattr(config, "rootpath", None) or config.rootdir)
        self._open: Dict[str, Dict[str, Any]] = {}  # the outcome so far of each test that runs
        self._collected: Set[str] = set()
        self._interrupted = False

    # Tests.

    def pytest_runtest_logstart(self, nodeid: str, location: Any) -> None:
        """A test begins."""
        classname, name = _names(nodeid)
        file, line = self._definition(location)
        self._open[nodeid] = {"defined": (file, line)}
        self._record.write(
            event="start", n=nodeid, classname=classname, name=name, file=file, line=line
        )

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Setup, call or teardown of a test ended, or a subtest, or the worker that ran it is gone."""
        if report.outcome == "rerun":
            return
        case = self._case(report)
        if getattr(report, "context", None) is not None:
            self._subtest(report, case)
            return
        before = self._open.setdefault(report.nodeid, {})
        before["duration"] = before.get("duration", 0.0) + getattr(report, "duration", 0.0)
        before["output"] = "".join(text for _, text in report.sections)[-OUTPUT_LIMIT:]
        if _RANK[case["status"]] > _RANK.get(before.get("status", ""), -1):
            before.update(case)
        elif case["details"]:
            before["details"] += "\n" + case["details"]
        if report.when not in ("setup", "call", "teardown"):  # pytest-xdist: a worker has crashed
            before["file"], before["line"] = before.get("defined") or (case["file"], case["line"])
            self.pytest_runtest_logfinish(report.nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """A test is over; one whose subtests broke has said all that it has to say."""
        case = self._open.pop(nodeid, {})
        case.pop("defined", None)
        parts = case.pop("subtests", False)
        told = parts and (case.get("status") == "passed" or _SUBTESTS.match(case["message"]))
        if "status" in case and not told:
            classname, name = _names(nodeid)
            self._record.write(event="case", classname=classname, name=name, **case)
        self._record.write(event="stop", n=nodeid)

    def _subtest(self, report: Any, case: Dict[str, Any]) -> None:
        if case["status"] in ("failed", "errored", "skipped"):
            classname, name = _names(report.nodeid)
            self._open.setdefault(report.nodeid, {})["subtests"] = True
            self._record.write(
                event="case",
                classname=classname,
                name="{} {}".format(name, _subtest_name(report)),
                duration=getattr(report, "duration", 0.0),
                output="",
                **case,
            )

    def pytest_collectreport(self, report: Any) -> None:
        """A file could not be imported, or said that all of it is to be skipped."""
        if report.passed or report.nodeid in self._collected:
            return  # every worker of pytest-xdist collects, and says so
        self._collected.add(report.nodeid)
        classname, name = _names(report.nodeid)
        case = self._case(report)
        if case["file"] is None:
            case["file"] = self._located(report.nodeid.split("::")[0])
        if isinstance(report.longrepr, tuple):
            case["line"] = report.longrepr[1]
        self._record.write(
            event="case", classname=classname, name=name, duration=0.0, output="", **case
        )

    # The run.

    def pytest_keyboard_interrupt(self, excinfo: Any) -> None:
        """Control-C or a signal; pytest-xdist stops itself in the same way, with an exception of its own."""
        self._interrupted = excinfo.type is KeyboardInterrupt

    def pytest_sessionfinish(self, session: Any) -> None:
        """The run is over; what was still open was ended by `-x` or `--maxfail`."""
        asked = getattr(session, "shouldfail", False) or getattr(session, "shouldstop", False)
        self._record.write(event="end", stopped=bool(asked) and not self._interrupted)

    # Reports as events.

    def _case(self, report: Any) -> Dict[str, Any]:
        status, message = _verdict(report)
        file, line = self._definition(getattr(report, "location", None))
        details = ""
        if status in ("failed", "errored"):
            details = str(getattr(report, "longreprtext", report.longrepr) or "")[-TEXT_LIMIT:]
            file, line = self._failure(report.longrepr, details, file) or (file, line)
        return {
            "status": status,
            "message": message,
            "details": details,
            "file": file,
            "line": line,
        }

    def _definition(self, location: Any) -> Tuple[Optional[str], Optional[int]]:
        """Lines from one; pytest counts them from zero; a crashed worker's test has none."""
        if not location:
            return None, None
        line = location[1]
        return self._located(location[0]), line + 1 if isinstance(line, int) else None

    def _located(self, path: str) -> Optional[str]:
        return relative(os.path.join(self._root, path))  # noqa: PTH118  strings in, strings out

    def _failure(
        self, longrepr: Any, details: str, own: Optional[str]
    ) -> Optional[Tuple[str, int]]:
        """The last frame in the test's own file, else the last one in the repository."""
        known: List[Tuple[str, int]] = []
        for path, line in _frames(longrepr, details):
            located = relative(path)
            if located:
                known.append((located, line))
        in_own = [frame for frame in known if frame[0] == own]
        return (in_own or known)[-1] if known else None


def _verdict(report: Any) -> Tuple[str, str]:
    """How pytest counts it, and why in one line; what breaks outside of a call is its "error"."""
    expected = getattr(report, "wasxfail", None)
    if report.skipped and expected is not None:
        return "skipped", "expected failure: " + expected.replace("reason: ", "", 1)
    if report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        return "skipped", str(reason).replace("Skipped: ", "", 1)
    if report.passed:
        return "passed", ""
    crash = getattr(report.longrepr, "reprcrash", None)
    lines = str(getattr(crash, "message", None) or report.longrepr or "").strip().splitlines()
    if crash is None and lines:  # the end of a traceback says what it is about
        lines = [lines[-1][2:].strip() if lines[-1].startswith("E ") else lines[-1]]
    in_call = getattr(report, "when", None) == "call"
    return "failed" if in_call else "errored", lines[0] if lines else ""


def _frames(longrepr: Any, details: str) -> Iterator[Tuple[str, int]]:
    """The frames of a failure from the outermost on, as far as pytest shows them."""
    crash = getattr(longrepr, "reprcrash", None)
    if crash is not None:
        yield crash.path, crash.lineno
    for entry in getattr(getattr(longrepr, "reprtraceback", None), "reprentries", ()):
        place = getattr(entry, "reprfileloc", None)
        if place is not None:
            yield place.path, place.lineno
    for match in _FRAME.finditer(details):
        if match["native"] or crash is None:
            yield match["native"] or match["file"], int(match["native_line"] or match["line"])


def _subtest_name(report: Any) -> str:
    """As unittest writes it, `[message] (a=1)`."""
    message = getattr(report.context, "msg", None)
    values = (report.context.kwargs or {}).items()
    described = ", ".join("{}={}".format(key, _value(report, value)) for key, value in values)
    parts = ["[{}]".format(message)] if message else []
    return " ".join(parts + (["({})".format(described)] if described else [])) or "(<subtest>)"


def _value(report: Any, value: Any) -> str:
    """The value as text: pytest 9 has it so, and twice so on the way through pytest-xdist; pytest-subtests as it is."""
    if not type(report).__module__.startswith("_pytest."):
        return repr(value)
    if hasattr(report, "node"):
        try:
            return str(ast.literal_eval(value))
        except (SyntaxError, ValueError):  # too long, so it was cut
            pass
    return str(value)


class Databases:
    """Records which databases pytest-django has set up."""

    def __init__(self, directory: str) -> None:
        self._record = Record(directory, "database")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Iterator[None]:
        """Around `django_db_setup`: what has another name afterwards is a test database."""
        if fixturedef.argname != "django_db_setup":
            yield
            return
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
    """Deselects the tests that other jobs run; every worker of pytest-xdist collects, and comes to the same."""

    def __init__(self, part: Part, directory: str) -> None:
        self._part = part
        self._record = Record(directory, "shard")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_collection_modifyitems(self, config: Any, items: List[Any]) -> Iterator[None]:
        """After everybody else (`-k`, `-m`, plugins that sort) has had a say."""
        yield
        mine, event = self._part.choose(map(_unit, items))
        self._record.write(**event)
        left_out = [item for item in items if _unit(item) not in mine]
        items[:] = [item for item in items if _unit(item) in mine]
        if left_out:
            config.hook.pytest_deselected(items=left_out)

    def pytest_sessionfinish(self, session: Any, exitstatus: int) -> None:
        """To have no test here is no failure; whether there is one anywhere is for the reader of the record to say."""
        if exitstatus == NO_TESTS_COLLECTED:
            session.exitstatus = 0


def _unit(item: Any) -> str:
    """What stays together: a class, or the functions of a module (`--dist loadscope` of pytest-xdist)."""
    classname, name = _names(item.nodeid)
    return classname or name


def pytest_configure(config: Any) -> None:
    """Register what records, where there is a place to record to."""
    directory = os.environ.get("HEROCI_RECORD")
    worker = hasattr(config, "workerinput")
    if not directory or (os.environ.get(RUNNING) and not worker):
        return
    os.environ[RUNNING] = str(os.getpid())
    config.pluginmanager.register(Databases(directory), "heroci-databases")
    if not worker:
        config.pluginmanager.register(Plugin(config, directory), "heroci-tests")
    part = Part.from_environment()
    if part is not None:
        config.pluginmanager.register(Shard(part, directory), "heroci-shard")
