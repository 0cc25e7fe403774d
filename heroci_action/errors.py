"""What can go wrong, one exit code per class."""

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
    """The root of all expected errors: a cause in one sentence, and what to do about it."""

    exit_code = ExitCode.BUG

    def __init__(self, cause: str, *, remedy: str | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy


class UsageError(HeroCIError):
    """The command line, the inputs or the place of the call do not make sense."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with the configuration.

    `key` is the dotted key as the user wrote it, `origin` the file it stands in.
    """

    key: str
    message: str
    remedy: str | None = None
    origin: str | None = None

    def __str__(self) -> str:
        place = f"{self.origin}: " if self.origin else ""
        return f"{place}{self.key}: {self.message}"


class ConfigurationError(UsageError):
    """Everything that is wrong with the configuration, collected before anything runs."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class EngineError(HeroCIError):
    """The engine could not do what a step asked for; the project is not to blame."""

    exit_code = ExitCode.ENGINE
