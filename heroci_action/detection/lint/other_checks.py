"""Checks of the CI other than the tests and the linters: documents, licences, other environments of tox and nox."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from heroci_action.detection.ci.compose.calls import (
    compose_options,
    compose_words,
    composition_of,
)
from heroci_action.detection.ci.left_out import (
    CHECKS,
    INSTALLS,
    PACKAGES,
    PRINTS,
    reason_of_program,
)
from heroci_action.detection.ci.records import UNKNOWN, Command, Job, LeftOut, Trigger
from heroci_action.detection.ci.shell.conditions import fails_by_itself
from heroci_action.detection.ci.suite import databases_of
from heroci_action.detection.ci.systems.circleci import IN_ORB
from heroci_action.detection.ci.systems.foreign_workflow import ELSEWHERE, OWN
from heroci_action.detection.ci.systems.github_actions import names_check
from heroci_action.detection.ci.task_runners.package_scripts import PACKAGE_MANAGERS
from heroci_action.detection.ci.test_runs import (
    find_test_run,
    is_django,
    program_file,
    runs_scenarios,
)
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.image.foreign import runs_foreign_code
from heroci_action.detection.lint.failing_steps import find_failing_steps
from heroci_action.detection.lint.known_programs import NOT_RUN, PROGRAMS
from heroci_action.detection.lint.programs import tool_name
from heroci_action.detection.lint.proposals import propose_stage, steps_of, written_steps
from heroci_action.detection.preparation.before_tests import find_preparation
from heroci_action.detection.preparation.line import find_check, find_kind, suggest_step
from heroci_action.detection.preparation.steps import SYSTEM_PROGRAMS
from heroci_action.detection.project_files import ProjectFiles, once
from heroci_action.detection.test_runner.variables import variables_of
from heroci_action.readers.registry import LINT_TOOLS

# Words in the names of workflows and jobs that check the code.
_CHECKING = re.compile(r"(?i)lint|check|quality|style|format|typing|docs|security|pre-commit")
# `run_testsuite.sh`, `e2e`
_TESTING = re.compile(r"(?i)(^|[-_.])(tests?|e2e|smoke)")
# `scripts/test/no_generated_names.sh`
_CHECKING_FILE = re.compile(r"(?i)(^|[-_./])(tests?|check|checks|lint|verify|validate)[-_./]")
# `contrib/templatelint.sh` and `./check-requirements`, in a job for checks
_CHECKING_SCRIPT = re.compile(r"(?i)(lint|check|verify|validate|style|format)[^/]*$")
# Commands of Django that make files.
_BUILDING = frozenset({"collectstatic", "compilemessages", "compress"})
# Options with which Django's commands fail: `check --fail-level WARNING`, `spectacular --validate`.
_STRICT = frozenset(
    {"--check", "--deploy", "--fail-level", "--fail-on-warn", "--strict", "--validate"}
)
# Commands of Django that the plan runs itself, and commands that only check.
_OF_PLAN = frozenset({"makemigrations", "migrate", "test"})
_ONLY_CHECKING = frozenset({"lintmigrations", "validate_templates"})
# `check_reserved_keywords`, but not the plan's own `check`
_NAMED_CHECK = re.compile(
    r"(check|lint|verify|validate|audit)_\w+|\w+_(check|lint|audit)s?|(missing|pending)_migrations?"
)
# `curl -sSL https://install.python-poetry.org | python -`
_FETCHES = re.compile(r"curl|wget")
# Words in the names of workflows that publish something or maintain the repository.
_PUBLISHING = re.compile(
    r"(?i)deploy|release|publish|notif|label|stale|changelog|merge|backport|sync|triage|dependabot|cleanup"
)
# `needs.changes.outputs.docs == 'true'`, `steps.filter.outputs.docs`
_OF_CHANGES = re.compile(r"\b(needs|steps)\.[\w-]+\.outputs\.")
# `uses: EndBug/add-and-commit`
_COMMITTING = re.compile(r"(?i)commit|push|pull-request")
# Workflows that start a machine or change the infrastructure: `terraform.yml`, `start-runner.yml`
_OPERATING = re.compile(
    r"(?i)terraform|terragrunt|\btofu\b|pulumi|provision|\binfra(structure)?\b|auto-assign|"
    r"(?<![a-z])(start|stop|launch|create|destroy|ec2)-([a-z]+-)?runners?(?![a-z])"
)
_VERIFYING = re.compile(r"(?i)lint|check|validat|verify|fmt|format|test|scan|security|quality")
_SEARCHING = frozenset({"grep", "egrep", "fgrep", "rg"})
# Checks that the plan contains, or that other warnings name.
KNOWN = frozenset(
    {"pre-commit", "prek", *PROGRAMS, *NOT_RUN}.union(
        *(tool.programs for tool in LINT_TOOLS.values())
    )
)


def warn_of_other_checks(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of the checks that the plan does not contain, with a stage for each environment or job as a suggestion."""
    groups: dict[str, dict[str, None]] = {}
    shown: dict[str, None] = {}
    for job, command in (*_checks(project), *_tasks(project), *_failing_scripts(project)):
        steps = steps_of(project, job, command)
        if written_steps(project).isdisjoint(steps[-1:]) and not _prepares_tests(project, command):
            groups.setdefault(_name(job, command), {}).update(dict.fromkeys(steps))
            shown[f"{command.brief!r} ({command.environment or command.source})"] = None
    shown |= dict.fromkeys((*_uses(project), *_stacks(project), *_steps(project)))
    if shown:
        yield Warn(
            f"the CI also runs checks that the plan does not contain: {', '.join(shown)}",
            tuple(line for name, steps in groups.items() for line in propose_stage(name, steps)),
        )


def _prepares_tests(project: ProjectFiles, command: Command) -> bool:
    """Return whether the same line with the suite's variables is a step before the tests."""
    is_step = suggest_step(project, command) in find_preparation(project)[0]
    return is_step and not variables_of(project, command)


def _checks(project: ProjectFiles) -> Iterator[tuple[Job, Command]]:
    return ((job, shown) for job, each, shown in find_other_checks(project) if must_pass(each))


def must_pass(command: Command) -> bool:
    """Return whether a check must pass, if need be only for a change of some files: `needs.changes.outputs.docs`."""
    seldom = any(_OF_CHANGES.search(condition) is None for condition in command.conditions)
    return not (command.may_fail or seldom or command.background or command.decides)


def find_other_checks(project: ProjectFiles) -> Iterator[tuple[Job, Command, Command]]:
    """Yield the checks that the plan does not contain, and the task of npm that runs each; some need not pass."""
    # Without a suite of the CI, other warnings name what may run the tests.
    suite_job = project.ci.suite.job if project.ci.suite else None
    known = suite_job in project.ci.jobs
    # Another warning names the scenarios of the suite's job, which are also in the other legs of its matrix.
    scenarios = {each.words for each in project.commands if runs_scenarios(each)}
    # The lines before the tests of a foreign workflow are steps of the plan, or left out.
    foreign = project.ci.foreign_job
    for job in (each for each in project.ci.legs if _counts(each) and each is not foreign):
        runs = [each for each in job.commands if find_test_run(each, project.tree) is not None]
        # The tasks of npm and others that run tests of Django are not additional checks.
        around = {id(task) for run in runs for task in run.via}
        ends = not runs and _ends_with_django(project, job)
        checks = ends or (not runs and _CHECKING.search(job.name) is not None)
        for command in job.commands:
            tests = known and not runs and _TESTING.search(command.call.name) is not None
            is_own = (checks or tests) and _is_own_check(project, command)
            is_own = is_own or (not runs and _is_own_program(project, job, command))
            searches = checks or _is_for_checks(command)
            is_own = is_own or (searches and _asks_by_grep(project, job, command))
            # If nothing uses the files that a command makes, it matters only whether it passes.
            makes_files = not (ends or _BUILDING.isdisjoint(command.call.arguments))
            is_other = _is_other(project, command) or (is_own and not makes_files)
            is_other = is_other or ((ends or checks) and _migrates_elsewhere(project, job, command))
            is_other = is_other or (command.words not in scenarios and runs_scenarios(command))
            if is_other and not _keeps_changes(job, command):
                tasks = (each for each in command.via if each.call.name in PACKAGE_MANAGERS)
                shown = next((task for task in tasks if id(task) not in around), command)
                yield job, command, shown


def _tasks(project: ProjectFiles) -> Iterator[tuple[Job, Command]]:
    """Yield the tasks of npm for checks whose program is not known: `npm test` may call a script of the repository."""
    for job in filter(_counts, project.ci.jobs):
        around = {
            id(task) for each in job.commands if _is_known(project, each) for task in each.via
        }
        busy = _busy(job.commands)
        calls = {id(task): task for command in job.commands for task in command.via}
        for task in (calls[place] for place in calls if place in busy - around):
            is_check = task.call.name in PACKAGE_MANAGERS and find_kind(project, task) == CHECKS
            if is_check and must_pass(task):
                yield job, task


def _busy(commands: Iterable[Command]) -> set[int]:
    """Return the ids of the tasks that do more than print, and remove files of `mktemp`."""
    return {
        id(task)
        for command in commands
        if not (reason_of_program(command.call.name) == PRINTS or _removes_temporary(command))
        for task in command.via
    }


def _removes_temporary(command: Command) -> bool:
    files = [word for word in command.call.arguments if not word.startswith("-")]
    return command.call.name == "rm" and all(UNKNOWN in file for file in files)


def _failing_scripts(project: ProjectFiles) -> Iterator[tuple[Job, Command]]:
    """Yield the calls of scripts that run no other check, and fail if something is wrong.

    Before the tests, only scripts that otherwise print count: any other may prepare the tests, or wait for a server.
    In jobs for checks, their names decide.
    """
    suite = project.ci.suite
    if suite is None or suite.job not in project.ci.jobs:
        return
    before = suite.job.commands[: len(_before_tests(project))]
    yield from _failing(project, suite.job, _CHECKING_FILE, before)
    for job in (each for each in project.ci.legs if each is not suite.job and _counts(each)):
        tests = any(find_test_run(each, project.tree) for each in job.commands)
        if _CHECKING.search(job.name) and not tests:
            yield from _failing(project, job, _CHECKING_SCRIPT)


def _failing(
    project: ProjectFiles, job: Job, named: re.Pattern[str], before: tuple[Command, ...] = ()
) -> Iterator[tuple[Job, Command]]:
    """Yield the calls of such scripts in a job whose names match; `before` are the commands before its tests."""
    commands = job.commands
    # The plan and other warnings contain only the checks that must pass: none of `if ! diff a b`.
    found = (each for each in commands if _is_known(project, each) and must_pass(each))
    around = {id(task) for each in found for task in each.via}
    calls = {id(task): task for each in commands for task in (*each.via, each)}
    others = around | _busy(before) | set(map(id, before))
    for call in (calls[place] for place in calls if place not in others):
        path = program_file(call, project.tree) or ""
        if named.search(path) and fails_by_itself(project.tree.text(path)) and must_pass(call):
            yield job, call


def _is_known(project: ProjectFiles, command: Command) -> bool:
    """Return whether the plan contains a command, or another warning names it."""
    check = tool_name(command) in KNOWN or find_check(project, command) is not None
    return check or find_test_run(command, project.tree) is not None


def _steps(project: ProjectFiles) -> Iterator[str]:
    """Yield the steps of jobs without tests whose own script fails, if it runs no check that is named otherwise."""
    for job in project.ci.jobs:
        tests = any(find_test_run(each, project.tree) for each in job.commands)
        # `lint-changelog` publishes nothing.
        publishes = _PUBLISHING.search(job.name) and not _CHECKING.search(job.name)
        if _counts(job) and not (job.may_fail or tests or publishes):
            known = [each for each in job.commands if _is_known(project, each) and must_pass(each)]
            named = [*known, *(each for each in job.commands if _asks_by_grep(project, job, each))]
            for step in find_failing_steps(project, job, _CHECKING, named):
                yield f"{step!r} ({job.source})"


def _uses(project: ProjectFiles) -> Iterator[str]:
    """Yield the actions that check something, and the workflows of other repositories that may do so."""
    suite = project.ci.suite
    for job in (each for each in project.ci.jobs if _counts(each) and not each.may_fail):
        elsewhere = (line for line in job.not_followed if line.reason == ELSEWHERE)
        # Without a suite, another warning names these workflows, because they may run the tests.
        workflows = elsewhere if suite is not None and job is not suite.job else ()
        orbs = (line for line in job.not_followed if line.reason == IN_ORB and suite is not None)
        checks = (
            *(line for line in workflows if _may_check(job, line)),
            *(line for line in orbs if names_check(line.line)),
        )
        for line in (*(action for action in job.actions if action.reason == CHECKS), *checks):
            yield f"{line.line!r} ({line.source})"


def _stacks(project: ProjectFiles) -> Iterator[str]:
    """Yield the calls of Compose that wait until services are healthy, of jobs that check nothing else."""
    checking = {id(job) for job, _, _ in find_other_checks(project)}
    for job in (each for each in project.ci.jobs if _counts(each) and id(each) not in checking):
        is_other = any(_is_known(project, command) for command in job.commands)
        if not (is_other or _PUBLISHING.search(job.name)):
            awaited = (
                each for each in job.commands if _awaits_health(project, each) and must_pass(each)
            )
            yield from (f"{command.brief!r} ({command.source})" for command in awaited)


def _awaits_health(project: ProjectFiles, command: Command) -> bool:
    """Return whether a command fails if the project's code does not become healthy: `docker compose up --wait`.

    `docker compose up --wait db` only starts a server.
    """
    words = compose_words(command) or ()
    options = compose_options(words)
    if options.words[:1] != ("up",) or not options.has("--wait"):
        return False
    used, named = composition_of(words, command, project.tree), options.words[1:]
    servers = named and used.paths and not any(map(used.build, used.with_needs(named)))
    return not servers


def _may_check(job: Job, line: LeftOut) -> bool:
    """Return whether a workflow of another repository may check the code, judging by the names of it and its job."""
    if OWN in line.line or _PUBLISHING.search(f"{job.name} {line.line}"):
        return False
    name = f"{job.name} {line.line.rpartition('/')[2]}"
    return not _OPERATING.search(name) or _VERIFYING.search(name) is not None


def _counts(job: Job) -> bool:
    return job.trigger is not Trigger.SELDOM and job.is_linux


def _is_other(project: ProjectFiles, command: Command) -> bool:
    """Return whether a command checks something that neither the plan nor another warning contains."""
    if is_django(command, project.tree):
        foreign = runs_foreign_code(project, command) and find_check(project, command) == CHECKS
        return foreign or _is_strict(project, command)
    return (
        tool_name(command) not in KNOWN
        and find_check(project, command) is not None
        and find_test_run(command, project.tree) is None
    )


def _is_strict(project: ProjectFiles, command: Command) -> bool:
    """Return whether a command of Django checks more than the plan, and does not prepare the tests."""
    arguments = command.call.arguments
    options = {word.partition("=")[0] for word in arguments}
    named = _ONLY_CHECKING.intersection(arguments[:1]) or any(
        map(_NAMED_CHECK.fullmatch, arguments[:1])
    )
    if not (_STRICT & options or named):
        return False
    prepares = find_kind(project, command) is None and command in _before_tests(project)
    return _OF_PLAN.isdisjoint(arguments[:1]) and not prepares


@once
def _before_tests(project: ProjectFiles) -> tuple[Command, ...]:
    """Return the commands of the suite's job before its tests."""
    is_run = (find_test_run(each, project.tree) is not None for each in project.commands)
    first = next((place for place, found in enumerate(is_run) if found), len(project.commands))
    return project.commands[:first]


def _is_own_check(project: ProjectFiles, command: Command) -> bool:
    """Return whether a command of a job for checks is one: code of the project, or an unknown program."""
    call = command.call
    known = tool_name(command) in KNOWN or _chooses_packages(command)
    if not call.program or known or find_kind(project, command) is not None:
        return False
    own = is_django(command, project.tree) or program_file(command, project.tree) is not None
    # `python -c CODE > local_settings.py` and `… | head > .python-version` make files.
    # A script that is not in the repository is of another one: `client/ci/run_tests.sh`.
    outside = "/" in call.program and _TESTING.search(call.name) is None
    fetched = command.piped and _FETCHES.match(command.line) is not None
    unknown = not (outside or fetched or call.name in SYSTEM_PROGRAMS or command.writes)
    return own or unknown


def _chooses_packages(command: Command) -> bool:
    """Return whether an installer gets what a command prints: `grep black dev.txt | xargs pip install`."""
    return reason_of_program("".join(command.feeds[-1:])) in {INSTALLS, PACKAGES}


def _is_own_program(project: ProjectFiles, job: Job, command: Command) -> bool:
    """Return whether a job runs a program that the project installs: `shop import-examples`, `python -m shop`."""
    path = program_file(command, project.tree)
    installed = path is not None and (command.call.module or "/" not in command.call.program)
    is_script = installed and path not in {command.call.program, project.layout.manage}
    known = is_django(command, project.tree) or find_kind(project, command) is not None
    return is_script and not (known or command.writes or _PUBLISHING.search(job.name))


def _is_for_checks(command: Command) -> bool:
    """Return whether the target of make that runs a command is named after checks: `make lint`."""
    calls = (task.call for task in command.via if task.call.name == "make")
    return any(_CHECKING.search(target) for call in calls for target in call.arguments)


def _asks_by_grep(project: ProjectFiles, job: Job, command: Command) -> bool:
    """Return whether a line passes by what grep finds: `git diff --name-only main | grep CHANGES`, `! … | grep print`.

    The commands of a pipeline share their line, and only the last one decides. Scripts are named as a whole. The
    plan itself looks for missing migrations: `manage.py makemigrations | grep "No changes"`.
    """
    same = [each for each in job.commands if each.line == command.line]
    in_script = any(program_file(outer, project.tree) for outer in command.via)
    of_plan = any("makemigrations" in each.words for each in same)
    decides = command is same[-1] and not (command.writes or in_script or of_plan)
    return decides and command.call.name in _SEARCHING


def _ends_with_django(project: ProjectFiles, job: Job) -> bool:
    """Return whether nothing follows the commands of Django in a job, so that its purpose is that they pass."""
    last = job.commands[-1] if job.commands else None
    # `cypress-io/github-action` checks what they prepare.
    others = any(each.reason == CHECKS or _COMMITTING.search(each.line) for each in job.actions)
    is_last = last is not None and is_django(last, project.tree) and not others
    return is_last and not _PUBLISHING.search(job.name)


def _migrates_elsewhere(project: ProjectFiles, job: Job, command: Command) -> bool:
    """Return whether a job without tests checks that the migrations pass on another database than the tests'."""
    suite, used = project.ci.suite, databases_of(job)
    differs = suite is not None and used and used != databases_of(suite.job)
    return bool(differs) and command.call.arguments[:1] == ("migrate",)


def _keeps_changes(job: Job, command: Command) -> bool:
    """Return whether a script asks git for changes in order to commit them."""
    same = (each for each in job.commands if each.source == command.source)
    calls = [each.call.arguments for each in same if each.call.name == "git"]
    return command.call.name == "git" and any("commit" in arguments for arguments in calls)


def _name(job: Job, command: Command) -> str:
    """Return a stage's name: the environment's, as in `tox docs`, else the job's."""
    named = command.environment.partition(" ")[2] or job.name or command.call.name
    return re.sub(r"[^a-z0-9]+", "-", named.lower()).strip("-") or "checks"
