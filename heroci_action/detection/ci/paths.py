"""Paths in commands of a CI: relative to the repository's root, or outside it."""

from __future__ import annotations

import re

from heroci_action.detection.ci.records import ROOT, UNKNOWN
from heroci_action.repository.files import join

# The scripts of sed look alike: /^SITE=/d
_PATH = re.compile(r"(?:--?[\w-]+=)?(~?(?:/[\w.@+-]+){2,}/?|~/[\w.@+-]+)")


def locate(word: str, directory: str) -> str | None:
    """Return a word of a command in `directory` as a path from the root; None if it is unknown or outside."""
    if UNKNOWN in word or word.startswith("~"):
        return None
    inside = word.removeprefix(ROOT)
    path = join(".", inside.lstrip("/")) if inside != word else join(directory, word)
    return None if path.startswith(("/", "..")) else path


def spell(path: str) -> str:
    """Return the absolute form of a path from the root."""
    if path.startswith("/"):
        return path
    return ROOT if path == "." else f"{ROOT}/{path}"


def is_outside(argument: str) -> bool:
    """Return whether an argument or the value of an option is an absolute path that is not a temporary one."""
    match = _PATH.fullmatch(argument)
    return match is not None and not match[1].startswith(("/tmp/", "/dev/"))  # noqa: S108
