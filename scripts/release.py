#!/usr/bin/env python3
"""Check and prepare the source for a release.

release.py check VERSION     print the version if the source and CHANGELOG.md contain it
release.py notes VERSION     print its section of CHANGELOG.md
release.py pin IMAGE@DIGEST  make action.yml run this image instead of building one
release.py name OWNER/REPO   write the repository into the documents, the package and `heroci init`
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# A version (semver.org), or the tag that requests its release.
VERSION = re.compile(r"(?:release/)?v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)")
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
PLACEHOLDER = "OWNER/heroci"
# The command of a checkout, and of a release.
INSTALL = (
    "pip install '.[postgres]'         # in a checkout of this repository",
    "pip install 'heroci[postgres]'",
)
IMAGE = re.compile(r"[a-z0-9.:-]+(?:/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}")


def check(given: str) -> str:
    """Return the bare version. Exit if the source has another one or CHANGELOG.md has no section for it."""
    match = VERSION.fullmatch(given)
    if match is None:
        sys.exit(f"error: {given!r} is not a version such as 1.2.3")
    source = (ROOT / "heroci_action/version.py").read_text()
    if f'"{match[1]}"' not in source:
        sys.exit(f"error: heroci_action/version.py is not {match[1]}: {source.strip()}")
    notes(match[1])
    return match[1]


def notes(given: str) -> str:
    """Return the section of a version in CHANGELOG.md, without its heading."""
    version = given.removeprefix("release/").removeprefix("v")
    sections = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    for section in sections[1:]:
        heading, _, text = section.partition("\n")
        if heading.split(" ")[0].strip("[]") == version:
            return text.strip()
    sys.exit(f"error: CHANGELOG.md has no section {version}")


def pin(image: str) -> str:
    """Rewrite action.yml and return its new `image` line."""
    if not IMAGE.fullmatch(image):
        sys.exit(
            f"error: {image!r} is not an image with a digest, such as ghcr.io/owner/name@sha256:…"
        )
    path = ROOT / "action.yml"
    line = f"image: docker://{image}"
    text, times = re.subn(r"image: Dockerfile\.action\b.*", line, path.read_text())
    if times != 1:
        sys.exit(f"error: action.yml names Dockerfile.action {times} times, not once")
    path.write_text(text)
    return line


def name(repository: str) -> str:
    """Replace the placeholders of the repository and of the version; return the action of this release."""
    if not REPOSITORY.fullmatch(repository):
        sys.exit(f"error: {repository!r} is not OWNER/REPO")
    path = ROOT / "heroci_action/version.py"
    found = re.search(r'__version__ = "(.+)"', path.read_text())
    if found is None:
        sys.exit("error: heroci_action/version.py has no version")
    action = f"{repository}@v{found[1]}"
    path.write_text(path.read_text().replace('ACTION = ""', f'ACTION = "{action}"'))
    documents = (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))
    for file in (*documents, ROOT / "mkdocs.yml", ROOT / "pyproject.toml"):
        text = file.read_text().replace(*INSTALL)
        text = re.sub(
            rf"{PLACEHOLDER}([^\s@]*)@COMMIT(?: # vX\.Y\.Z)?", rf"{repository}\1@v{found[1]}", text
        )
        site = f"{repository.replace('/', '.github.io/')}/"
        text = text.replace("OWNER.github.io/heroci/", site).replace(PLACEHOLDER, repository)
        file.write_text(text)
    return action


VERBS: dict[str, Callable[[str], str]] = {"check": check, "notes": notes, "pin": pin, "name": name}


def main(arguments: list[str]) -> None:
    """Run the verb and print its result."""
    match arguments:
        case [verb, value] if verb in VERBS:
            sys.stdout.write(VERBS[verb](value) + "\n")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
