"""The files that the build of an image can see: the files of its context that .dockerignore does not exclude."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from heroci_action.cache.content import Content
from heroci_action.plan.actions import BuildImage

IGNORE = ".dockerignore"
_TOKENS = re.compile(r"\*\*/?|\*|\?|\\.|\[[^\]]*\]|.", re.DOTALL)


def select_context(content: Content, build: BuildImage, root: Path) -> Content:
    """Return the part of a repository's content that a build can see, its Dockerfile included.

    Nothing is left out if the Dockerfile has its own .dockerignore, because not all builders read it. Raises
    OSError if .dockerignore cannot be read.
    """
    context, dockerfile = posixpath.normpath(build.context), posixpath.normpath(build.dockerfile)
    if context.startswith("..") or (root / f"{dockerfile}{IGNORE}").exists():
        return content
    file = root / context / IGNORE
    text = file.read_text(encoding="utf-8-sig", errors="replace") if file.is_file() else ""
    exclusion = _Exclusion(_parse(text))
    prefix = "" if context == "." else f"{context}/"
    files = {
        path: value
        for path, value in content.files.items()
        if path == dockerfile
        or (path.startswith(prefix) and not exclusion.covers(path.removeprefix(prefix)))
    }
    # Git may ignore the file, and it excludes itself if it is an allow-list.
    digest = hashlib.sha256(text.encode()).hexdigest()
    return replace(content, files={**files, f"{prefix}{IGNORE}": digest})


@dataclass(frozen=True, slots=True)
class _Rule:
    """A line of .dockerignore; `includes` if it begins with `!`."""

    pattern: re.Pattern[str]
    includes: bool


def _parse(text: str) -> tuple[_Rule, ...]:
    """Return the rules of a .dockerignore; none if it has a pattern that cannot be read."""
    try:
        return tuple(_rules(text))
    except re.error:
        return ()


def _rules(text: str) -> Iterator[_Rule]:
    for line in text.splitlines():
        includes = line.strip().startswith("!")
        bare = line.strip().removeprefix("!").strip()
        if bare and not line.startswith("#"):
            # A path is relative to the context, whether it begins with a slash or not.
            path = posixpath.normpath(bare).lstrip("/")
            yield _Rule(re.compile(_translate(path), re.DOTALL), includes)


def _translate(pattern: str) -> str:
    """Return a pattern of moby's patternmatcher as a regular expression."""
    return "".join(map(_translate_token, _TOKENS.findall(pattern)))


def _translate_token(token: str) -> str:
    match token:
        case "**/":
            return "(?:.*/)?"
        case "**":
            return ".*"
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
    if token.startswith("[") and len(token) > 1:
        return token
    return re.escape(token[-1])


class _Exclusion:
    """Rules of which the last that matches a path, or a directory that contains it, decides.

    The position of that rule is kept for each directory, because most files share theirs with many others.
    """

    def __init__(self, rules: tuple[_Rule, ...]) -> None:
        self._rules = rules
        self._decisive = {"": -1}

    def covers(self, path: str) -> bool:
        """Return whether a file is excluded."""
        last = self._find_last(path, self._of_directory(posixpath.dirname(path)))
        return last >= 0 and not self._rules[last].includes

    def _of_directory(self, directory: str) -> int:
        new = []
        while directory not in self._decisive:
            new.append(directory)
            directory = posixpath.dirname(directory)
        last = self._decisive[directory]
        for inner in reversed(new):
            last = self._decisive[inner] = self._find_last(inner, last)
        return last

    def _find_last(self, path: str, above: int) -> int:
        """Return the position of the last rule that matches; at least `above`, the position for the directory above."""
        later = range(len(self._rules) - 1, above, -1)
        matching = (number for number in later if self._rules[number].pattern.fullmatch(path))
        return next(matching, above)
