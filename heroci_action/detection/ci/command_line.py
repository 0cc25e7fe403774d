"""Split command lines into words, and the words of a call into its options and the rest."""

from __future__ import annotations

import shlex
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain


def split_words(line: str, *, comments: bool = False) -> list[str]:
    """Split a line as a shell does; at blanks only if its quotes do not match."""
    try:
        return shlex.split(line, comments=comments)
    except ValueError:
        return line.split()


def read_options(
    words: Iterable[str], valued: Container[str], *, numbered: Container[str] = ()
) -> Iterator[tuple[str, str]]:
    """Yield each option with its value, and every other word with an empty name.

    The options in `valued` have a value, which may be the next word: `-n 4`, `-n4`, `-n=4`, `-qn 4`, `--name 4`,
    `--name=4`. For those in `numbered`, the next word is the value only if it is a number, as for `make -j`.
    """
    pending = iter(words)
    for word in pending:
        name, _, value = word.partition("=")
        if not word.startswith("-") or word == "-":
            yield "", word
        elif word in valued:
            yield word, next(pending, "")
        elif word in numbered:
            following = next(pending, "")
            yield word, following if following.isdecimal() else ""
            if following and not following.isdecimal():
                yield from read_options(chain([following], pending), valued, numbered=numbered)
        elif end := _find_valued(word, valued):
            if end > 1:
                yield word[:end], ""
            rest = word[end + 1 :].removeprefix("=")
            yield f"-{word[end]}", rest or next(pending, "")
        else:
            yield name, value


def _find_valued(word: str, valued: Container[str]) -> int:
    """Return the position of the first letter with a value in several short options, `2` in `-dp`; 0 without one."""
    for position, letter in enumerate(word):
        if position and f"-{letter}" in valued:
            return position
        if position and not letter.isalnum():
            break
    return 0


def split_at_dashes(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the words before `--`, and the words after it, which a program passes on."""
    end = words.index("--") if "--" in words else len(words)
    return words[:end], words[end + 1 :]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a call in their order, and its other words."""

    named: tuple[tuple[str, str], ...] = ()
    words: tuple[str, ...] = ()

    @classmethod
    def split(
        cls, words: Iterable[str], valued: Container[str], *, numbered: Container[str] = ()
    ) -> Options:
        """Take the options from anywhere in a call."""
        found = tuple(read_options(words, valued, numbered=numbered))
        return cls(
            named=tuple((name, value) for name, value in found if name),
            words=tuple(value for name, value in found if not name),
        )

    @classmethod
    def lead(
        cls, words: Iterable[str], valued: Container[str] = (), *, last: Container[str] = ()
    ) -> Options:
        """Take the options before the first other word; `--`, or one of `last`, ends them."""
        pending = iter(words)
        named: list[tuple[str, str]] = []
        for name, value in read_options(pending, valued):
            if not name:
                return cls(named=tuple(named), words=(value, *pending))
            if name == "--":
                break
            named.append((name, value))
            if name in last:
                break
        return cls(named=tuple(named), words=tuple(pending))

    def values(self, *names: str) -> tuple[str, ...]:
        """Return every value of the options with these names."""
        return tuple(value for name, value in self.named if name in names)

    def value(self, *names: str) -> str | None:
        """Return the last value of the options with these names, which counts; None without any."""
        return next(reversed(self.values(*names)), None)

    def has(self, *names: str) -> bool:
        """Return whether one of the options is given."""
        return any(name in names for name, _ in self.named)
