"""Read the pipelines of Azure.

https://learn.microsoft.com/azure/devops/pipelines/yaml-schema/
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from heroci_action.detection.ci.matrix import (
    Leg,
    best_leg,
    newest_python,
    python_of,
    pythons_of,
    similar_legs,
)
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import ROOT, UNKNOWN, Image, Job, LeftOut, Script, Trigger
from heroci_action.detection.ci.systems.azure_templates import Scope, template_path
from heroci_action.detection.ci.systems.foreign_workflow import ELSEWHERE
from heroci_action.detection.ci.systems.github_expressions import Partial, holds
from heroci_action.detection.ci.systems.jobs import read_job
from heroci_action.detection.ci.yaml_file import items, read_yaml, table
from heroci_action.repository.files import RepositoryFiles

# Azure's own name, and folders for such files; a project may give them any name.
AZURE = (
    r"(\.azure/|\.pipelines/)?azure-pipelines[\w.-]*\.ya?ml|"
    r"(\.azure-pipelines|azure-pipelines|\.azuredevops|\.ado)/[\w./-]+\.ya?ml"
)
_DEFAULT = re.compile(r"azure-pipelines\.ya?ml$")
_PREDEFINED = {
    "CI": "true",
    "TF_BUILD": "True",
    "BUILD_SOURCESDIRECTORY": ROOT,
    "SYSTEM_DEFAULTWORKINGDIRECTORY": ROOT,
}
_REASONS = ("IndividualCI", "PullRequest")
# `template: ci/steps.yml`
_TEMPLATE = re.compile(r"\btemplate:\s*['\"]?([\w./-]+)")
# `##vso[task.setvariable variable=MODE]ci`
_SET = re.compile(r"##vso\[task\.setvariable variable=([\w.]+)[^\]]*\]([^\"'\n]*)")
_SHELLS = ("script", "bash", "pwsh", "powershell")
Table = Mapping[str, Any]


def read_azure(tree: RepositoryFiles) -> Iterator[Job]:
    """Yield the jobs of every pipeline, those of Azure's own file name first; templates are read in place."""
    paths = sorted(tree.matching(AZURE), key=lambda path: _DEFAULT.search(path) is None)
    used = {
        template_path(name, path) for path in paths for name in _TEMPLATE.findall(tree.text(path))
    }
    for path in paths:
        if path not in used:
            yield from _pipeline(tree, path)


def _pipeline(tree: RepositoryFiles, path: str) -> Iterator[Job]:
    document = read_yaml(tree, path)
    scope = Scope(tree=tree, path=path).with_defaults(document)
    trigger = _trigger(document)
    extended = table(document.get("extends"))
    if extended:
        name, content = scope.with_variables(document.get("variables")).read_template(
            extended.get("template")
        )
        parameters = dict(table(extended.get("parameters")))
        scope = replace(scope, path=name, parameters=parameters).with_defaults(content)
        document = {**document, **content}
    scope = scope.with_variables(document.get("variables"))
    for stage, around in scope.entries(document.get("stages"), "stages") or ():
        yield from _jobs(stage, around, document, trigger)
    yield from _jobs(document, scope, document, trigger)


def _trigger(document: Table) -> Trigger:
    """Return how usual the pipeline is; without `pr`, a policy of the repository may start it."""
    by_hand = document.get("trigger") == document.get("pr", "none") == "none"
    return Trigger.SELDOM if by_hand and "schedules" in document else Trigger.CHANGE


def _jobs(level: Table, scope: Scope, document: Table, trigger: Trigger) -> Iterator[Job]:
    """Yield the jobs of a stage, or of a pipeline; either may consist of the steps of one job."""
    if level is not document:
        scope = scope.with_variables(level.get("variables"))
    found = list(scope.entries(level.get("jobs"), "jobs"))
    if not found and level.get("steps") is not None:
        found = [({**level, "variables": None}, scope)]
    for content, around in found:
        job = _Job(content=content, scope=around, document=document, trigger=trigger)
        yield from job.read(level)


@dataclass(kw_only=True)
class _Job:
    """A job of a pipeline."""

    content: Table
    scope: Scope
    document: Table
    trigger: Trigger

    def read(self, level: Table, leg: Leg | None = None) -> Iterator[Job]:
        """Yield the job in the best leg of its matrix; nothing if it never runs for a change."""
        matrix = self.scope.table(table(self.content.get("strategy")).get("matrix"))
        legs = [dict(table(one)) for one in matrix.values()]
        leg = best_leg(legs, python=python_of) if leg is None else leg
        scope = self.scope.with_variables(self.content.get("variables")).with_variables(leg)
        runs = [_runs(each, scope) for each in (level, self.content)]
        if False in runs:
            return
        usual = not self.scope.conditions and None not in runs
        steps = [*scope.entries(self._steps(), "steps")]
        job = Job(
            name=scope.fill(self.content.get("job", self.content.get("deployment", ""))),
            source=scope.path,
            image=self._container(scope),
            services=tuple(self._services(scope)),
            python=newest_python(_pythons(steps)),
            trigger=max(self.trigger, Trigger.CHANGE if usual else Trigger.CONDITION),
            may_fail=_is("true", self.content.get("continueOnError"), scope),
            is_linux=not self._runs_elsewhere(scope),
            predefined=_PREDEFINED,
            pythons=pythons_of(legs, python_of),
            similar=lambda: tuple(
                job
                for other in similar_legs(legs, leg or {}, python=python_of)
                for job in self.read(level, other)
            ),
        )
        found = read_job(job, _scripts(steps), scope.tree)
        elsewhere = tuple(_elsewhere([(self.content, scope), *steps]))
        yield replace(found, not_followed=(*found.not_followed, *elsewhere))

    def _steps(self) -> object:
        """Return the steps; a deployment has them below its strategy."""
        once = table(table(self.content.get("strategy")).get("runOnce"))
        return self.content.get("steps", table(once.get("deploy")).get("steps"))

    def _runs_elsewhere(self, scope: Scope) -> bool:
        pool = table(self.content.get("pool") or self.document.get("pool"))
        return scope.fill(pool.get("vmImage", "")).lower().startswith(("win", "mac", "vs"))

    def _container(self, scope: Scope) -> Image | None:
        named = self.content.get("container", self.document.get("container"))
        return self._image(named, scope) if named else None

    def _services(self, scope: Scope) -> Iterator[Image]:
        services = self.content.get("services", self.document.get("services"))
        for alias, named in table(services).items():
            yield self._image(named, scope, str(alias))

    def _image(self, named: object, scope: Scope, alias: str = "") -> Image:
        """Return an image that is named by itself, or by a container among the resources."""
        resources = table(self.document.get("resources")).get("containers")
        declared = {str(entry.get("container")): entry for entry in map(table, items(resources))}
        name = scope.fill(named) if isinstance(named, str) else ""
        entry = declared.get(name, table(named))
        env = {key: scope.fill(text) for key, text in table(entry.get("env")).items()}
        reference = scope.fill(entry.get("image", name))
        return Image.parse(reference, source=scope.path, alias=alias, env=env)


def _elsewhere(entries: list[tuple[Table, Scope]]) -> Iterator[LeftOut]:
    """Yield the templates of other repositories."""
    for entry, scope in entries:
        if "template" in entry:
            line = f"template: {entry['template']}"
            yield LeftOut(line=line, source=scope.path, reason=ELSEWHERE)


def _runs(level: Table, scope: Scope) -> bool | None:
    """Return whether a stage, job or step runs for a change; None if that is not known."""
    if _is("false", level.get("enabled"), scope):
        return False
    condition = level.get("condition")
    if condition is None:
        return True
    found = [
        holds(
            scope.fill(condition),
            {**scope.contexts, "variables": Partial({**scope.variables, **own})},
        )
        for own in ({"Build.Reason": reason} for reason in _REASONS)
    ]
    return True if True in found else None if None in found else False


def _is(word: str, value: object, scope: Scope) -> bool:
    """Return whether a value is this word, `true` or `false`; a missing one is neither."""
    return value is not None and scope.fill(value).lower() == word


def _pythons(steps: list[tuple[Table, Scope]]) -> Iterator[str]:
    for step, scope in steps:
        if str(step.get("task", "")).startswith("UsePythonVersion@"):
            yield scope.fill(table(step.get("inputs")).get("versionSpec", "3.x"))


def _scripts(steps: list[tuple[Table, Scope]]) -> Iterator[Script]:
    """Yield the scripts of the steps; a script may set variables for later ones."""
    added: dict[str, str] = {}
    for step, own in steps:
        scope = replace(own, variables={**own.variables, **added})
        text, inputs = _text(step), table(step.get("inputs"))
        runs = _runs(step, scope)
        if not text or runs is False:
            continue
        filled = scope.fill(text)
        env = {name: scope.fill(value) for name, value in table(step.get("env")).items()}
        place = step.get("workingDirectory", inputs.get("workingDirectory", "."))
        conditions = scope.conditions | ({str(step.get("condition"))} if runs is None else set())
        yield Script(
            text=filled,
            source=scope.path,
            directory=locate(scope.fill(place), ".") or UNKNOWN,
            env={**_PREDEFINED, **_environment(scope.variables), **env},
            conditions=conditions,
            may_fail=_is("true", step.get("continueOnError"), scope),
            # https://learn.microsoft.com/azure/devops/pipelines/tasks/reference/bash-v3#remarks
            goes_on=True,
        )
        if not conditions:
            added |= dict(_SET.findall(filled))


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables that Azure makes of a pipeline's variables."""
    return {name.upper().replace(".", "_"): value for name, value in variables.items()}


def _text(step: Table) -> str:
    """Return the shell lines of a step; a task has them among its inputs."""
    if text := next((step[name] for name in _SHELLS if step.get(name)), None):
        return str(text)
    inputs = table(step.get("inputs"))
    match str(step.get("task", "")).partition("@")[0]:
        case "Docker" if inputs.get("command") in ("build", "buildAndPush"):
            file = inputs.get("Dockerfile", "Dockerfile")
            return shlex.join(["docker", "build", "-f", file, inputs.get("buildContext", ".")])
        case "DockerCompose":
            files = shlex.join(["-f", inputs.get("dockerComposeFile", "docker-compose.yml")])
            return f"docker compose {files} {inputs.get('dockerComposeCommand', 'up -d')}"
        case "Bash" | "ShellScript" if "filePath" in inputs or "scriptPath" in inputs:
            file = inputs.get("filePath", inputs.get("scriptPath"))
            return (
                f"bash {shlex.quote(str(file))} {inputs.get('arguments', inputs.get('args', ''))}"
            )
    return str(inputs.get("script", ""))
