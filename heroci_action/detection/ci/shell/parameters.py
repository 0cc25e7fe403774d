"""The changes of a variable's value by its expansion: `${NAME:-word}`, `${NAME%.py}`, `${NAME//a/b}`; pure.

Source: the manual of Bash, "Shell Parameter Expansion".
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping

_CASES: Mapping[str, Callable[[str], str]] = {
    ",,": str.lower,
    "^^": str.upper,
    ",": lambda value: value[:1].lower() + value[1:],
    "^": lambda value: value[:1].upper() + value[1:],
}
# `:0:4`, `: -3`
_SLICE = re.compile(r":\s*(-?\d+)(?::(-?\d+))?")
# `%%`, `//`, `,,`
_OPERATOR = re.compile(r"%%?|##?|/[/#%]?|,,?|\^\^?")
# `a/b`; a slash in the pattern has a backslash.
_PAIR = re.compile(r"((?:\\.|[^/\\])*)(?:/(.*))?", re.DOTALL)


def modify(value: str, text: str) -> str | None:
    """Return the value of `${NAME<text>}`, with the variables in the text filled in; None if it is not known."""
    if match := _SLICE.fullmatch(text):
        start, length = int(match[1]), match[2]
        return value[start:] if length is None else value[start:][: int(length)]
    found = _OPERATOR.match(text)
    operator = found[0] if found else ""
    operand = text[len(operator) :]
    if operator in _CASES:
        return None if operand else _CASES[operator](value)
    if operator[:1] in {"%", "#"}:
        return _without(value, _pattern(operand), operator)
    pair = _PAIR.fullmatch(operand)
    if pair is None or not operator:
        return None if text else value
    return _replaced(value, _pattern(pair[1]), (pair[2] or "").replace("\\", ""), operator)


def _pattern(text: str) -> str:
    """Return a pattern for fnmatch, which knows no backslashes."""
    return re.sub(r"\\(.)", lambda match: f"[{match[1]}]" if match[1] in "*?[" else match[1], text)


def _without(value: str, pattern: str, operator: str) -> str:
    """Return the value without the shortest or, if the operator is doubled, the longest match at its end or start."""
    places = range(len(value) + 1)
    at_end = operator[0] == "%"
    long_first = (len(operator) == 1) == at_end
    for place in reversed(places) if long_first else places:
        cut, kept = (value[place:], value[:place]) if at_end else (value[:place], value[place:])
        if fnmatch.fnmatchcase(cut, pattern):
            return kept
    return value


def _replaced(value: str, pattern: str, new: str, operator: str) -> str:
    """Return the value with the first match, every match, or the one at its start or end replaced."""
    regex = fnmatch.translate(pattern).removesuffix(r"\Z").removesuffix(r"\z")
    places = {"/#": rf"\A{regex}", "/%": rf"{regex}\Z"}
    count = 0 if operator == "//" else 1
    return re.sub(places.get(operator, regex), lambda _: new, value, count=count)
