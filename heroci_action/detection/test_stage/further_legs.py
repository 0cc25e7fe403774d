"""Legs in which the CI runs the suite again: other Pythons, databases, variables, packages, or another CI system."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from heroci_action.detection.ci.arguments import is_split
from heroci_action.detection.ci.left_out import INSTALLS, reason_of_program
from heroci_action.detection.ci.records import UNKNOWN, Command, Job
from heroci_action.detection.ci.suite import Suite, databases_of
from heroci_action.detection.ci.task_runners.tox import find_all_with_tests
from heroci_action.detection.ci.task_runners.tox_factors import find_python, find_words
from heroci_action.detection.ci.test_runs import find_test_run
from heroci_action.detection.environment.python_version import choose_python, passes_over
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.requirements.installs import read_installs
from heroci_action.detection.test_runner.variables import variables_of
from heroci_action.text import some


def warn_of_further_legs(project: ProjectFiles, named: Collection[Command]) -> Iterator[Finding]:
    """State in one line how else the CI runs the suite, unless the configuration chooses a Python or has a matrix.

    Another warning names the jobs with one of the `named` commands.
    """
    suite = project.ci.suite
    if suite is None or suite.job not in project.ci.jobs or project.configured("matrix"):
        return
    used = str(project.configured("python") or choose_python(project)[0])
    if how := "; ".join(_describe_legs(project, suite, used, named)):
        yield Warn(
            f"the CI also runs the suite {how}; HeroCI runs one leg, with Python {used}: "
            "set `python` for this one, or `matrix` for several"
        )


def _describe_legs(
    project: ProjectFiles, suite: Suite, used: str, named: Collection[Command]
) -> Iterator[str]:
    """Yield how the other legs differ from that with the Python `used`: `with Python 3.12`, `on mysql`."""
    # A file of another system may be forgotten, so that only its name counts.
    files = {job.source for job in suite.twins if _system(job.source) != _system(suite.job.source)}
    twins = [job for job in suite.twins if job.source not in files]
    jobs = (suite.job, *suite.others, *twins)
    versions = {version for job in jobs for version in (*job.pythons, job.python) if version}
    taken = {each for each in versions if not passes_over(project, each, read_installs(project))}
    others = taken - {used} if project.configured("python") is None else set()
    if others:
        pythons = sorted(others, key=lambda text: tuple(map(int, text.split("."))))
        yield f"with Python {', '.join(pythons)}"
    own = databases_of(suite.job)
    if databases := {name for job in twins for name in databases_of(job) - own}:
        yield f"on {', '.join(sorted(databases))}"
    # A leg on another database has its address in variables.
    same = (job for job in twins if databases_of(job) <= own)
    same = (job for job in same if not any(command in named for command in job.commands))
    if variables := dict.fromkeys(
        pair for job in same for pair in _variables(project, job, versions)
    ):
        yield f"with {some(list(variables))}"
    legs = (job for job in twins if (job.source, job.name) == (suite.job.source, suite.job.name))
    if installs := dict.fromkeys(line for job in legs for line in _installs(suite.job, job)):
        yield f"after {some(list(installs))}"
    if files:
        yield f"in {', '.join(sorted(files))}"
    if environments := tuple(_further_environments(project, suite)):
        yield f"in {', '.join(environments)} of tox"


def _variables(project: ProjectFiles, job: Job, versions: Collection[str]) -> Iterator[str]:
    """Yield the variables of the job's tests with other values than the suite's: `DB=sqlite`.

    A value with the version of Python adds nothing to the versions that are named.
    """
    runs = filter(None, (find_test_run(command, project.tree) for command in job.commands))
    run = next(runs, None)
    # HeroCI runs every part of a suite that the CI splits.
    if run is None or is_split(run.arguments):
        return
    for name, value in variables_of(project, run.command).items():
        if not any(version in value for version in versions):
            yield f"{name}={value}"


def _installs(own: Job, leg: Job) -> Iterator[str]:
    """Yield what a leg of the suite's job installs, and the job itself does not: `pip install Django~=4.2.0`."""
    known = {each.words for each in own.commands}
    for each in leg.commands:
        is_new = each.words not in known and UNKNOWN not in each.line and not each.conditional
        if is_new and reason_of_program(each.call.name) == INSTALLS and each.call.arguments[1:]:
            yield repr(each.brief)


def _further_environments(project: ProjectFiles, suite: Suite) -> Iterator[str]:
    """Yield one of tox's environments for each set of words, apart from the Python, that the plan does not run.

    `py314-django52` next to `py314-django61`: the matrix of the CI names another Python.
    """
    job = suite.job
    seen = {find_words(each.environment.partition(" ")[2]) for each in job.commands}
    used = {find_python(each.environment.partition(" ")[2].split("-")) for each in job.commands}
    calls = {
        id(task): task for each in job.commands for task in each.via if task.call.name == "tox"
    }
    for call in calls.values():
        names = find_all_with_tests(call, project.tree)
        for name in sorted(names, key=lambda name: find_python(name.split("-")) not in used):
            if (words := find_words(name)) not in seen:
                seen.add(words)
                yield name


def _system(source: str) -> str:
    """Return the directory or file of a CI system: `.github`, `.travis.yml`."""
    return source.partition("/")[0]
