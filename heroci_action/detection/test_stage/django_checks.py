"""Django's own checks in the project's CI: whether it runs `check`, and whether missing migrations fail it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.left_out import (
    CHECKS,
    PRINTS,
    finds_missing_migrations,
    reason_of_program,
)
from heroci_action.detection.ci.records import Command
from heroci_action.detection.ci.test_runs import is_django
from heroci_action.detection.findings import Fact, Finding, Found, Warn
from heroci_action.detection.image.foreign import runs_foreign_code
from heroci_action.detection.lint.hooks import hooks_of_ci
from heroci_action.detection.preparation.tasks import git_reason
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.settings.choice import choose_settings, settings_of, settings_option
from heroci_action.detection.test_stage.unread_tests import unread_lines

# The options of makemigrations with a value.
_VALUED = ("-n", "--name", "-v", "--verbosity", "--settings", "--pythonpath")
_LABEL = re.compile(r"[A-Za-z_]\w*")


def detect_django_checks(project: ProjectFiles) -> Iterator[Finding]:
    """Yield whether the CI runs `check`, and how it treats missing migrations."""
    yield Fact("runs_check", any(_is_check(project, command) for command in project.ci.commands))
    yield from _missing_migrations(project)


def _is_check(project: ProjectFiles, command: Command) -> bool:
    """Return whether a command is a call of Django's `check` that must pass; `--deploy` is about other settings."""
    arguments = command.call.arguments
    checks = arguments[:1] == ("check",) and "--deploy" not in arguments
    own = is_django(command, project.tree) and not runs_foreign_code(project, command)
    return checks and not command.may_fail and own


def _missing_migrations(project: ProjectFiles) -> Iterator[Finding]:
    """If the project's own CI lets them pass, missing migrations do not fail the run either."""
    if checks := list(_migration_checks(project)):
        used = settings_of(project, checks[0])
        yield Fact("migration_apps", _checked_apps(checks))
        yield Fact("migration_settings", used if used != choose_settings(project)[0] else None)
        yield from _warn_of_other_settings(project, checks, used)
    elif not project.layout.starts_django:
        yield Found("tests.check-migrations", False, "a package without manage.py")
    elif (source := _ci_source(project)) and not _checked_by_hook(project):
        allowed = next(_migration_checks(project, may_fail=True), None)
        why = f"{allowed.source} lets them pass" if allowed else f"{source} does not check them"
        yield Found("tests.check-migrations", "warn", why)


def _checked_apps(checks: list[Command]) -> tuple[str, ...]:
    """Return the labels of the apps that the checks name together; none if one of them is about all apps."""
    named = [_labels(check) for check in checks]
    return tuple(dict.fromkeys(itertools.chain.from_iterable(named))) if all(named) else ()


def _labels(check: Command) -> tuple[str, ...]:
    """Return the labels in a call of makemigrations; none if one of them is known only to the CI."""
    after = check.words[check.words.index("makemigrations") + 1 :]
    words = Options.split(after, _VALUED).words
    return words if all(map(_LABEL.fullmatch, words)) else ()


def _warn_of_other_settings(
    project: ProjectFiles, checks: list[Command], used: str | None
) -> Iterator[Finding]:
    """Warn of checks with other settings than the plan's: those of another edition have further apps."""
    named = (
        (check, settings_option(" ".join(check.words)) or settings_of(project, check))
        for check in checks
    )
    known = {used or choose_settings(project)[0], None}
    lines = [
        f"{check.brief!r} with {other} ({check.source})"
        for check, other in named
        if other not in known
    ]
    if lines:
        shown = ", ".join(dict.fromkeys(lines))
        yield Warn(
            f"the CI also looks for missing migrations with other settings, and the plan does not: {shown}"
        )


def _migration_checks(project: ProjectFiles, *, may_fail: bool = False) -> Iterator[Command]:
    """Yield the commands that fail if migrations are missing: by an option, or because git looks for changes later.

    These are the checks that must pass in the CI or, if `may_fail`, the others.
    """
    groups = (project.commands, *(job.commands for job in project.ci.jobs), project.ci.leg_commands)
    for commands in groups:
        for place, command in enumerate(commands):
            prints = reason_of_program(command.call.name) == PRINTS
            named = "makemigrations" in command.words and command.may_fail is may_fail
            if prints or not named or runs_foreign_code(project, command):
                continue
            lines = " ".join(outer.line for outer in (*command.via, command))
            finds = finds_missing_migrations(command.words, lines)
            if finds or CHECKS in map(git_reason, commands[place:]):
                yield command


def _checked_by_hook(project: ProjectFiles) -> bool:
    """Return whether a commit hook that the CI runs checks for missing migrations."""
    return any("makemigrations" in word for hook in hooks_of_ci(project) for word in hook.entry)


def _ci_source(project: ProjectFiles) -> str | None:
    """Return the file of the CI that runs the tests, perhaps in a line that could not be followed."""
    if project.evidence.testing and project.ci.suite:
        return project.ci.suite.job.source
    return next((line.source for line in unread_lines(project)), None)
