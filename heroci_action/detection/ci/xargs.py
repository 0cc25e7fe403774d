"""The words that xargs adds to a command."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

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
    return [*before, *_with_added(rest, added)]


def _with_added(words: list[str], added: list[str]) -> Iterator[str]:
    """Yield the words of xargs with the added ones behind them, or in place of a placeholder."""
    placeholder = _value(words, "-I")
    if placeholder is None:
        yield from (*words, *added)
        return
    # The first one is the option's value.
    first = words.index("-I") + 2 if "-I" in words else 0
    for word in words[first:]:
        yield from added if word == placeholder else [word]


def _value(words: list[str], option: str) -> str | None:
    """Return the value of an option, which may be attached to it."""
    for word, following in itertools.pairwise(words):
        if word == option:
            return following
        if word.startswith(option):
            return word.removeprefix(option)
    return None
