#!/usr/bin/env python3
"""What a release needs of the source: its version, its notes, and an action.yml that names the image by its digest.

release.py check VERSION     print the version if the source and the change log have it
release.py notes VERSION     print its section of the change log
release.py pin IMAGE@DIGEST  let action.yml run this image instead of building one
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSION = re.compile(
    r"(?:release/)?v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)"
)  # semver.org, and the tag that asks for it
IMAGE = re.compile(r"[a-z0-9.:-]+(?:/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}")


def check(given: str) -> str:
    """The bare version; exits where the source is another one or the change log does not know it."""
    match = VERSION.fullmatch(given)
    if match is None:
        sys.exit(f"error: {given!r} is not a version such as 1.2.3")
    source = (ROOT / "heroci_action/version.py").read_text()
    if f'"{match[1]}"' not in source:
        sys.exit(f"error: heroci_action/version.py does not say {match[1]}: {source.strip()}")
    notes(match[1])
    return match[1]


def notes(given: str) -> str:
    """The section of a version in CHANGELOG.md, without its heading."""
    version = given.removeprefix("release/").removeprefix("v")
    sections = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    for section in sections[1:]:
        heading, _, text = section.partition("\n")
        if heading.split(" ")[0].strip("[]") == version:
            return text.strip()
    sys.exit(f"error: CHANGELOG.md has no section {version}")


def pin(image: str) -> str:
    """Rewrite action.yml; what it says of the image afterwards."""
    if not IMAGE.fullmatch(image):
        sys.exit(
            f"error: {image!r} is not an image by its digest, such as ghcr.io/owner/name@sha256:…"
        )
    path = ROOT / "action.yml"
    line = f"image: docker://{image}"
    text, times = re.subn(r"image: Dockerfile\.action\b.*", line, path.read_text())
    if times != 1:
        sys.exit(f"error: action.yml names Dockerfile.action {times} times, not once")
    path.write_text(text)
    return line


VERBS: dict[str, Callable[[str], str]] = {"check": check, "notes": notes, "pin": pin}


def main(arguments: list[str]) -> None:
    """Do what the verb says and print what came of it."""
    match arguments:
        case [verb, value] if verb in VERBS:
            sys.stdout.write(VERBS[verb](value) + "\n")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
