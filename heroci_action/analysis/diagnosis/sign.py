"""A sign: a pattern in the output of a command, with the cause and the remedy that it indicates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from heroci_action.analysis.diagnosis.exceptions import last_exception
from heroci_action.text import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """A cause in one sentence and its remedy; `machine`: the cause is the machine or network, not the project."""

    cause: str
    remedy: str
    machine: bool = False


@dataclass(frozen=True, kw_only=True)
class Sign:
    """A regular expression with the cause and remedy, in which {0}, {1} refer to its groups.

    `example` is output that contains the sign. `installation`: a cause only if the command installs something.
    `with_exception`: the cause ends with the exception in the output.
    """

    pattern: str
    example: str
    cause: str
    remedy: str
    machine: bool = False
    installation: bool = False
    with_exception: bool = False

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.MULTILINE)

    def find(self, output: str) -> Diagnosis | None:
        """Return the diagnosis if the output contains the sign."""
        match = self._expression.search(output)
        if match is None:
            return None
        groups = [one_line(group or "") for group in match.groups()]
        exception = last_exception(output) if self.with_exception else None
        return Diagnosis(
            cause=": ".join(filter(None, (self.cause.format(*groups), exception))),
            remedy=self.remedy.format(*groups),
            machine=self.machine,
        )
