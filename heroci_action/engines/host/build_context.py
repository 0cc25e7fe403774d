"""What to build, and what the build sees of a directory: all that `.dockerignore` does not leave out, as a tar file."""

from __future__ import annotations

import os
import posixpath
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

DOCKERFILE = ".heroci.Dockerfile"  # the name of one that lies outside of the context


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What to build; paths are absolute. `secrets` are variables of the caller that the build sees as files."""

    dockerfile: Path
    context: Path
    tag: str
    label: str
    target: str | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    fresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A line of `.dockerignore`: what it matches, and whether it takes that in again."""

    matches: re.Pattern[str]
    takes_in: bool


class Ignored:
    """The rules of a `.dockerignore`; the last one that matches a path or a directory above it decides.

    Source: https://docs.docker.com/build/concepts/context/#dockerignore-files
    """

    def __init__(self, text: str) -> None:
        self._rules = tuple(_rules(text))
        self.takes_in = any(rule.takes_in for rule in self._rules)

    def __contains__(self, path: str) -> bool:
        ignored = False
        for rule in self._rules:
            if rule.takes_in is ignored and rule.matches.match(path):
                ignored = not rule.takes_in
        return ignored


def _rules(text: str) -> Iterator[Rule]:
    for line in text.removeprefix("\ufeff").splitlines():
        pattern = line.strip()
        if not pattern or line.startswith("#"):
            continue
        takes_in = pattern.startswith("!")
        path = posixpath.normpath(pattern.removeprefix("!").strip()).lstrip("/")
        if path not in ("", "."):
            # What lies in a directory that matches, matches.
            yield Rule(matches=re.compile(f"(?:{_regex(path)})(?:/.*)?\\Z"), takes_in=takes_in)


_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\\.|\[[^]]+\]|.", re.DOTALL)


def _regex(pattern: str) -> str:
    """The pattern of Go's filepath.Match, and `**` for any number of directories."""
    return "".join(map(_part, _TOKEN.findall(pattern)))


def _part(token: str) -> str:
    match token:
        case "**/":
            return "(?:.*/)?"
        case "**":
            return ".*"
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
        case _ if len(token) > 1 and token[0] == "[":
            return token
        case _:
            return re.escape(token[-1])


def pack(context: Path, dockerfile: Path, into: BinaryIO) -> str:
    """Write the context as a tar file; the name that the Dockerfile has in it. Raises OSError.

    As the docker client sends it: a `.dockerignore` beside the Dockerfile with its name comes first, everything
    belongs to root.
    """
    ignored = Ignored(_ignore_file(context, dockerfile))
    inside = dockerfile.resolve().is_relative_to(context.resolve())
    name = dockerfile.resolve().relative_to(context.resolve()).as_posix() if inside else DOCKERFILE
    with tarfile.open(fileobj=into, mode="w", format=tarfile.PAX_FORMAT) as tar:
        # First, since BuildKit looks at 1,024 bytes to see whether it is a tar file: an extended header is longer.
        tar.add(dockerfile.resolve(), arcname=name, filter=_of_root)
        for path in _walk(context, "", ignored):
            if path != name:
                tar.add(context / path, arcname=path, recursive=False, filter=_of_root)
    return name


def _ignore_file(context: Path, dockerfile: Path) -> str:
    for file in (
        dockerfile.with_name(f"{dockerfile.name}.dockerignore"),
        context / ".dockerignore",
    ):
        if file.is_file():
            return file.read_text(encoding="utf-8", errors="surrogateescape")
    return ""


def _walk(context: Path, below: str, ignored: Ignored) -> Iterator[str]:
    with os.scandir(context / below) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        path = f"{below}/{entry.name}" if below else entry.name
        left_out = path in ignored
        is_directory = entry.is_dir(follow_symlinks=False)
        if not left_out and (is_directory or entry.is_symlink() or entry.is_file()):
            yield path
        if is_directory and (not left_out or ignored.takes_in):
            yield from _walk(context, path, ignored)


def _of_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = int(member.mtime)  # fractions are written into an extended header
    return member
