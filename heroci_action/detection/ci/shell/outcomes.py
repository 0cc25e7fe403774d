"""The effect of a statement's outcome: the end of the script, or only the choice of a branch."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING

from heroci_action.detection.ci.shell.conditions import gives_up, is_test, shrugs
from heroci_action.detection.ci.shell.negation import has_sign
from heroci_action.detection.ci.shell.syntax import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

CLAUSES = frozenset({"elif_clause", "else_clause"})
_ENDS = frozenset({"exit", "return"})


class Wanted(Enum):
    """The outcome with which a script passes; either, if it only chooses the next statement."""

    SUCCESS = auto()
    FAILURE = auto()
    EITHER = auto()


def wanted_of_left(statements: Node) -> Wanted:
    """Return the wanted outcome of `A` in `A && B` and `A || B`."""
    left, right = statements.children[0], statements.children[-1]
    if statements.children[1].type == "||":
        return Wanted.SUCCESS if gives_up(right) else Wanted.EITHER
    if fails(right):
        return _wanted_to_fail(left)
    # `! grep -q A FILE && echo A >> FILE`
    around = statements.parent
    writes = around is not None and around.type == "redirected_statement"
    chooses = has_sign(left) and is_test(left) and (writes or not shrugs(right))
    return Wanted.EITHER if chooses else Wanted.SUCCESS


def wanted_of_condition(branches: Node, clause: Node) -> Wanted:
    """Return the wanted outcome of the condition of `if`, or of one of its clauses."""
    conditions, body = split_clause(clause)
    if conditions and any(map(fails, body)):
        return _wanted_to_fail(conditions[-1])
    others = [child for child in branches.children if child.type == "else_clause"]
    ends = any(map(gives_up, (*body, *others)))
    return Wanted.SUCCESS if ends else Wanted.EITHER


def _wanted_to_fail(condition: Node) -> Wanted:
    # A search is shown as it is: the step or script around it is named as a check.
    searches = not has_sign(condition) and is_test(condition)
    return Wanted.SUCCESS if searches else Wanted.FAILURE


def split_clause(clause: Node) -> tuple[list[Node], list[Node]]:
    """Return the conditions and the body of `if`, `elif` or `else`."""
    children = [child for child in clause.children if child.type not in CLAUSES]
    then = next((index for index, child in enumerate(children) if child.type == "then"), 0)
    return [child for child in children[:then] if child.is_named], children[then + 1 :]


# `$?`, `${PIPESTATUS[0]}`, `trap 'exit 1' ERR`
_ASKS = re.compile(r"\$\{?(\?|PIPESTATUS\b)|\bERR\b")


def keeps_outcome(statement: Node) -> bool:
    """Return whether a script may end with the outcome of a statement that is not its last one.

    `pytest || exit 1` ends it, and `pytest; status=$?` keeps it for the end. In `pytest || failed=1`, what the
    script makes of the variable is not known.
    """
    if statement.type == "list" and statement.children[1].type == "||":
        return True
    return any(_ASKS.search(text_of(child)) for child in _others(statement))


def _others(statement: Node) -> list[Node]:
    """Return the statements around a statement."""
    around = statement.parent
    return [child for child in around.children if child != statement] if around else []


def fails(statement: Node) -> bool:
    """Return whether a statement ends the script with a failure in any case: `{ echo no; exit 1; }`."""
    match statement.type:
        case "command":
            name = text_of(statement.child_by_field_name("name"))
            code = text_of(statement.child_by_field_name("argument"))
            return name == "false" or (name in _ENDS and code.isdigit() and int(code) != 0)
        case "compound_statement":
            return any(map(fails, statement.children))
        case "list" if statement.children[1].type == "&&":
            return fails(statement.children[-1])
    return False
