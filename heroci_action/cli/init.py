"""`heroci init`: write a workflow for the project, and suggestions for its configuration."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from heroci_action.cli.shared import project_path
from heroci_action.commands.file_change import FileChange
from heroci_action.commands.suggestions import suggest_toml
from heroci_action.commands.workflow_file import WORKFLOW, Axis, Jobs, is_action, workflow
from heroci_action.config.location import read_file, repository_root
from heroci_action.detection.environment.supported_versions import (
    Supported,
    find_supported_versions,
)
from heroci_action.errors import UsageError
from heroci_action.matrix import cells
from heroci_action.project import ProjectConfig, load
from heroci_action.repository.files import RepositoryFiles, join
from heroci_action.version import ACTION

_HEAD = re.compile(r"ref: refs/(?:heads|remotes/origin)/(?P<branch>\S+)\s*")


@click.command("init", short_help="Write a workflow for GitHub.")
@project_path
@click.option(
    "--action",
    metavar="OWNER/REPO@REF",
    help="Action that the workflow uses, preferably pinned to a commit. [default: this release]",
)
@click.option("--yes", is_flag=True, help="Write without confirmation.")
@click.option("--force", is_flag=True, help="Overwrite an existing workflow that differs.")
def command(*, path: Path, action: str | None, yes: bool, force: bool) -> int:
    """Show and write .github/workflows/heroci.yml for the projects at PATH (default: the current directory).

    If detection leaves something open, heroci.toml is written as well, with suggestions as comments. Without a terminal
    and without --yes, nothing is written, and the exit code is 2. A copy of HeroCI that is not a release does not know
    its action: it asks for it on a terminal; elsewhere it leaves out the workflow and says so.
    """
    uses = _action(action)
    place = path.resolve()
    root = repository_root(place)
    project = load(place)
    projects = _projects(project, place)
    supported = find_supported_versions(RepositoryFiles.read(root))
    changes = [
        change
        for change in (
            *_workflow(project, uses, projects, supported=supported),
            *_suggestions(project, projects, supported=supported),
        )
        if change.is_needed
    ]
    if not changes:
        click.echo("Nothing to do: all files are up to date." if uses else "Nothing to write.")
    elif _confirm(changes, yes=yes, force=force):
        for change in changes:
            change.write(root)
            click.echo(f"Wrote {change.path}")
    else:
        click.echo("Nothing was written.")
        return 0
    _explain(project, projects)
    if uses is None:
        click.echo(
            "The workflow was left out: this copy of HeroCI is not a release, so it does not know its action. "
            "Name it: heroci init --action OWNER/REPO@REF"
        )
    return 0


def _action(given: str | None) -> str | None:
    """Return the action for the workflow: as requested, or of this release, else ask for it; None without an answer."""
    action = given or ACTION
    if not action and sys.stdin.isatty():
        action = click.prompt("Action that the workflow uses (OWNER/REPO@REF)")
    if action and not is_action(action):
        raise click.UsageError(f"--action: {action!r} is not OWNER/REPO@REF.")
    return action or None


def _projects(project: ProjectConfig, place: Path) -> tuple[str, ...]:
    """Return the directories for the workflow; none if the action finds the only project by itself."""
    root, directory = project.root, project.config.working_directory
    written, _ = read_file(root, place)
    if "working-directory" in written:
        return ()
    if place != root:
        is_default = _default_project(root) == directory and not project.facts.other_projects
        return () if is_default else (directory,)
    others = sorted(project.facts.other_projects)
    return (directory, *others) if others else ()


def _default_project(root: Path) -> str | None:
    """Return the directory of the project that HeroCI finds at the root; None if it finds none."""
    try:
        return load(root).config.working_directory
    except UsageError:
        return None


def _workflow(
    project: ProjectConfig, action: str | None, projects: tuple[str, ...], *, supported: Supported
) -> Iterator[FileChange]:
    if action:
        jobs = _jobs(project, projects, supported)
        text = workflow(action=action, branch=_default_branch(project.root), jobs=jobs)
        yield FileChange.of(project.root, WORKFLOW, text)


def _suggestions(
    project: ProjectConfig, projects: tuple[str, ...], *, supported: Supported
) -> Iterator[FileChange]:
    """Yield the suggestions for the project, or for each of several."""
    if not project.facts.other_projects:
        yield from _suggested_file(project, "heroci.toml", supported=supported)
        return
    for directory in projects:
        inside = project.root / directory
        file = join(directory, "heroci.toml")
        yield from _suggested_file(load(inside), file, supported=supported)


def _suggested_file(
    project: ProjectConfig, file: str, *, supported: Supported
) -> Iterator[FileChange]:
    """Yield the new file with suggestions; a file of the project is not changed, its values were decided on."""
    written, _ = read_file(project.root, project.place)
    text = suggest_toml(project, supported)
    if text and not written and not (project.root / file).exists():
        yield FileChange.of(project.root, file, text)


def _jobs(project: ProjectConfig, projects: tuple[str, ...], supported: Supported) -> Jobs:
    """Return a job for each project, or for each cell of the matrix, or for each supported Python."""
    if len(projects) > 1:
        return Jobs(axis=Axis.PROJECT, values=projects)
    directory = next(iter(projects), None)
    names = tuple(cell.name for cell in cells(project.config.matrix))
    if len(names) > 1:
        return Jobs(directory=directory, axis=Axis.CELL, values=names)
    pythons = supported.pythons
    if len(pythons) > 1 and project.detected("python"):
        return Jobs(directory=directory, axis=Axis.PYTHON, values=pythons)
    return Jobs(directory=directory)


def _default_branch(root: Path) -> str:
    """Return the default branch of the remote, else the current branch, else `main`."""
    for name in ("refs/remotes/origin/HEAD", "HEAD"):
        try:
            match = _HEAD.fullmatch((root / ".git" / name).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            continue  # there is no repository, or .git is the file of a worktree
        if match:
            return match["branch"]
    return "main"


def _confirm(changes: list[FileChange], *, yes: bool, force: bool) -> bool:
    """Show the changes and return whether to write them. Raises UsageError if they must not be written."""
    for change in changes:
        _show(change)
    names = [change.path for change in changes if change.replaces]
    if names and not force:
        raise UsageError(
            f"{', '.join(names)} already exists and differs; nothing was written",
            remedy="use --force to overwrite it, or copy what you need from the difference above",
        )
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(
            "nothing was written: there is no terminal for the question",
            remedy="use --yes to write without asking",
        )
    return click.confirm("Write this?")


def _show(change: FileChange) -> None:
    colors = {"+": "green", "-": "red", "@": "cyan"}
    for line in change.difference.splitlines():
        click.echo(click.style(line, fg=colors.get(line[:1])))
    click.echo()


def _explain(project: ProjectConfig, projects: tuple[str, ...]) -> None:
    """Report the projects that a workflow covers."""
    others = sorted(project.facts.other_projects - set(projects))
    if len(projects) > 1:
        click.echo(f"A workflow covers {len(projects)} projects: {', '.join(projects)}.")
    elif others:
        click.echo(f"A workflow does not cover {', '.join(others)}.")
