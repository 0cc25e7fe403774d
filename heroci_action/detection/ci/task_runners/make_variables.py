"""Expand make's variables and the few of its functions that are about text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from heroci_action.detection.ci.records import UNKNOWN

MAX_NESTED = 20  # references in references
MAX_LOOPS = 50  # words of a loop
# `$(PYTHON)`, `${PYTHON}`, `$@`
_REFERENCE = re.compile(r"\$(?:\(([^()]*)\)|\{([^{}]*)\}|([\w@<^*]))")
# `$(eval $(call TEMPLATE,shop))`, `$(foreach app,$(APPS),$(eval …))`
_EVAL = re.compile(r"\s*\$[({]eval\s+(.*)[)}]\s*", re.DOTALL)
_LOOP = re.compile(r"\s*\$[({]foreach\s+([\w.-]+)\s*,([^,]*),(.*)[)}]\s*", re.DOTALL)
# `PYTHON`, `@`
_NAME = re.compile(r"[\w.-]+|[@<^*]")
_DOLLAR = "\0"  # a dollar that belongs to the shell


def substitute(text: str, values: Mapping[str, str]) -> str:
    """Return a line as the shell receives it; an undefined variable is empty, an unknown function UNKNOWN.

    `$(shell CMD)` becomes the shell's own `$(CMD)`.
    """
    return _expand(text, values, 0).replace(_DOLLAR, "$")


def _expand(text: str, values: Mapping[str, str], depth: int) -> str:
    if depth > MAX_NESTED:
        return UNKNOWN

    def value(match: re.Match[str]) -> str:
        reference = next(group for group in match.groups() if group is not None)
        if _NAME.fullmatch(reference):
            return _expand(values.get(reference, ""), values, depth + 1)
        return _function(reference, values, depth)

    text = text.replace("$$", _DOLLAR)
    for _ in range(MAX_NESTED):
        # The innermost references are replaced first: $(or $(A),$(B)).
        text, count = _REFERENCE.subn(value, text)
        if not count:
            break
    return text


def evaluate(text: str, values: Mapping[str, str]) -> Iterator[str]:
    """Yield the texts that make reads because of `$(eval …)`, perhaps once for each word of a loop around it."""
    if loop := _LOOP.fullmatch(text):
        name, words, inner = loop.groups()
        for word in substitute(words, values).split()[:MAX_LOOPS]:
            yield from evaluate(inner, {**values, name: word})
    elif call := _EVAL.fullmatch(text):
        yield substitute(call[1], values)


def stem(pattern: str, word: str) -> str | None:
    """Return the part of a word that `%` matches in a pattern; None if the pattern does not fit."""
    before, percent, after = pattern.partition("%")
    fits = percent and word.startswith(before) and word.endswith(after)
    return word[len(before) : len(word) - len(after)] if fits else None


def _filter(words: list[str], patterns: list[str], *, keep: bool) -> str:
    """Return the words that one of the patterns fits, or those that none fits; UNKNOWN if a pattern is not known."""
    if any(UNKNOWN in pattern for pattern in patterns):
        return UNKNOWN

    def fits(word: str) -> bool:
        return any(word == each or stem(each, word) is not None for each in patterns)

    return " ".join(word for word in words if fits(word) is keep)


def _function(reference: str, values: Mapping[str, str], depth: int) -> str:
    name, _, argument = reference.partition(" ")
    match name:
        case "shell":
            return f"{_DOLLAR}({argument.strip()})"
        case "or":
            return next((part.strip() for part in argument.split(",") if part.strip()), "")
        case "if":
            condition, then, *otherwise = (*argument.split(",", 2), "")
            return then if condition.strip() else "".join(otherwise)
        case "call":
            called, *arguments = argument.split(",")
            numbered = {str(index): text for index, text in enumerate(arguments, start=1)}
            body = values.get(called.strip(), "")
            return _expand(body, {**values, **numbered}, depth + 1)
        # The shell expands patterns of files.
        case "strip" | "wildcard" | "abspath" | "realpath":
            return argument.strip()
    return _chosen(name, argument)


def _chosen(name: str, argument: str) -> str:
    """Return the words that a function chooses; UNKNOWN for any other function."""
    match name:
        case "filter" | "filter-out":
            patterns, _, words = argument.partition(",")
            return _filter(words.split(), patterns.split(), keep=name == "filter")
        case "firstword":
            return " ".join(argument.split()[:1])
        case "words":
            return str(len(argument.split()))
        case "wordlist":
            first, last, words = (part.strip() for part in (*argument.split(",", 2), "", "")[:3])
            known = first.isdecimal() and last.isdecimal()
            return " ".join(words.split()[int(first) - 1 : int(last)]) if known else UNKNOWN
    return UNKNOWN
