"""Evaluate GitHub's expressions, `${{ … }}`, if their values are known before a run.

https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from heroci_action.detection.ci.records import ROOT, UNKNOWN
from heroci_action.detection.ci.yaml_file import Number, is_false
from heroci_action.detection.ci.yaml_numbers import write_as_github

MAX_DEPTH = 50  # parentheses in parentheses
# `github.event_name`, ` == `, `'push'`
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?\b)|(?P<name>[A-Za-z_][\w-]*)|"
    r"(?P<sign>==|!=|<=|>=|&&|\|\||[!<>()\[\],.*]))"
)
# `${{ matrix.python }}`
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
# The variable for the directory of a composite action.
_ACTION_PATH = re.compile(r"\$(GITHUB_ACTION_PATH\b|\{GITHUB_ACTION_PATH\})")
# The checkout on a hosted runner, in a job's container, and in an action's: /home/runner/work/shop/shop.
_CHECKOUT = re.compile(
    r"(?:/(?:home/runner/work|__w)/([^/\s]+)/\1|/github/workspace)(?![^/\s:;,'\"])"
)


class _Unknown:
    """A value that only a run knows."""

    def __repr__(self) -> str:
        return "unknown"


NOT_KNOWN = _Unknown()


class Partial(dict[str, Any]):
    """A table of which only some entries are known."""


def interpolate(text: object, contexts: Mapping[str, Any]) -> str:
    """Return a text with its expressions replaced by their values; UNKNOWN marks the unknown parts."""
    written = _ACTION_PATH.sub("${{ github.action_path }}", str(text))
    filled = _EXPRESSION.sub(lambda match: _spell(evaluate(match[1], contexts)), written)
    return _CHECKOUT.sub(ROOT, filled)


# The variables that GitHub sets, and that no workflow can change.
# https://docs.github.com/en/actions/reference/workflows-and-actions/variables
_FIXED = re.compile(
    r"GITHUB_(ACTIONS|ENV|EVENT_NAME|JOB|OUTPUT|PATH|REF|REPOSITORY|RUN_ID|SHA|STEP_SUMMARY|WORKFLOW|WORKSPACE)|"
    r"RUNNER_(ARCH|OS|TEMP)"
)


def read_env(value: object, contexts: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables of a table, or of an expression that makes one: `${{ fromJSON(inputs.env) }}`."""
    given = value_of(value, contexts)
    entries = given.items() if isinstance(given, Mapping) else ()
    pairs = [(name, value) for name, value in entries if not _FIXED.fullmatch(name)]
    # A variable without a value is empty.
    plain = {name: _spell(value) for name, value in pairs}
    return {name: interpolate(text, contexts) for name, text in plain.items()}


def holds(condition: object, contexts: Mapping[str, Any]) -> bool | None:
    """Return whether a condition of a job or step holds; None if that is not known. Without one it does."""
    if condition is None:
        return True
    text = str(condition).strip()
    match = re.fullmatch(r"\$\{\{(.*)\}\}", text, re.DOTALL)
    whole = match[1] if match and "${{" not in match[1] else interpolate(text, contexts)
    return _truth(NOT_KNOWN if UNKNOWN in whole else evaluate(whole, contexts))


def value_of(text: object, contexts: Mapping[str, Any]) -> Any:
    """Return the value of a text that may be a single expression, such as a list."""
    match = (
        re.fullmatch(r"\s*\$\{\{((?:(?!\}\}).)*)\}\}\s*", text, re.DOTALL)
        if isinstance(text, str)
        else None
    )
    return evaluate(match[1], contexts) if match else text


def evaluate(expression: str, contexts: Mapping[str, Any]) -> Any:
    """Return the value of an expression; NOT_KNOWN if it cannot be known or parsed."""
    tokens = list(_tokens(expression))
    try:
        parser = _Parser(tokens, contexts)
        value = parser.either()
    except (_SyntaxError, RecursionError):
        return NOT_KNOWN
    return value if parser.position == len(tokens) else NOT_KNOWN


def _tokens(expression: str) -> Iterator[tuple[str, str]]:
    position = 0
    text = expression.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            yield "error", text[position:]
            return
        yield str(match.lastgroup), match[str(match.lastgroup)]
        position = match.end()


def _spell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    return UNKNOWN if isinstance(value, _Unknown | Mapping | list) else str(value)


def _truth(value: Any) -> bool | None:
    if isinstance(value, _Unknown) or (isinstance(value, str) and UNKNOWN in value):
        return None
    return not is_false(value) if isinstance(value, str) else bool(value)


class _SyntaxError(Exception):
    """The expression is not one."""


@dataclass
class _Parser:
    tokens: list[tuple[str, str]]
    contexts: Mapping[str, Any]
    position: int = 0
    depth: int = 0

    def _peek(self) -> str:
        return self.tokens[self.position][1] if self.position < len(self.tokens) else ""

    def _take(self, sign: str) -> bool:
        found = self.position < len(self.tokens) and self.tokens[self.position] == ("sign", sign)
        self.position += found
        return found

    def either(self) -> Any:
        left = self._both()
        while self._take("||"):
            right = self._both()
            known = _truth(left)
            # An unknown side does not matter if the other one decides.
            left = left if known else right if known is False or _truth(right) else NOT_KNOWN
        return left

    def _both(self) -> Any:
        left = self._comparison()
        while self._take("&&"):
            right = self._comparison()
            known = _truth(left)
            left = (
                left if known is False else right if known or _truth(right) is False else NOT_KNOWN
            )
        return left

    def _comparison(self) -> Any:
        left = self._negation()
        for sign, compare in _COMPARISONS.items():
            if self._take(sign):
                right = self._negation()
                known = not isinstance(left, _Unknown) and not isinstance(right, _Unknown)
                return compare(left, right) if known else NOT_KNOWN
        return left

    def _negation(self) -> Any:
        if self._take("!"):
            known = _truth(self._negation())
            return NOT_KNOWN if known is None else not known
        return self._access()

    def _access(self) -> Any:
        value = self._atom()
        while True:
            if self._take("."):
                key = self._peek()
                self.position += 1
                value = NOT_KNOWN if key == "*" else _member(value, key)
            elif self._take("["):
                key = _spell(self.either())
                self._expect("]")
                value = _member(value, key)
            else:
                return value

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise _SyntaxError

    def _atom(self) -> Any:
        self.depth += 1
        if self.position >= len(self.tokens) or self.depth > MAX_DEPTH * 4:
            raise _SyntaxError
        if self._take("("):
            value = self.either()
            self._expect(")")
            return value
        kind, text = self.tokens[self.position]
        self.position += 1
        match kind:
            case "text":
                return text[1:-1].replace("''", "'")
            case "number":
                return Number(text)
            case "name" if self._take("("):
                return self._call(text.lower())
            case "name":
                return _LITERALS.get(text, self.contexts.get(text.lower(), NOT_KNOWN))
        raise _SyntaxError

    def _call(self, name: str) -> Any:
        arguments: list[Any] = []
        while not self._take(")"):
            arguments.append(self.either())
            if not self._take(",") and self._peek() != ")":
                raise _SyntaxError
        function = _FUNCTIONS.get(name)
        if function is None or any(isinstance(argument, _Unknown) for argument in arguments):
            return NOT_KNOWN
        try:
            return function(*arguments)
        except (TypeError, ValueError, IndexError):
            return NOT_KNOWN


def _member(value: Any, key: str) -> Any:
    """Return `value.key`; a missing key of a known table is null, as in GitHub's own evaluation."""
    if isinstance(value, _Unknown):
        return NOT_KNOWN
    if isinstance(value, list) and key.isdigit():
        return value[int(key)] if int(key) < len(value) else None
    if isinstance(value, Partial) and key not in value:
        return NOT_KNOWN
    found = value.get(key) if isinstance(value, Mapping) else None
    return NOT_KNOWN if isinstance(found, str) and UNKNOWN in found else found


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, Number) or isinstance(right, Number):
        return _number(left) == _number(right)
    return _spell(left).lower() == _spell(right).lower()


def _number(value: Any) -> float:
    try:
        return float(_spell(value) or 0)
    except ValueError:
        return float("nan")


_LITERALS = {"true": True, "false": False, "null": None}
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<=": lambda left, right: _number(left) <= _number(right),
    ">=": lambda left, right: _number(left) >= _number(right),
    "<": lambda left, right: _number(left) < _number(right),
    ">": lambda left, right: _number(left) > _number(right),
}


def _contains(where: Any, what: Any) -> bool:
    if isinstance(where, list):
        return any(_equal(item, what) for item in where)
    return _spell(what).lower() in _spell(where).lower()


def _format(text: Any, *values: Any) -> str:
    return re.sub(r"\{(\d+)\}", lambda match: _spell(values[int(match[1])]), str(text))


def _number_of_json(text: str) -> Any:
    return write_as_github(Number(text))


def _from_json(text: Any) -> Any:
    """Read JSON as the runner does, which accepts a comma after the last entry."""
    return json.loads(
        _LAST_COMMA.sub(r"\1", text), parse_float=_number_of_json, parse_int=_number_of_json
    )


# `[1, 2,]`
_LAST_COMMA = re.compile(r",(\s*[}\]])")
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "contains": _contains,
    "startswith": lambda text, start: _spell(text).lower().startswith(_spell(start).lower()),
    "endswith": lambda text, end: _spell(text).lower().endswith(_spell(end).lower()),
    "format": _format,
    "join": lambda values, separator=",": _spell(separator).join(map(_spell, values)),
    "fromjson": _from_json,
    "success": lambda: True,
    "always": lambda: True,
    "cancelled": lambda: False,
    "failure": lambda: False,
    # Azure has functions in place of operators.
    "and": lambda *values: all(map(_truth, values)),
    "or": lambda *values: any(map(_truth, values)),
    "not": lambda value: not _truth(value),
    "eq": _equal,
    "ne": lambda left, right: not _equal(left, right),
    "in": lambda value, *values: any(_equal(value, other) for other in values),
    "notin": lambda value, *values: not any(_equal(value, other) for other in values),
    "coalesce": lambda *values: next(filter(_spell, values), ""),
    "containsvalue": _contains,
    "succeeded": lambda *_: True,
    "succeededorfailed": lambda *_: True,
    "failed": lambda *_: False,
    "canceled": lambda: False,
}
