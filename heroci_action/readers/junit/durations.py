"""Read durations in the notations that JUnit writers use."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"([0-9][0-9.,'_ ]*(?:[eE][+-]?[0-9]{1,3})?)\s*(ms|s|sec|seconds|m|min)?")
_CLOCK = re.compile(r"(?:PT)?(?:([0-9]{1,6})[:H])?([0-9]{1,6})[:M]([0-9]{1,6}(?:\.[0-9]{1,9})?)S?")
_ISO_SECONDS = re.compile(r"PT([0-9]{1,9}(?:\.[0-9]{1,9})?)S")
_UNITS = {"ms": 0.001, "m": 60.0, "min": 60.0}


def seconds(text: str) -> float:
    """Return seconds; 0 for anything that is not a duration.

    `1,234.5` is Surefire's English notation; `1.234,5` and `0,25` come from locales with a decimal comma. Such writers
    give three decimals, so a lone comma is the decimal sign. `250ms`, `00:01:02.5` and `PT2.5S` are read as well.
    """
    text = text.strip()
    match = _NUMBER.fullmatch(text)
    if not match:
        return _clock_seconds(text)
    number = re.sub("['_ ]", "", match[1])
    if number.rfind(",") > number.rfind(".") and number.count(",") == 1:
        number = number.replace(".", "").replace(",", ".")
    try:
        value = float(number.replace(",", "")) * _UNITS.get(match[2] or "", 1.0)
    except ValueError:
        return 0.0
    return value if value < float("inf") else 0.0


def _clock_seconds(text: str) -> float:
    if match := _ISO_SECONDS.fullmatch(text):
        return float(match[1])
    if match := _CLOCK.fullmatch(text):
        return int(match[1] or 0) * 3_600 + int(match[2]) * 60 + float(match[3])
    return 0.0
