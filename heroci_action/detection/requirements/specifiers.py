"""Which minor versions of Python a specifier allows, in the form of packaging or of Poetry."""

from __future__ import annotations

import re
from functools import lru_cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet

# More patch releases than any version of Python has had.
_PATCHES = range(40)
# `^3.10`, `>=3.9`, `3.*`
_CLAUSE = re.compile(r"(\^|~=?|[<>=!]=?|===)?\s*v?(\d+(?:\.\d+)*)(\.\*)?(?![\w.])")


@lru_cache(maxsize=256)
def allows(specifier: str, version: tuple[int, int]) -> bool:
    """Return whether any patch release of a minor version fits; a specifier that is not understood allows all.

    Poetry's operators are accepted too: `^3.10`, `~3.11`, `3.*`, `>=3.9 <4` and `^3.9 || ^4`.
    """
    alternatives = [parse_specifier(part) for part in specifier.split("|") if part.strip()]
    if not alternatives or None in alternatives:
        return True
    major, minor = version
    return any(
        known is not None and known.contains(f"{major}.{minor}.{patch}")
        for known in alternatives
        for patch in _PATCHES
    )


def parse_specifier(text: str) -> SpecifierSet | None:
    """Return a specifier in the form of packaging or of Poetry; None if it is neither, or has alternatives."""
    try:
        return SpecifierSet(text.strip())
    except InvalidSpecifier:
        return _parse_poetry(text)


def _parse_poetry(text: str) -> SpecifierSet | None:
    """Translate https://python-poetry.org/docs/dependency-specification/; None if a part is not understood."""
    if text.strip() in {"*", ""}:
        return SpecifierSet()
    clauses = [_translate(match) for match in _CLAUSE.finditer(text)]
    rest = _CLAUSE.sub("", text).replace(",", "").strip()
    if rest or not clauses:
        return None
    try:
        return SpecifierSet(",".join(clauses))
    except InvalidSpecifier:
        return None


def _translate(match: re.Match[str]) -> str:
    operator, version, star = match[1] or "", match[2], match[3] or ""
    numbers = [int(number) for number in version.split(".")]
    match operator:
        case "^":
            first = next((i for i, number in enumerate(numbers) if number), len(numbers) - 1)
            return f">={version},<{_next(numbers, first)}"
        case "~":
            return f">={version},<{_next(numbers, min(1, len(numbers) - 1))}"
        case "" | "=":
            return f"=={version}{star}"
        case _:
            return f"{operator}{version}{star}"


def _next(numbers: list[int], index: int) -> str:
    """Return the first version in which the number at an index is higher."""
    return ".".join(str(number) for number in (*numbers[:index], numbers[index] + 1))
