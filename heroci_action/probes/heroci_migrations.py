"""Check for model changes without a migration, separately for the project's apps and installed ones.

    python heroci_migrations.py [--apps=shop,blog] [--warn] manage.py        (or: -m django)

It is about all apps, or only about those with these labels. The exit code is Django's, but 0 if only installed packages
lack migrations: the project cannot add those, so each is a warning in the record at HEROCI_RECORD. With `--warn`, the
project's own are warnings as well. Django runs in a separate process, because a project's manage.py may do more than
start it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Iterable, Iterator, List, Tuple

from heroci_record import Record, relative  # type: ignore[import-not-found,unused-ignore]

QUESTION = ("makemigrations", "--check", "--dry-run", "--noinput")
# The step `check` runs the system checks at the same time.
SKIP_CHECKS = "--skip-checks"
# The heading for an app, as makemigrations prints it since Django 1.8; the file that it would write is below.
HEADING = re.compile(r"Migrations for '([^']+)':")

INSTALLED = "it belongs to an installed package ({})"
ALLOWED = '`check-migrations` is "warn"'


def changes(lines: Iterable[str]) -> Iterator[Tuple[str, str]]:
    """Yield the label of each app whose models have changed, with the file name of the missing migration."""
    label = None
    for line in lines:
        heading = HEADING.match(line)
        if heading:
            label = heading.group(1)
        elif label and line.strip():
            yield label, line.strip()
            label = None


def main(arguments: List[str]) -> int:
    """Return Django's exit code, or 0 if everything that is missing is only a warning."""
    labels = arguments.pop(0).partition("=")[2].split(",") if arguments[0][:7] == "--apps=" else []
    lenient = arguments[0] == "--warn"
    arguments = arguments[lenient:]
    done = _ask_without_checks(arguments, labels)
    lines = done.stdout.splitlines()
    found = dict(changes(lines))
    installed_apps = {label for label, path in found.items() if relative(path) is None}
    harmless = {
        label: INSTALLED.format(path) if label in installed_apps else ALLOWED
        for label, path in found.items()
        if lenient or label in installed_apps
    }
    _print(lines, installed_apps)
    _warn(harmless)
    all_harmless = bool(found) and len(harmless) == len(found)
    return 0 if all_harmless and done.returncode == 1 else done.returncode


def _print(lines: Iterable[str], installed_apps: "set[str]") -> None:
    """Print the output of makemigrations, and mark the headings of the apps of installed packages."""
    for line in lines:
        heading = HEADING.match(line)
        is_installed = heading and heading.group(1) in installed_apps
        sys.stdout.write("{}{}\n".format("Installed: " if is_installed else "", line))


def _ask_without_checks(
    arguments: List[str], labels: List[str]
) -> "subprocess.CompletedProcess[str]":
    """Ask Django for missing migrations, without the system checks if it answers without them.

    Django before 3.0 lacks the option, and some modules can be imported only after modules that the checks import.
    """
    done = _ask(*arguments, *QUESTION, *labels, SKIP_CHECKS)
    answers = done.returncode == 0 or any(changes(done.stdout.splitlines()))
    done = done if answers else _ask(*arguments, *QUESTION, *labels)
    sys.stderr.write(done.stderr)
    return done


def _ask(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def _warn(reasons: "dict[str, str]") -> None:
    """Report each app, and why that is not a failure."""
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
