"""Read Semaphore, whose jobs run after the prologue of their block.

https://docs.semaphoreci.com/reference/pipeline-yaml
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from heroci_action.detection.ci.matrix import Leg, best_leg, legs_of, python_of
from heroci_action.detection.ci.named_python import chosen_python
from heroci_action.detection.ci.records import Image, Job, Script, Trigger
from heroci_action.detection.ci.systems.jobs import read_job
from heroci_action.detection.ci.yaml_file import items, read_yaml, table, texts
from heroci_action.repository.files import RepositoryFiles

PATH = ".semaphore/semaphore.yml"
_PREDEFINED = {"CI": "true", "SEMAPHORE": "true"}
# Programs of its toolbox that the tests do not need.
_TOOLBOX = re.compile(r"(checkout|cache|artifact|retry-cache|test-results)\b")
Table = Mapping[str, Any]


def read_semaphore(tree: RepositoryFiles) -> Iterator[Job]:
    """Yield the jobs of every block."""
    content = read_yaml(tree, PATH)
    usual = table(content.get("global_job_config"))
    for block in map(table, items(content.get("blocks"))):
        task = table(block.get("task"))
        agent = table(task.get("agent", content.get("agent")))
        # `run` and `skip` are conditions on branches and changed files.
        trigger = Trigger.CONDITION if {"run", "skip"} & set(block) else Trigger.CHANGE
        for job in map(table, items(task.get("jobs"))):
            yield _job(tree, (usual, task, job), table(agent), trigger)


def _job(tree: RepositoryFiles, levels: tuple[Table, ...], agent: Table, trigger: Trigger) -> Job:
    """Return a job; `levels` are the configuration of all jobs, of its block, and its own."""
    env = {name: value for level in levels for name, value in _variables(level).items()}
    env |= best_leg(_legs(levels[-1]), python=python_of)
    prologues = (table(level.get("prologue")).get("commands") for level in levels[:-1])
    lines = [line for each in (*prologues, levels[-1].get("commands")) for line in texts(each)]
    containers = [_image(entry) for entry in map(table, items(agent.get("containers")))]
    job = Job(
        name=str(levels[-1].get("name", "")),
        source=PATH,
        image=next(iter(containers), None),
        services=tuple(containers[1:]),
        trigger=trigger,
        predefined=_PREDEFINED,
    )
    text = "\n".join(line for line in lines if not _TOOLBOX.match(line))
    read = read_job(job, [Script(text=text, source=PATH, env={**_PREDEFINED, **env})], tree)
    return replace(read, python=chosen_python(read.commands) or read.python)


def _variables(level: Table) -> dict[str, str]:
    entries = map(table, items(level.get("env_vars")))
    return {str(entry.get("name", "")): str(entry.get("value", "")) for entry in entries}


def _legs(job: Table) -> list[Leg]:
    axes = map(table, items(job.get("matrix")))
    named = {str(axis.get("env_var", "")): texts(axis.get("values")) for axis in axes}
    return legs_of(named)


def _image(container: Table) -> Image:
    name = str(container.get("image", ""))
    return Image.parse(
        name, source=PATH, alias=str(container.get("name", "")), env=_variables(container)
    )
