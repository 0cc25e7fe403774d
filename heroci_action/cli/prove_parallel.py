"""`heroci prove-parallel`: find out whether the tests can run in several processes."""

from __future__ import annotations

import os
from typing import Any

import click

from heroci_action.cli.shared import engine_options, project_path
from heroci_action.commands.prove_parallel import prove_parallel
from heroci_action.options import EngineChoice, RunOptions
from heroci_action.text import printable


@click.command("prove-parallel", short_help="Prove that the tests can run in parallel.")
@project_path
@engine_options
@click.option(
    "--write",
    is_flag=True,
    help="Write parallel = true to the configuration file instead of recording the proof in the cache.",
)
def command(*, engine: str, write: bool, **options: Any) -> int:
    """Run the tests of the project at PATH (default: the current directory) in one process and in parallel.

    If every test has the same outcome both ways, the proof is recorded for this test runner, these arguments and these
    settings, and `parallel = "auto"` uses it. Otherwise the tests that differ are listed. Exit code 0 means that they
    do not differ.
    """
    requested = RunOptions(engine=EngineChoice(engine), **options)
    attempt = prove_parallel(requested, os.environ, write=write)
    for line in attempt.lines:
        click.echo(printable(line))
    return attempt.exit_code
