"""Print errors with their remedies."""

from __future__ import annotations

import click

from heroci_action.errors import ConfigurationError, HeroCIError
from heroci_action.github.inert import inert
from heroci_action.text import suggest


def show_error(error: HeroCIError) -> None:
    """Print the cause and the remedy of an expected error; of a configuration error, every problem."""
    if isinstance(error, ConfigurationError):
        for problem in error.problems:
            _show(str(problem), problem.remedy)
    else:
        _show(error.cause, error.remedy)


def show_click_error(error: click.ClickException) -> None:
    """Print an error of click in the form of all other errors; the remedy is the help of the verb."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return
    context = error.ctx if isinstance(error, click.UsageError) else None
    _show(_describe(error), f"see {context.command_path} --help" if context else None)


def _describe(error: click.ClickException) -> str:
    """Return the cause in lower case, after the option or argument whose value is invalid."""
    name, words, hint = "", error.format_message(), ""
    if isinstance(error, click.NoSuchOption):
        words, hint = error.message, suggest(error.option_name, error.possibilities or ())
    # A missing parameter is a subclass, and its message is complete.
    elif type(error) is click.BadParameter and error.param:
        name, words = f"{_name(error.param)}: ", error.message
    words = words.replace(". Did you mean", "; did you mean").removesuffix(".")
    return f"{name}{words[:1].lower()}{words[1:]}{hint}"


def _name(parameter: click.Parameter) -> str:
    """Return the long name of an option, or an argument as the usage line shows it."""
    names = (parameter.human_readable_name, *parameter.opts)
    return max(names, key=lambda name: name.startswith("--"))


def _show(cause: str, remedy: str | None) -> None:
    click.echo(f"{click.style('error', fg='red', bold=True)}: {inert(cause)}", err=True)
    if remedy:
        click.echo(f"  {click.style('remedy', bold=True)}: {inert(remedy)}", err=True)
