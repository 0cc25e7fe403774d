"""Split a word into its fields at blanks, and expand the braces and globs in them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from heroci_action.detection.ci.paths import spell
from heroci_action.detection.ci.records import ROOT, UNKNOWN
from heroci_action.detection.ci.shell.state import ShellState

_ESCAPED_ROOT = re.escape(f"{ROOT}/")
# `{shop,cart}`, `{1..3}`
BRACES = re.compile(r"\{([^{}]*,[^{}]*|(\d{1,3})\.\.(\d{1,3}))\}")
_WILDCARDS = {"*": "[^/]*", "?": "[^/]"}


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a word; only an unquoted expansion is split at blanks."""

    text: str
    quoted: bool = False
    split: bool = False


def expand_parts(parts: list[Part], state: ShellState) -> Iterator[str]:
    """Yield the words that the parts of one word become."""
    for field in _split(parts):
        yield from _globbed(field, state)


def _split(parts: list[Part]) -> list[list[Part]]:
    """Split the unquoted expansions of a word at blanks; an empty one leaves no word."""
    fields: list[list[Part]] = []
    current: list[Part] = []
    for part in parts:
        pieces = re.split(r"\s+", part.text) if part.split else [part.text]
        for index, piece in enumerate(pieces):
            if index and current:
                fields.append(current)
                current = []
            if piece or not part.split:
                current.append(Part(piece, quoted=part.quoted))
    return [*fields, current] if current else fields


def _globbed(parts: list[Part], state: ShellState) -> Iterator[str]:
    """Expand braces and globs; a pattern that matches nothing stays as it is."""
    text = "".join(part.text for part in parts)
    braces = None if any(part.quoted for part in parts) else BRACES.search(text)
    if braces is None:
        yield from _matching(parts, state) or (text,)
        return
    first, last = braces[2], braces[3]
    numbers = map(str, range(int(first), int(last) + 1)) if first else None
    for option in numbers or braces[1].split(","):
        word = f"{text[: braces.start()]}{option}{text[braces.end() :]}"
        yield from _globbed([Part(word)], state)


def _matching(parts: list[Part], state: ShellState) -> tuple[str, ...]:
    unquoted = "".join(part.text for part in parts if not part.quoted)
    unknown = any(UNKNOWN in part.text for part in parts)
    if unknown or not re.search(r"[*?\[]", unquoted):
        return ()
    regex = _regex(parts)
    # `apps/*/` finds directories only.
    end = "/" if regex.endswith("/") else ""
    regex = regex.removesuffix("/")
    inside = regex.removeprefix(_ESCAPED_ROOT)
    found = state.files.matching(
        f"{inside}{end or '(/.*)?'}{end and '.*'}", "." if inside != regex else state.directory
    )
    # A pattern finds directories, too; no file has the name of one.
    paths = (re.match(f"{inside}(?=/|$)", path) for path in found)
    names = dict.fromkeys(match[0] for match in paths if match)
    return tuple(f"{spell(name) if inside != regex else name}{end}" for name in names)


def _characters(brackets: str) -> str:
    """Return the regular expression for `[a-z]`; others, as in `[CVE-2020-B]`, are text."""
    found = brackets.replace("[!", "[^")
    try:
        re.compile(found)
    except re.error:
        return re.escape(brackets)
    return found


def _regex(parts: list[Part]) -> str:
    """Return the regular expression for a glob."""
    found = []
    # The grammar cuts `[a-z].py` into words.
    for quoted, group in itertools.groupby(parts, lambda part: part.quoted):
        text = "".join(part.text for part in group)
        pieces = [text] if quoted else re.split(r"(\[[\w!-]+\]|\*+|\?)", text)
        for index, piece in enumerate(pieces):
            if index % 2 == 0:
                found.append(re.escape(piece))
            else:
                found.append(_WILDCARDS.get(piece[0]) or _characters(piece))
    regex = "".join(found).removeprefix(re.escape("./"))
    return re.sub(r"(^|/)(?=\[\^/\])", r"\1(?!\\.)", regex)
