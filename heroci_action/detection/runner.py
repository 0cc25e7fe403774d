"""The test runner, its arguments, and what must happen before the tests."""

from __future__ import annotations

import os.path
import re
import shlex
from collections.abc import Iterator

from heroci_action.detection.evidence import Command
from heroci_action.detection.findings import Fact, Finding, Found
from heroci_action.detection.project_files import ProjectFiles, words
from heroci_action.detection.pytest_config import pytest_config
from heroci_action.detection.runner_choice import DJANGO_TEST, PYTEST_ALONE, choose_runner, is_here
from heroci_action.detection.settings_choice import choose_settings
from heroci_action.repository.files import join

# Scripts that configure Django by themselves and call its runner, as packages without a project have them.
_SCRIPTS = ("runtests.py", "run_tests.py", "tests/runtests.py", "test/runtests.py")
# Options that say how a run reports or is repeated, which is ours to say.
_DROPPED = re.compile(
    r"--(parallel|settings|ds|verbosity|keepdb|no-?input|failfast|cov[\w-]*|junit[\w-]*|numprocesses|dist|maxprocesses|"
    r"color|durations[\w-]*|reuse-db|create-db|timing|reruns|force-color|tb|exitfirst|maxfail|html[\w-]*|"
    r"self-contained-html|force-sugar|verbose|quiet|no-header|log-[\w-]+|debug-mode|warn[\w-]*|pythonwarnings|ci|"
    r"snapshot[\w-]*)(=.*)?|-[vqxsn]+\d*|-n.+|-p|-o|-r\w+|-W.*"
)
_SETTINGS = re.compile(r"(?:--(?:settings|ds)[= ]|DJANGO_SETTINGS_MODULE=)(\S+)")
_PARALLEL = re.compile(r"(^|\s)(--parallel|-n\s*(auto|logical|[2-9])|--numprocesses)")
_TAKES_VALUE = re.compile(
    r"--(settings|ds|verbosity|numprocesses|dist|maxprocesses|color|tb|maxfail|cov-report|cov-config|parallel)|-[vnpoW]"
)
_VALUE_KEPT = re.compile(r"-[mk]|--(tag|exclude-tag|ignore|deselect|pattern|rootdir|confcutdir)")
_DJANGO_COMMAND = re.compile(
    r"(?:(?:uv|poetry|pdm) run )?(?:python3? )?(?:-\S+ )*\S*manage\.py (\w+)([^&|;$<>`]*)"
)
_ASSETS = re.compile(
    r"(?:(?:npm (?:ci|install|run build\S*)|(?:yarn|pnpm) (?:install|build)\b|mkdir -p)[^&|;$<>`]*|yarn)"
)
_NOT_BEFORE = frozenset(
    {
        "test",
        "migrate",
        "check",
        "makemigrations",
        "runserver",
        "shell",
        "help",
        "makemessages",
        "createsuperuser",
        "loaddata",
        "flush",
        "wait_for_db",
        "spectacular",
        "lintmigrations",
        "showmigrations",
        "runserver_plus",
        "diffsettings",
        "get_graphql_schema",
        "check_admin_index",
        "createcachetable_",
        "load_initial_data",
        "rebuild_index",
        "update_index",
    }
)


def detect_runner(project: ProjectFiles) -> Iterator[Finding]:
    """Runner, arguments, commands before, and what pytest's configuration already holds."""
    runner, why = choose_runner(project)
    runner = str(project.configured("tests.runner") or runner)
    yield Found("tests.runner", runner, why)
    yield from _check_migrations(project)
    script = _script(project, runner)
    if script:
        yield Found("tests.script", script, "no settings module was found, and the script is there")
    command = _test_command(project, runner)
    if command is not None:
        runs = [list(args) for args in _runs(project, command, runner)]
        if len(runs) > 1:
            yield Found("tests.args", runs, f"the test commands in {command.source}")
        elif runs[0]:
            yield Found("tests.args", runs[0], f"the test command in {command.source}")
        if _PARALLEL.search(_behind(command, runner)):
            yield Found("tests.parallel", True, f"the test command in {command.source}")
        before = _before(project, command)
        if before:
            yield Found("tests.before", before, f"what {command.source} runs before its tests")
    measures = any(
        word == "--cov" or word.startswith("--cov=") for word in pytest_config(project).addopts
    )
    yield Fact("pytest_coverage", measures)


def _check_migrations(project: ProjectFiles) -> Iterator[Finding]:
    """Where the project's own CI lets them pass, missing migrations are no failure: the result would not be its own."""
    if any("makemigrations" in command.line for command in project.commands):
        return
    if project.layout.manage is None:
        yield Found("tests.check-migrations", False, "a package without manage.py")
    elif project.evidence.testing:
        why = f"{project.evidence.testing[0].source} does not check them"
        yield Found("tests.check-migrations", "warn", why)


def _script(project: ProjectFiles, runner: str) -> str | None:
    """The project's own script, where nothing else says with which settings its tests run."""
    if runner != "django" or project.layout.manage or choose_settings(project)[0]:
        return None
    here = (join(project.layout.directory, name) for name in _SCRIPTS)
    return next((_relative(project, path) for path in here if project.tree.has(path)), None)


def _test_command(project: ProjectFiles, runner: str) -> Command | None:
    pattern = DJANGO_TEST if runner == "django" else PYTEST_ALONE
    for command in project.commands:
        if pattern.search(command.line) and is_here(project, command):
            return command
    return None


def _runs(project: ProjectFiles, first: Command, runner: str) -> list[tuple[str, ...]]:
    """The arguments of each test command of a job; a command with other settings or variables is none of this stage."""
    pattern = DJANGO_TEST if runner == "django" else PYTEST_ALONE
    same = (
        command
        for command in project.commands
        if (command.source, command.job, command.env) == (first.source, first.job, first.env)
        and pattern.search(command.line)
        and is_here(project, command)
        and _SETTINGS.findall(command.line) == _SETTINGS.findall(first.line)
    )
    runs = list(dict.fromkeys(_arguments(project, command, runner) for command in same))
    # What runs everything makes the others repetitions, with other options of the run.
    return [()] if () in runs else runs


def _behind(command: Command, runner: str) -> str:
    """What the command says behind the runner's name: `coverage run --parallel -m pytest` is not about pytest."""
    match = (DJANGO_TEST if runner == "django" else PYTEST_ALONE).search(command.line)
    rest = command.line[match.end() :] if match else ""
    return re.split(r"\s*(?:&&|\|\||;|\||>|2>)\s*", rest)[0]


def _arguments(project: ProjectFiles, command: Command, runner: str) -> tuple[str, ...]:
    rest = _behind(command, runner)
    if "{posargs" in rest:
        rest = re.sub(r"\{posargs:?([^}]*)\}", r"\1", rest)
    rest = rest.replace("{toxinidir}/", "").replace("{toxinidir}", ".")
    return tuple(_kept(project, command, list(words(rest))))


def _kept(project: ProjectFiles, command: Command, tokens: list[str]) -> Iterator[str]:
    pending = iter(range(len(tokens)))
    for index in pending:
        token = tokens[index]
        following = tokens[index + 1] if index + 1 < len(tokens) else ""
        if re.search(r"[${]", token):  # a variable or placeholder of the project's CI
            continue
        if _DROPPED.fullmatch(token):
            takes = _TAKES_VALUE.fullmatch(token) and following and not following.startswith("-")
            if takes and (
                not token.startswith("--parallel") or following.isdigit() or following == "auto"
            ):
                next(pending, None)
        elif _VALUE_KEPT.fullmatch(token):
            next(pending, None)
            if not re.search(r"[${]", following):
                yield from (token, following)
        elif token.startswith("-"):
            yield token
        else:
            yield _moved(project, command, token)


def _moved(project: ProjectFiles, command: Command, token: str) -> str:
    """A path that the command gives from its own directory, given from the working directory."""
    path, separator, node = token.partition("::")
    there = join(command.directory, path)
    if there == "." or project.tree.has(there) or project.tree.has_directory(there):
        path = os.path.relpath(there, project.layout.directory).replace(os.sep, "/")
    return f"{path}{separator}{node}"


def _before(project: ProjectFiles, test: Command) -> list[str]:
    """What the same job does to prepare the tests: manage.py commands such as collectstatic, building assets."""
    found: list[str] = []
    for command in project.commands:
        if command is test:
            break
        line = _preparation(project, command) if command.source == test.source else None
        if line:
            found.append(line)
    return list(dict.fromkeys(found))


def _preparation(project: ProjectFiles, command: Command) -> str | None:
    django = _DJANGO_COMMAND.fullmatch(command.line)
    if django:
        wanted = django[1] not in _NOT_BEFORE
        return f"python {_manage_name(project)} {django[1]}{django[2]}".strip() if wanted else None
    if not _ASSETS.fullmatch(command.line):
        return None
    if join(command.directory) == project.layout.directory:
        return command.line
    return f"cd {shlex.quote(_relative(project, command.directory))} && {command.line}"


def _relative(project: ProjectFiles, path: str) -> str:
    return os.path.relpath(path, project.layout.directory).replace(os.sep, "/")


def _manage_name(project: ProjectFiles) -> str:
    manage = project.layout.manage or "manage.py"
    return _relative(project, manage)
