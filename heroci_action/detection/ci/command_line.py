"""Split command lines into words, and the words of a call into its options and the rest."""

from __future__ import annotations

import shlex
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass


def split_words(line: str, *, comments: bool = False) -> list[str]:
    """Split a line as a shell does; at blanks only if its quotes do not match."""
    try:
        return shlex.split(line, comments=comments)
    except ValueError:
        return line.split()


def read_options(words: Iterable[str], valued: Container[str]) -> Iterator[tuple[str, str]]:
    """Yield each option with its value, and every other word with an empty name.

    The options in `valued` have a value, which may be the next word: `-n 4`, `-n4`, `-n=4`, `--name 4`, `--name=4`.
    """
    pending = iter(words)
    for word in pending:
        name, _, value = word.partition("=")
        if not word.startswith("-") or word == "-":
            yield "", word
        elif word in valued:
            yield word, next(pending, "")
        elif word[:2] in valued:
            yield word[:2], word[2:].removeprefix("=")
        else:
            yield name, value


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
    def split(cls, words: Iterable[str], valued: Container[str]) -> Options:
        """Take the options from anywhere in a call."""
        found = tuple(read_options(words, valued))
        return cls(
            named=tuple((name, value) for name, value in found if name),
            words=tuple(value for name, value in found if not name),
        )

    @classmethod
    def lead(
        cls, words: Iterable[str], valued: Container[str] = (), *, last: Container[str] = ()
    ) -> Options:
        """Take the options in front of the first other word; `--`, or one of `last`, ends them."""
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
