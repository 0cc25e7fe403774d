"""Asks Django for changes without a migration, and tells the project's apps from those of installed packages.

    python heroci_migrations.py [--warn] manage.py        (or: -m django)

The exit code is Django's, but 0 where only installed packages lack migrations: their makers have to add those, so each
is a warning in the record at HEROCI_RECORD. With `--warn` those of the project are no more than that, either. Django is
asked in a process of its own, because a project's manage.py may do more than start it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Iterable, Iterator, List, Tuple

from heroci_record import Record, relative  # type: ignore[import-not-found,unused-ignore]

QUESTION = ("makemigrations", "--check", "--dry-run", "--noinput")
# The heading for an app, as makemigrations has printed it since Django 1.8, and the file that it would write below it.
HEADING = re.compile(r"Migrations for '([^']+)':")

INSTALLED = "it belongs to an installed package ({})"
NOT_ASKED = "the run was not asked to fail for it (`check-migrations`)"


def changes(lines: Iterable[str]) -> Iterator[Tuple[str, str]]:
    """The label of each app whose models have changed, and the file that its migration would be written to."""
    label = None
    for line in lines:
        heading = HEADING.match(line)
        if heading:
            label = heading.group(1)
        elif label and line.strip():
            yield label, line.strip()
            label = None


def main(arguments: List[str]) -> int:
    """Django's exit code, or 0 where what is missing is no more than a warning."""
    lenient = arguments[0] == "--warn"
    arguments = arguments[lenient:]
    command = [sys.executable, *arguments, *QUESTION]
    asked = subprocess.run(
        command, stdout=subprocess.PIPE, encoding="utf-8", errors="replace", check=False
    )
    found = dict(changes(asked.stdout.splitlines()))
    foreign = {label for label, path in found.items() if relative(path) is None}
    harmless = {
        label: INSTALLED.format(path) if label in foreign else NOT_ASKED
        for label, path in found.items()
        if lenient or label in foreign
    }
    for line in asked.stdout.splitlines():
        heading = HEADING.match(line)
        installed = heading and heading.group(1) in foreign
        sys.stdout.write("{}{}\n".format("Installed: " if installed else "", line))
    _warn(harmless)
    all_harmless = bool(found) and len(harmless) == len(found)
    return 0 if all_harmless and asked.returncode == 1 else asked.returncode


def _warn(reasons: "dict[str, str]") -> None:
    """Tell of each app, and why that is not a failure."""
    directory = os.environ.get("HEROCI_RECORD")
    record = Record(directory, "migrations") if directory else None
    for label, reason in reasons.items():
        text = "the models of app {!r} have changes without a migration, but {}".format(
            label, reason
        )
        sys.stdout.write(text + "\n")
        if record:
            record.write(event="warning", text=text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
