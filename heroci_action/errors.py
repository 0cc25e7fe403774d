"""Errors, with one exit code per class."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every `heroci` command."""

    PASSED = 0
    FAILED = 1
    USAGE = 2
    ENGINE = 3
    BUG = 4
    INTERRUPTED = 130


class HeroCIError(Exception):
    """The base of all expected errors: the cause in one sentence, and what to do about it."""

    exit_code = ExitCode.BUG

    def __init__(self, cause: str, *, remedy: str | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy


class UsageError(HeroCIError):
    """The command line, the inputs or the environment of the call are wrong."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One error in the configuration.

    `key` is the dotted key as the user wrote it, `origin` the file that contains it.
    """

    key: str
    message: str
    remedy: str | None = None
    origin: str | None = None

    def __str__(self) -> str:
        place = f"{self.origin}: " if self.origin else ""
        return f"{place}{self.key}: {self.message}"


class ConfigurationError(UsageError):
    """All errors in the configuration, collected before anything runs."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class EngineError(HeroCIError):
    """The engine could not execute a step; this is not a failure of the project."""

    exit_code = ExitCode.ENGINE
