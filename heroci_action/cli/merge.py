"""`heroci merge`: merge the results of several jobs into one report."""

from __future__ import annotations

import os
from typing import Any

import click

from heroci_action.cli.shared import report_options, to_fields
from heroci_action.commands.merge import merge_results
from heroci_action.options import ReportOptions


@click.command("merge", short_help="Merge the results of shards and matrix jobs.")
@click.argument("results", nargs=-1, required=True, metavar="GLOB...")
@report_options
def command(*, results: tuple[str, ...], **options: Any) -> int:
    """Merge the heroci-result.json files that match GLOB... into one report.

    Each job is named after the directory that contains its result file.
    """
    return merge_results(ReportOptions(results=results, **to_fields(options)), os.environ)
