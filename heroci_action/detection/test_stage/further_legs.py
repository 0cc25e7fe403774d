"""Legs in which the CI runs the suite again: with another Python, on another database, or in another CI system."""

from __future__ import annotations

from collections.abc import Iterator

from heroci_action.detection.ci.suite import databases_of
from heroci_action.detection.environment.python_version import choose_python
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.project_files import ProjectFiles


def warn_of_further_legs(project: ProjectFiles) -> Iterator[Finding]:
    """State in one line how else the CI runs the suite, unless the configuration chooses a Python or has a matrix."""
    suite = project.ci.suite
    if suite is None or suite.job not in project.ci.jobs or project.configured("matrix"):
        return
    # A file of another system may be forgotten, so that only its name counts.
    files = {job.source for job in suite.twins if _system(job.source) != _system(suite.job.source)}
    twins = [job for job in suite.twins if job.source not in files]
    used = str(project.configured("python") or choose_python(project)[0])
    jobs = (suite.job, *suite.others, *twins)
    versions = {version for job in jobs for version in (*job.pythons, job.python) if version}
    others = versions - {used} if project.configured("python") is None else set()
    pythons = sorted(others, key=lambda text: tuple(map(int, text.split("."))))
    own = databases_of(suite.job)
    databases = {name for job in twins for name in databases_of(job) - own}
    parts = (
        f"with Python {', '.join(pythons)}" if pythons else "",
        f"on {', '.join(sorted(databases))}" if databases else "",
        f"in {', '.join(sorted(files))}" if files else "",
    )
    if any(parts):
        how = "; ".join(filter(None, parts))
        yield Warn(
            f"the CI also runs the suite {how}; HeroCI runs one leg, with Python {used}: "
            "set `python` for this one, or `matrix` for several"
        )


def _system(source: str) -> str:
    """Return the directory or file of a CI system: `.github`, `.travis.yml`."""
    return source.partition("/")[0]
