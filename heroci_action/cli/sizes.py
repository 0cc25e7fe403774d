"""Options that bound what a report reads and writes."""

from __future__ import annotations

import click

from heroci_action.cli.types import SIZE
from heroci_action.options import LIST_PASSED

largest_file = click.option(
    "--largest-file",
    type=SIZE,
    metavar="SIZE",
    help="A larger report, unpacked, is a warning and not read: 1000000, 500MB, 2GB. [default: 1GiB]",
)

list_passed = click.option(
    "--list-passed",
    "listed",
    type=click.IntRange(min=0),
    metavar="N",
    help=f"Where more tests passed, heroci-result.json has them as an index of names. [default: {LIST_PASSED}]",
)
