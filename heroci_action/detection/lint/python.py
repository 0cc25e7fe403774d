"""The Python with which the CI runs a linter, if it is not the Python of the tests, which runs HeroCI's."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from heroci_action.detection.ci.records import Job
from heroci_action.detection.environment.python_version import choose_python, passes_over
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.lint.commands import runs
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.requirements.installs import read_installs_of
from heroci_action.plan.stages import SUPPORTED_PYTHONS
from heroci_action.readers.format import LintTool
from heroci_action.readers.registry import LINT_TOOLS
from heroci_action.repository.files import join

# Where a project fixes the version for which a tool checks.
_FILES = ("pyproject.toml", "setup.cfg", "mypy.ini", ".mypy.ini")


def warn_of_pythons(project: ProjectFiles, planned: Collection[str]) -> Iterator[Finding]:
    """Warn of linters of the plan whose findings depend on their Python, if the CI runs them with another one."""
    names: dict[str, list[str]] = {}
    for tool in (tool for tool in LINT_TOOLS.values() if tool.name in planned):
        if tool.python_matters and (job := _other_job(project, tool)):
            where = f"Python {job.python} ({': '.join(filter(None, (job.source, job.name)))})"
            names.setdefault(where, []).append(tool.name)
    for where, tools in names.items():
        yield Warn(
            f"the CI runs {', '.join(tools)} with {where}, and HeroCI with {_of_tests(project)}, the Python of the "
            "tests, so that the findings may differ"
        )


def python_options(
    project: ProjectFiles, tool: LintTool, given: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the option with which a tool checks for the Python of the CI, unless the project fixes another version."""
    option = tool.python_option
    job = _other_job(project, tool) if option else None
    # Tools refuse versions that are older than themselves.
    if job is None or job.python not in SUPPORTED_PYTHONS:
        return ()
    paths = (join(place, name) for place in project.layout.directories for name in _FILES)
    texts = (*given, *map(project.tree.text, paths))
    name = str(option).strip("-").replace("-", "_")
    is_fixed = any(name in text.replace("-", "_") for text in texts)
    return () if is_fixed else (f"{option}={job.python}",)


def _other_job(project: ProjectFiles, tool: LintTool) -> Job | None:
    """Return the job that calls a tool with another Python than the tests'; None if one calls it with the same."""
    jobs = [
        job for job in project.ci.jobs if any(runs(project, each, tool) for each in job.commands)
    ]
    pythons = {job.python for job in jobs if not _takes_another(project, job)}
    is_known = bool(pythons) and None not in pythons and _of_tests(project) not in pythons
    return jobs[0] if is_known else None


def _takes_another(project: ProjectFiles, job: Job) -> bool:
    return passes_over(project, job.python, read_installs_of(project, job.commands))


def _of_tests(project: ProjectFiles) -> str:
    return str(project.configured("python") or choose_python(project)[0])
