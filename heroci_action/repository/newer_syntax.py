"""Read Python code that is newer than the Python on which HeroCI runs."""

from __future__ import annotations

import ast
import re
import warnings

# `type Pair[T] = tuple[T, T]`, `def first[T](items): …`, `class Box[T]:`
_ALIAS = re.compile(r"^(\s*)type (\w+)\s*(?:\[[^\]]*\]\s*)?=", re.MULTILINE)
_PARAMETERS = re.compile(
    r"^(\s*(?:async def|def|class) \w+)\[[^\[\]\n]*(?:\[[^\[\]\n]*\][^\[\]\n]*)*\]", re.MULTILINE
)
# `except OSError, ValueError:`
_EXCEPT = re.compile(r"^(\s*except\*? )([\w.]+(?:\s*,\s*[\w.]+)+)\s*:", re.MULTILINE)
# `f"{row["name"]}"`
_FIELD = re.compile(r"\{[^{}]*\}")
_F_STRING = re.compile(r"\b[rR]?[fF][rR]?(['\"])")
_OTHER = {'"': "'", "'": '"'}
_ATTEMPTS = 50  # lines with nested quotes


def parse_python(text: str) -> ast.Module:
    """Return the syntax tree of a file, also of one with syntax up to Python 3.14; empty if it is invalid."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except SyntaxError:
            return _parse_older(_older(text))
        except (ValueError, RecursionError, MemoryError):
            return ast.Module(body=[], type_ignores=[])


def _older(text: str) -> str:
    """Return code in which types have no parameters and no statement of their own; all lines stay in place."""
    text = _ALIAS.sub(r"\1\2 =", text)
    text = _PARAMETERS.sub(r"\1", text)
    return _EXCEPT.sub(r"\1(\2):", text)


def _parse_older(text: str) -> ast.Module:
    lines = text.split("\n")
    for _ in range(_ATTEMPTS):
        try:
            return ast.parse("\n".join(lines))
        except SyntaxError as error:
            place = (error.lineno or 0) - 1
            if not 0 <= place < len(lines) or lines[place] == _unnested(lines[place]):
                break
            lines[place] = _unnested(lines[place])
        except (ValueError, RecursionError, MemoryError):
            break
    return ast.Module(body=[], type_ignores=[])


def _unnested(line: str) -> str:
    """Return a line in which the fields of an f-string do not contain its own quotes."""
    match = _F_STRING.search(line)
    if match is None:
        return line
    quote = match[1]
    start = match.end()
    fields = _FIELD.sub(lambda field: field[0].replace(quote, _OTHER[quote]), line[start:])
    return line[:start] + fields
