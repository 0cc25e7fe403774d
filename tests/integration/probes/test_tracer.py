"""The tracer of coverage.py that runs only while measured code does: it must find the same as one that always runs."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

from heroci_action.engines.host.pyenv import find_interpreters
from tests.integration.probes.projects import Project

# Everything that begins, interrupts or ends a call. `other` is not measured, so each call of it is a change.
SAMPLE = """import asyncio
import contextlib
import threading

import other


def install(tracer):
    other.sys.settrace(tracer)


def numbers(n):
    for each in range(n):
        if each == 3:
            continue
        yield each
    else:
        n += 1


def delegate():
    got = yield from numbers(5)
    return got


def closed():
    try:
        yield 1
        yield 2
    finally:
        print


def thrown():
    while True:
        try:
            yield 1
        except ValueError:
            print
        else:
            break


def passed_on():
    yield 1


def fails(n):
    if n:
        return other.call(fails, n - 1)
    raise KeyError(n)


def catches():
    try:
        fails(2)
    except (ValueError, TypeError):
        return 1
    except KeyError as error:
        found = error
    finally:
        found = 2
    return found


def suppresses():
    with contextlib.suppress(KeyError):
        fails(1)
    return [x for x in range(4) if x % 2], {x: 1 for x in "ab"}, (lambda: 1)()


class Thing:
    x = [i for i in range(2)]

    def __init__(self):
        self.y = 1

    def __del__(self):
        self.y = 2


def match(value):
    match value:
        case 1 | 2:
            return "few"
        case [a, *_]:
            return a
        case _:
            pass


async def sub(n):
    await asyncio.sleep(0)
    if n == 1:
        raise ValueError
    return n


async def several():
    for n in range(3):
        yield n
        await asyncio.sleep(0)


async def main():
    tasks = [asyncio.create_task(sub(n)) for n in range(3)]
    for task in tasks:
        try:
            await task
        except ValueError:
            pass
    async for n in several():
        if n > 1:
            break
    return [n async for n in several()]


@contextlib.contextmanager
def managed():
    try:
        yield
    finally:
        print
"""
# It is not measured, and resumes, closes and deletes what the sample has begun.
OTHER = """import asyncio
import sys
import threading

traced = set()


def call(function, *arguments):
    traced.add(sys.gettrace() is not None)
    return function(*arguments)


def throw(generator, error):
    try:
        generator.throw(error)
    except KeyError:
        pass


def run():
    import sample

    sample.numbers(3)
    list(sample.numbers(5)), list(sample.delegate())
    closed = sample.closed()
    next(closed)
    closed.close()
    forgotten = sample.closed()
    next(forgotten)
    del forgotten
    thrown = sample.thrown()
    next(thrown)
    throw(thrown, ValueError())
    throw(thrown, KeyError())
    passed_on = sample.passed_on()
    next(passed_on)
    throw(passed_on, KeyError())
    throw(sample.passed_on(), KeyError())
    sample.catches(), sample.suppresses()
    thing = sample.Thing()
    del thing
    for value in (1, [1, 2], None):
        sample.match(value)
    asyncio.run(sample.main())
    with sample.managed():
        sample.managed
    try:
        with sample.managed():
            raise KeyError
    except KeyError:
        pass
    thread = threading.Thread(target=call, args=(sample.catches,))
    thread.start()
    call(sample.catches)
    thread.join()
    import empty, module
    traced.add(("idle", sys.gettrace() is not None))
"""
ANOTHER = """import sys

import coverage
import heroci_tracer
import sample


def another(*_):
    return another


measured = coverage.Coverage(config_file=False, data_file=None, include=["*/sample.py"])
with heroci_tracer.measuring(measured):
    list(sample.numbers(1))
    {"sample.install": sample.install, "sys.settrace": sys.settrace}[sys.argv[1]](another)
    list(sample.numbers(1))
    print(sys.gettrace() is another)
    sys.settrace(None)
    sample.catches()
print(sample.catches.__code__.co_firstlineno + 1 in measured.get_data().lines(sample.__file__))
"""
# Two modules with equal code, one of which is measured.
MEASURE = """import json
import sys

import coverage
import heroci_tracer
import other

switched, most, options = json.loads(sys.argv[1])
heroci_tracer.MOST = most
measured = coverage.Coverage(config_file=False, data_file=None, include=["*/sample.py", "*/empty.py"])
for name, value in options.items():
    measured.set_option(name, value)
if switched:
    with heroci_tracer.measuring(measured):
        other.run()
        other.run()
else:
    measured.start()
    other.run()
    other.run()
    measured.stop()
data = measured.get_data()
found = {name: sorted(data.arcs(name) or data.lines(name)) for name in data.measured_files()}
idle = ("idle", True) not in other.traced
print(json.dumps([found, idle]))
"""


@pytest.fixture(scope="module", params=["3.12", "3.13"])
def switching(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has sys.monitoring, and for which coverage.py still uses a tracer."""
    home = tmp_path_factory.mktemp("switching")
    # pyenv's programs answer only for the version that is chosen, so uv does not find the others.
    found = next(iter(find_interpreters(request.param, os.environ)), request.param)
    create = ("venv", "--quiet", "--no-python-downloads", "--python", str(found), str(home))
    if subprocess.run([find_uv_bin(), *create], check=False).returncode:
        pytest.skip(f"Python {request.param} is not installed")
    python = home / "bin" / "python"
    install = ("pip", "install", "--quiet", "--python", str(python), "coverage")
    subprocess.run([find_uv_bin(), *install], check=True)
    return python


@pytest.fixture
def sample(tmp_path: Path, switching: Path) -> Project:
    project = Project(root=tmp_path / "project", python=switching)
    files = {"sample.py": SAMPLE, "other.py": OTHER, "measure.py": MEASURE}
    return project.write({**files, "empty.py": "", "module.py": ""})


def measure(
    sample: Project, *, switched: bool, most: int = 1000, **options: Any
) -> tuple[dict[str, object], bool]:
    """Return what was executed, and whether the tracer was absent from code that is not measured."""
    given = json.dumps([switched, most, {f"run:{name}": value for name, value in options.items()}])
    run = sample.run("measure.py", given, record=False, env={"COVERAGE_CORE": "ctrace"})
    assert run.code == 0, run.output
    found, idle = json.loads(run.output)
    return found, idle


@pytest.mark.parametrize("branch", [True, False])
@pytest.mark.parametrize("most", [1, 20, 1000])
def test_the_same_lines_and_branches_are_found(sample: Project, most: int, *, branch: bool) -> None:
    """After the last change that is allowed, the tracer stays, and so it does not miss anything."""
    always, never_idle = measure(sample, switched=False, branch=branch)
    sometimes, idle = measure(sample, switched=True, most=most, branch=branch)
    assert sometimes == always
    assert len(always) == 2
    assert (never_idle, idle) == (False, most == 1000)


@pytest.mark.parametrize(
    "options",
    [
        {"dynamic_context": "test_function"},
        {"timid": True},
        {"concurrency": ["thread"], "plugins": ["a_plugin"]},
    ],
)
def test_the_tracer_stays_if_it_may_depend_on_other_code(
    sample: Project, options: dict[str, Any]
) -> None:
    sample.write({"a_plugin.py": "def coverage_init(registry, options):\n    pass\n"})
    assert not measure(sample, switched=True, **options)[1]


@pytest.mark.parametrize("install", ["sample.install", "sys.settrace"])
def test_the_tracer_of_another_program_stays(sample: Project, install: str) -> None:
    """It ends the measurement, as it does if the tracer always runs: in measured code or between its calls."""
    run = sample.write({"another.py": ANOTHER}).run("another.py", install, record=False)
    assert (run.code, run.output) == (0, "True\nFalse\n")
