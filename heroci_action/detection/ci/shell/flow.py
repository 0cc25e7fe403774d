"""The effect of the statements around a command of a shell script."""

from __future__ import annotations

from dataclasses import dataclass, replace

from heroci_action.detection.ci.shell.outputs import Lines
from heroci_action.detection.ci.shell.statement_text import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The effect of the statements around a command; `outer` is the pipeline or redirection around it.

    `lines` are read from the pipe before it, if they are known. `feeds` are the programs after its pipe.
    """

    conditions: frozenset[str] = frozenset()
    may_fail: bool = False
    decides: bool = False
    negated: bool = False
    background: bool = False
    piped: bool = False
    reads_pipe: bool = False
    feeds: tuple[str, ...] = ()
    depth: int = 0
    lines: Lines = None
    outer: Span | None = None

    def under(self, condition: str) -> Flow:
        """Return the flow of statements that run only if a condition holds that is not known."""
        return replace(self, conditions=self.conditions | {condition})
