"""`heroci report`: report the results of other programs."""

from __future__ import annotations

import os
from typing import Any

import click

from heroci_action.cli.shared import (
    largest_file,
    path_prefix,
    report_options,
    to_fields,
)
from heroci_action.commands.report import report
from heroci_action.errors import UsageError
from heroci_action.options import ReportOptions


@click.command("report", short_help="Report test results, coverage and lint findings.")
@click.argument("results", nargs=-1, metavar="GLOB...")
@click.option(
    "--coverage",
    multiple=True,
    metavar="FILE",
    help="Coverage file or glob: coverage.py JSON, Cobertura, LCOV or JaCoCo; repeatable.",
)
@click.option(
    "--lint",
    multiple=True,
    metavar="FILE",
    help="Lint file or glob: SARIF, Checkstyle, or the output of a linter; repeatable.",
)
@largest_file
@path_prefix
@report_options
def command(
    *, results: tuple[str, ...], coverage: tuple[str, ...], lint: tuple[str, ...], **options: Any
) -> int:
    """Report the test results (JUnit XML) that match GLOB..., whatever tool wrote them.

    The format of each file is recognized by its content. The reports are the same as those of `heroci run`.
    """
    if not (results or coverage or lint):
        raise UsageError(
            "no files to report",
            remedy="name JUnit files, or a glob such as 'results/**/*.xml'",
        )
    requested = ReportOptions(results=results, coverage=coverage, lint=lint, **to_fields(options))
    return report(requested, os.environ)
