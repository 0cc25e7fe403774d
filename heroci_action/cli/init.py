"""`heroci init`: a workflow for the project, and the configuration that it needs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from heroci_action.cli.shared import project_path
from heroci_action.commands.workflow_file import (
    RELEASE,
    WORKFLOW,
    Change,
    configuration,
    is_action,
    settings,
    workflow,
)
from heroci_action.config.location import read_file, repository_root
from heroci_action.detection.layout import Layout, find_layout
from heroci_action.errors import UsageError
from heroci_action.project import load
from heroci_action.repository.files import RepositoryFiles

_HEAD = re.compile(r"ref: refs/(?:heads|remotes/origin)/(?P<branch>\S+)\s*")


@click.command("init", short_help="Write a workflow for GitHub.")
@project_path
@click.option(
    "--action",
    default=RELEASE,
    show_default=True,
    metavar="OWNER/REPO@REF",
    help="Action that the workflow uses, preferably pinned to a commit.",
)
@click.option("--yes", is_flag=True, help="Write without confirmation.")
@click.option("--force", is_flag=True, help="Overwrite an existing workflow that differs.")
def command(*, path: Path, action: str, yes: bool, force: bool) -> int:
    """Write .github/workflows/heroci.yml for the project at PATH (default: here), after showing it.

    pyproject.toml gets a table [tool.heroci] where detection needs help. Without a terminal and without --yes nothing
    is written, and the exit code is 2.
    """
    if not is_action(action):
        raise click.UsageError(f"--action: {action!r} is not OWNER/REPO@REF.")
    root = repository_root(path.resolve())
    changes = [change for change in _changes(root, path.resolve(), action) if change.needed]
    if not changes:
        click.echo("Nothing to do: everything is there.")
        return 0
    for change in changes:
        _show(change)
    _refuse_to_replace(changes, force=force)
    if not _agreed(yes=yes):
        click.echo("Nothing was written.")
        return 0
    for change in changes:
        _write(root, change)
    if action == RELEASE:
        click.echo("Put the owner of the action you use in the place of OWNER, or give --action.")
    return 0


def _changes(root: Path, place: Path, action: str) -> Iterator[Change]:
    """What is missing; the project must be one that HeroCI understands. Raises UsageError and ConfigurationError."""
    loaded = load(place)
    written, _ = read_file(root, place)
    layout = find_layout(RepositoryFiles.read(root), None)
    directory = loaded.config.working_directory
    named = place != root and not (layout and layout.directory == directory)
    if not named and layout and layout.others and "working-directory" not in written:
        yield _choice(root, layout)
    text = workflow(
        action=action,
        branch=_default_branch(root),
        directory=place.relative_to(root).as_posix() if named else None,
    )
    before = _read(root / WORKFLOW)
    yield Change(path=WORKFLOW, before=before, after=text, replaces=before is not None)


def _choice(root: Path, layout: Layout) -> Change:
    """Of several projects one was taken: written down, it stays that one whatever comes beside it."""
    table = {"working-directory": layout.directory}
    before = _read(root / "pyproject.toml")
    if before is None:
        return Change(path="heroci.toml", before=None, after=settings(table))
    return Change(path="pyproject.toml", before=before, after=configuration(before, table))


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} cannot be read: {error}") from error


def _default_branch(root: Path) -> str:
    """What the remote calls its default branch, else the branch that is checked out, else `main`."""
    for name in ("refs/remotes/origin/HEAD", "HEAD"):
        try:
            match = _HEAD.fullmatch((root / ".git" / name).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            continue  # no repository, or a worktree, whose .git is a file
        if match:
            return match["branch"]
    return "main"


def _show(change: Change) -> None:
    colors = {"+": "green", "-": "red", "@": "cyan"}
    for line in change.difference().splitlines():
        click.echo(click.style(line, fg=colors.get(line[:1])))
    click.echo()


def _refuse_to_replace(changes: list[Change], *, force: bool) -> None:
    names = [change.path for change in changes if change.replaces]
    if names and not force:
        raise UsageError(
            f"{', '.join(names)} already exists and differs; nothing was written",
            remedy="use --force to overwrite it, or copy what you need from the difference above",
        )


def _agreed(*, yes: bool) -> bool:
    """Whether to write. Raises UsageError where there is nobody to ask."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(
            "nothing was written: there is no terminal to ask on", remedy="give --yes to write it"
        )
    return click.confirm("Write this?")


def _write(root: Path, change: Change) -> None:
    path = root / change.path
    if not path.resolve().is_relative_to(root.resolve()):
        raise UsageError(f"{change.path} leads out of the repository; nothing is written there")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(change.after, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{change.path} cannot be written: {error.strerror}") from error
    click.echo(f"Wrote {change.path}")
