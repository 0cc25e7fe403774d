"""Read Drone, Woodpecker and Bitbucket, whose steps are containers.

https://docs.drone.io/pipeline/docker/overview/, https://woodpecker-ci.org/docs/usage/workflow-syntax,
https://support.atlassian.com/bitbucket-cloud/docs/bitbucket-pipelines-configuration-reference/
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from heroci_action.detection.ci.matrix import Leg, best_leg, python_of
from heroci_action.detection.ci.records import Image, Job, Script, Trigger
from heroci_action.detection.ci.systems.jobs import fill_variables, read_job
from heroci_action.detection.ci.yaml_file import (
    items,
    parse_yaml,
    read_variables,
    read_yaml,
    table,
    texts,
)
from heroci_action.repository.files import RepositoryFiles

_DRONE = r"\.drone\.ya?ml"
_WOODPECKER = r"\.woodpecker(/[\w.-]+)?\.ya?ml"
_BITBUCKET = "bitbucket-pipelines.yml"
# `push` and `pull_request` of Drone, `pull_request_closed` of Woodpecker is none of them.
_USUAL_EVENTS = frozenset({"push", "pull_request"})
_BUILDER = re.compile(
    r"plugins?/.*(docker|kaniko|buildx|ecr|gcr|acr)|plugin-(docker|kaniko|buildx)"
)
Table = Mapping[str, Any]


def read_drone(tree: RepositoryFiles) -> Iterator[Job]:
    """Yield a job for each pipeline of Drone and each workflow of Woodpecker: their steps share the checkout."""
    for path in (*tree.matching(_DRONE), *tree.matching(_WOODPECKER)):
        for pipeline in parse_yaml(tree.text(path)):
            steps = _named(pipeline.get("steps", pipeline.get("pipeline")))
            seldom = [step for step in steps if _trigger(step.get("when")) is Trigger.SELDOM]
            usual = [step for step in steps if step not in seldom]
            # Steps for tags or a schedule are no part of what runs for a change.
            if any(map(_text, usual)):
                yield _pipeline(tree, path, pipeline, usual)
            if any(map(_text, seldom)):
                job = _pipeline(tree, path, pipeline, seldom)
                yield replace(job, trigger=Trigger.SELDOM)


def read_bitbucket(tree: RepositoryFiles) -> Iterator[Job]:
    """Yield a job for each step: it has its own checkout."""
    content = read_yaml(tree, _BITBUCKET)
    seen: list[Table] = []
    for kind, pipelines in table(content.get("pipelines")).items():
        usual = kind in ("default", "pull-requests", "branches")
        named = {"": pipelines} if kind == "default" else table(pipelines)
        for step in (step for pipeline in named.values() for step in _steps(pipeline)):
            # The same step, mostly a YAML anchor, is part of several pipelines.
            if step not in seen:
                seen.append(step)
                yield _step(tree, content, step, Trigger.CHANGE if usual else Trigger.SELDOM)


def _named(value: object) -> list[Table]:
    """Return the steps of a list, or of a table by name."""
    if isinstance(value, Mapping):
        return [{"name": name, **table(step)} for name, step in value.items()]
    return [table(step) for step in items(value)]


def _pipeline(tree: RepositoryFiles, path: str, pipeline: Table, steps: list[Table]) -> Job:
    leg = best_leg(_legs(pipeline.get("matrix")), python=python_of)
    images = [
        Image.parse(fill_variables(str(step.get("image", "")), leg), source=path) for step in steps
    ]
    servers = [*_named(pipeline.get("services")), *(step for step in steps if _detached(step))]
    # https://docs.drone.io/pipeline/environment/reference/
    own = {"DRONE": "true"} if re.fullmatch(_DRONE, path) else {}
    predefined = {"CI": "true", **own}
    job = Job(
        name=str(pipeline.get("name", "")),
        source=path,
        services=tuple(_server(server, path, leg) for server in servers),
        python=next((image.python for image in images if image.python), None),
        trigger=_trigger(pipeline.get("trigger", pipeline.get("when"))),
        predefined=predefined,
    )
    scripts = [
        Script(
            text=_text(step),
            source=path,
            env={**predefined, **leg, **_variables(step.get("environment"))},
            conditions=_conditions_of(step.get("when")),
            may_fail=step.get("failure") == "ignore",
        )
        for step in _in_order(steps)
        if not _detached(step)
    ]
    return read_job(job, scripts, tree)


def _text(step: Table) -> str:
    """Return the commands of a step, also of a plugin such as `plugins/docker`, which builds an image."""
    settings = table(step.get("settings"))
    if "commands" in step or not _BUILDER.search(str(step.get("image", ""))):
        return "\n".join(texts(step.get("commands")))
    given = (("--file", "dockerfile"), ("--target", "target"))
    options = [f"{option}={settings[key]}" for option, key in given if key in settings]
    return shlex.join(["docker", "build", *options, str(settings.get("context", "."))])


def _in_order(steps: list[Table]) -> list[Table]:
    """Return the steps, each after the steps that it depends on."""
    waiting, ordered = list(steps), list[Table]()
    while waiting:
        names = {step.get("name") for step in waiting}
        ready = [step for step in waiting if not names & {*texts(step.get("depends_on"))}]
        # A circle cannot run; its order does not matter.
        ordered += ready or waiting
        waiting = [step for step in waiting if step not in ordered]
    return ordered


def _detached(step: Table) -> bool:
    return step.get("detach") == "true"


def _legs(matrix: object) -> list[Leg]:
    """Return the legs of Woodpecker's matrix, which lists them or has axes; the first value of each other axis."""
    listed: list[Leg] = [table(leg) for leg in items(table(matrix).get("include"))]
    axes = {name: texts(values) for name, values in table(matrix).items() if name != "include"}
    first = {name: values[0] for name, values in axes.items() if values}
    python = next((name for name in first if "python" in name.lower()), None)
    if listed or not python:
        return listed or [first]
    return [{**first, python: version} for version in axes[python]]


def _server(server: Table, path: str, leg: Leg) -> Image:
    name = fill_variables(str(server.get("image", "")), leg)
    env = _variables(server.get("environment"))
    return Image.parse(name, source=path, alias=str(server.get("name", "")), env=env)


def _variables(value: object) -> dict[str, str]:
    """Return variables in a table, or in a list of `NAME=value`; secrets have no value here."""
    return {name: text for name, text in read_variables(value).items() if text is not None}


def _trigger(when: object) -> Trigger:
    """Return how usual the events are; without any, every event starts it."""
    conditions = [table(each) for each in items(when)] or [table(when)]
    events = [event for each in conditions for event in _events(each.get("event"))]
    if events and not _USUAL_EVENTS.intersection(events):
        return Trigger.SELDOM
    return Trigger.CONDITION if any("path" in each for each in conditions) else Trigger.CHANGE


def _conditions_of(when: object) -> frozenset[str]:
    usual = _trigger(when) is Trigger.CHANGE
    return frozenset(() if usual else (str(when),))


def _events(value: object) -> list[str]:
    excluded = texts(table(value).get("exclude"))
    if excluded:
        return sorted(_USUAL_EVENTS.difference(excluded)) or ["none"]
    return texts(table(value).get("include", value))


def _steps(pipeline: object) -> Iterator[Table]:
    """Yield the steps of one of Bitbucket's pipelines, those in parallel and in stages too."""
    for entry in map(table, items(pipeline)):
        if "step" in entry:
            yield table(entry["step"])
        for group in ("parallel", "stage"):
            inner = entry.get(group)
            yield from _steps(table(inner).get("steps", inner))


def _step(tree: RepositoryFiles, content: Table, step: Table, trigger: Trigger) -> Job:
    defined = table(table(content.get("definitions")).get("services"))
    named = {name: table(defined.get(name)) for name in texts(step.get("services"))}
    servers = [
        {"name": name, "image": server["image"], "environment": server.get("variables")}
        for name, server in named.items()
        if isinstance(server.get("image"), str)
    ]
    image = step.get("image", content.get("image", ""))
    name = image if isinstance(image, str) else str(table(image).get("name", ""))
    by_hand = step.get("trigger") == "manual"
    job = Job(
        name=str(step.get("name", "")),
        source=_BITBUCKET,
        image=Image.parse(name, source=_BITBUCKET) if name else None,
        services=tuple(_server(server, _BITBUCKET, {}) for server in servers),
        trigger=Trigger.SELDOM if by_hand else trigger,
        predefined={"CI": "true"},
    )
    lines = "\n".join(texts(step.get("script")))
    return read_job(job, [Script(text=lines, source=_BITBUCKET, env={"CI": "true"})], tree)
