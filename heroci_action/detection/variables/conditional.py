"""Variables that the CI sets for the tests only under a condition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from heroci_action.detection.ci.records import LeftOut
from heroci_action.detection.ci.tool_variables import may_change_tests
from heroci_action.detection.project_files import ProjectFiles

_OF_SHELL = frozenset({"PATH", "HOME", "PWD", "IFS", "LANG", "LC_ALL"})


def find_conditional_variables(project: ProjectFiles) -> Iterator[LeftOut]:
    """Yield the assignments that the tests do not have; the ones that no code of the project mentions are harmless."""
    suite = project.ci.suite
    if suite is None:
        return
    env = suite.main.command.env
    found = dict.fromkeys(each for run in suite.runs for each in run.command.perhaps)
    for each in (each for each in found if each.is_local or env.get(each.name) != each.value):
        line = each.left_out()
        is_read = may_change_tests(each.name) and each.name not in _OF_SHELL and not each.is_local
        known = is_read and bool(project.tree.python_with(each.name))
        yield line if known else replace(line, variable="", harmless=True)
