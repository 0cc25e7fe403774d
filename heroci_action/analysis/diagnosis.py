"""What well-known last words of a command mean, and what to do about them."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """A cause in one sentence and its remedy; `machine`: it lies in the machine or its network, not in the project."""

    cause: str
    remedy: str
    machine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sign:
    """A pattern in the output; its groups may be used in the cause as {0}, {1}."""

    pattern: re.Pattern[str]
    cause: str
    remedy: str
    machine: bool


def _sign(pattern: str, cause: str, remedy: str, *, machine: bool = False) -> _Sign:
    return _Sign(
        pattern=re.compile(pattern, re.MULTILINE), cause=cause, remedy=remedy, machine=machine
    )


# The order is the order of belief: what explains all the rest comes first.
SIGNS = (
    _sign(
        r"No space left on device",
        "the disk is full",
        "free some space, or set TMPDIR and HEROCI_CACHE_DIR to a larger disk",
        machine=True,
    ),
    _sign(
        r"(?:dns error|Temporary failure in name resolution|Could not resolve host|Network is unreachable"
        r"|Failed to fetch: |error sending request for url|tcp connect error)",
        "the package index cannot be reached",
        "check the network, the proxy variables and the index that the requirements name",
        machine=True,
    ),
    _sign(
        r"No solution found when resolving dependencies",
        "the requirements contradict each other, or do not fit the Python version",
        "read the resolver's words above, then change the pins or `python` in the configuration",
    ),
    _sign(
        r"fatal error: [\w/.-]+\.h: No such file|pg_config executable not found|Can not find valid pkg-config",
        "a dependency is built from source and its system headers are missing",
        'name the Debian packages in `apt = [...]`, such as "build-essential" and "libpq-dev", or use a wheel',
    ),
    _sign(
        r"conflicting migrations detected|Conflicting migrations detected",
        "two migrations of one app have the same parent",
        "run `python manage.py makemigrations --merge` and commit the result",
    ),
    _sign(
        r"ICU is not supported in this build",
        "the PostgreSQL that was used has no ICU collations, which a migration asks for",
        "install Debian's `postgresql` and name its version in `services.postgres`, or use an engine with containers",
    ),
    _sign(
        r"^Migrations for '([^']+)':",
        "the models of app {0!r} have changes without a migration",
        "run `python manage.py makemigrations` and commit the result",
    ),
    _sign(
        r'File "([^"]+)", line (\d+)\n(?:.*\n){1,4}(?:SyntaxError|IndentationError|TabError): (.+)$',
        "{0}, line {1}, is not valid Python: {2}",
        "mend the line; nothing that imports the file can run before that",
    ),
    _sign(
        r"(?i)^(?:\w+\.)*OperationalError: .*(?:connection refused|could not connect|timeout expired)",
        "the database does not answer where the settings look for it",
        'let the settings read DATABASE_URL, or map `env = {{ ... = "{{postgres.host}}" }}` to the variables they read',
    ),
    _sign(
        r"^(?:\w+\.)*OperationalError: .*(?:password authentication failed|role \"([^\"]+)\" does not exist)",
        "the database refuses the user that the settings name",
        'let the settings read DATABASE_URL, or map `env = {{ ... = "{{postgres.user}}" }}` to the variables they read',
    ),
    _sign(
        r"^ModuleNotFoundError: No module named '([^']+)'",
        "the module {0!r} is not in the environment",
        "name the file that requires it in `requirements`, or the package in `packages`",
    ),
    _sign(
        r"^KeyError: '([A-Z][A-Z0-9_]+)'",
        "the environment variable {0} is not set",
        "give it a value in `env = {{ {0} = ... }}`",
    ),
    _sign(
        r"(?:ImproperlyConfigured|UndefinedValueError): (?:Set the )?([A-Z][A-Z0-9_]+) (?:environment|not found)",
        "the environment variable {0} is not set",
        "give it a value in `env = {{ {0} = ... }}`",
    ),
    _sign(
        r"^(?:.*: )?(\S+): (?:command )?not found$",
        "the program {0!r} is not there",
        "name the Debian package that brings it in `apt = [...]`, or the Python package in `packages`",
    ),
)


def diagnose(output: str) -> Diagnosis | None:
    """The first known sign in the output of a command that failed, None where there is none."""
    for sign in SIGNS:
        match = sign.pattern.search(output)
        if match:
            groups = [group or "" for group in match.groups()]
            return Diagnosis(
                cause=sign.cause.format(*groups),
                remedy=sign.remedy.format(*groups),
                machine=sign.machine,
            )
    return None
