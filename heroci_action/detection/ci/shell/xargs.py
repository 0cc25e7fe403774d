"""The words that xargs adds to a command."""

from __future__ import annotations

from itertools import chain

from heroci_action.detection.ci.calls import XARGS_VALUED
from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.records import UNKNOWN
from heroci_action.detection.ci.shell.outputs import Lines, output_of
from heroci_action.detection.ci.shell.state import ShellState

_LAUNCHERS = 4  # words that may precede xargs: `sudo -E xargs`


def with_words_of_xargs(words: list[str], lines: Lines, state: ShellState) -> list[str]:
    """Return a command line with the words that xargs reads from a pipe or a file, or an unknown word."""
    names = [word.rpartition("/")[2] for word in words[:_LAUNCHERS]]
    if "xargs" not in names:
        return words
    start = names.index("xargs") + 1
    options = Options.lead(words[start:], XARGS_VALUED)
    file, placeholder = options.value("-a"), options.value("-I")
    known = output_of([["cat", file]], state) if file else lines
    added = [UNKNOWN] if known is None else [word for line in known for word in line.split()]
    if placeholder is None:
        return [*words, *added]
    replaced = (added if word == placeholder else [word] for word in options.words)
    return [*words[:start], *chain.from_iterable(replaced)]
