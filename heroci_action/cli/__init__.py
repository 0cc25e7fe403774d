"""The command line: one file per verb, imported when it is called."""

from __future__ import annotations

import gc
import importlib
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

import click

from heroci_action.cli.errors import show_click_error, show_error
from heroci_action.errors import ExitCode, HeroCIError, UsageError
from heroci_action.interruption import was_interrupted
from heroci_action.text import suggest
from heroci_action.version import __version__

VERBS = ("run", "report", "merge", "plan", "prove-parallel", "doctor", "init", "cache")


class Verbs(click.Group):
    """Find `heroci VERB` in `cli/VERB.py`; `--help` and completion import no other modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order in which a user needs them."""
        return list(VERBS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments name; a misspelled verb is an error with a suggestion."""
        name = args[0]
        if name not in VERBS and not name.startswith("-"):
            ctx.fail(f"unknown verb {name!r}{suggest(name, VERBS)}")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name, if there is one."""
        if cmd_name not in VERBS:
            return None
        module = _import_without_collection(f"heroci_action.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command


def _import_without_collection(name: str) -> ModuleType:
    """Import a module without looking for garbage, of which imports create none; it saves a tenth of the time."""
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()


EPILOG = """\b
Exit codes:
  0    passed
  1    failed
  2    usage or configuration error
  3    engine error
  4    bug in HeroCI
  130  interrupted
"""


@click.command(cls=Verbs, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="heroci %(version)s")
def heroci() -> None:
    """Run a Django project's whole CI and report it."""


def run_program(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the program and return its exit code; every error is printed with its cause and its remedy."""
    try:
        _check_current_directory()
        return _dispatch(arguments, environ)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.Abort:
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001  an error of any kind must get its exit code
        return ExitCode.INTERRUPTED if was_interrupted() else _show(error)


def _show(error: Exception) -> int:
    """Print the error and return its exit code."""
    if isinstance(error, click.ClickException):
        show_click_error(error)
        return ExitCode.USAGE
    if isinstance(error, HeroCIError):
        show_error(error)
        return error.exit_code
    click.echo("".join(traceback.format_exception(error)), err=True)
    click.echo("heroci: this is a bug in HeroCI, please report it with the lines above", err=True)
    return ExitCode.BUG


def _check_current_directory() -> None:
    try:
        Path.cwd()
    except OSError as error:
        raise UsageError(
            "the current directory no longer exists", remedy="change to another directory"
        ) from error


def _dispatch(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the action or a verb: GitHub's runner passes no arguments, but inputs in the environment."""
    if not arguments and ("INPUT_ENGINE" in environ or "INPUT_COMMAND" in environ):
        from heroci_action.cli.action import run_action  # noqa: PLC0415  only the action needs it

        return run_action(environ)
    return int(heroci.main(list(arguments), prog_name="heroci", standalone_mode=False) or 0)
