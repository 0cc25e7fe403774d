"""Every process of a test run is measured, with the project's own settings; ours only add to them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.probes.projects import PROBES, Project

WORK = """def in_a():
    return 1


def in_b():
    return 2


def in_a_subprocess():
    return 3


def never():  # left out by choice
    return 0


def missed(x):
    if x:
        return 1
    return 0
"""
TESTS = """import os
import subprocess
import sys

from django.test import SimpleTestCase

from shop import work


class A(SimpleTestCase):
    def test_a(self):
        work.in_a()


class B(SimpleTestCase):
    def test_b(self):
        work.in_b()


class C(SimpleTestCase):
    def test_c(self):
        code = f"import sys; sys.path.insert(0, {os.getcwd()!r}); from shop import work; work.in_a_subprocess()"
        subprocess.run([sys.executable, "-c", code], check=True, cwd="/")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What coverage.json says of the files."""

    files: dict[str, dict[str, Any]]

    def missing(self, path: str) -> list[int]:
        return list(self.files[path]["missing_lines"])


@pytest.fixture
def covered(project: Project) -> Project:
    return project.write(
        {
            "shop/work.py": WORK,
            "shop/tests/test_work.py": TESTS,
            "shop/untouched.py": "x = 1\n",
            "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = settings\npythonpath = .\n",
        }
    )


def probe(project: Project, *arguments: str) -> tuple[int, str]:
    run = project.run(str(PROBES / "heroci_coverage.py"), *arguments)
    return run.code, run.output


def measure(project: Project, *command: str, env: Mapping[str, str] | None = None) -> Measured:
    reports = project.root.parent / "reports"
    reports.mkdir(exist_ok=True)
    rcfile, data, report = (
        str(reports / name) for name in ("coveragerc", "data/data", "coverage.json")
    )
    assert probe(project, rcfile, data) == (0, "")
    run = project.run(*command, env={"COVERAGE_PROCESS_START": rcfile, **(env or {})})
    assert run.code == 0, run.output
    code, said = probe(project, rcfile, "--json", report)
    assert code == 0, said
    return Measured(files=json.loads(Path(report).read_text())["files"])


DJANGO = ("manage.py", "test")
KILLED_AT_EXIT = """import atexit
import os
import signal

if "PYTEST_XDIST_WORKER" in os.environ:
    atexit.register(os.kill, os.getpid(), signal.SIGKILL)
"""
PLUGIN = {"PYTEST_PLUGINS": "heroci_pytest_plugin"}
MODES: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "serial": (DJANGO, {}),
    "forked": ((*DJANGO, "--parallel", "2"), {"START_METHOD": "fork"}),
    "spawned": ((*DJANGO, "--parallel", "2"), {"START_METHOD": "spawn"}),
    "pytest": (("-m", "pytest", "shop/tests"), PLUGIN),
    "xdist": (("-m", "pytest", "-n", "2", "shop/tests"), PLUGIN),
}


@pytest.mark.parametrize("mode", MODES)
def test_all_processes_of_a_run_are_measured(covered: Project, mode: str) -> None:
    command, env = MODES[mode]
    measured = measure(covered, *command, env=env)
    assert measured.missing("shop/work.py") == [14, 18, 19, 20]
    assert measured.missing("shop/tests/test_work.py") == []


def test_a_worker_that_is_killed_at_its_exit_has_been_measured(covered: Project) -> None:
    """pytest-xdist kills workers that do not exit within ten seconds, as on a busy machine."""
    covered.write({"conftest.py": KILLED_AT_EXIT})
    command, env = MODES["xdist"]
    measured = measure(covered, *command, env=env)
    assert measured.missing("shop/work.py") == [14, 18, 19, 20]


def test_without_settings_every_file_of_the_project_counts(covered: Project) -> None:
    measured = measure(covered, *DJANGO)
    assert measured.missing("shop/untouched.py") == [1]
    assert "settings.py" in measured.files
    assert not [path for path in measured.files if path.startswith(("/", ".."))]


SETTINGS = {
    ".coveragerc": """[run]
branch = True
source = ./shop
omit =
    shop/tests/*
    */untouched.py
[report]
fail_under = 100
exclude_lines =
    by choice
""",
    "setup.cfg": """[metadata]
name = x
[coverage:run]
branch = True
source = shop
omit = shop/tests/*, */untouched.py
[coverage:report]
fail_under = 100
exclude_lines = by choice
""",
    "pyproject.toml": """[tool.coverage.run]
branch = true
source = ["shop"]
omit = ["shop/tests/*", "*/untouched.py"]
[tool.coverage.report]
fail_under = 100
exclude_also = ["# left out by choice"]
""",
}


@pytest.mark.parametrize("name", SETTINGS)
def test_the_projects_own_settings_count(covered: Project, name: str) -> None:
    covered.write({name: SETTINGS[name]})
    measured = measure(covered, *DJANGO, "--parallel", "2")
    assert set(measured.files) == {"shop/__init__.py", "shop/models.py", "shop/work.py"}
    assert measured.missing("shop/work.py") == [18, 19, 20]
    assert measured.files["shop/work.py"]["missing_branches"] == [[18, 19], [18, 20]]
    assert "fail_under" not in (covered.root.parent / "reports" / "coveragerc").read_text()


def test_what_pytest_cov_is_told_in_addopts_counts_too(covered: Project) -> None:
    covered.write(
        {
            "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = settings\npythonpath = .\n"
            "addopts = -q --cov=shop.tests --cov shop/work.py --cov-branch --cov-fail-under=100 --cov-report=\n"
        }
    )
    measured = measure(covered, *DJANGO)
    assert "settings.py" not in measured.files
    assert "missing_branches" in measured.files["shop/tests/test_work.py"]


@pytest.mark.parametrize(
    ("settings", "env", "monitored"),
    [
        ("", {}, True),
        ("branch = no", {}, True),
        ("branch = True", {}, False),
        ("timid = True", {}, False),
        ("core = ctrace", {}, False),
        ("plugins = a_plugin_with_a_tracer", {}, False),
        ("dynamic_context = test_function", {}, False),
        ("concurrency = gevent", {}, False),
        ("", {"COVERAGE_CORE": "ctrace"}, False),
        ("", {"HEROCI_CONTEXTS": "tests"}, False),
    ],
)
def test_lines_are_monitored_if_that_counts_the_same(
    covered: Project, settings: str, env: dict[str, str], *, monitored: bool
) -> None:
    """coverage.py itself chooses sys.monitoring on Python 3.14."""
    covered.write({".coveragerc": f"[run]\n{settings}\n", "a_plugin_with_a_tracer.py": ""})
    rcfile = covered.root.parent / "coveragerc"
    script = (str(PROBES / "heroci_coverage.py"), str(rcfile), "data")
    assert covered.run(*script, env={"PYTHONPATH": ".", **env}).code == 0
    expected = monitored and sys.version_info[:2] == (3, 13)
    assert ("core = sysmon" in rcfile.read_text()) is expected


def test_no_data_is_a_failure_with_its_reason(covered: Project) -> None:
    rcfile = str(covered.root.parent / "coveragerc")
    probe(covered, rcfile, str(covered.root.parent / "data"))
    code, said = probe(covered, rcfile, "--json", "coverage.json")
    assert code == 1
    assert said.startswith("coverage: No data to ")


def test_broken_settings_are_a_failure_with_the_reason(covered: Project) -> None:
    covered.write({".coveragerc": "[run]\nbranch = perhaps\n"})
    code, said = probe(covered, "rc", "data")
    assert code == 1
    assert "perhaps" in said


LIE = """import sys
import coverage
data = coverage.CoverageData(basename=sys.argv[1], suffix="old-python")
data.add_lines({sys.argv[2]: [1]})
data.write()
"""


def test_lines_that_are_no_statements_are_not_told_as_run(covered: Project) -> None:
    """Python 3.10 and older record line 1 of an empty file; coverage.py does not count it."""
    reports = covered.root.parent / "reports"
    rcfile, data, report = str(reports / "coveragerc"), str(reports / "data"), reports / "c.json"
    reports.mkdir()
    assert probe(covered, rcfile, data) == (0, "")
    empty = covered.root / "shop/__init__.py"
    assert covered.run("-c", LIE, data, str(empty)).code == 0
    assert probe(covered, rcfile, "--json", str(report)) == (0, "")
    entry = json.loads(report.read_text())["files"]["shop/__init__.py"]
    assert entry["summary"]["covered_lines"] == 0
    assert entry["executed_lines"] == []


def test_installed_packages_are_left_out_unless_they_come_from_the_repository(
    covered: Project,
) -> None:
    settings = {".coveragerc": "[run]\ninclude = *\n[report]\nomit = */untouched.py\n"}
    files = measure(covered.write(settings), *DJANGO).files
    assert {"shop/work.py", "manage.py"} <= files.keys()
    assert not [name for name in files if "site-packages" in name or name.endswith("untouched.py")]
    # Now it looks as if one of them had been installed from here.
    files = measure(covered.write({"src/asgiref/x.py": ""}), *DJANGO).files
    installed = {name.split("site-packages/")[1].split("/")[0] for name in files if "site-" in name}
    assert installed == {"asgiref"}


@pytest.mark.promise(
    "the name of a source file is not UTF-8",
    "the file is left out and named, and the coverage of the others is right",
)
def test_a_name_that_is_not_utf8_changes_no_other_number(covered: Project) -> None:
    for name in (b"a\xff.py", b"z\xff.py"):
        Path(os.fsdecode(bytes(covered.root / "shop") + b"/" + name)).write_text("y = 1\n")
    reports = covered.root.parent / "reports"
    reports.mkdir()
    rcfile, data, report = (str(reports / name) for name in ("rc", "data", "coverage.json"))
    code, said = probe(covered, rcfile, data)
    assert (code, said.count("is left out: its name is not UTF-8")) == (0, 2)
    covered.run(*DJANGO, env={"COVERAGE_PROCESS_START": rcfile})
    assert probe(covered, rcfile, "--json", report)[0] == 0
    files = json.loads(Path(report).read_text())["files"]
    assert {"shop/work.py", "shop/untouched.py"} <= files.keys()
    assert not [name for name in files if "\ufffd" in name or "?" in name]
