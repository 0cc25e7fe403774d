"""Find the commands before the tests that HeroCI repeats, and the lines that it leaves out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase

from heroci_action.detection.ci.left_out import (
    ALLOWED,
    COMPARED,
    CONDITIONAL,
    FOLLOWS,
    INSTALLS_OTHER,
    NETWORK,
)
from heroci_action.detection.ci.records import Command, Job, LeftOut
from heroci_action.detection.ci.test_runs import find_test_run
from heroci_action.detection.preparation.compared_files import find_makers
from heroci_action.detection.preparation.line import Line, find_check, leave_out
from heroci_action.detection.preparation.needed_tables import need_tables
from heroci_action.detection.preparation.steps import find_steps_of_image
from heroci_action.detection.preparation.tasks import find_read_scripts, unite_tasks
from heroci_action.detection.preparation.tracked_files import changes_content
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.test_runner.choice import suite_runs

_DOWNLOADED = "it needs a file that another line downloads"
# `curl -fsSLO URL`, `curl --output=FILE URL`
_CURL_SAVES = re.compile(r"-[#fgikLNqsSvRJ]*[oO].*|--output(=.*)?|--remote-name(-all)?")
# `mv coverage.xml client.xml`, `cp junit.xml ..`
_RESULTS = re.compile(r"(?i)coverage|junit|codecov|htmlcov|(reports?|results?)\b")


@once
def find_preparation(project: ProjectFiles) -> tuple[tuple[str, ...], tuple[LeftOut, ...]]:
    """Return the shell lines that run before the tests, and the lines of the suite's job that are left out."""
    kept: dict[str, None] = {}
    left_out: list[LeftOut] = []
    before, after = _around_tests(project, project.commands)
    before = [*find_steps_of_image(project), *before]
    suite = project.ci.suite
    for job in suite.others if suite else ():
        # A part of the suite in another job needs what that job does before.
        before += _around_tests(project, job.commands)[0]
    compared = {id(command) for command in find_makers(project, before)}
    absent: set[str] = set()
    for command, needs_tables in zip(before, need_tables(project, before), strict=True):
        outcome = Line(project, command, needs_tables=needs_tables).outcome()
        if id(command) in compared and (
            isinstance(outcome, str) or changes_content(outcome.reason)
        ):
            outcome = leave_out(command, COMPARED)
        if not (isinstance(outcome, LeftOut) and (outcome.harmless or outcome.reason == NETWORK)):
            outcome = _without(absent, project, command) or outcome
        if isinstance(outcome, LeftOut):
            left_out.append(replace(outcome, after=len(kept)))
            absent |= _missing_files(command) if outcome.reason in {NETWORK, _DOWNLOADED} else set()
        else:
            kept[outcome] = None
    left_out += [leave_out(each, find_check(project, each) or FOLLOWS) for each in after]
    left_out += _tests_that_do_not_count(project)
    for job in (suite.job, *suite.others) if suite else ():
        left_out += (*job.actions, *job.left_out)
    return tuple(kept), tuple(dict.fromkeys(left_out))


def _tests_that_do_not_count(project: ProjectFiles) -> Iterator[LeftOut]:
    """Yield the tests of the suite's job that the plan lacks because others run in any case, and must pass."""
    suite = project.ci.suite
    planned = {(run.command.words, run.command.directory) for run in (suite.runs if suite else ())}
    for command in project.commands if suite else ():
        run = find_test_run(command, project.tree)
        if run is not None and (command.words, command.directory) not in planned:
            if command.conditional:
                yield leave_out(command, CONDITIONAL)
            elif command.may_fail:
                yield leave_out(command, ALLOWED)


def find_preparation_of(project: ProjectFiles, job: Job, run: Command) -> tuple[str, ...]:
    """Return the lines of a job before one of its commands that a step can repeat, and their installations."""
    place = job.commands.index(run)
    around = {id(outer) for outer in run.via}
    found: dict[str, None] = {}
    earlier = [each for each in job.commands[:place] if not find_test_run(each, project.tree)]
    for command in unite_tasks(earlier, around):
        own = {key: text for key, text in command.env.items() if run.env.get(key) != text}
        outcome = Line(project, replace(command, env=own)).outcome()
        if isinstance(outcome, str):
            found[outcome] = None
        elif outcome.reason == INSTALLS_OTHER:
            found[outcome.command or outcome.line] = None
    return tuple(found)


def _without(absent: set[str], project: ProjectFiles, command: Command) -> LeftOut | None:
    """Leave a line out that needs a file of a line that was left out, such as an archive."""
    patterns = _files_of(command)
    needed = {name for name in absent if any(fnmatchcase(name, each) for each in patterns)}
    known = {path.rpartition("/")[2] for path in project.tree.files} if needed else set()
    return leave_out(command, _DOWNLOADED) if needed - known else None


def _missing_files(command: Command) -> set[str]:
    """Return the names of the files that a line may have made; `curl -d @FILE URL` only sends and prints."""
    saves = any(map(_CURL_SAVES.fullmatch, command.call.arguments))
    if command.call.name == "curl" and not (saves or command.piped):
        return {write.path.rpartition("/")[2] for write in command.writes}
    return _files_of(command)


def _files_of(command: Command) -> set[str]:
    """Return the names of the files of a line: the program, arguments with a dot or a directory, and written files."""
    words = [command.call.program, *command.call.arguments]
    mentioned = (word for word in words if re.search(r"[./]\w", word) or word is words[-1])
    named = (*mentioned, *(write.path for write in command.writes))
    # `*` in `--skip "**/migrations/*"` is no name.
    return {word.rpartition("/")[2] for word in named} - {"", "*", "**"}


def _around_tests(
    project: ProjectFiles, commands: tuple[Command, ...]
) -> tuple[list[Command], list[Command]]:
    """Return the commands before the suite's first run, and the others that run no tests.

    A task of npm is one command, unless the tests are a part of it. The job may test another program before, such as a
    client: the lines between belong to the suite, unless they handle the results of that program's tests.
    """
    runs = [place for place, command in enumerate(commands) if find_test_run(command, project.tree)]
    around = {id(outer) for place in runs for outer in commands[place].via}
    earliest = runs[0] if runs else len(commands)
    own = {id(run.command) for run in suite_runs(project)}
    first = next((place for place in runs if id(commands[place]) in own), earliest)
    read = find_read_scripts(commands)
    others = [
        place
        for place, command in enumerate(commands)
        if place not in runs and id(command) not in read
    ]
    before = [
        place
        for place in others
        if place < earliest or (place < first and not _RESULTS.search(commands[place].line))
    ]
    after = [place for place in others if place not in before]
    return (
        unite_tasks([commands[place] for place in before], around),
        unite_tasks([commands[place] for place in after], around),
    )
