"""Programs behind a variable of which only the CI knows the value: `$RUN pytest`."""

from __future__ import annotations

import re
from itertools import dropwhile

from heroci_action.detection.ci.records import UNKNOWN

# `python3.12`, `py`
PYTHON = re.compile(r"(python|pypy)[\d.]*(\.exe)?|py")
# Programs whose names are no subcommands of others, as in `$MANAGE test`.
_SURE = frozenset(
    {
        "pytest", "py.test", "manage.py", "django-admin", "tox", "nox", "coverage", "black", "isort", "flake8", "ruff",
        "mypy", "pylint", "bandit", "pre-commit", "pip", "uv", "poetry", "pipenv", "pdm", "hatch", "docker",
        "docker-compose",
    }
)  # fmt: skip


def find_behind_variable(first: str, rest: list[str]) -> tuple[str, ...]:
    """Return the words of the program behind a first word with an unknown part; none if they may be anything."""
    own = first.removeprefix(UNKNOWN)
    words = (own, *rest) if own else tuple(dropwhile(UNKNOWN.__eq__, rest))
    name = words[0].rpartition("/")[2] if words else ""
    is_program = name in _SURE or PYTHON.fullmatch(name) is not None
    # `$VENV/bin/pytest` is one by its name.
    return words if is_program and "/" not in own else ()
