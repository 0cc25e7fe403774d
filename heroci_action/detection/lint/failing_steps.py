"""Steps of GitHub's CI whose own script decides that something is wrong: `if [ $lines -ge 80 ]; then exit 1; fi`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from heroci_action.detection.ci.records import Command, Job
from heroci_action.detection.ci.shell.conditions import fails_by_itself
from heroci_action.detection.ci.systems.github_expressions import holds, interpolate
from heroci_action.detection.ci.yaml_file import items, read_yaml, table
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.text import one_line

# The results of other jobs, which a job reads that only sums them up.
_SUMS_UP = re.compile(r"\bneeds\.|toJson\(needs\)")
# `uses: actions/checkout@v4`, `run: git clone …`
_CHECKOUT = re.compile(r"checkout|\bgit\s+(clone|fetch)\b")
_BRIEF = 80  # characters of a step without a name


def find_failing_steps(
    project: ProjectFiles, job: Job, checking: re.Pattern[str], named: list[Command]
) -> Iterator[str]:
    """Yield the steps of a job that must pass, and contain none of the checks that are `named` already.

    The job or the step has a name of a check.
    """
    jobs = table(read_yaml(project.tree, job.source).get("jobs"))
    content = table(jobs.get(job.name.rpartition(" / ")[2]))
    steps = [table(step) for step in items(content.get("steps"))]
    if content.get("outputs") and not any(_CHECKOUT.search(str(step)) for step in steps):
        return  # Without the code, it finds out what other jobs ask for: who started the CI.
    for step in steps:
        script, title = str(step.get("run", "")), str(step.get("name", ""))
        is_check = checking.search(job.name) or checking.search(title)
        known = any(each.words and each.words[0] in script for each in named)
        fails = fails_by_itself(interpolate(script, {}))
        if is_check and _must_pass(step) and fails and not known:
            yield title or one_line(script.strip(), _BRIEF)


def _must_pass(step: Mapping[str, Any]) -> bool:
    allowed = holds(step.get("continue-on-error", "false"), {}) is not False
    conditional = str(step.get("if", "always()")).strip("${ }") != "always()"
    return not (allowed or conditional or _SUMS_UP.search(str(step.get("run", ""))))
