"""Read the workflows of GitHub Actions, and of the services that read the same files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from heroci_action.detection.ci.compose.image_build import ImageBuild
from heroci_action.detection.ci.expand import Context
from heroci_action.detection.ci.matrix import (
    Leg,
    best_leg,
    legs_of,
    newest_python,
    python_of,
    pythons_of,
    similar_legs,
)
from heroci_action.detection.ci.records import (
    ROOT,
    Image,
    Job,
    Trigger,
)
from heroci_action.detection.ci.systems.foreign_workflow import read_inputs
from heroci_action.detection.ci.systems.github_actions import default_inputs
from heroci_action.detection.ci.systems.github_checkout import (
    context_of_services,
    with_options,
)
from heroci_action.detection.ci.systems.github_events import GITHUB, holds_for_change, trigger_of
from heroci_action.detection.ci.systems.github_expressions import (
    Partial,
    holds,
    interpolate,
    read_env,
    value_of,
)
from heroci_action.detection.ci.systems.github_steps import ENV, MAX_CALLS, OUTPUT, PATH, Steps
from heroci_action.detection.ci.systems.service_files import (
    created_files,
    service_file,
)
from heroci_action.detection.ci.working_tree import WorkingTree
from heroci_action.detection.ci.yaml_file import items, read_yaml, table, texts
from heroci_action.detection.ci.yaml_numbers import write_as_github
from heroci_action.repository.files import RepositoryFiles, join

WORKFLOWS = r"\.(github|forgejo|gitea)/workflows/[^/]+\.ya?ml"
# `macos-15`
_OTHER_SYSTEM = re.compile(r"(?i)(macos|windows)\b")
_DEFAULTS = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_WORKSPACE": ROOT,
    "RUNNER_OS": "Linux",
    "GITHUB_ENV": ENV,
    "GITHUB_OUTPUT": OUTPUT,
    "GITHUB_PATH": PATH,
    "GITHUB_STEP_SUMMARY": service_file("GITHUB_STEP_SUMMARY"),
}
_RUNNER = Partial(os="Linux", arch="X64", temp="/tmp")  # noqa: S108  # the runner's, not ours


def read_workflows(tree: RepositoryFiles) -> Iterator[Job]:
    """Yield the jobs of every workflow; reusable workflows are read in place."""
    for path in tree.matching(WORKFLOWS):
        workflow = write_as_github(read_yaml(tree, path))
        trigger = trigger_of(workflow.get("on"))
        if trigger is not None:
            yield from _Workflow(tree=tree, path=path, workflow=workflow, trigger=trigger).jobs()


@dataclass(kw_only=True)
class _Workflow:
    """A workflow file, called with these inputs."""

    tree: RepositoryFiles
    path: str
    workflow: Mapping[str, Any]
    trigger: Trigger
    inputs: Mapping[str, Any] = field(default_factory=dict)
    caller: str = ""
    depth: int = 0
    builds: list[ImageBuild] = field(default_factory=list)  # of the jobs so far

    @property
    def predefined(self) -> dict[str, str]:
        """Return the variables that GitHub sets; a workflow without a name has its path."""
        return {**_DEFAULTS, "GITHUB_WORKFLOW": str(self.workflow.get("name") or self.path)}

    def jobs(self) -> Iterator[Job]:
        """Yield the jobs in the order of the file."""
        for name, content in table(self.workflow.get("jobs")).items():
            job = _Job(workflow=self, name=f"{self.caller}{name}", content=table(content))
            if job.is_possible():
                yield from job.read()

    def call(self, path: str, inputs: Mapping[str, Any], caller: str) -> Iterator[Job]:
        """Yield the jobs of a reusable workflow of the repository."""
        workflow = write_as_github(read_yaml(self.tree, path))
        if self.depth < MAX_CALLS and workflow:
            declared = table(table(table(workflow.get("on")).get("workflow_call")).get("inputs"))
            yield from _Workflow(
                tree=self.tree,
                path=path,
                workflow=workflow,
                trigger=self.trigger,
                inputs={**default_inputs(declared), **inputs},
                caller=f"{caller} / ",
                depth=self.depth + 1,
                builds=self.builds,
            ).jobs()


@dataclass(kw_only=True)
class _Job:
    """A job of a workflow, read in the best leg of its matrix."""

    workflow: _Workflow
    name: str
    content: Mapping[str, Any]
    leg: Leg | None = None
    legs: list[Leg] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    outputs: Partial = field(default_factory=Partial)

    def __post_init__(self) -> None:
        if self.leg is None:
            matrix = value_of(table(self.content.get("strategy")).get("matrix"), self._with({}))
            axes = {key: value_of(value, self._with({})) for key, value in table(matrix).items()}
            self.legs = legs_of(axes)
            self.leg = best_leg(self.legs, python=self._python_of, may_fail=self._lets_fail)
        self.env = dict(self.workflow.predefined)
        container = table(self.content.get("container")).get("env")
        for level in (self.workflow.workflow.get("env"), container, self.content.get("env")):
            self.env |= self._variables(level)

    @property
    def _may_fail(self) -> object:
        return self.content.get("continue-on-error", "false")

    def _lets_fail(self, leg: Leg) -> bool:
        return bool(holds(self._may_fail, self._with(leg)))

    @property
    def contexts(self) -> dict[str, Any]:
        """Return what expressions may refer to."""
        return self._with(self.leg or {})

    def _with(self, leg: Leg) -> dict[str, Any]:
        return {
            "matrix": leg,
            "inputs": self.workflow.inputs,
            "env": self.env,
            "job": Partial(services=context_of_services(self.content.get("services"))),
            "github": GITHUB,
            "runner": _RUNNER,
            "steps": self.outputs,
            "strategy": {"job-index": "0", "job-total": "1"},
        }

    def _variables(self, value: object) -> dict[str, str]:
        return read_env(value, self.contexts)

    def _python_of(self, leg: Leg) -> str:
        """Return the Python of a leg, from a setup step, the container or the matrix."""
        contexts = self._with(leg)
        steps = (table(table(step).get("with")) for step in items(self.content.get("steps")))
        versions = (
            interpolate(step["python-version"], contexts)
            for step in steps
            if step.get("python-version")
        )
        image = self._container(contexts)
        return next(versions, None) or (image.python if image else None) or python_of(leg)

    def is_possible(self) -> bool:
        """Return whether the job may run for a push or a pull request."""
        return self._condition() is not False

    def _condition(self) -> bool | None:
        return holds_for_change(self.content.get("if"), self.contexts, self.workflow.trigger)

    @property
    def _trigger(self) -> Trigger:
        usual = Trigger.CHANGE if self._condition() else Trigger.CONDITION
        return max(self.workflow.trigger, usual)

    def read(self) -> Iterator[Job]:
        """Yield the job, or the jobs of the workflow that it calls."""
        uses = str(self.content.get("uses", ""))
        if uses.startswith("./"):
            given = table(self.content.get("with")).items()
            inputs = {name: value_of(text, self.contexts) for name, text in given}
            yield from self.workflow.call(join(uses), inputs, self.name)
        elif uses:
            inputs = self._variables(self.content.get("with"))
            job = Job(name=self.name, source=self.workflow.path, trigger=self._trigger)
            yield read_inputs(job, uses, inputs, self.workflow.tree)
        else:
            yield self._with_commands()

    def _with_commands(self) -> Job:
        """Return the job with the commands of its steps; what these set counts for all of it."""
        image = self._container(self.contexts)
        state = Context(
            files=WorkingTree(self.workflow.tree),
            python=newest_python([self._python_of(self.leg or {})]),
            in_docker=True if image else self._runs_in_docker(),
            builds=self.workflow.builds,
        )
        steps = self._reader(state)
        commands = tuple(steps.read(items(self.content.get("steps"))))
        return Job(
            name=self.name,
            source=self.workflow.path,
            commands=commands,
            services=(*self._services(), *steps.servers),
            image=image,
            python=newest_python(steps.pythons) or state.python,
            trigger=self._trigger,
            pythons=pythons_of(self.legs, self._python_of, self._lets_fail),
            may_fail=self._lets_fail(self.leg or {}),
            is_linux=not self._runs_elsewhere(),
            predefined=self.workflow.predefined,
            created=created_files(state.files),
            similar=self._similar,
            not_followed=tuple(state.not_followed),
            actions=tuple(state.actions),
        )

    def _reader(self, state: Context) -> Steps:
        """Return the reader of the job's steps, which adds to the variables and outputs of the job."""
        return Steps(
            tree=self.workflow.tree,
            source=self.workflow.path,
            trigger=self.workflow.trigger,
            workflow=self.workflow.workflow,
            job=self.content,
            contexts=self.contexts,
            state=state,
        )

    @property
    def _labels(self) -> list[str]:
        return texts(value_of(self.content.get("runs-on"), self.contexts))

    def _runs_elsewhere(self) -> bool:
        """Return whether the job runs on macOS or Windows."""
        return any(_OTHER_SYSTEM.match(label) for label in self._labels)

    def _runs_in_docker(self) -> bool | None:
        """Return that GitHub's own runners are machines; None for any other runner, which may be a container."""
        is_hosted = len(self._labels) == 1 and self._labels[0].startswith("ubuntu-")
        return False if is_hosted else None

    def _similar(self) -> tuple[Job, ...]:
        legs = similar_legs(self.legs, self.leg or {}, python=self._python_of)
        jobs = (
            _Job(workflow=self.workflow, name=self.name, content=self.content, leg=leg)
            for leg in legs
        )
        return tuple(found for job in jobs for found in job.read())

    def _container(self, contexts: Mapping[str, Any]) -> Image | None:
        container = self.content.get("container")
        name = table(container).get("image") if isinstance(container, Mapping) else container
        if not isinstance(name, str):
            return None
        return Image.parse(interpolate(name, contexts), source=self.workflow.path)

    def _services(self) -> Iterator[Image]:
        """Yield the servers that the job starts; GitHub starts none if the name of the image is empty."""
        for alias, service in table(self.content.get("services")).items():
            name = service if isinstance(service, str) else table(service).get("image")
            text = interpolate(name, self.contexts) if isinstance(name, str) else ""
            if text:
                env = self._variables(table(service).get("env"))
                image = Image.parse(text, source=self.workflow.path, alias=alias, env=env)
                yield with_options(image, table(service), self.contexts)
