"""Repositories in memory, and short views of what a CI runs."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from heroci_action.detection.ci.expand import Context, run
from heroci_action.detection.ci.project_ci import ProjectCI, read_ci
from heroci_action.detection.ci.records import Command, Script
from heroci_action.detection.ci.working_tree import WorkingTree
from heroci_action.repository.files import RepositoryFiles


def tree_of(files: dict[str, str]) -> RepositoryFiles:
    """Return a repository with these files, their common indentation removed."""
    texts = {name: dedent(text).lstrip("\n") for name, text in files.items()}
    return RepositoryFiles(root=Path("/nowhere"), files=tuple(sorted(texts)), _texts=texts)


def commands_of(text: str, files: dict[str, str] | None = None, **env: str) -> list[Command]:
    """Return the commands of a script, expanded, in a repository with these files."""
    context = Context(files=WorkingTree(tree_of(files or {})))
    return list(run(Script(text=dedent(text), source="ci.yml", env=env), context))


def shown(commands: list[Command]) -> list[str]:
    """Return commands as `directory: words`, with a question mark if they are conditional."""
    return [
        f"{'' if c.directory == '.' else f'{c.directory}: '}{' '.join(c.words)}{' ?' if c.conditional else ''}"
        for c in commands
    ]


def ci_of(files: dict[str, str]) -> ProjectCI:
    """Return the reading of the CI in a repository with these files."""
    return read_ci(tree_of(files))


def suite_of(files: dict[str, str]) -> list[str]:
    """Return the test runs of the suite, as the runner's name with its arguments."""
    suite = ci_of(files).suite
    runs = suite.runs if suite else ()
    return [" ".join([run.runner.value, *run.arguments]) for run in runs]


def workflow(*lines: str, **job: str) -> dict[str, str]:
    """Return a workflow of GitHub with one job that runs these lines."""
    extra = "".join(f"\n    {name.replace('_', '-')}: {value}" for name, value in job.items())
    steps = "".join(f"\n      - run: {line!r}" for line in lines)
    return {".github/workflows/ci.yml": f"on: push\njobs:\n  test:{extra}\n    steps:{steps}\n"}
