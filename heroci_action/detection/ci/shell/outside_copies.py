"""Copies of the checkout outside it: after `cp -r . /srv/shop`, `cd /srv/shop` leads to the same files."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import ROOT, UNKNOWN, Call

_RECURSIVE = re.compile(r"--recursive|--archive|-\w*[raR]\w*")
# Options of rsync and cp with a value
_VALUED = ("--exclude", "--exclude-from", "--include", "--filter")
_SYMBOLIC = re.compile(r"--symbolic|-\w*s\w*")
# Where `~` may be, which depends on the user.
_HOME = re.compile(r"~|/root|/home/[^/]+")


def find_copies(call: Call, directory: str) -> Iterator[tuple[str, str]]:
    """Yield the place outside the checkout to which a call copies a directory's contents, and the directory."""
    options = Options.split(call.arguments, _VALUED)
    if len(options.words) != 2:  # noqa: PLR2004  (the source and the target)
        return
    source, target = options.words
    names = [name for name, _ in options.named]
    match call.name:
        # `cp -r src /srv` makes /srv/src if /srv exists.
        case "cp" if source in {".", "./"} or source.endswith("/."):
            copies = any(map(_RECURSIVE.fullmatch, names))
        case "rsync":
            copies = source == "." or source.endswith("/")
        case "ln":
            copies = source.startswith(ROOT) and any(map(_SYMBOLIC.fullmatch, names))
        case _:
            return
    inside = locate(source, directory)
    outside = target.startswith(("/", "~/")) and UNKNOWN not in target
    if copies and outside and inside:
        yield posixpath.normpath(target), inside


def resolve(path: str, copies: Mapping[str, str]) -> str | None:
    """Return where a path outside the checkout is in it, because its contents were copied there; None if nowhere."""
    path = posixpath.normpath(path)
    for place, inside in reversed(list(copies.items())):
        rest = _below(path, place)
        if rest is not None:
            return posixpath.normpath(posixpath.join(inside, rest))
    return None


def _below(path: str, place: str) -> str | None:
    """Return a path from a place; None if it is not below it. `~/shop` may be `/home/tester/shop`."""
    if "~" in {path[0], place[0]}:
        path, place = _HOME.sub("~", path, count=1), _HOME.sub("~", place, count=1)
    rest = posixpath.relpath(path, place) if path[0] == place[0] else ".."
    return None if rest.startswith("..") else rest
