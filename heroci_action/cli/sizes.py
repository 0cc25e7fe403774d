"""Options that bound what a report reads and writes."""

from __future__ import annotations

import re

import click

from heroci_action.options import ReportOptions

_SIZE = re.compile(r"(\d{1,15})\s*(?:([kMG])?(i)?B)?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}


class Size(click.ParamType[int]):
    """Bytes as a number, or `500kB`, `20MB`, `1GiB`."""

    name = "size"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """The bytes."""
        match = _SIZE.fullmatch(str(value).strip())
        if not match:
            self.fail(f"{value!r} is no size such as 1000000, 500MB or 2GB", param, ctx)
        step: int = 1_024 if match[3] else 1_000
        factor: int = step ** _POWERS[(match[2] or "").lower()]
        return int(match[1]) * factor


SIZE = Size()

list_passed = click.option(
    "--list-passed",
    "listed",
    type=click.IntRange(min=0),
    default=ReportOptions().listed,
    show_default=True,
    metavar="N",
    help="Where more tests passed, heroci-result.json has them as an index of names.",
)
