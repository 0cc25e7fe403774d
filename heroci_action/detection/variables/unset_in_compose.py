"""Variables that Compose fills with nothing, unless a page of the CI service sets them: `API_KEY: ${API_KEY}`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from heroci_action.detection.ci.compose.calls import entered_services
from heroci_action.detection.ci.records import UNKNOWN
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.project_files import ProjectFiles

# GitHub's files name every secret; the jobs of the other services also get those of a page.
_NAMES_ALL = ".github/"


def warn_of_unset_variables(project: ProjectFiles) -> Iterator[Finding]:
    """Warn of the variables of the tests' container with a value that no file sets, so that the plan has nothing."""
    names = [name for name in _unset(project) if name not in (project.configured("env") or {})]
    suite = project.ci.suite
    if suite is None or not names:
        return
    yield Warn(
        f"no file sets what Compose gives the tests as {', '.join(names)}, so that it is empty in the plan; if a page "
        f"of the CI service ({suite.job.source}) contains values for the tests, set {', '.join(map(_key, names))}",
        tuple(f'{_key(name)} = ""' for name in names),
    )


def _key(name: str) -> str:
    return f"env.{name}"


def _unset(project: ProjectFiles) -> Iterator[str]:
    suite = project.ci.suite
    if suite is None or project.ci.is_local or suite.job.source.startswith(_NAMES_ALL):
        return
    command = suite.main.command
    used, service = next(entered_services(command, project.tree), (None, ""))
    if used is not None and used.paths and service in used.services:
        given = used.environment(service)
        unset = replace(used, unset=UNKNOWN).unknown_variables(service)
        yield from (
            name for name in given if name in unset and command.env.get(name) == given[name]
        )
