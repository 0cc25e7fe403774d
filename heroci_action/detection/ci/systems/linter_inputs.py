"""Inputs of actions that run linters: which of them, with which arguments, and where."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping

# The linters by the names of inputs, with what keeps them from changing files.
_CALLS: Mapping[str, str] = {
    "autopep8": "autopep8 --diff --exit-code -r",
    "bandit": "bandit -r",
    "black": "black --check --diff",
    "eslint": "eslint",
    "flake8": "flake8",
    "isort": "isort --check-only --diff",
    "mypy": "mypy",
    "prettier": "prettier --check",
    "pycodestyle": "pycodestyle",
    "pydocstyle": "pydocstyle",
    "pylint": "pylint",
    "ruff": "ruff check",
    "ruff_format": "ruff format --check",
    "ruff_formatter": "ruff format --check",
    "stylelint": "stylelint",
    "vulture": "vulture",
}
# `use-black`, `run_flake8`
_SWITCH = re.compile(r"(?:(?:use|run|enable|with)_)?(\w+)")
_TRUE = frozenset({"true", "yes", "on", "1"})
# The linter after which an action is named: `black-action`, `action-flake8`
_NAMED = re.compile(r"(?:gh-)?(?:actions?-)?(\w+?)(?:-github)?(?:-(?:action|check|linter))?")
_ALL_ARGUMENTS = ("args", "arguments", "options")
_PLACES = ("python_root_list", "paths", "path", "src", "source", "directory")


def named_line(action: str, inputs: Mapping[str, str]) -> str:
    """Return the call of the linter after which an action is named; empty if no input contains its arguments."""
    match = _NAMED.fullmatch(action.rpartition("/")[2])
    arguments = next((inputs[name] for name in _ALL_ARGUMENTS if inputs.get(name)), "")
    is_call = match is not None and match[1] in _CALLS and arguments
    return f"{match[1]} {arguments}" if match and is_call else ""


def linter_lines(inputs: Mapping[str, str]) -> str:
    """Return the command lines of the linters that are switched on; empty if they would change files."""
    given = {re.sub(r"\W", "_", name).lower(): text for name, text in inputs.items()}
    return "" if given.get("auto_fix", "").lower() in _TRUE else "\n".join(_lines(given))


def _lines(given: Mapping[str, str]) -> Iterator[str]:
    place = next((given[name] for name in _PLACES if given.get(name)), ".")
    for name, text in given.items():
        match = _SWITCH.fullmatch(name)
        tool = match[1] if match else ""
        if tool in _CALLS and text.lower() in _TRUE:
            directory = given.get(f"{tool}_dir")
            line = " ".join([_CALLS[tool], *_arguments(given, tool), place])
            yield f"(cd {shlex.quote(directory)} && {line})" if directory else line


def _arguments(given: Mapping[str, str], tool: str) -> Iterator[str]:
    forms = ("{}_args", "{}_options", "{}_flags", "extra_{}_options")
    names = (form.format(tool) for form in forms)
    return (given[name] for name in names if given.get(name))
