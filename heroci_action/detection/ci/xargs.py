"""The words that xargs adds to a command."""

from __future__ import annotations

import itertools

from heroci_action.detection.ci.outputs import Lines, output_of
from heroci_action.detection.ci.shell_state import ShellState

_LAUNCHERS = 4  # words that may stand in front of xargs: `sudo -E xargs`


def with_words_of_xargs(words: list[str], lines: Lines, state: ShellState) -> list[str]:
    """Return a command line with the words that xargs reads from a pipe or a file, if they are known."""
    names = [word.rpartition("/")[2] for word in words[:_LAUNCHERS]]
    if "xargs" not in names:
        return words
    start = names.index("xargs") + 1
    before, rest = words[:start], words[start:]
    file = _value(rest, "-a")
    known = output_of([["cat", file]], state) if file else lines
    if known is None:
        return words
    added = [word for line in known for word in line.split()]
    placeholder = _value(rest, "-I")
    if placeholder is None:
        return [*before, *rest, *added]
    # The first one is the option's value.
    first = rest.index("-I") + 2 if "-I" in rest else 0
    parts = (added if word == placeholder else [word] for word in rest[first:])
    return [*before, *(word for part in parts for word in part)]


def _value(words: list[str], option: str) -> str | None:
    """Return the value of an option, which may be attached to it."""
    for word, following in itertools.pairwise(words):
        if word == option:
            return following
        if word.startswith(option):
            return word.removeprefix(option)
    return None
