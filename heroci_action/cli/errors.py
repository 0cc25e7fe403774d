"""Print errors with their remedies."""

from __future__ import annotations

import click

from heroci_action.errors import ConfigurationError, HeroCIError
from heroci_action.github.inert import inert


def show_error(error: HeroCIError) -> None:
    """Print the cause and the remedy of an expected error; of a configuration error, every problem."""
    if isinstance(error, ConfigurationError):
        for problem in error.problems:
            _show(str(problem), problem.remedy)
    else:
        _show(error.cause, error.remedy)


def _show(cause: str, remedy: str | None) -> None:
    click.echo(f"{click.style('error', fg='red', bold=True)}: {inert(cause)}", err=True)
    if remedy:
        click.echo(f"  {click.style('remedy', bold=True)}: {inert(remedy)}", err=True)
