#!/usr/bin/env python3
"""Move the pinned version of Dagger: SDK, CLI and engine belong together.

dagger_version.py           print the version
dagger_version.py VERSION   change it everywhere; then run scripts/lock.sh
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "heroci_action/engines/dagger/preflight.py"
PLACES = (
    SOURCE,
    ROOT / "pyproject.toml",
    ROOT / "Dockerfile.action",
    ROOT / "docs/engines.md",
    ROOT / "docs/scaling.md",
    ROOT / "heroci_action/engines/dagger/cli_program.py",
    ROOT / "tests/integration/dagger_cli/stand_in.py",
    ROOT / "tests/integration/dagger_cli/test_faults.py",
)


def current() -> str:
    """Return the version that HeroCI needs."""
    found = re.search(r'^VERSION = "(.+)"$', SOURCE.read_text(), re.MULTILINE)
    if found is None:
        sys.exit(f"error: {SOURCE} has no VERSION")
    return found[1]


def move(old: str, new: str) -> None:
    """Replace the version in all places. Exit if one of them does not have it."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", new):
        sys.exit(f"error: {new!r} is not a version such as {old}")
    without = [path.name for path in PLACES if old not in path.read_text()]
    if without:
        sys.exit(f"error: {', '.join(without)} does not contain {old}")
    for path in PLACES:
        path.write_text(path.read_text().replace(old, new))


def main(arguments: list[str]) -> None:
    """Print or move the version."""
    old = current()
    match arguments:
        case []:
            sys.stdout.write(f"{old}\n")
        case [new]:
            move(old, new)
            sys.stdout.write(f"{old} -> {new}; now run scripts/lock.sh\n")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
