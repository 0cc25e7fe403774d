"""The command line: one small file per verb, imported when it is called."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Mapping, Sequence

import click

from heroci_action.errors import ConfigurationError, ExitCode, HeroCIError
from heroci_action.version import __version__

VERBS = ("run", "report", "merge", "plan", "doctor", "init", "cache")


class Verbs(click.Group):
    """Finds `heroci VERB` in `cli/VERB.py`, so that `--help` and completion stay quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order in which a user meets them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, None where there is none."""
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"heroci_action.cli.{cmd_name}")
        command: click.Command = module.command
        return command


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="heroci %(version)s")
def heroci() -> None:
    r"""Run a Django project's whole CI, and report it.

    \b
    Exit codes: 0 all passed, 1 a stage failed, 2 usage or configuration,
    3 the engine, 4 a bug in HeroCI, 130 interrupted.
    """


def run_program(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """The exit code of a whole call; every error comes out as its cause and its remedy."""
    try:
        return _call(arguments, environ)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.Abort:
        return ExitCode.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except HeroCIError as error:
        show_error(error)
        return error.exit_code
    except Exception:  # noqa: BLE001  the last line of defence: whatever got here is our fault
        click.echo(traceback.format_exc(), err=True)
        click.echo(
            "heroci: this is a bug in HeroCI, please report it with the lines above", err=True
        )
        return ExitCode.BUG


def _call(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """GitHub's runner starts the action without arguments and with its inputs in the environment."""
    if not arguments and "INPUT_ENGINE" in environ:
        from heroci_action.cli.action import run_action  # noqa: PLC0415

        return run_action(environ)
    return int(heroci.main(list(arguments), prog_name="heroci", standalone_mode=False) or 0)


def show_error(error: HeroCIError) -> None:
    """Print the cause and the remedy of an expected error, each problem of a configuration on its own."""
    if isinstance(error, ConfigurationError):
        for problem in error.problems:
            _show(str(problem), problem.remedy)
    else:
        _show(error.cause, error.remedy)


def _show(cause: str, remedy: str | None) -> None:
    click.echo(f"{click.style('error', fg='red', bold=True)}: {cause}", err=True)
    if remedy:
        click.echo(f"  {click.style('remedy', bold=True)}: {remedy}", err=True)
