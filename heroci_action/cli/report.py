"""`heroci report`: report what something else made."""

from __future__ import annotations

import os
from typing import Any

import click

from heroci_action.cli.shared import chosen, report_options
from heroci_action.cli.sizes import largest_file, list_passed
from heroci_action.commands.report import report
from heroci_action.errors import UsageError
from heroci_action.options import ReportOptions


@click.command("report", short_help="Report test results, coverage and findings of any tool.")
@click.argument("results", nargs=-1, metavar="GLOB...")
@click.option(
    "--coverage",
    multiple=True,
    metavar="FILE",
    help="coverage.py JSON, Cobertura, LCOV or JaCoCo; a name or a glob, several times.",
)
@click.option(
    "--lint",
    multiple=True,
    metavar="FILE",
    help="SARIF, Checkstyle, or the output of a linter; a name or a glob, several times.",
)
@largest_file
@list_passed
@report_options
def command(
    *, results: tuple[str, ...], coverage: tuple[str, ...], lint: tuple[str, ...], **options: Any
) -> int:
    """Report the test results that GLOB... names (JUnit XML), whoever made them.

    The kind of each file is told from its content. Writes the same reports as `heroci run`.
    """
    if not (results or coverage or lint):
        raise UsageError(
            "there is nothing to report",
            remedy="name JUnit files, or a glob such as 'results/**/*.xml'",
        )
    asked = ReportOptions(results=results, coverage=coverage, lint=lint, **chosen(options))
    return report(asked, os.environ)
