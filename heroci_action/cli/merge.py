"""`heroci merge`: one report of the results of several jobs."""

from __future__ import annotations

import os
from typing import Any

import click

from heroci_action.cli.shared import chosen, report_options
from heroci_action.cli.sizes import list_passed
from heroci_action.commands.report import merge_results
from heroci_action.options import ReportOptions


@click.command("merge", short_help="Put the results of shards and matrix jobs together.")
@click.argument("results", nargs=-1, required=True, metavar="GLOB...")
@list_passed
@report_options
def command(*, results: tuple[str, ...], **options: Any) -> int:
    """Make one report of the heroci-result.json files that GLOB... names.

    A job is called as the directory of its file. A test that several jobs ran counts once.
    """
    return merge_results(ReportOptions(results=results, **chosen(options)), os.environ)
