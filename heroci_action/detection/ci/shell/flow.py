"""The effect of the statements around a command of a shell script."""

from __future__ import annotations

from dataclasses import dataclass, replace

from heroci_action.detection.ci.shell.outcomes import Wanted
from heroci_action.detection.ci.shell.outputs import Lines
from heroci_action.detection.ci.shell.statement_text import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The effect of the statements around a command; `outer` is the pipeline or redirection around it.

    `lines` are read from the pipe before it, if they are known. `feeds` are the programs after its pipe. If the
    outcome is `judged`, only the last statement in a group or a function counts; it `asks` if no outcome ends the
    script. It is `passed_over` if another statement decides in a script that goes on after failures. A loop
    `repeats` a command until it passes or fails.
    """

    conditions: frozenset[str] = frozenset()
    may_fail: bool = False
    decides: bool = False
    passed_over: bool = False
    negated: bool = False
    judged: bool = False
    asks: bool = False
    background: bool = False
    repeats: bool = False
    piped: bool = False
    reads_pipe: bool = False
    feeds: tuple[str, ...] = ()
    depth: int = 0
    lines: Lines = None
    outer: Span | None = None

    def under(self, condition: str) -> Flow:
        """Return the flow of statements that run only if a condition holds that is not known."""
        return replace(self, conditions=self.conditions | {condition})

    def judge(self, wanted: Wanted, *, asks: bool = False) -> Flow:
        """Return the flow of a condition with the outcome that a script wants, unless none matters."""
        either = self.decides or wanted is Wanted.EITHER
        negated = self.negated or (wanted is Wanted.FAILURE and not either)
        inner = replace(self, judged=True, asks=self.asks or asks)
        return replace(inner, decides=either, negated=negated)

    def unjudged(self) -> Flow:
        """Return the flow of a statement in a condition whose outcome changes nothing."""
        return replace(self, decides=True, negated=False)
