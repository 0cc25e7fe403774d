"""Variables that the CI sets for the tests only under a condition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from heroci_action.detection.ci.records import LeftOut
from heroci_action.detection.project_files import ProjectFiles


def find_conditional_variables(project: ProjectFiles) -> Iterator[LeftOut]:
    """Yield the assignments that the tests do not have; those of which no code of the project speaks are harmless."""
    suite = project.ci.suite
    if suite is None:
        return
    env = suite.main.command.env
    for line in (each for job in (suite.job, *suite.others) for each in job.conditional):
        name, _, value = line.line.partition("=")
        if env.get(name) != value:
            known = bool(project.tree.python_with(name))
            yield line if known else replace(line, variable="", harmless=True)
