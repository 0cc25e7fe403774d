"""Read Buildkite, in which each step has its own checkout.

https://buildkite.com/docs/pipelines/configure/step-types/command-step
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from heroci_action.detection.ci.records import Image, Job, Script, Trigger
from heroci_action.detection.ci.systems.jobs import read_job
from heroci_action.detection.ci.yaml_file import items, read_variables, read_yaml, table, texts
from heroci_action.repository.files import RepositoryFiles, join

_FILES = r"\.buildkite/pipeline\.ya?ml|buildkite\.ya?ml"
_PREDEFINED = {"CI": "true", "BUILDKITE": "true"}
# `buildkite-agent pipeline upload .buildkite/tests.yml`
_UPLOAD = re.compile(r"\bpipeline upload\s+([\w./-]+\.ya?ml)")
MAX_DEPTH = 5  # pipelines that upload each other
Table = Mapping[str, Any]


def read_buildkite(tree: RepositoryFiles) -> Iterator[Job]:
    """Yield a job for each step with commands, also of the pipelines that a step uploads."""
    for path in tree.matching(_FILES):
        yield from _pipeline(tree, path, {}, 0)


def _pipeline(
    tree: RepositoryFiles, path: str, env: Mapping[str, str], depth: int
) -> Iterator[Job]:
    content = read_yaml(tree, path)
    env = {**env, **_variables(content)}
    for step in _steps(content.get("steps")):
        uploaded = _UPLOAD.findall(_text(step)) if depth < MAX_DEPTH else []
        for name in uploaded:
            yield from _pipeline(tree, join(name), env, depth + 1)
        if not uploaded and _text(step):
            yield _job(tree, path, step, env)


def _steps(steps: object) -> Iterator[Table]:
    for step in map(table, items(steps)):
        yield from _steps(step.get("steps")) if "group" in step else (step,)


def _text(step: Table) -> str:
    return "\n".join(texts(step.get("command", step.get("commands"))))


def _job(tree: RepositoryFiles, path: str, step: Table, env: Mapping[str, str]) -> Job:
    plugins = dict(_plugins(step))
    image = plugins.get("docker", {}).get("image")
    text = _in_compose(_text(step), plugins.get("docker-compose", {}))
    conditional = bool({"if", "branches", "if_changed"} & set(step))
    job = Job(
        name=str(step.get("label", step.get("key", ""))),
        source=path,
        image=Image.parse(image, source=path) if isinstance(image, str) else None,
        trigger=Trigger.CONDITION if conditional else Trigger.CHANGE,
        may_fail=str(step.get("soft_fail", "")).lower() == "true",
        predefined=_PREDEFINED,
    )
    variables = {**_PREDEFINED, **env, **_variables(step)}
    return read_job(job, [Script(text=text, source=path, env=variables)], tree)


def _variables(level: Table) -> dict[str, str]:
    found = read_variables(level.get("env"))
    return {name: value for name, value in found.items() if value is not None}


def _plugins(step: Table) -> Iterator[tuple[str, Table]]:
    """Yield the plugins with their names: `docker` for `docker#v5.12.0`."""
    plugins = step.get("plugins")
    for entry in items(plugins) or [plugins]:
        for name, options in table(entry).items():
            yield name.partition("#")[0].rpartition("/")[2], table(options)


def _in_compose(text: str, options: Table) -> str:
    """Return the commands as the plugin for Docker Compose runs them in a service."""
    service = options.get("run")
    if not isinstance(service, str):
        return text
    files = [word for file in texts(options.get("config")) for word in ("-f", file)]
    return shlex.join(["docker", "compose", *files, "run", service, "sh", "-c", text])
