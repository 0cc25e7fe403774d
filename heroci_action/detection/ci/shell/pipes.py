"""The input of a command from another one: the files that xargs and find add, and the script that a shell reads."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, pairwise

from heroci_action.detection.ci.calls import XARGS_VALUED
from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.records import UNKNOWN, Call
from heroci_action.detection.ci.shell.outputs import Lines, output_of
from heroci_action.detection.ci.shell.state import ShellState

SHELLS = frozenset({"sh", "bash", "dash"})
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
        return _filled([*words, UNKNOWN], UNKNOWN, added)
    return [*words[:start], *_filled([*options.words], placeholder, added)]


def enter_find(words: list[str], state: ShellState) -> tuple[list[str], bool]:
    """Return the program that find calls with the files that it finds, and whether find ignores its failure.

    Files that are not known are an unknown word. After `+`, find fails if the program fails; after `;`, it passes.
    """
    place = next((index for index, word in enumerate(words) if word in {"-exec", "-execdir"}), None)
    ends = [index for index, word in enumerate(words) if word in {";", "+"}]
    if words[:1] != ["find"] or place is None or not ends or ends[0] <= place + 1:
        return words, False
    program, end = words[place + 1 : ends[0]], words[ends[0]]
    found = output_of([words[:place]], state)
    files = [UNKNOWN] if found is None else found
    return _filled(program, "{}", files), end == ";"


def _filled(words: list[str], place: str, added: list[str]) -> list[str]:
    """Return the words with others at their place; pip gets its option for each: `pip install -r a.txt -r b.txt`."""
    options = {"-r", "-c"} if {"pip", "pip3"} & {*words} else set()
    filled = list[str]()
    for before, word in pairwise(["", *words]):
        between = [before] if before in options else []
        pairs = ([*between, each] for each in added)
        filled += [*chain.from_iterable(pairs)][len(between) :] if word == place else [word]
    return filled


def with_input(call: Call, lines: Lines) -> Call:
    """Return the call of a shell with the script that it reads: `cat a.sh | sh -s`, `bash <<EOF`."""
    if lines is None or call.name not in SHELLS or any(word[:1] != "-" for word in call.arguments):
        return call
    return replace(call, program="", arguments=(), script="\n".join(lines))
