"""Choose an environment of tox, and the lines of an option that apply to it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

from heroci_action.plan.stages import NEWEST_PYTHON

# `py312,py313: DEBUG=1`
_CONDITION = re.compile(r"([\w{},!.-]+)\s*:(?:\s+(.*))?")
# Environments for something else than the tests, or for versions that are no releases.
_ODD = re.compile(
    r"(\w*(main|master|latest|dev|alpha|beta|trunk)|lint\w*|docs?|flake8|black|isort|ruff|mypy|py2\d|pypy\w*|"
    r"coverage\w*|report|packaging|quality|style|check\w*|format\w*|readme|bench\w*|clean|pre|e2e|selenium|mindeps|"
    r"minimal)"
)
# `flake8`, `pre_commit`
_CHECK = re.compile(
    r"lint\w*|flake8|black|isort|ruff|mypy|pylint|quality|style|check\w*|format\w*|typing|types|static|pre_?commit"
)
# `mysql`, `postgis`
_HEAVY = re.compile(r"mysql\w*|mariadb\w*|oracle\w*|\w*gis\w*|mssql\w*")
# `sqlite`, `redis`
_OTHER = re.compile(
    rf"{_ODD.pattern}|{_CHECK.pattern}|{_HEAVY.pattern}|\w*sqlite|postg\w*|psycopg\w*|redis|\w*cov\w*"
)
# `coverage`, `benchmark`
_REPEATS = re.compile(r"\w*cov\w*|report\w*|bench\w*")
# `dj52`, `django4.2`
_DJANGO = re.compile(r"(?:dj|django)[._]?(\d)\.?(\d+)")
# `py312`, `python3.12`, `3.12`
_PYTHON = re.compile(r"(?:py(?:thon)?|(?=3\.))([23])\.?(\d+)")


def lines(text: str, factors: frozenset[str] = frozenset()) -> list[str]:
    """Return the lines of an option that apply to these factors, without their conditions."""
    found = []
    for raw in text.replace("\\\n", " ").splitlines():
        line = raw.strip()
        match = _CONDITION.fullmatch(line)
        if line.startswith("#") or not line:
            continue
        if match is None:
            found.append(line)
        elif _holds(match[1], factors):
            found.append((match[2] or "").strip())
    return found


def _holds(condition: str, factors: frozenset[str]) -> bool:
    """Return whether one of the lists of factors applies: `py3{9,10}-dj42,!main`."""
    return any(
        all(
            (factor.removeprefix("!") in factors) is not factor.startswith("!")
            for factor in alternative.split("-")
        )
        for part in _entries(condition)
        for alternative in expand_name(part)
    )


def _entries(text: str) -> list[str]:
    """Split at commas and blanks outside of braces."""
    return [entry for entry in re.split(r"[\s,]+(?![^{]*\})", text.strip()) if entry]


def expand_name(entry: str) -> Iterator[str]:
    """Yield two names for `py{39,310}-dj42`; an empty alternative leaves no dash."""
    parts = re.split(r"\{([^{}]*)\}", entry)
    options = [part.split(",") if index % 2 else [part] for index, part in enumerate(parts)]
    for chosen in itertools.product(*options):
        name = "".join(word.strip() for word in chosen)
        yield re.sub(r"-+", "-", name).strip("-")


def _rank(factors: frozenset[str]) -> tuple[bool, int, tuple[int, int], tuple[int, int], int]:
    python = _newest(_PYTHON, factors)
    sqlite = any("sqlite" in factor for factor in factors)
    heavy = any(_HEAVY.fullmatch(factor) for factor in factors)
    return (
        python <= NEWEST_PYTHON,
        2 * sqlite - heavy,
        _newest(_DJANGO, factors),
        python,
        -len(factors),
    )


def _newest(form: re.Pattern[str], factors: frozenset[str]) -> tuple[int, int]:
    found = (form.fullmatch(factor) for factor in factors)
    return max(((int(match[1]), int(match[2])) for match in found if match), default=(0, 0))


def find_python(words: Iterable[str]) -> str | None:
    """Return the first version of Python among words, base interpreters or factors."""
    found = (_PYTHON.fullmatch(word) for word in words)
    return next((f"3.{match[2]}" for match in found if match and match[1] == "3"), None)


def find_words(name: str) -> frozenset[str]:
    """Return the factors of an environment that are no version of Python."""
    return frozenset(
        each for each in name.split("-") if not re.fullmatch(rf"{_PYTHON.pattern}|py", each)
    )


def expand_names(envlist: str) -> list[str]:
    """Return the names of a list of environments, with its braces expanded."""
    return [name for entry in _entries(envlist) for name in expand_name(entry)]


def is_check(name: str) -> bool:
    """Return whether an environment is for linters only, by its name."""
    return any(_CHECK.fullmatch(factor) for factor in name.split("-"))


def repeats_tests(name: str) -> bool:
    """Return whether an environment only measures the tests again, by its name."""
    return any(_REPEATS.fullmatch(factor) for factor in name.split("-"))


def is_variant(name: str) -> bool:
    """Return whether an environment is for certain versions of Python or Django, by its name."""
    return any(_PYTHON.fullmatch(factor) or _DJANGO.fullmatch(factor) for factor in name.split("-"))


def choose(names: Iterable[str], python: str | None) -> str | None:
    """Return the environment in which the tests of a job run: with its Python, if there is one, else the best."""
    usual = [
        name for name in names if not any(_ODD.fullmatch(factor) for factor in name.split("-"))
    ]
    fitting = [name for name in usual if python and find_python(name.split("-")) == python]
    return max(fitting or usual, key=lambda name: _rank(frozenset(name.split("-"))), default=None)


def find_parts(names: Iterable[str], chosen: str) -> list[str]:
    """Return the environments that differ from the chosen one in words only: `integration-py313` and `unit-py313`.

    Words for databases and for other tasks than tests do not count.
    """
    versions, words = _versions_and_words(chosen)
    found = []
    for name in names:
        same, others = _versions_and_words(name)
        is_part = bool(versions and words and others) and same == versions
        if is_part and not any(map(_OTHER.fullmatch, others)):
            found.append(name)
    return found


def _versions_and_words(name: str) -> tuple[frozenset[str], frozenset[str]]:
    factors = frozenset(name.split("-"))
    versions = frozenset(factor for factor in factors if re.search(r"\d", factor))
    return versions, factors - versions
