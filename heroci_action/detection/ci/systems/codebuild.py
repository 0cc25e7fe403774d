"""Read AWS CodeBuild, whose build runs its phases in a fixed order.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from heroci_action.detection.ci.records import ROOT, Job, LeftOut, Script
from heroci_action.detection.ci.systems.jobs import read_job
from heroci_action.detection.ci.yaml_file import read_variables, read_yaml, table, texts
from heroci_action.repository.files import RepositoryFiles

# The usual name, and names that a project of CodeBuild may have instead.
FILES = r"(.*/)?buildspec[\w.-]*\.ya?ml|(.*/)?buildspecs?/[\w.-]+\.ya?ml"
_PHASES = ("install", "pre_build", "build", "post_build")
_PREDEFINED = {"CODEBUILD_CI": "true", "CODEBUILD_SRC_DIR": ROOT}
Table = Mapping[str, Any]


def read_codebuild(tree: RepositoryFiles) -> Iterator[Job]:
    """Yield a job for each build specification."""
    for path in tree.matching(FILES):
        content = read_yaml(tree, path)
        phases = table(content.get("phases"))
        if phases:
            yield _with_batch(_job(tree, path, content, phases), content)


def _job(tree: RepositoryFiles, path: str, content: Table, phases: Table) -> Job:
    """Return the job of a specification; since its version 0.2, one shell runs all lines of the build."""
    used = [table(phases.get(name)) for name in _PHASES]
    python = table(used[0].get("runtime-versions")).get("python")
    lines = [
        line for phase in used for key in ("commands", "finally") for line in texts(phase.get(key))
    ]
    variables = read_variables(table(content.get("env")).get("variables"))
    env = {name: value for name, value in variables.items() if value is not None}
    job = Job(
        name=path,
        source=path,
        python=python if python != "latest" else None,
        predefined=_PREDEFINED,
    )
    script = Script(text="\n".join(lines), source=path, env={**_PREDEFINED, **env})
    return read_job(job, [script], tree)


def _with_batch(job: Job, content: Table) -> Job:
    """Name the further builds of a batch, which have other variables."""
    if not table(content.get("batch")):
        return job
    line = LeftOut(line="batch", source=job.source, reason="HeroCI does not read batches of builds")
    return replace(job, not_followed=(*job.not_followed, line))
