"""Turn the errors of the model into messages with the key, the value and a remedy."""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from heroci_action.config.forms import right_form
from heroci_action.config.model import Config
from heroci_action.errors import Problem
from heroci_action.text import suggest

Location = tuple[int | str, ...]
_MESSAGES = {
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "dict_type": "must be a table",
    "mapping_type": "must be a table",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "string_too_short": "must not be empty",
    "missing": "is missing",
}
_PATTERNS = {
    "python": 'must be a version such as "3.13"',
    "settings": 'must be a dotted module name such as "config.settings"',
    "method": 'must be an HTTP method in capitals such as "POST"',
    "health": 'must be a path that begins with "/"',
    "path": 'must be a path that begins with "/"',
    "hook": 'must be a function such as "ci/hook.py:customise" or "package.module:function"',
    "database": 'must be "sqlite", or "postgres", "mysql" or "mariadb" with a version such as "postgres:17"',
    "services": "must be a name of letters, digits, underscores and hyphens",
}
_VARIABLE = "must be a name of letters, digits and underscores"
_VARIABLE_KEYS = frozenset({"env", "secrets", "password"})


@dataclass(frozen=True, slots=True)
class LocatedProblem:
    """A problem with the written configuration, and the keys that lead to it."""

    location: Location
    problem: Problem


def find_problems(given: Mapping[str, Any], origin: str) -> Iterator[LocatedProblem]:
    """Find unknown keys, wrong types and invalid values."""
    try:
        Config.model_validate(given, by_alias=True, by_name=False)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            yield _located(details, origin)


def _located(details: ErrorDetails, origin: str) -> LocatedProblem:
    # Pydantic adds parts such as "<table>" and "[key]" that are not keys.
    location = tuple(
        part
        for part in details["loc"]
        if not (isinstance(part, str) and (part == "[key]" or part in {"<table>", "<false>"}))
    )
    if details["type"] == "extra_forbidden":
        return LocatedProblem(location, _unknown_key(location, details["input"], origin))
    problem = Problem(
        key=dotted(location),
        message=_message(details, location),
        origin=origin,
        remedy=right_form(details["type"], location, details["input"]),
    )
    return LocatedProblem(location, problem)


def _unknown_key(location: Location, value: object, origin: str) -> Problem:
    name = str(location[-1])
    known = known_keys(location[:-1])
    meant = suggest(name, known)
    return Problem(
        key=dotted(location),
        message=f"unknown key {name!r} with the value {_short(value)}{meant}",
        remedy=None if meant else _alternative(location, value, known),
        origin=origin,
    )


def _alternative(location: Location, value: object, known: Sequence[str]) -> str | None:
    """Return what to write instead of an unknown key that resembles no other."""
    if location == ("tool",) and isinstance(value, Mapping) and "heroci" in value:
        return "in heroci.toml, remove `tool.heroci` from the name of every table"
    return f"valid keys here are {', '.join(known)}" if known else None


def _message(details: ErrorDetails, location: Location) -> str:
    kind, context = details["type"], details.get("ctx", {})
    value = _short(details["input"])
    match kind:
        case "missing":
            return _MESSAGES[kind]
        case "heroci":
            return f"{context['message']}, not {value}"
        case "literal_error" | "enum":
            expected = str(context["expected"])
            names = re.findall(r"'([^']+)'", expected)
            return f"must be {expected}, not {value}{suggest(str(details['input']), names)}"
        case "string_pattern_mismatch":
            return f"{_pattern(location)}, not {value}"
    message = _MESSAGES.get(kind) or _lowered(details["msg"])
    return f"{message}, not {value}"


def _pattern(location: Location) -> str:
    if _VARIABLE_KEYS.intersection(map(str, location)):
        return _VARIABLE
    if location[0] == "services":
        return _PATTERNS["services"]
    names = [part for part in location if isinstance(part, str)]
    return _PATTERNS.get(names[-1], "has the wrong form")


def _lowered(message: str) -> str:
    text = message.replace("Input should", "must")
    return text[0].lower() + text[1:]


def _short(value: object) -> str:
    shortener = reprlib.Repr()
    shortener.maxstring = shortener.maxother = 80
    return shortener.repr(value)


def dotted(location: Iterable[int | str]) -> str:
    """Return keys as TOML writes them: `("stages", "x", "steps", 0)` is `stages.x.steps[0]`."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            # Characters that a bare key cannot contain (TOML 1.0) would be ambiguous, or break the line.
            key = part if re.fullmatch(r"[\w-]+", part) else json.dumps(part)
            text += f".{key}" if text else key
    return text


def known_keys(location: Iterable[int | str]) -> tuple[str, ...]:
    """Return the keys of the model at a location; none if any key is valid there."""
    model: type[BaseModel] | None = Config
    skip = False
    for part in location:
        # Names of stages and services, and numbers of steps, are not keys of a model.
        if skip or isinstance(part, int):
            skip = False
            continue
        if model is None:
            return ()
        annotation = _annotation(model, part)
        skip = "Mapping" in str(annotation)
        model = _model_in(annotation)
    return tuple(f.alias or n for n, f in model.model_fields.items()) if model else ()


def _annotation(model: type[BaseModel], key: str) -> object:
    fields = model.model_fields.items()
    return next((f.annotation for n, f in fields if key in {f.alias, n.replace("_", "-")}), None)


def _model_in(annotation: object) -> type[BaseModel] | None:
    if (
        isinstance(annotation, type)
        and not isinstance(annotation, UnionType)
        and issubclass(annotation, BaseModel)
    ):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)
