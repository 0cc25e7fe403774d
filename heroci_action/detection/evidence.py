"""The findings of the project's CI and compose files, in one place for the detectors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from heroci_action.detection.ci.project_ci import ProjectCI
from heroci_action.detection.ci.records import Command, Image
from heroci_action.detection.ci.yaml_file import read_yaml, table
from heroci_action.repository.files import RepositoryFiles

_COMPOSE = r"(.*/)?(docker-)?compose[^/]*\.ya?ml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The commands of every job and of the suite's, with its variables, images and Python.

    A variable comes with the file that sets it.
    """

    commands: tuple[Command, ...] = ()
    testing: tuple[Command, ...] = ()
    env: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    images: tuple[Image, ...] = ()
    pythons: tuple[tuple[str, str], ...] = ()


def gather(tree: RepositoryFiles, ci: ProjectCI) -> Evidence:
    """Collect the commands, variables, images and Python versions."""
    suite = ci.suite
    is_ci = suite is not None and suite.job in ci.jobs
    source = suite.job.source if suite else ""
    return Evidence(
        commands=ci.commands,
        testing=ci.tests if is_ci else (),
        env={name: (value, source) for name, value in ci.env.items()},
        images=(*ci.services, *_compose_images(tree)),
        pythons=((suite.job.python, source),) if suite and suite.job.python else (),
    )


def _compose_images(tree: RepositoryFiles) -> Iterator[Image]:
    for path in tree.matching(_COMPOSE):
        for service in table(read_yaml(tree, path).get("services")).values():
            name = table(service).get("image")
            if isinstance(name, str):
                # "${POSTGRES_IMAGE:-postgres:16}" names its default.
                default = re.fullmatch(r"\$\{\w+:?-(.*)\}", name)
                yield Image.parse(default[1] if default else name, source=path)
