"""Numbers of YAML, as the services write them when they become text: `VERSION: 1.0` is 1 in a job of GitHub."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from heroci_action.detection.ci.yaml_file import Number

# GitHub would write 3.1 and its job would fail: the author means a version of Python.
_PYTHON = re.compile(r"3\.[1-9]0")
_WHOLE = re.compile(r"[-+]?[0-9]+")
_EXPONENT = 1e21  # from which Go writes a float with an exponent
_OTHER_BASE = re.compile(r"0[xo][0-9a-fA-F]+")


def write_as_github(value: Any, *, variables: bool = False) -> Any:
    """Return a document with its numbers as GitHub writes them; in a table of variables, versions of Python too.

    The runner keeps every number as a double: https://github.com/actions/runner, NumberToken.ToString().
    """
    if isinstance(value, Number):
        return value if _PYTHON.fullmatch(value) and not variables else _as_double(value)
    if isinstance(value, Mapping):
        return {
            key: write_as_github(inner, variables=variables or key == "env")
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [write_as_github(inner) for inner in value]
    return value


def _as_double(number: str) -> Number:
    text = number.lower()
    value = float(int(text, 0)) if _OTHER_BASE.fullmatch(text) else float(text)
    return Number(f"{value:.15g}".upper())


def write_as_go(number: str) -> str:
    """Return a number as Compose writes it: in the shortest way, and octal if it begins with a zero.

    https://pkg.go.dev/fmt: %v of the integer or the float that yaml.v3 has read.
    """
    text = number.lower()
    if _OTHER_BASE.fullmatch(text):
        return str(int(text, 0))
    if _WHOLE.fullmatch(text):
        digits = text.lstrip("+-")
        is_octal = digits.startswith("0") and digits.strip("01234567") == ""
        return str(int(text, 8 if is_octal else 10))
    value = float(text)
    return str(int(value)) if value.is_integer() and abs(value) < _EXPONENT else repr(value)
