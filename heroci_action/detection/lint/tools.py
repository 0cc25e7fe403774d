"""Which of the built-in lint tools the project uses, and in which version."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from heroci_action.detection.ci.records import Command, Job
from heroci_action.detection.findings import Fact, Finding, Found, Warn
from heroci_action.detection.lint.changed_files import warn_of_changed_files
from heroci_action.detection.lint.commands import (
    Call,
    Source,
    by_ci,
    by_developers,
    command_of,
    config_options,
    further_calls,
    runs,
)
from heroci_action.detection.lint.configuration import find_config
from heroci_action.detection.lint.excludes import exclusions_of
from heroci_action.detection.lint.hooks import Hook, hooks_of, is_found_from, runs_unknown_hooks
from heroci_action.detection.lint.later_commands import warn_of_later_commands
from heroci_action.detection.lint.missing_paths import warn_of_missing_paths
from heroci_action.detection.lint.other_checks import warn_of_other_checks
from heroci_action.detection.lint.programs import (
    Check,
    find_checks,
    find_left_out,
    find_unknown_hooks,
    is_check,
    requires_lint,
)
from heroci_action.detection.lint.proposals import (
    installs_of,
    propose_stage,
    steps_of,
    task_of,
    written_steps,
)
from heroci_action.detection.lint.python import python_options, warn_of_pythons
from heroci_action.detection.lint.versions import find_pin, find_plugins
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.requirements.declared import distributions
from heroci_action.readers.format import LintTool
from heroci_action.readers.registry import LINT_TOOLS
from heroci_action.repository.files import relative_path
from heroci_action.text import one_line

_BRIEF = 80  # characters of a hook's command
DEFAULT_TOOLS = ("black", "isort", "flake8")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """Why a tool is the project's, and how the project calls it; `version` comes from the hook that calls it.

    `format` names the tool's output format if it differs from the name of the step.
    """

    why: str
    command: str | tuple[str, ...] | None = None
    version: str | None = None
    format: str | None = None


_Way = Callable[[ProjectFiles, LintTool], _Evidence | None]


def detect_lint(project: ProjectFiles) -> Iterator[Finding]:
    """Yield the tools that the strongest evidence names; Black, isort and Flake8 without any.

    The project uses the tools that its CI or its commit hooks run; a section or a dependency may be left over.
    """
    configured = project.configured("lint")
    asked = _found(project, partial(_by_call, by_ci(project)), every=True)
    checks = find_checks(project)
    found = asked if requires_lint(project) else _not_asked(project)
    if configured is None:
        further = _further(project)
        yield from _lint({**found, **further, **dict(map(_named, checks))})
        apart = (check.name for check in checks if check.apart)
        yield Fact("lint_apart", frozenset((*_of_hooks({**asked, **further}, asked), *apart)))
        yield from warn_of_pythons(project, found)
        yield from _not_planned(project)
        yield from warn_of_other_checks(project)
        yield from warn_of_later_commands(project)
        if not requires_lint(project) and (project.ci.jobs or not found):
            names = [*found, *(check.name for check in checks)]
            yield Found("stages.lint.optional", True, _why_optional(names))
    yield Fact("lint_plugins", tuple(dict.fromkeys(find_plugins(project))))
    yield Fact("lint_specs", _specs(project, _names(configured, found), asked))


def _named(check: Check) -> tuple[str, _Evidence]:
    return check.name, _Evidence(why=check.why, command=check.command)


def _names(configured: object, found: Mapping[str, _Evidence]) -> set[str]:
    """Return the tools to install."""
    if isinstance(configured, list | Mapping):
        return set(configured)
    return set(found) or set(DEFAULT_TOOLS)


def _specs(
    project: ProjectFiles, names: set[str], asked: Mapping[str, _Evidence]
) -> dict[str, str]:
    """Return the requirements of the tools; checks that only the CI names are included if they are planned."""
    tools = (tool for tool in LINT_TOOLS.values() if tool.name in names)
    specs = {tool.name: spec for tool in tools if (spec := _spec(project, tool, asked))}
    configured = project.configured("lint")
    checks = (check for check in find_checks(project) if configured is None or check.name in names)
    return {**specs, **{check.name: check.requirement for check in checks}}


def _spec(project: ProjectFiles, tool: LintTool, asked: Mapping[str, _Evidence]) -> str | None:
    """Return the requirement for a tool; if the CI runs only hooks of its distribution, their version counts."""
    version = _version_of_hooks(tool, asked)
    return f"{tool.distribution}=={version}" if version else find_pin(project, tool)


def _version_of_hooks(tool: LintTool, asked: Mapping[str, _Evidence]) -> str | None:
    versions = [
        found.version
        for name, found in asked.items()
        if LINT_TOOLS[name].distribution == tool.distribution
    ]
    return versions[0] if versions and all(versions) else None


def _of_hooks(steps: Mapping[str, _Evidence], asked: Mapping[str, _Evidence]) -> Iterator[str]:
    """Yield the steps whose tools only hooks of the CI call, which pre-commit installs apart from the project."""
    for name, evidence in steps.items():
        if _version_of_hooks(LINT_TOOLS[evidence.format or name], asked):
            yield name


def _lint(found: Mapping[str, _Evidence]) -> Iterator[Finding]:
    if found:
        why = "; ".join(f"{name}: {evidence.why}" for name, evidence in found.items())
        yield Found("lint", {name: _table(evidence) for name, evidence in found.items()}, why)


def _table(evidence: _Evidence) -> dict[str, object]:
    """Return the table of a tool in the configuration."""
    command = evidence.command
    table: dict[str, object] = {}
    if command:
        table["command"] = command if isinstance(command, str) else list(command)
    if evidence.format:
        table["format"] = evidence.format
    return table


def _further(project: ProjectFiles) -> dict[str, _Evidence]:
    """Return the further calls of the tools, which have other options than the first call."""
    source = by_ci(project)
    return {
        f"{tool.name}-{number}": _Evidence(
            why=calls[0].why, command=_command(project, tool, calls), format=tool.name
        )
        for tool in LINT_TOOLS.values()
        for number, calls in enumerate(further_calls(project, source(tool)), start=2)
    }


def _not_planned(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of checks of the CI that the plan does not contain."""
    yield from _programs_elsewhere(project)
    yield from warn_of_changed_files(project)
    yield from warn_of_missing_paths(project)
    mypy = LINT_TOOLS["mypy"]
    if any("--install-types" in c.words for c in project.ci.commands if runs(project, c, mypy)):
        yield Warn(
            "HeroCI leaves out mypy's option --install-types, because a check installs nothing; "
            "if stubs are missing, add them to the project's dependencies (types-requests)"
        )
    yield from _hooks_elsewhere(project)


def _programs_elsewhere(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of programs that the plan does not run, and propose a stage; of two in one task of npm, only one."""
    proposed: set[tuple[str, ...]] = set()
    for name, commands in find_left_out(project).items():
        shown: dict[str, None] = {}
        stage: dict[str, None] = {}
        for command in commands:
            steps = steps_of(project, _job_of(project, command), task_of(project, command))
            if written_steps(project).isdisjoint(steps[-1:]):
                shown[f"{command.brief!r} ({command.source})"] = None
                stage.update({} if steps in proposed else dict.fromkeys(steps))
                proposed.add(steps)
        if shown:
            yield Warn(
                f"the CI also runs {', '.join(shown)}, which the plan does not contain",
                propose_stage(name, stage),
            )


def _job_of(project: ProjectFiles, command: Command) -> Job:
    jobs = (job for job in project.ci.jobs if command in job.commands)
    return next(jobs, Job(name="", source=command.source))


def _hooks_elsewhere(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of hooks that the plan does not run, and propose a stage in which pre-commit or prek runs them."""
    for command in project.ci.commands:
        if runs_unknown_hooks(command, project) and not command.may_fail:
            yield Warn(
                f"the CI also runs {command.brief!r} ({command.source}), which the plan does not contain: "
                "the repository lacks the file with its hooks"
            )
    by_path: dict[str, list[Hook]] = {}
    for hook in find_unknown_hooks(project):
        by_path.setdefault(hook.path, []).append(hook)
    for path, hooks in by_path.items():
        # Only prek reads TOML.
        program = "prek" if path.endswith(".toml") else "pre-commit"
        config = _config_of(project, path)
        lines = {hook: f"{program} run{config} {hook.alias}" for hook in hooks}
        missing = {hook: each for hook, each in lines.items() if each not in written_steps(project)}
        if missing:
            names = ", ".join(dict.fromkeys(map(_describe, missing)))
            steps = (*_installs_for_hooks(project), f"pip install {program}", *missing.values())
            yield Warn(
                f"the CI also runs hooks that the plan does not contain ({path}): {names}",
                propose_stage("hooks", steps),
            )


def _describe(hook: Hook) -> str:
    """Return the name of a hook, with the command of a local one."""
    return f"{hook.id} ({one_line(shlex.join(hook.entry), _BRIEF)})" if hook.entry else hook.id


def _config_of(project: ProjectFiles, path: str) -> str:
    """Return the option for a configuration that pre-commit does not find from the working directory."""
    found = is_found_from(path, {".", project.layout.directory})
    place = relative_path(path, project.layout.directory)
    return " --all-files" if found else f" -c {shlex.quote(place)} --all-files"


def _installs_for_hooks(project: ProjectFiles) -> Iterator[str]:
    """Yield the installations for hooks in the first job that runs them."""
    for job in project.ci.jobs:
        for command in job.commands:
            if hooks_of(command, project):
                yield from installs_of(project, job, command)
                return


def _not_asked(project: ProjectFiles) -> dict[str, _Evidence]:
    of_ci, *of_developers = (partial(_by_call, source) for source in by_developers(project))
    ways: tuple[_Way, ...] = (*of_developers, _by_section, _by_requirement)
    by_evidence = (found for way in ways if (found := _found(project, way)))
    allowed = _found(project, of_ci, every=True)
    return allowed or ({} if find_checks(project) else next(by_evidence, {}))


def _why_optional(names: list[str]) -> str:
    """Return why findings do not fail the run: hooks see only changed files, and a section may be left over."""
    if names:
        return f"the project's own CI does not require {', '.join(names)}"
    return "not configured in this project"


def _found(project: ProjectFiles, way: _Way, *, every: bool = False) -> dict[str, _Evidence]:
    """Return the tools for which there is evidence; only a call of the CI counts for every tool."""
    tools = (tool for tool in LINT_TOOLS.values() if every or not tool.only_by_name)
    return {tool.name: evidence for tool in tools if (evidence := way(project, tool))}


def _by_call(source: Source, project: ProjectFiles, tool: LintTool) -> _Evidence | None:
    found = source(tool)
    if not found:
        return None
    # The CI installs the tools that it calls itself.
    hooks = found if found[0].is_hook else []
    version = next((call.version for call in hooks if call.version), None)
    return _Evidence(why=found[0].why, command=_command(project, tool, found), version=version)


def _command(project: ProjectFiles, tool: LintTool, calls: list[Call]) -> tuple[str, ...]:
    options = python_options(project, tool, calls[0].options)
    return command_of(project, tool, calls, *options, *config_options(project, tool, calls[0]))


def _by_section(project: ProjectFiles, tool: LintTool) -> _Evidence | None:
    why = _section(project, tool)
    return _uncalled(project, tool, why) if why else None


def _uncalled(project: ProjectFiles, tool: LintTool, why: str) -> _Evidence:
    """Return the evidence for a tool that nothing calls; its command must not name paths that it excludes."""
    if not exclusions_of(project, tool):
        return _Evidence(why=why)
    call = Call(why=why, program=tool.command[0], directory=project.layout.directory)
    return _Evidence(why=why, command=command_of(project, tool, [call]))


def _section(project: ProjectFiles, tool: LintTool) -> str | None:
    found = (find_config(project, tool, directory) for directory in project.layout.directories)
    return next((why for _, why in filter(None, found)), None)


def _by_requirement(project: ProjectFiles, tool: LintTool) -> _Evidence | None:
    known = tool.name == tool.distribution and tool.distribution in distributions(project)
    return _uncalled(project, tool, "a dependency of the project") if known else None


def lines_of_linters(project: ProjectFiles) -> frozenset[tuple[str, str]]:
    """Return the lines of the CI whose checks the stage lint makes, each with its source.

    Lines of make, and of tox next to a CI service, are no such lines: the stage need not contain their checks.
    """
    if project.configured("lint") is not None:
        return frozenset()
    return frozenset(
        (command.shown, command.source)
        for command in project.ci.commands
        if not command.may_fail
        and (
            is_check(project, command)
            or any(runs(project, command, tool) for tool in LINT_TOOLS.values())
        )
    )
