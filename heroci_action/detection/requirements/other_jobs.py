"""The installations of another job, for a suite whose own job installs no Django and uses that job's environment."""

from __future__ import annotations

from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.requirements.files import (
    distribution,
    parse_requirements,
    read_requirements,
)
from heroci_action.detection.requirements.installs import Installs, merge, read_installs_of


def with_other_job(project: ProjectFiles, installs: Installs) -> Installs:
    """Return the installations of the suite's job, after those of an earlier job if only that installs Django.

    GitLab hands `venv/` over in a cache; without Django, no test could run.
    """
    suite = project.ci.suite
    is_open = installs.files and not (installs.locks or installs.project or installs.groups)
    if suite is None or not is_open or _names_django(project, installs):
        return installs
    jobs = (job for job in project.ci.jobs if job.source == suite.job.source and job != suite.job)
    found = (read_installs_of(project, job.commands) for job in jobs)
    # A lock file or the project itself would take the place of the suite's own files.
    plain = (each for each in found if not (each.locks or each.project or each.groups))
    other = next((each for each in plain if _names_django(project, each)), None)
    return merge(other, installs) if other else installs


def _names_django(project: ProjectFiles, installs: Installs) -> bool:
    """Return whether a requirement is Django, or may bring it: `django-oscar`, `wagtail`."""
    files = read_requirements(project.tree, installs.files)
    names = map(distribution, (*files, *parse_requirements(installs.packages)))
    return any("django" in name or name.startswith("wagtail") for name in names)
